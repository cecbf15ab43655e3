/**
 * Produce windows (design section 4): how many bytes of batches a connection may have unacknowledged. A WebSocket's reads cannot
 * be paused, so a client sends only what was granted, and the sum of all grants stays below what memory there is for arrivals.
 *
 * Every connection has a small standing window, which is backed by the bounded spill; what goes beyond it is taken from one
 * budget. When the budget is used up, windows that have long been idle are asked back, and those who want more wait in line.
 */

/** Granted to everyone, whatever the budget says. */
export const STANDING_WINDOW = 64 * 1024;
/** No connection gets more than this. */
const WINDOW_MAX = 8 * 1024 * 1024;
/** A window unused for so long may be asked back. */
const IDLE_MS = 5000;

export interface WindowHolder {
  /** When it last had something unacknowledged; Infinity: it has now. */
  readonly lastUsedMs: number;
  /** Bytes granted beyond the standing window. */
  readonly granted: number;
  /** Gets more than it has. */
  widen(granted: number): void;
  /** Is asked to give all back; `WindowBudget.give` follows when the client has agreed. */
  narrow(): void;
}

export class WindowBudget {
  readonly #monotonicMs: () => number;
  #left: number;
  readonly #holders = new Set<WindowHolder>();
  readonly #waiting = new Map<WindowHolder, number>();

  /** @param bytes what all windows together may hold beyond the standing ones */
  constructor(bytes: number, monotonicMs: () => number) {
    this.#left = bytes;
    this.#monotonicMs = monotonicMs;
  }

  get bytesLeft(): number {
    return this.#left;
  }

  /**
   * Takes up to `wanted` bytes for a holder that has none yet.
   *
   * @returns bytes granted
   */
  take(holder: WindowHolder, wanted: number): number {
    const granted = Math.min(wanted, this.#left, WINDOW_MAX - STANDING_WINDOW);
    this.#left -= granted;
    this.#holders.add(holder);
    return granted;
  }

  /** The holder needs `wanted` bytes in all: it is widened now or when there is room. */
  request(holder: WindowHolder, wanted: number): void {
    const target = Math.min(wanted, WINDOW_MAX - STANDING_WINDOW);
    if (target <= holder.granted) return;
    this.#waiting.set(holder, target);
    this.#serve();
    if (this.#waiting.has(holder)) this.#reclaim();
  }

  /** Bytes come back. */
  give(bytes: number): void {
    this.#left += bytes;
    this.#serve();
  }

  /** The holder wants nothing any more; what it has it gives back itself. */
  remove(holder: WindowHolder): void {
    this.#holders.delete(holder);
    this.#waiting.delete(holder);
  }

  #serve(): void {
    for (const [holder, target] of this.#waiting) {
      const more = target - holder.granted;
      if (more > this.#left) return;
      this.#left -= more;
      this.#waiting.delete(holder);
      holder.widen(target);
    }
  }

  #reclaim(): void {
    const idleSinceMs = this.#monotonicMs() - IDLE_MS;
    for (const holder of this.#holders) {
      if (holder.granted > 0 && holder.lastUsedMs < idleSinceMs && !this.#waiting.has(holder)) holder.narrow();
    }
  }
}
