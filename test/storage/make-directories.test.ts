import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeDirectories } from "../../src/storage/make-directories.ts";
import { requireThat } from "../helpers/require.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cambium-directories-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("makes what is missing, and takes what is there", () => {
  const path = join(folder, "a/b/c");
  makeDirectories(path);
  makeDirectories(path);
  expect(statSync(path).isDirectory()).toBe(true);
});

test("a file in the way is an error", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => makeDirectories(file)).toThrow(expect.objectContaining({ code: "EEXIST" }) as Error);
  expect(() => makeDirectories(join(file, "a/b"))).toThrow(expect.objectContaining({ code: "ENOTDIR" }) as Error);
});

// Node's recursive mkdir does not return there.
test("a folder that takes no other is an error", (context) => {
  requireThat(context, existsSync("/proc/self"), "a system with /proc");
  expect(() => makeDirectories("/proc/cambium/a")).toThrow(expect.objectContaining({ code: "ENOENT" }) as Error);
});
