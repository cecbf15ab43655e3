/** `npm ci` works from package-lock.json on any platform and from any registry. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { completed, type LockEntries, missingPackages } from "../../scripts/complete-lockfile.ts";

const text = readFileSync(join(import.meta.dirname, "../../package-lock.json"), "utf8");

test("the lock file has every optional package (if not: npm run lockfile)", () => {
  const { packages } = JSON.parse(text) as { packages: LockEntries };
  expect(missingPackages(packages)).toEqual([]);
});

test("the lock file says nothing about where packages come from", () => {
  expect(text).not.toContain('"resolved"');
});

test("a missing package is added with the platform that its name says", () => {
  const entries: LockEntries = {
    "": {},
    "node_modules/a": { dev: true, optionalDependencies: { "@a/cli-linux-x64-musl": "1.2.3", b: "2.0.0" } },
    "node_modules/a/node_modules/b": { optionalDependencies: { "@a/cli-win32-arm64": "1.2.3" } },
  };
  expect(Object.keys(completed(entries))).toEqual([
    "",
    "node_modules/@a/cli-linux-x64-musl",
    "node_modules/@a/cli-win32-arm64",
    "node_modules/a",
    "node_modules/a/node_modules/b",
  ]);
  expect(completed(entries)).toMatchObject({
    "node_modules/@a/cli-linux-x64-musl": { version: "1.2.3", cpu: ["x64"], dev: true, libc: ["musl"], os: ["linux"] },
    "node_modules/@a/cli-win32-arm64": { version: "1.2.3", cpu: ["arm64"], optional: true, os: ["win32"] },
  });
});

test("a package whose name says no platform is not guessed at", () => {
  const entries: LockEntries = { "node_modules/a": { optionalDependencies: { fsevents: "2.3.3" } } };
  expect(() => completed(entries)).toThrow("cannot tell the platform of fsevents");
});
