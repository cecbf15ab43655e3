/**
 * What one connection may have done in one turn of the event loop, batches in its window aside. The library goes on reading a
 * socket whose sender keeps its buffer full, without a look at the others, and cannot be stopped but by closing the socket.
 */

/** The turns of the event loop, told apart. One for all connections. */
export class Turns {
  #number = 0;
  #isKnown = false;

  /** Another number than in any turn before. */
  now(): number {
    if (!this.#isKnown) {
      this.#isKnown = true;
      setImmediate(() => {
        this.#isKnown = false;
        this.#number++;
      });
    }
    return this.#number;
  }
}

/**
 * Units of work, each a microsecond or two of a fast machine, after which no more is done for a connection in that turn. More
 * than a client of ours can have under way: the answers to as many requests as it sends before one is answered, and an
 * Unsubscribe for each of ten thousand partitions. Refused batches are not of it (refusals.ts).
 */
const WORK_MAX = 65_536;
/** A frame that nobody answers. */
export const FRAME_WORK = 1;

/** A request, of which objects are made. */
export function requestWork(bytes: number): number {
  return 3 + bytes / 32;
}

/** To refuse a frame, besides. */
export function refusalWork(bytes: number): number {
  return 4 + bytes / 1024;
}

export class TurnAllowance {
  readonly #turns: Turns;
  #turn = -1;
  #left = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** @returns false: the turn took enough before */
  take(work: number): boolean {
    const turn = this.#turns.now();
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#left = WORK_MAX;
    }
    if (this.#left <= 0) return false;
    this.#left -= work;
    return true;
  }
}
