import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { traps } from "./traps.ts";

const root = join(import.meta.dirname, "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Sources of a folder, or the one that the path names. */
function sourcesOf(path: string): string[] {
  if (statSync(join(root, path)).isFile()) return [path];
  const names = readdirSync(join(root, path), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts")).map((name) => `${path}/${name}`);
}

/** Code without its comments, which may name what the code must not do. */
const codeOf = (path: string): string => read(path).replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");

test.each(traps)("$trap", ({ tests = [], never = [], always = [], because }) => {
  expect(tests.length + never.length + always.length > 0 || because !== undefined).toBe(true);
  for (const [file, name] of tests) {
    expect(existsSync(join(root, file)), `${file} exists`).toBe(true);
    expect(read(file), `${file} has the test`).toContain(name);
  }
  for (const [path, pattern] of never) {
    const sources = sourcesOf(path);
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((source) => pattern.test(codeOf(source)))).toEqual([]);
  }
  for (const [path, pattern] of always) expect(read(path)).toMatch(pattern);
});
