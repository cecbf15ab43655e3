/** Waiting that a caller may give up. */
import { knownOptions, type OptionNames, signalOption } from "../base/options.ts";

/** For a call that waits. */
export interface WaitOptions {
  /** Ends the wait, with the signal's reason as an exception. What was asked for may be carried out all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** Called with what takes the present wait back, should the caller give up; it takes the place of the one before. */
export type OnAbort = (undo: () => void) => void;

const NAMES: OptionNames<WaitOptions> = { signal: true };

/**
 * Waits as long as the signal lets it. What is waited for goes on, unless the signal was aborted before.
 *
 * @throws BrokerError INVALID_OPTION  these are no options, or that is no signal
 * @throws the signal's reason; and what `start` throws
 */
export async function untilAborted<Result>(
  options: WaitOptions,
  start: (onAbort: OnAbort) => Promise<Result> | Result,
): Promise<Result> {
  knownOptions("a call that waits", options, NAMES);
  const { signal } = options;
  signalOption("signal", signal);
  if (signal === undefined) return start(() => {});
  signal.throwIfAborted();
  let abort = (): void => {};
  let undoWait = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      reject(signal.reason);
      undoWait();
    };
  });
  signal.addEventListener("abort", abort);
  try {
    const started = start((undo) => {
      undoWait = undo;
      if (signal.aborted) undo();
    });
    return await Promise.race([started, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
