/** A skipped test is named with its reason, and fails a run where everything is said to be there. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { debianPackages } from "../helpers/require.ts";

const root = join(import.meta.dirname, "../..");
const isRoot = process.getuid?.() === 0;

/** Runs the fixture with a PATH on which `tools` are all there is. */
function run(tools: string[], environment: Record<string, string> = {}): { lines: string[]; status: number | null } {
  const bin = mkdtempSync(join(tmpdir(), "cambium-tools-"));
  for (const tool of tools) {
    writeFileSync(join(bin, tool), "");
    chmodSync(join(bin, tool), 0o755);
  }
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const config = join(import.meta.dirname, "fixtures/skips/vitest.config.ts");
  const env = { PATH: `${bin}:${dirname(process.execPath)}`, ...environment };
  const child = spawnSync(process.execPath, [vitest, "run", "--config", config], { cwd: root, env, encoding: "utf8" });
  rmSync(bin, { recursive: true });
  return { lines: child.stdout.split("\n").filter((line) => line.startsWith("skipped: ")), status: child.status };
}

test("every skipped test is named with its reason", () => {
  const file = "skipped: test/tooling/fixtures/skips/skips.ts";
  const { lines, status } = run([]);
  expect(lines).toEqual([
    `${file} > machine > wants a tool: needs kcat (Debian package kcat)`,
    ...(isRoot ? [] : [`${file} > machine > wants root: needs root`]),
    `${file} > says nothing: no reason given; its set-up may have failed`,
  ]);
  expect(status).toBe(0);
});

test("a tool on PATH is found", () => {
  expect(run(["kcat"]).lines.join()).not.toContain("kcat");
});

test("with CAMBIUM_REQUIRE_ALL=1 a skipped test fails the run", () => {
  expect(run(["kcat"], { CAMBIUM_REQUIRE_ALL: "1" }).status).toBe(1);
});

test(".ci/run installs the Debian packages that tests ask for", () => {
  const [, installed] = /^debian_packages=\((.*)\)$/m.exec(readFileSync(join(root, ".ci/run"), "utf8")) ?? [];
  expect(installed?.split(" ")).toEqual(Object.values(debianPackages));
});
