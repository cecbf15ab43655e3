/** Which partitions are paused: all or none, except some. */
export class PausedPartitions {
  #isRule = false;
  readonly #exceptions = new Set<number>();

  /** @param partitions undefined: all, also those that are not known yet */
  set(isPaused: boolean, partitions: readonly number[] | undefined): void {
    if (partitions === undefined) {
      this.#isRule = isPaused;
      this.#exceptions.clear();
    }
    for (const partition of partitions ?? []) {
      if (isPaused === this.#isRule) this.#exceptions.delete(partition);
      else this.#exceptions.add(partition);
    }
  }

  has(partition: number): boolean {
    return this.#isRule !== this.#exceptions.has(partition);
  }
}
