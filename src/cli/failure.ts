/** How a command that failed says so, and its exit code: 1, the work failed; 2, it was called wrongly. */
import { AssertionFailure } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { DiskError } from "../storage/disk.ts";
import { CommandError } from "./command-error.ts";
import type { Output } from "./output.ts";

export const EXIT_OK = 0 as const;
export const EXIT_FAILED = 1 as const;
export const EXIT_USAGE = 2 as const;
export type ExitCode = typeof EXIT_OK | typeof EXIT_FAILED | typeof EXIT_USAGE;

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retriable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof BrokerError) {
    const { code, message, retriable, details } = error;
    return { code, message, retriable, details };
  }
  if (error instanceof CommandError) return { code: error.code, message: error.message, retriable: false, details: {} };
  // A DiskError is told in the words of the system, with the path.
  const cause = error instanceof DiskError ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  const { code, message } = cause?.syscall === undefined ? (error as NodeJS.ErrnoException) : cause;
  // What the operating system says, "ENOENT", says enough. Anything else is a bug, and its stack is what helps.
  const isSystem = typeof code === "string" && /^E[A-Z0-9]+$/.test(code) && !(error instanceof AssertionFailure);
  const text = isSystem
    ? message.replace(`${code}: `, "")
    : error instanceof Error
      ? (error.stack ?? message)
      : String(error);
  return { code: isSystem ? code : "BUG", message: text, retriable: false, details: {} };
}

/** Tells of the error on standard error: one line of text, or one of JSON. @returns the exit code */
export function report(error: unknown, output: Output): ExitCode {
  const failure = failureOf(error);
  output.error(
    output.json ? JSON.stringify({ error: failure }, bigIntsAsText) : `error ${failure.code}: ${failure.message}`,
  );
  return failure.code === "USAGE" || failure.code === "INVALID_OPTION" ? EXIT_USAGE : EXIT_FAILED;
}

export function bigIntsAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
