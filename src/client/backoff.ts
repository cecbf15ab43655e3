/** Trying again: pauses that are doubled each time, with jitter, so that clients cut off together return apart. */
import { asBrokerError } from "../base/errors.ts";

export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  #attempts = 0;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** It worked: the next pause is a short one again. */
  reset(): void {
    this.#attempts = 0;
  }

  /** @returns ms until the next attempt */
  next(): number {
    const ms = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#attempts++, 30));
    return ms * (0.5 + 0.5 * Math.random());
  }
}

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1000;

/**
 * Calls `attempt` until it succeeds, fails for good, or fails after `timeoutMs`.
 *
 * @throws what `attempt` threw last
 */
export async function retry<Result>(attempt: () => Promise<Result>, timeoutMs: number): Promise<Result> {
  const backoff = new Backoff(RETRY_MIN_MS, RETRY_MAX_MS);
  const startMs = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const pauseMs = backoff.next();
      const isLate = performance.now() - startMs + pauseMs > timeoutMs;
      if (isLate || !asBrokerError(error).retriable) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
