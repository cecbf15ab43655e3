/**
 * One batch on its way to the broker: open while records are added, then closed, sealed for each sending, and settled once
 * its outcome is known. Its bytes stay where they are all the while, so that it can be sent again after a reconnect:
 *
 *   HEADROOM for the WebSocket's header | the Produce envelope | the batch's header | its records
 */
import { assert } from "../base/assert.ts";
import type { BrokerError } from "../base/errors.ts";
import { PRODUCE_ENVELOPE_SIZE } from "../protocol/produce.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { BATCH_HEADER_SIZE, BATCH_RECORDS_MAX, CODEC_NONE } from "../wasm/layout.ts";
import { ANONYMOUS, type ProducerIdentity, sealBatch } from "./batch-header.ts";
import type { BatchMemory } from "./batch-memory.ts";
import { writePlainRecord } from "./plain-record.ts";
import type { RecordEncoder } from "./record-encoder.ts";
import type { DurabilityName } from "./topics.ts";
import { HEADROOM } from "./transport.ts";

/** Bytes in front of a batch. */
export const BATCH_AT: number = HEADROOM + PRODUCE_ENVELOPE_SIZE;
const RECORDS_AT = BATCH_AT + BATCH_HEADER_SIZE;
const NO_BLOCK = -1;

/** What became of a batch. */
export interface BatchOutcome {
  /** Offset of its first record; -1: nobody asked. */
  readonly baseOffset: number;
  /** null: nobody asked. */
  readonly durability: DurabilityName | null;
  /** The batch had been in the log before. */
  readonly duplicate: boolean;
}

const NOT_ASKED: BatchOutcome = { baseOffset: -1, durability: null, duplicate: false };

/** Someone who waits for one record. */
export interface RecordWaiter {
  /** @param index of the record in its batch */
  acknowledged(outcome: BatchOutcome, partition: number, index: number, timestamp: number): void;
  failed(error: BrokerError): void;
}

interface WaitingRecord {
  readonly waiter: RecordWaiter;
  readonly index: number;
  readonly timestamp: number;
}

export class Batch {
  readonly #memory: BatchMemory;
  readonly #partition: number;
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  /** Position in the memory; NO_BLOCK: the batch is a large one and has bytes of its own. */
  #block: number;
  #blockSize: number;
  /** Bytes that it may have at most, all in all. */
  readonly #sizeMax: number;
  /** Position in `bytes` after what may be written, and after what was. */
  #limit = 0;
  #end: number;
  #start = 0;
  count = 0;
  codec: number = CODEC_NONE;
  baseTimestamp = 0;
  maxTimestamp = 0;
  /** Since when its oldest record waits, by the monotonic clock. */
  openedMs: number;
  /** What it was sealed with; its sequence is -1 until then. */
  identity: ProducerIdentity = ANONYMOUS;
  baseSequence = -1;
  #sealed = false;
  /** How many were sent to its partition before it was, under this identity; -1: it was not sent. */
  ordinal = -1;
  /** Compression is under way. */
  isCompressing = false;
  readonly #waiting: WaitingRecord[] = [];
  #watchedCount = 0;
  readonly #settledListeners: (() => void)[] = [];

  /**
   * @param size    bytes to begin with
   * @param sizeMax bytes of the batch alone, as far as it may grow
   * @returns null: there is no memory for it now
   */
  static open(memory: BatchMemory, partition: number, size: number, sizeMax: number, openedMs: number): Batch | null {
    const block = memory.allocate(BATCH_AT + size);
    return block < 0 ? null : new Batch(memory, partition, block, memory.blockSize(BATCH_AT + size), sizeMax, openedMs);
  }

  /** A batch that is larger than a block. @returns null: the memory is full */
  static openLarge(memory: BatchMemory, partition: number, size: number, openedMs: number): Batch | null {
    if (memory.isFull) return null;
    memory.takeLarge(BATCH_AT + size);
    return new Batch(memory, partition, NO_BLOCK, BATCH_AT + size, size, openedMs);
  }

  private constructor(
    memory: BatchMemory,
    partition: number,
    block: number,
    blockSize: number,
    sizeMax: number,
    openedMs: number,
  ) {
    this.#memory = memory;
    this.#partition = partition;
    this.#block = block;
    this.#blockSize = blockSize;
    this.#sizeMax = sizeMax;
    this.openedMs = openedMs;
    if (block === NO_BLOCK) {
      this.bytes = new Uint8Array(blockSize);
      this.#view = new DataView(this.bytes.buffer);
    } else {
      this.bytes = memory.bytes;
      this.#view = memory.view;
    }
    this.#place(Math.max(0, block));
    this.#end = this.#start + RECORDS_AT;
  }

  /** Position in `bytes` of the batch's header. */
  get at(): number {
    return this.#start + BATCH_AT;
  }

  /** Bytes of header and records. */
  get size(): number {
    return this.#end - this.at;
  }

  /** Records that nobody waits for. */
  get unwatchedCount(): number {
    return this.count - this.#watchedCount;
  }

  /**
   * Adds a record of bytes without headers, on the short way.
   *
   * @param waiter who is told what becomes of it; null: nobody
   * @returns false: it has to be tried by `append`
   */
  appendPlain(key: Uint8Array | null, value: Uint8Array, timestamp: number, waiter: RecordWaiter | null): boolean {
    if (this.count === 0) return false;
    const timestampDelta = timestamp - this.baseTimestamp;
    const end = writePlainRecord(this.bytes, this.#end, this.#limit, this.count, timestampDelta, key, value);
    if (end < 0) return false;
    this.#added(end, timestamp, waiter);
    return true;
  }

  /**
   * Adds the record that the encoder has taken.
   *
   * @returns false: it does not fit, or no more may be added
   */
  append(encoder: RecordEncoder, timestamp: number, waiter: RecordWaiter | null): boolean {
    if (this.count === BATCH_RECORDS_MAX) return false;
    if (this.count === 0) this.baseTimestamp = this.maxTimestamp = timestamp;
    const timestampDelta = timestamp - this.baseTimestamp;
    if (!this.#makeRoom(encoder.size(this.count, timestampDelta))) return false;
    this.#added(encoder.write(this.bytes, this.#end, this.count, timestampDelta), timestamp, waiter);
    return true;
  }

  /** Compresses the records of a closed batch, unless that makes them no smaller. */
  async compress(codec: number, compress: (records: Uint8Array) => Promise<Uint8Array>): Promise<void> {
    this.isCompressing = true;
    const recordsAt = this.#start + RECORDS_AT;
    try {
      const compressed = await compress(this.bytes.subarray(recordsAt, this.#end));
      // Meanwhile the batch may have been given up, and its memory be another's.
      if (this.#blockSize === 0 || compressed.length >= this.#end - recordsAt) return;
      this.bytes.set(compressed, recordsAt);
      this.#end = recordsAt + compressed.length;
      this.codec = codec;
    } finally {
      this.isCompressing = false;
    }
  }

  /** Writes the header. A batch that is sent again as it was sent before is sealed already. */
  seal(identity: ProducerIdentity, baseSequence: number, crc32c: Crc32c): void {
    if (this.#sealed && this.identity === identity && this.baseSequence === baseSequence) return;
    const { size, count, codec, baseTimestamp, maxTimestamp } = this;
    this.#sealed = true;
    this.identity = identity;
    this.baseSequence = baseSequence;
    sealBatch(this.#view, this.at, { size, count, codec, baseTimestamp, maxTimestamp, identity, baseSequence }, crc32c);
  }

  /** `listener` is called when the outcome is known, whatever it is. */
  onSettled(listener: () => void): void {
    this.#settledListeners.push(listener);
  }

  /** Takes back what `onSettled` was given. */
  offSettled(listener: () => void): void {
    const index = this.#settledListeners.indexOf(listener);
    if (index >= 0) this.#settledListeners.splice(index, 1);
  }

  /** Nobody waits for the outcome any longer: it is on its way, and that is all that was asked for. */
  forget(): void {
    this.#tell(NOT_ASKED);
    this.#watchedCount = 0;
  }

  /** The batch is in the log: its memory is given back, and whoever waits is told. */
  acknowledge(outcome: BatchOutcome): void {
    this.#release();
    this.#tell(outcome);
    for (const listener of this.#settledListeners) listener();
  }

  /** The batch is given up. */
  fail(error: BrokerError): void {
    this.#release();
    for (const { waiter } of this.#waiting) waiter.failed(error);
    this.#waiting.length = 0;
    for (const listener of this.#settledListeners) listener();
  }

  #tell(outcome: BatchOutcome): void {
    for (const { waiter, index, timestamp } of this.#waiting)
      waiter.acknowledged(outcome, this.#partition, index, timestamp);
    // A batch that has outlived a collection would keep thousands of promises until the next full one: pauses ten times as long.
    this.#waiting.length = 0;
  }

  #added(end: number, timestamp: number, waiter: RecordWaiter | null): void {
    this.#end = end;
    if (waiter !== null) {
      this.#waiting.push({ waiter, index: this.count, timestamp });
      this.#watchedCount++;
    }
    this.count++;
    if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp;
  }

  /** @returns whether `size` more bytes fit now */
  #makeRoom(size: number): boolean {
    const needed = this.#end + size - this.#start;
    if (this.#end + size <= this.#limit) return true;
    return this.#block !== NO_BLOCK && needed <= BATCH_AT + this.#sizeMax && this.#grow(needed);
  }

  /** Moves into a block that is large enough, and no other: what it cannot use it must not take. @returns false: there is none now */
  #grow(needed: number): boolean {
    const block = this.#memory.allocate(needed);
    if (block < 0) return false;
    const used = this.#end - this.#start;
    this.bytes.copyWithin(block, this.#start, this.#end);
    this.#memory.release(this.#block);
    this.#block = block;
    this.#blockSize = this.#memory.blockSize(needed);
    this.#place(block);
    this.#end = block + used;
    return true;
  }

  #place(start: number): void {
    this.#start = start;
    this.#limit = start + Math.min(this.#blockSize, BATCH_AT + this.#sizeMax);
  }

  #release(): void {
    assert(this.#blockSize > 0, "a batch is settled once");
    if (this.#block === NO_BLOCK) this.#memory.releaseLarge(this.#blockSize);
    else this.#memory.release(this.#block);
    this.#blockSize = 0;
  }
}
