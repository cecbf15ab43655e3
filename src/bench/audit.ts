/** What a consumer finds of the records that were sent. */
import { numberOf, StampedPayloads, sequenceOf } from "./stamped-payload.ts";
import type { ConsumeTask } from "./task.ts";

export class Audit {
  /** Records that came in order and whole, by sequence. */
  readonly good: number[];
  /** Records that were not the next of their sequence, or not what was sent. */
  bad = 0;
  total = 0;
  readonly #payloads: StampedPayloads;
  readonly #partitions: number;

  constructor({ size, lanes, partitions }: Pick<ConsumeTask, "size" | "lanes" | "partitions">) {
    this.good = new Array<number>(lanes * partitions).fill(0);
    this.#payloads = new StampedPayloads(size);
    this.#partitions = partitions;
  }

  /** Takes a record: bytes[at, at + size), through a view of the same bytes. */
  visit(partition: number, bytes: Uint8Array, view: DataView, at: number, size: number): void {
    const sequence = sequenceOf(view, at);
    const number = numberOf(view, at);
    const isNext = this.good[sequence] === number && sequence % this.#partitions === partition;
    if (isNext && this.#payloads.isBody(number, bytes, view, at, size)) this.good[sequence] = number + 1;
    else this.bad++;
    this.total++;
  }
}
