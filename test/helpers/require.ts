/**
 * What a test needs from the machine. Where it is missing the test is skipped with the reason, and `npm test` lists it
 * (scripts/skip-reporter.ts). Call it first in the test, or in a `beforeEach` for a whole `describe`:
 *
 *   test("kcat reads what we wrote", async (context) => {
 *     requireTool(context, "kcat");
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { TestContext } from "vitest";

/** Command → the Debian package that brings it. `.ci/run` installs them all. */
export const debianPackages = {
  kcat: "kcat",
  strace: "strace",
} as const;

export function requireTool(context: TestContext, command: keyof typeof debianPackages): void {
  requireThat(context, isOnPath(command), `${command} (Debian package ${debianPackages[command]})`);
}

export function requireRoot(context: TestContext): void {
  requireThat(context, process.getuid?.() === 0, "root");
}

/** @param what completes the sentence "needs ..." */
export function requireThat(context: TestContext, met: boolean, what: string): void {
  if (!met) context.skip(`needs ${what}`);
}

function isOnPath(command: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => isExecutable(join(folder, command)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
