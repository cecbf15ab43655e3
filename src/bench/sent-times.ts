/** When the records of a partition that are on their way were due and sent: they are acknowledged in order. */
const ROOM_MIN = 1024;

export class SentTimes {
  /** Pairs, in a ring whose size is a power of two. */
  #times = new Float64Array(2 * ROOM_MIN);
  #first = 0;
  #end = 0;

  /** ns of one clock. */
  push(dueNs: number, sentNs: number): void {
    if (2 * (this.#end - this.#first) === this.#times.length) this.#grow();
    const at = this.#at(this.#end++);
    this.#times[at] = dueNs;
    this.#times[at + 1] = sentNs;
  }

  /** Takes the oldest `count`, which there are. */
  shift(count: number, take: (dueNs: number, sentNs: number) => void): void {
    for (let left = count; left > 0; left--) {
      const at = this.#at(this.#first++);
      take(this.#times[at]!, this.#times[at + 1]!);
    }
  }

  #at(index: number): number {
    return (2 * index) & (this.#times.length - 1);
  }

  #grow(): void {
    const larger = new Float64Array(2 * this.#times.length);
    const count = this.#end - this.#first;
    for (let index = 0; index < count; index++) {
      const at = this.#at(this.#first + index);
      larger.set(this.#times.subarray(at, at + 2), 2 * index);
    }
    this.#times = larger;
    this.#first = 0;
    this.#end = count;
  }
}
