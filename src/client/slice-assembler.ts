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
  readonly #reserveMax: number;
  /** The batch that came in part; until its size is known, its prefix. */
  #partial: Uint8Array = new Uint8Array(BATCH_PREFIX_SIZE);
  #size = 0;
  #filled = 0;

  /** @param reserveMax memory is taken for so much of a batch at once, for all of it when more has come */
  constructor(sink: BatchSink, reserveMax: number = BATCH_BYTES_MAX) {
    this.#sink = sink;
    this.#reserveMax = reserveMax;
  }

  /** Bytes of the batch that came in part; 0: there is none, or its size is not known yet. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of it that came. */
  get filled(): number {
    return this.#filled;
  }

  /** Bytes that have to come before more can be said or done. */
  get missing(): number {
    if (this.#filled === 0) return 0;
    return (this.#size === 0 ? BATCH_PREFIX_SIZE : this.#size) - this.#filled;
  }

  /**
   * Takes the slice bytes[at, at + size).
   *
   * @param batchPosition bytes of its first batch that came before
   * @throws BrokerError PROTOCOL_VIOLATION  it does not follow what came before
   * @throws BrokerError CORRUPT_BATCH       a batch has an impossible size
   */
  take(bytes: Uint8Array, at: number, size: number, batchPosition: number): void {
    if (batchPosition !== this.#filled)
      throw new BrokerError("PROTOCOL_VIOLATION", "a slice does not follow the one before");
    const end = at + size;
    let position = this.#filled === 0 ? at : this.#fill(bytes, at, end);
    while (position < end) {
      const left = end - position;
      const batchSize = left < BATCH_PREFIX_SIZE ? Number.POSITIVE_INFINITY : checkedSize(bytes, position);
      if (batchSize > left) {
        position = this.#fill(bytes, position, end);
      } else {
        this.#sink.batch(bytes, position, batchSize, false);
        position += batchSize;
      }
    }
  }

  /** Adds to the batch that came in part. @returns position after what belongs to it */
  #fill(bytes: Uint8Array, at: number, end: number): number {
    let position = at;
    if (this.#size === 0) {
      position = this.#copy(bytes, position, end);
      if (this.#filled < BATCH_PREFIX_SIZE) return position;
      this.#size = checkedSize(this.#partial, 0);
      this.#reserve(Math.min(this.#size, Math.max(this.#reserveMax, BATCH_PREFIX_SIZE)));
    }
    if (this.#filled + end - position > this.#partial.length) this.#reserve(this.#size);
    position = this.#copy(bytes, position, end);
    if (this.#filled < this.#size) return position;
    const batch = this.#partial;
    this.#partial = new Uint8Array(BATCH_PREFIX_SIZE);
    this.#size = 0;
    this.#filled = 0;
    this.#sink.batch(batch, 0, batch.length, true);
    return position;
  }

  #reserve(size: number): void {
    if (size === this.#partial.length) return;
    const larger = new Uint8Array(size);
    larger.set(this.#partial.subarray(0, this.#filled));
    this.#partial = larger;
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
