/** The wall clock for records, read once for a few of them: reading it costs as much as encoding two. */
const RECORDS_PER_READING = 32;

export class TurnClock {
  #now = 0;
  #recordsLeft = 0;
  #isTurnEndDue = false;

  /** @returns Unix ms, read in this turn of the event loop, at most a few records ago */
  now(): number {
    if (this.#recordsLeft === 0) this.#read();
    this.#recordsLeft--;
    return this.#now;
  }

  #read(): void {
    this.#now = Date.now();
    this.#recordsLeft = RECORDS_PER_READING;
    if (this.#isTurnEndDue) return;
    this.#isTurnEndDue = true;
    queueMicrotask(() => {
      this.#isTurnEndDue = false;
      this.#recordsLeft = 0;
    });
  }
}
