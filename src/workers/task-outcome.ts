/** How a task's result or typed error comes back from a worker: structured cloning would strip an error of its code. */
import { BrokerError, type ErrorName } from "../base/errors.ts";
import { DiskError } from "../storage/disk.ts";

export type TaskOutcome<Value> =
  | { readonly value: Value }
  | {
      readonly error: { readonly code: ErrorName; readonly message: string; readonly details: BrokerError["details"] };
    };

/** Worker's side. What is neither a BrokerError nor the disk's answer is a bug and ends the task with an exception. */
export function outcomeOf<Value>(run: () => Value): TaskOutcome<Value> {
  try {
    return { value: run() };
  } catch (error) {
    const { code, message, details } = typed(error);
    return { error: { code, message, details } };
  }
}

/** The caller's side. @throws BrokerError */
export function unwrap<Value>(outcome: TaskOutcome<Value>): Value {
  if ("value" in outcome) return outcome.value;
  const { code, message, details } = outcome.error;
  throw new BrokerError(code, message, { details });
}

function typed(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  if (!(error instanceof DiskError)) throw error;
  const full = error.code === "ENOSPC" || error.code === "EDQUOT";
  return new BrokerError(full ? "NO_SPACE" : "STORAGE_ERROR", `the disk refused: ${error.message}`, {
    details: { errno: error.code, operation: error.operation },
  });
}
