/**
 * Time as the event loop had it: a stall counts as one tick, so that it does not look like a silent broker. It is never ahead
 * of the real one.
 */
export const TICK_MS = 250;

export class LoopClock {
  #countedMs = 0;
  #tickedMs: number = performance.now();

  /** ms, from an arbitrary moment on. */
  now(): number {
    return this.#countedMs + Math.min(TICK_MS, performance.now() - this.#tickedMs);
  }

  /** To be called every TICK_MS. */
  tick(): void {
    this.#countedMs = this.now();
    this.#tickedMs = performance.now();
  }
}
