/**
 * The damaged batches and missing segments that readers met (contract E4): each is told once, not once a read, and counted.
 */
import type { BrokerError } from "../base/errors.ts";
import type { LogSink } from "./start-options.ts";

/** More are not told one by one: a disk that has lost so much is told about already, and memory is bounded. */
const PLACES_MAX = 1024;

export class CorruptBatches {
  readonly #log: LogSink;
  readonly #places = new Set<string>();
  readonly #max: number;

  constructor(log: LogSink, max: number = PLACES_MAX) {
    this.#log = log;
    this.#max = max;
  }

  /** Places that were told, each a batch or several on end; no more than there is memory for. */
  get count(): number {
    return this.#places.size;
  }

  /**
   * @param topicId tells apart topics of one name
   * @param error   CORRUPT_BATCH, as a read ended
   */
  met(partition: string, topicId: string, { details }: BrokerError): void {
    const { offset, nextOffset, missing } = details;
    // Whichever of its offsets was asked for, behind a place the same batch comes next.
    const place = `${topicId} ${partition} ${nextOffset}`;
    if (this.#places.has(place) || this.#places.size === this.#max) return;
    this.#places.add(place);
    const facts = { partition, offset, nextOffset };
    if (missing === undefined)
      this.#log("error", "a damaged batch was read; it stays, and readers can go on behind it", facts);
    else this.#log("error", "a segment's file is missing; readers can go on behind it", { ...facts, missing });
    if (this.#places.size === this.#max)
      this.#log("error", "no more damaged batches are told; cambium dump --verify finds them all", { told: this.#max });
  }
}
