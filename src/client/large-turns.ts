/**
 * Batches that are larger than their partition's share of a consumer's memory come one at a time, so that it holds one of them
 * and not one of each partition: who has the turn gets credit for the whole batch, until that is read.
 */
export interface TurnTaker {
  readonly partition: number;
  /** It is its turn. */
  turned(): void;
}

export class LargeTurns {
  readonly #isPaused: (partition: number) => boolean;
  /** One, and those of paused partitions. */
  readonly #holders = new Set<TurnTaker>();
  readonly #waiting = new Set<TurnTaker>();

  /** @param isPaused nobody waits for such a partition, which may stay so for ever. Who changes what it says calls `wake` */
  constructor(isPaused: (partition: number) => boolean) {
    this.#isPaused = isPaused;
  }

  /** Asks for the turn; who has it or waits for it already may ask again. */
  ask(taker: TurnTaker): void {
    if (this.#holders.has(taker)) return;
    this.#waiting.add(taker);
    this.wake();
  }

  /** Gives the turn back, or waits for it no more. */
  leave(taker: TurnTaker): void {
    this.#waiting.delete(taker);
    if (this.#holders.delete(taker)) this.wake();
  }

  /** Gives the turn to who has waited for it longest, if it is free. */
  wake(): void {
    for (const taker of this.#waiting) {
      if (this.#isPaused(taker.partition)) continue;
      if (this.#isTaken()) return;
      this.#waiting.delete(taker);
      this.#holders.add(taker);
      taker.turned();
    }
  }

  #isTaken(): boolean {
    for (const { partition } of this.#holders) if (!this.#isPaused(partition)) return true;
    return false;
  }
}
