/** What the README sends people to says how it is used, and refuses what it does not know. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
const names = [
  "test:kill",
  "test:workers",
  "cut-sockets",
  "fuzz:frames",
  "live-logs",
  "crash-log",
  "bench:canonical",
  "bench:micro",
  "bench:peers",
  "bench:kafka",
  "bench:document",
];

function run(name: string, ...options: string[]): { status: number | null; stdout: string; stderr: string } {
  const file = /node (\S+\.ts)$/.exec(manifest.scripts[name]!)![1]!;
  return spawnSync(process.execPath, [join(root, file), ...options], { cwd: root, encoding: "utf8" });
}

describe("a script", () => {
  test.each(names)("%s explains itself", (name) => {
    const { status, stdout } = run(name, "--help");
    expect(status).toBe(0);
    expect(stdout).toContain(name);
  });
});

test("refuses an option that it does not have, and a number that is none: it would do nothing and call that good", () => {
  const unknown = run("live-logs", "--cuont", "5");
  expect(unknown.status).toBe(2);
  expect(unknown.stderr).toContain("--cuont");
  for (const count of ["0", "-5", "many", "1.5"]) {
    const { status, stderr } = run("live-logs", `--count=${count}`);
    expect(status).toBe(2);
    expect(stderr).toContain(`--count is a whole number above 0, not "${count}"`);
  }
});
