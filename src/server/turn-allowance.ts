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

/** Units of work, each a microsecond or two of a fast machine; what one turn may take. */
const WORK_MAX = 40_000;
/** A frame that nobody answers. */
export const FRAME_WORK = 1;
/** A request: a client of ours that begins or ends with ten thousand partitions sends as many at once. */
export const REQUEST_WORK = 3;
/** To refuse one. Clients of ours have at most some hundreds of requests under way that can be refused. */
export const REFUSAL_WORK = 16;
/** Of a frame, for a unit. */
const BYTES_PER_WORK = 512;

export class TurnAllowance {
  readonly #turns: Turns;
  #turn = -1;
  #left = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** @param bytes of the frame @returns whether the turn may take it */
  take(work: number, bytes: number): boolean {
    const turn = this.#turns.now();
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#left = WORK_MAX;
    }
    this.#left -= work + bytes / BYTES_PER_WORK;
    return this.#left >= 0;
  }
}
