/** Pauses between attempts: doubled each time up to a limit, with jitter, so that clients cut off together return apart. */
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
