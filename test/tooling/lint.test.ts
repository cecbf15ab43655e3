/** biome's type-aware rules are young; a lost promise is a lost write. So: they still see one, across files. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cambium-lint-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(folder, "biome.json"),
    JSON.stringify({ extends: [join(root, "biome.json")], vcs: { enabled: false } }),
  );
  writeFileSync(
    join(folder, "disk.ts"),
    "export interface Disk {\n  sync(): Promise<void>;\n}\nexport class Log {\n  append(): Promise<void> {\n    return Promise.resolve();\n  }\n}\n",
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

/** @returns the rules that biome reports for a function body that has a `log` and a `disk` */
function reported(body: string): string[] {
  const text = `import type { Disk, Log } from "./disk.ts";\n\nexport async function use(log: Log, disk: Disk): Promise<void> {\n  await log.append();\n  await disk.sync();\n  ${body}\n}\n`;
  writeFileSync(join(folder, "use.ts"), text);
  const biome = join(root, "node_modules/.bin/biome");
  const { stdout } = spawnSync(biome, ["lint", "--reporter=json", "."], { cwd: folder, encoding: "utf8" });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { category: string }[] };
  return diagnostics.map(({ category }) => category.replace(/.*\//, ""));
}

test("a promise that is not awaited is reported", () => {
  expect(reported("log.append();")).toEqual(["noFloatingPromises"]);
  expect(reported("disk.sync();")).toEqual(["noFloatingPromises"]);
});

test("a promise where none is expected is reported", () => {
  expect(reported("if (log.append()) return;")).toEqual(["noMisusedPromises"]);
  expect(reported("[log].forEach(async (each) => {\n    await each.append();\n  });")).toEqual(["noMisusedPromises"]);
});

test("a promise dropped on purpose is not", () => {
  expect(reported("void log.append();")).toEqual([]);
});
