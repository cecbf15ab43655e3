/**
 * Refused batches are answered a few in every turn of the event loop, for all connections together and each in its turn: an error
 * costs many times what a good batch does, and a window holds thousands. Until its answer a batch counts against the window of
 * its connection, so whoever sends nothing but bad ones is slowed down and nobody else.
 */
import type { BrokerError } from "../base/errors.ts";

/** Answers of a turn, and those of one connection at a time. */
const TURN_MAX = 256;
const ROUND_MAX = 32;

export interface RefusalsOwner {
  /** @param correlation null: nobody wants to hear of it */
  answer(correlation: number | null, length: number, error: BrokerError): void;
}

interface Refusal {
  readonly correlation: number | null;
  readonly length: number;
  readonly error: BrokerError;
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
  #waiting: Refusal[] = [];
  #answered = 0;

  constructor(turns: RefusalTurns, owner: RefusalsOwner) {
    this.#turns = turns;
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#answered === this.#waiting.length;
  }

  add(correlation: number | null, length: number, error: BrokerError): void {
    this.#waiting.push({ correlation, length, error });
    this.#turns.wants(this);
  }

  /** @returns how many were answered */
  answer(most: number): number {
    let count = 0;
    while (count < most && !this.isEmpty) {
      const { correlation, length, error } = this.#waiting[this.#answered++]!;
      count++;
      if (this.isEmpty) {
        this.#waiting = [];
        this.#answered = 0;
      }
      // May end the connection, which answers all the others here.
      this.#owner.answer(correlation, length, error);
    }
    return count;
  }
}
