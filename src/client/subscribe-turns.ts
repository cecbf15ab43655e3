/**
 * Subscribes that are not answered, of one connection: the broker has so many requests of one under way at a time and no more.
 * The others wait here.
 */

/** Of the two thousand that a broker takes before it answers BUSY. */
const ASKING_MAX = 500;

interface Asker {
  /** Its turn has come. */
  subscribe(): void;
}

export class SubscribeTurns {
  readonly #asking = new Set<Asker>();
  readonly #waiting = new Set<Asker>();

  /** @returns false: `subscribe` will be called when it may */
  take(asker: Asker): boolean {
    if (this.#asking.size >= ASKING_MAX) {
      this.#waiting.add(asker);
      return false;
    }
    this.#asking.add(asker);
    return true;
  }

  /** It was answered, or wants to ask no more. */
  leave(asker: Asker): void {
    this.#waiting.delete(asker);
    if (!this.#asking.delete(asker)) return;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      next.subscribe();
      return;
    }
  }

  /** The connection is gone, and its questions with it. */
  clear(): void {
    this.#asking.clear();
    this.#waiting.clear();
  }
}
