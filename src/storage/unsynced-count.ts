/** How many files wait in all logs of a worker. Where it is as many as may be, rolls and openings wait for a sync. */
export class UnsyncedCount {
  readonly max: number;
  count = 0;

  constructor(max: number) {
    this.max = max;
  }

  get isHigh(): boolean {
    return 2 * this.count >= this.max;
  }

  get isFull(): boolean {
    return this.count >= this.max;
  }
}
