/** Every rule of scripts/tidy.ts has a canary that trips it, and a neighbour that does not. */
import { describe, expect, test } from "vitest";
import { violationsIn } from "../../scripts/tidy.ts";

/** @returns the names of the rules that `line` breaks in the file `path` */
function broken(path: string, line: string): string[] {
  return violationsIn(path, `${line}\n`).map((violation) => /^\S+: ([^:]+): ./.exec(violation)?.[1] ?? violation);
}

describe("what is banned", () => {
  test.each([
    { rule: "leftover", path: "src/base/units.ts", line: "// TODO: negative numbers" },
    { rule: "leftover", path: "docs/guide.md", line: "FIXME" },
    { rule: "machine path", path: "docs/guide.md", line: "see /work/main/README.md" },
    { rule: "machine path", path: "test/x.test.ts", line: 'open("/home/ann/data")' },
    { rule: "registry address", path: ".npmrc", line: "registry=https://registry.example.com/" },
    { rule: "registry address", path: "package-lock.json", line: '"resolved": "https://mirror/x.tgz",' },
    { rule: "registry address", path: ".ci/run", line: "echo deb http://deb.debian.org/debian" },
    { rule: "unexplained skip", path: "test/storage/log.test.ts", line: 'it.skip("appends", () => {});' },
    { rule: "unexplained skip", path: "test/storage/log.test.ts", line: 'test.todo("appends");' },
    { rule: "unexplained skip", path: "test/storage/log.test.ts", line: 'describe.concurrent.only("log", () => {});' },
    { rule: "unexplained skip", path: "test/storage/log.test.ts", line: 'test.skipIf(slow)("appends", () => {});' },
    { rule: "unexplained skip", path: "test/storage/log.test.ts", line: "context.skip();" },
    { rule: "shared memory in a step function", path: "src/storage/log.ts", line: "Atomics.store(words, 0, 1);" },
    { rule: "shared memory in a step function", path: "src/broker/partition.ts", line: "const { store } = Atomics;" },
    { rule: "blocking wait", path: "src/server/door.ts", line: "Atomics.wait(words, 0, 0);" },
    { rule: "blocking wait", path: "src/workers/log-pool.ts", line: "Atomics.wait(words, 0, 0);" },
    { rule: "clock or chance in storage", path: "src/storage/log.ts", line: "const now = Date.now();" },
    { rule: "clock or chance in storage", path: "src/storage/log.ts", line: "const now = performance.now();" },
    { rule: "clock or chance in storage", path: "src/storage/log.ts", line: "if (Math.random() < 0.5) return;" },
    { rule: "clock or chance in storage", path: "src/storage/log.ts", line: "setTimeout(flush, 5);" },
    { rule: "end of the process", path: "src/server/door.ts", line: "process.exit(1);" },
    { rule: "end of the process", path: "src/index.ts", line: 'process.on("SIGTERM", close);' },
    { rule: "file banner", path: "src/base/units.ts", line: " * @author Ann" },
    { rule: "file banner", path: "src/base/units.ts", line: "// SPDX-License-Identifier: Apache-2.0" },
    { rule: "section banner", path: "src/base/units.ts", line: "// ------------- helpers" },
    { rule: "long file", path: "src/base/units.ts", line: "\n".repeat(600) },
  ])("$rule: $line", ({ rule, path, line }) => {
    expect(broken(path, line)).toEqual([rule]);
  });
});

describe("what is not", () => {
  test.each([
    { path: "src/base/units.ts", line: "const todo = list.pop();" },
    { path: "docs/guide.md", line: "GET https://example.org/home/ann and ./work/x" },
    { path: "docs/guide.md", line: "npm installs from the registry you have configured" },
    { path: "test/storage/log.test.ts", line: 'test("skips what is below logStart", () => {});' },
    { path: "test/storage/log.test.ts", line: "cursor.skip(3);" },
    { path: "src/workers/log-worker.ts", line: "Atomics.wait(words, 0, 0);" },
    { path: "src/workers/sync-thread.ts", line: "Atomics.wait(words, 0, 0);" },
    { path: "src/workers/log-pool.ts", line: "await Atomics.waitAsync(words, 0, 0).value;" },
    { path: "src/storage/log.ts", line: "// no Atomics and no Date.now() here" },
    { path: "src/storage/log.ts", line: "/** Never Date.now(): see H3. */" },
    { path: "src/base/clock.ts", line: "now: () => Date.now()," },
    { path: "src/main.ts", line: "process.exit(1);" },
    { path: "src/base/units.ts", line: "\n".repeat(599) },
    { path: "schemas/cambium.fbs", line: "\n".repeat(1000) },
    { path: "test/golden/x.log", line: "TODO \0" },
  ])("$path: $line", ({ path, line }) => {
    expect(broken(path, line)).toEqual([]);
  });
});

test("a violation says where, what and why", () => {
  expect(violationsIn("src/base/a.ts", "one\n// TODO\n")).toEqual([
    "src/base/a.ts:2: leftover: Finish it, or write down in docs/decisions/ what is missing and when it is due.",
  ]);
});
