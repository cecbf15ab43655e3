/**
 * Lets a few reads from the disk be under way at a time, first come, first served. Only they hold memory that cannot be taken
 * back; whoever waits here holds none, so that a client with a thousand cold reads leaves the memory to others.
 */
export class ReadGate {
  #free: number;
  #waiting: (() => void)[] = [];
  #next = 0;

  constructor(readsAtATime: number) {
    this.#free = readsAtATime;
  }

  /** Resolves when it is the caller's turn, which ends with `leave`. */
  enter(): Promise<void> | void {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting[this.#next];
    if (next === undefined) {
      this.#waiting = [];
      this.#next = 0;
      this.#free++;
      return;
    }
    this.#next++;
    next();
  }
}
