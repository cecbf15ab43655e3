/** The arrows of design section 9, proved on a made-up tree: each forbidden import is reported, each allowed one is not. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkArrows } from "../../scripts/check-arrows.ts";

const below: Record<string, string[]> = {
  base: [],
  wasm: ["base"],
  storage: ["base", "wasm"],
  broker: ["base"],
  protocol: ["base", "wasm"],
  workers: ["base", "wasm", "storage", "broker"],
  security: ["base"],
  server: ["base", "wasm", "storage", "broker", "protocol", "workers", "security"],
  cluster: ["base", "wasm", "storage", "broker", "protocol", "workers", "security"],
  client: ["base", "wasm", "protocol"],
  bench: ["base", "client"],
  cli: ["base", "client", "server", "storage", "bench"],
};
const rooms = Object.keys(below);

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), "cambium-arrows-"));
  symlinkSync(join(import.meta.dirname, "../../node_modules"), join(tree, "node_modules"));
});
afterEach(() => rmSync(tree, { recursive: true }));

/** @returns the imports that were reported, as "from → to" */
async function reported(files: Record<string, string>): Promise<string[]> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const { violations, unread, fileCount } = await checkArrows(tree);
  expect({ unread, fileCount }).toEqual({ unread: [], fileCount: Object.keys(files).length });
  return [...new Set(violations.map(({ from, to }) => `${from} → ${to}`))].sort();
}

describe("rooms", () => {
  test("a room reaches the rooms below it and no others", async () => {
    const pairs = rooms.flatMap((from) => rooms.map((to) => [from, to] as const));
    const files = Object.fromEntries([
      ...rooms.map((room) => [`src/${room}/target.ts`, "export const x = 1;\n"]),
      ...pairs.map(([from, to]) => [
        `src/${from}/uses-${to}.ts`,
        `import { x } from "../${to}/target.ts";\nconsole.log(x);\n`,
      ]),
    ]);
    const forbidden = pairs.filter(([from, to]) => from !== to && !below[from]?.includes(to));
    expect(await reported(files)).toEqual(
      forbidden.map(([from, to]) => `src/${from}/uses-${to}.ts → src/${to}/target.ts`).sort(),
    );
  });

  test("only wasm and the composition read the core's layout, which itself imports nothing", async () => {
    const use = 'import { X } from "../../assembly/layout.ts";\nconsole.log(X);\n';
    const files = {
      "assembly/layout.ts": 'import type { Clock } from "../src/base/clock.ts";\nexport const X: Clock = 1;\n',
      "src/base/clock.ts": "export type Clock = number;\n",
      "src/index.ts": use.replace("../../", "../"),
      "src/storage/log.ts": use,
      "src/wasm/core.ts": use,
    };
    expect(await reported(files)).toEqual([
      "assembly/layout.ts → src/base/clock.ts",
      "src/storage/log.ts → assembly/layout.ts",
    ]);
  });

  test("broker takes types of storage, not its code", async () => {
    const files = {
      "src/storage/log.ts": "export class Log {}\nexport interface Disk {}\n",
      "src/broker/types.ts": 'import type { Disk } from "../storage/log.ts";\nexport type D = Disk;\n',
      "src/broker/export.ts": 'export type { Disk } from "../storage/log.ts";\n',
      "src/broker/code.ts": 'import { Log } from "../storage/log.ts";\nexport const log = new Log();\n',
      "src/broker/late.ts": 'export const late = () => import("../storage/log.ts");\n',
    };
    expect(await reported(files)).toEqual([
      "src/broker/code.ts → src/storage/log.ts",
      "src/broker/late.ts → src/storage/log.ts",
    ]);
  });

  test("a type import is an arrow too", async () => {
    const files = {
      "src/base/up.ts": 'import type { Log } from "../storage/log.ts";\nexport type L = Log;\n',
      "src/storage/log.ts": "export class Log {}\n",
    };
    expect(await reported(files)).toEqual(["src/base/up.ts → src/storage/log.ts"]);
  });

  test("the composition imports any room, and no room imports it or the tests", async () => {
    const files = {
      "src/index.ts": 'export { x } from "./server/door.ts";\n',
      "src/main.ts": 'import { x } from "./index.ts";\nconsole.log(x);\n',
      "src/server/door.ts": "export const x = 1;\n",
      "src/server/up.ts": 'import { x } from "../index.ts";\nconsole.log(x);\n',
      "src/server/tested.ts": 'import { x } from "../../test/x.ts";\nconsole.log(x);\n',
      "test/x.ts": "export const x = 1;\n",
    };
    expect(await reported(files)).toEqual(["src/server/tested.ts → test/x.ts", "src/server/up.ts → src/index.ts"]);
  });

  test("a folder of src that is no room is reported", async () => {
    const files = {
      "src/util/x.ts": 'import { y } from "./y.ts";\nconsole.log(y);\n',
      "src/util/y.ts": "export const y = 1;\n",
    };
    expect(await reported(files)).toEqual(["src/util/x.ts → src/util/y.ts"]);
  });

  test("a cycle is reported", async () => {
    const files = {
      "src/base/a.ts": 'import { b } from "./b.ts";\nexport const a = () => b;\n',
      "src/base/b.ts": 'import { a } from "./a.ts";\nexport const b = () => a;\n',
    };
    expect(await reported(files)).toEqual(["src/base/a.ts → src/base/b.ts → src/base/a.ts"]);
  });
});

describe("foreign modules stay in their rooms", () => {
  const everywhere = [
    ...rooms.map((room) => `src/${room}/x.ts`),
    "src/client/transport-node.ts",
    "src/bench/idle-load.ts",
  ];

  test.each([
    { module: "uWebSockets.js", places: ["src/server/x.ts"] },
    { module: "@uwsjs/core", places: ["src/server/x.ts"] },
    { module: "piscina", places: ["src/workers/x.ts"] },
    { module: "node:worker_threads", places: ["src/workers/x.ts"] },
    { module: "node:fs", places: ["src/storage/x.ts", "src/cli/x.ts", "src/bench/x.ts", "src/bench/idle-load.ts"] },
    {
      module: "node:fs/promises",
      places: ["src/storage/x.ts", "src/cli/x.ts", "src/bench/x.ts", "src/bench/idle-load.ts"],
    },
    { module: "node:net", places: ["src/server/x.ts", "src/bench/idle-load.ts", "src/client/transport-node.ts"] },
  ])("$module", async ({ module, places }) => {
    const files = Object.fromEntries(
      everywhere.map((file) => [file, `import * as it from "${module}";\nconsole.log(it);\n`]),
    );
    const reporters = (await reported(files)).map((arrow) => arrow.split(" → ")[0]);
    expect(reporters).toEqual(everywhere.filter((file) => !places.includes(file)).sort());
  });

  test("a require made by createRequire is seen", async () => {
    const text =
      'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);\nrequire("@uwsjs/core");\n';
    expect(await reported({ "src/cli/x.ts": text })).toHaveLength(1);
  });

  test("what runs in browsers has no Node built-in but in its Node transport", async () => {
    const text = 'import * as it from "node:crypto";\nconsole.log(it);\n';
    const files = Object.fromEntries(everywhere.map((file) => [file, text]));
    const reporters = (await reported(files)).map((arrow) => arrow.split(" → ")[0]);
    expect(reporters).toEqual(["src/base/x.ts", "src/client/x.ts", "src/protocol/x.ts", "src/wasm/x.ts"]);
  });
});
