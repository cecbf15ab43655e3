/** Finds whole batches in the slices that a subscription or a fetch brings: one after the other, or in parts. */
import { BrokerError } from "../base/errors.ts";
import { MIB } from "../base/units.ts";
import { BATCH_HEADER_SIZE } from "../wasm/layout.ts";
import { BATCH_PREFIX_SIZE, batchSizeAt } from "./batch-header.ts";

/** No topic takes batches of this size. */
const BATCH_BYTES_MAX: number = 128 * MIB;

export interface BatchSink {
  /**
   * A whole batch, of which nothing but its size is known.
   *
   * @param isOwned the bytes are the sink's; else they are only there until this returns
   */
  batch(bytes: Uint8Array, at: number, size: number, isOwned: boolean): void;
}

export class SliceAssembler {
  readonly #sink: BatchSink;
  /** The batch that came in part. Until its size is known it is only its prefix. */
  #partial: Uint8Array = new Uint8Array(BATCH_PREFIX_SIZE);
  #filled = 0;

  constructor(sink: BatchSink) {
    this.#sink = sink;
  }

  /**
   * Takes the slice bytes[at, at + size).
   *
   * @param batchPosition bytes of its first batch that came before
   * @returns bytes of it that belong to batches in parts, and were copied
   * @throws BrokerError PROTOCOL_VIOLATION  it does not follow what came before
   * @throws BrokerError CORRUPT_BATCH       a batch has an impossible size
   */
  take(bytes: Uint8Array, at: number, size: number, batchPosition: number): number {
    if (batchPosition !== this.#filled)
      throw new BrokerError("PROTOCOL_VIOLATION", "a slice does not follow the one before");
    const end = at + size;
    let position = this.#filled === 0 ? at : this.#fill(bytes, at, end);
    let copied = position - at;
    while (position < end) {
      const left = end - position;
      const batchSize = left < BATCH_PREFIX_SIZE ? Number.POSITIVE_INFINITY : checkedSize(bytes, position);
      if (batchSize > left) {
        copied += left;
        position = this.#fill(bytes, position, end);
      } else {
        this.#sink.batch(bytes, position, batchSize, false);
        position += batchSize;
      }
    }
    return copied;
  }

  /** Adds to the batch that came in part. @returns position after what belongs to it */
  #fill(bytes: Uint8Array, at: number, end: number): number {
    let position = at;
    if (this.#filled < BATCH_PREFIX_SIZE) {
      position = this.#copy(bytes, position, end);
      if (this.#filled < BATCH_PREFIX_SIZE) return position;
      const whole = new Uint8Array(checkedSize(this.#partial, 0));
      whole.set(this.#partial);
      this.#partial = whole;
    }
    position = this.#copy(bytes, position, end);
    if (this.#filled < this.#partial.length) return position;
    const batch = this.#partial;
    this.#partial = new Uint8Array(BATCH_PREFIX_SIZE);
    this.#filled = 0;
    this.#sink.batch(batch, 0, batch.length, true);
    return position;
  }

  #copy(bytes: Uint8Array, at: number, end: number): number {
    const size = Math.min(end - at, this.#partial.length - this.#filled);
    this.#partial.set(bytes.subarray(at, at + size), this.#filled);
    this.#filled += size;
    return at + size;
  }
}

function checkedSize(bytes: Uint8Array, at: number): number {
  const size = batchSizeAt(bytes, at);
  if (size >= BATCH_HEADER_SIZE && size <= BATCH_BYTES_MAX) return size;
  throw new BrokerError("CORRUPT_BATCH", `a batch claims to have ${size} bytes`);
}
