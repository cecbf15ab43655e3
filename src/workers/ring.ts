/**
 * A ring of fixed-size items between one writer thread and one reader thread. The head counts items put in, the tail items
 * taken out; both wrap at 2^32 and are only compared by their difference.
 *
 * The writer fills items at `at(pending++)` and makes them visible together by `publish`.
 */
import { assert } from "../base/assert.ts";
import * as shared from "./shared-memory.ts";

export class Ring {
  readonly #control: Int32Array;
  readonly #headWord: number;
  readonly #tailWord: number;
  readonly #start: number;
  readonly #itemSize: number;
  readonly #mask: number;
  readonly capacity: number;

  /**
   * @param control view whose words hold head and tail
   * @param start address of the first item
   * @param capacity items; a power of two
   */
  constructor(
    control: Int32Array,
    headWord: number,
    tailWord: number,
    start: number,
    itemSize: number,
    capacity: number,
  ) {
    assert((capacity & (capacity - 1)) === 0, "a ring's capacity is a power of two");
    this.#control = control;
    this.#headWord = headWord;
    this.#tailWord = tailWord;
    this.#start = start;
    this.#itemSize = itemSize;
    this.#mask = capacity - 1;
    this.capacity = capacity;
  }

  get head(): number {
    return Atomics.load(this.#control, this.#headWord);
  }

  get tail(): number {
    return Atomics.load(this.#control, this.#tailWord);
  }

  /** Items that wait. */
  get length(): number {
    return (this.head - this.tail) | 0;
  }

  /** Address of the item with this count. */
  at(count: number): number {
    return this.#start + (count & this.#mask) * this.#itemSize;
  }

  /** Writer: items before `head` are complete. */
  publish(head: number): void {
    Atomics.store(this.#control, this.#headWord, head | 0);
  }

  /** Reader: items before `tail` may be overwritten. */
  consume(tail: number): void {
    Atomics.store(this.#control, this.#tailWord, tail | 0);
  }
}

/** @param control view of the worker's control block */
export function arrivalsRing(control: Int32Array, { arrivals }: shared.LogWorkerMap): Ring {
  const { ARRIVALS_HEAD, ARRIVALS_TAIL, ARRIVAL_SIZE, ARRIVALS_CAPACITY } = shared;
  return new Ring(control, ARRIVALS_HEAD, ARRIVALS_TAIL, arrivals, ARRIVAL_SIZE, ARRIVALS_CAPACITY);
}

export function resultsRing(control: Int32Array, { results }: shared.LogWorkerMap): Ring {
  const { RESULTS_HEAD, RESULTS_TAIL, RESULT_SIZE, RESULTS_CAPACITY } = shared;
  return new Ring(control, RESULTS_HEAD, RESULTS_TAIL, results, RESULT_SIZE, RESULTS_CAPACITY);
}
