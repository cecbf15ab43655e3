/**
 * Refused batches are answered a few in every turn of the event loop, for all connections together and each in its turn: an error
 * costs many times what a good batch does, and a window holds thousands. Until its answer a batch counts against the window of
 * its connection, so whoever sends nothing but bad ones is slowed down and nobody else.
 */
import type { ErrorBody } from "../protocol/wire-error.ts";

/** Answers of a turn, and those of one connection at a time. */
const TURN_MAX = 256;
const ROUND_MAX = 32;
/** Answered ones are forgotten by so many at least, as that moves the others. */
const FORGOTTEN_MIN = 256;

export interface RefusalsOwner {
  /** @param correlation null: nobody wants to hear of it */
  answer(correlation: number | null, length: number, error: ErrorBody): void;
}

interface Refusal {
  readonly correlation: number | null;
  readonly length: number;
  /** As it will be told: that takes a fraction of an Error's memory, and thousands wait. */
  readonly error: ErrorBody;
}

/** The connections with refused batches. One for all. */
export class RefusalTurns {
  readonly #line = new Set<Refusals>();
  #isScheduled = false;

  wants(refusals: Refusals): void {
    this.#line.add(refusals);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    let left = TURN_MAX;
    while (left > 0 && this.#line.size > 0) {
      const refusals = this.#line.values().next().value!;
      this.#line.delete(refusals);
      left -= refusals.answer(Math.min(left, ROUND_MAX));
      if (!refusals.isEmpty) this.#line.add(refusals); // Behind the others.
    }
    if (this.#line.size > 0) this.#schedule();
  }
}

/** Those of one connection, in order. */
export class Refusals {
  readonly #turns: RefusalTurns;
  readonly #owner: RefusalsOwner;
  readonly #waiting: Refusal[] = [];
  #answered = 0;

  constructor(turns: RefusalTurns, owner: RefusalsOwner) {
    this.#turns = turns;
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#answered === this.#waiting.length;
  }

  add(correlation: number | null, length: number, error: ErrorBody): void {
    this.#waiting.push({ correlation, length, error });
    this.#turns.wants(this);
  }

  /** @returns how many were answered */
  answer(most: number): number {
    let count = 0;
    while (count < most && !this.isEmpty) {
      const { correlation, length, error } = this.#waiting[this.#answered++]!;
      count++;
      this.#forget();
      // May end the connection, which answers all the others here.
      this.#owner.answer(correlation, length, error);
    }
    return count;
  }

  /** What was answered, also where there are always others behind it. */
  #forget(): void {
    if (!this.isEmpty && (this.#answered < FORGOTTEN_MIN || this.#answered * 2 < this.#waiting.length)) return;
    this.#waiting.splice(0, this.#answered);
    this.#answered = 0;
  }
}
