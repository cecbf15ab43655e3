/**
 * What a partition knows of its idempotent producers (contract G1): the epoch and the last five batches of each, so that a
 * batch sent twice is recognised and a batch out of order refused. Kafka's ProducerStateManager, without transactions.
 *
 * Batches are remembered when they are staged and confirmed when they are written; `rollback` forgets those that were not.
 */
import { assert } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import type { Crc32c } from "../wasm/crc32c.ts";

/** Batches remembered per producer once written. Clients keep at most this many in flight (Kafka: NUM_BATCHES_TO_RETAIN). */
export const BATCHES_REMEMBERED = 5;

/** Producers remembered per partition; beyond it those silent longest are forgotten. */
export const PRODUCERS_MAX = 20_000;

const SEQUENCE_MODULUS = 2 ** 31;

/** What `check` says of a batch; a value of 0 or more is the base offset of the batch that it duplicates. */
export const ACCEPTED = -1;
export const OUT_OF_ORDER = -2;
export const STALE_EPOCH = -3;

/** Fields of a remembered batch, four f64 each. */
const FIRST_SEQUENCE = 0;
const LAST_SEQUENCE = 1;
const BASE_OFFSET = 2;
const LAST_OFFSET = 3;
const BATCH_FIELDS = 4;

class Producer {
  epoch: number;
  /** A ring of batches, oldest first. */
  batches = new Float64Array(8 * BATCH_FIELDS);
  head = 0;
  count = 0;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  /** Index into `batches` of the first field of the `index`th remembered batch. */
  at(index: number): number {
    return ((this.head + index) * BATCH_FIELDS) % this.batches.length;
  }

  push(firstSequence: number, lastSequence: number, baseOffset: number, lastOffset: number): void {
    if (this.count * BATCH_FIELDS === this.batches.length) this.#grow();
    const at = this.at(this.count);
    this.batches[at + FIRST_SEQUENCE] = firstSequence;
    this.batches[at + LAST_SEQUENCE] = lastSequence;
    this.batches[at + BASE_OFFSET] = baseOffset;
    this.batches[at + LAST_OFFSET] = lastOffset;
    this.count++;
  }

  /** Last offset of the newest batch, -1: none. */
  newestOffset(): number {
    return this.count === 0 ? -1 : this.batches[this.at(this.count - 1) + LAST_OFFSET]!;
  }

  /** Batches whose base offset is below `end`. */
  countBelow(end: number): number {
    let { count } = this;
    while (count > 0 && this.batches[this.at(count - 1) + BASE_OFFSET]! >= end) count--;
    return count;
  }

  clear(): void {
    this.head = 0;
    this.count = 0;
  }

  #grow(): void {
    const larger = new Float64Array(this.batches.length * 2);
    for (let index = 0; index < this.count; index++) {
      const at = this.at(index);
      larger.set(this.batches.subarray(at, at + BATCH_FIELDS), index * BATCH_FIELDS);
    }
    this.batches = larger;
    this.head = 0;
  }
}

/** An older epoch of a producer whose newer one is only staged: restored if that is rolled back. */
interface Superseded {
  readonly producerId: number;
  readonly producer: Producer | undefined;
  readonly baseOffset: number;
}

export class Producers {
  readonly #producers = new Map<number, Producer>();
  /** Producers with batches that are staged and not confirmed. */
  #staged: Producer[] = [];
  #superseded: Superseded[] = [];

  get count(): number {
    return this.#producers.size;
  }

  /** @returns ACCEPTED, OUT_OF_ORDER, STALE_EPOCH, or the base offset of the batch that this one duplicates */
  check(producerId: number, epoch: number, firstSequence: number, count: number): number {
    const producer = this.#producers.get(producerId);
    // Nothing known (a new producer, or one older than the log): any first sequence is good, as in Kafka.
    if (producer === undefined) return ACCEPTED;
    if (epoch < producer.epoch) return STALE_EPOCH;
    if (epoch > producer.epoch) return firstSequence === 0 ? ACCEPTED : OUT_OF_ORDER;
    if (producer.count === 0) return ACCEPTED;
    const lastSequence = addSequence(firstSequence, count - 1);
    for (let index = producer.count - 1; index >= 0; index--) {
      const at = producer.at(index);
      if (
        producer.batches[at + FIRST_SEQUENCE] === firstSequence &&
        producer.batches[at + LAST_SEQUENCE] === lastSequence
      ) {
        return producer.batches[at + BASE_OFFSET]!;
      }
    }
    const newest = producer.at(producer.count - 1);
    const expected = addSequence(producer.batches[newest + LAST_SEQUENCE]!, 1);
    return firstSequence === expected ? ACCEPTED : OUT_OF_ORDER;
  }

  /** Remembers an accepted batch. */
  stage(
    producerId: number,
    epoch: number,
    firstSequence: number,
    count: number,
    baseOffset: number,
    lastOffset: number,
  ): void {
    let producer = this.#producers.get(producerId);
    if (producer === undefined || producer.epoch !== epoch) {
      this.#superseded.push({ producerId, producer, baseOffset });
      producer = new Producer(epoch);
      this.#producers.set(producerId, producer);
    }
    producer.push(firstSequence, addSequence(firstSequence, count - 1), baseOffset, lastOffset);
    this.#staged.push(producer);
  }

  /** What is staged below `end` is written. */
  commit(end: number): void {
    let kept = 0;
    for (const producer of this.#staged) {
      trim(producer, end);
      if (producer.newestOffset() >= end) this.#staged[kept++] = producer;
    }
    this.#staged.length = kept;
    if (this.#superseded.length > 0) this.#superseded = this.#superseded.filter(({ baseOffset }) => baseOffset >= end);
    if (this.#producers.size > PRODUCERS_MAX) this.#evict();
  }

  /** Forgets batches at or above `end`: they were not written, or were cut. */
  rollback(end: number): void {
    for (let index = this.#superseded.length - 1; index >= 0; index--) {
      const { producerId, producer, baseOffset } = this.#superseded[index]!;
      if (baseOffset < end) continue;
      if (producer === undefined) this.#producers.delete(producerId);
      else this.#producers.set(producerId, producer);
    }
    for (const producer of this.#producers.values()) {
      producer.count = producer.countBelow(end);
    }
    this.#staged.length = 0;
    this.#superseded.length = 0;
  }

  /** Forgets the tenth that has been silent longest, so that no stream of new producers fills the memory. */
  #evict(): void {
    const silent = [...this.#producers].sort((left, right) => left[1].newestOffset() - right[1].newestOffset());
    for (const [producerId] of silent.slice(0, PRODUCERS_MAX / 10)) this.#producers.delete(producerId);
  }

  /** Takes in a batch found in the log by recovery. */
  replay(
    producerId: number,
    epoch: number,
    firstSequence: number,
    count: number,
    baseOffset: number,
    lastOffset: number,
  ): void {
    let producer = this.#producers.get(producerId);
    if (producer === undefined) {
      producer = new Producer(epoch);
      this.#producers.set(producerId, producer);
    } else if (producer.epoch !== epoch) {
      producer.epoch = epoch;
      producer.clear();
    }
    producer.push(firstSequence, addSequence(firstSequence, count - 1), baseOffset, lastOffset);
    trim(producer, Number.POSITIVE_INFINITY);
  }

  /**
   * The state as bytes (contract G2), little-endian:
   * {u32 magic "CMPS", u32 version, f64 offset, u32 producers, per producer {f64 id, i32 epoch, u32 batches, 4 f64 per batch}, u32 CRC-32C}.
   *
   * @param offset the state covers the log below it; batches that are staged above are not in it
   */
  encodeSnapshot(offset: number, crc32c: Crc32c): Uint8Array {
    let size = SNAPSHOT_HEADER_SIZE + 4;
    for (const producer of this.#producers.values()) size += 16 + producer.countBelow(offset) * BATCH_FIELDS * 8;
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, SNAPSHOT_MAGIC, true);
    view.setUint32(4, SNAPSHOT_VERSION, true);
    view.setFloat64(8, offset, true);
    view.setUint32(16, this.#producers.size, true);
    let at = SNAPSHOT_HEADER_SIZE;
    for (const [producerId, producer] of this.#producers) {
      view.setFloat64(at, producerId, true);
      view.setInt32(at + 8, producer.epoch, true);
      const count = producer.countBelow(offset);
      view.setUint32(at + 12, count, true);
      at += 16;
      for (let index = 0; index < count; index++) {
        const batch = producer.at(index);
        for (let field = 0; field < BATCH_FIELDS; field++, at += 8)
          view.setFloat64(at, producer.batches[batch + field]!, true);
      }
    }
    view.setUint32(at, crc32c(bytes.subarray(0, at)), true);
    return bytes;
  }

  /**
   * Replaces the state by a snapshot's.
   *
   * @returns the offset below which the snapshot covers the log
   * @throws BrokerError LOG_DAMAGED the bytes are not an intact snapshot; the state is unchanged
   */
  decodeSnapshot(bytes: Uint8Array, crc32c: Crc32c): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const end = bytes.length - 4;
    const intact =
      end >= SNAPSHOT_HEADER_SIZE &&
      view.getUint32(0, true) === SNAPSHOT_MAGIC &&
      view.getUint32(4, true) === SNAPSHOT_VERSION &&
      view.getUint32(end, true) === crc32c(bytes.subarray(0, end));
    if (!intact) throw new BrokerError("LOG_DAMAGED", "a snapshot of the producers' state is damaged");
    assert(this.#staged.length === 0, "a snapshot is loaded before anything is appended");
    this.#producers.clear();
    let at = SNAPSHOT_HEADER_SIZE;
    for (let left = view.getUint32(16, true); left > 0; left--) {
      const producer = new Producer(view.getInt32(at + 8, true));
      this.#producers.set(view.getFloat64(at, true), producer);
      const batches = view.getUint32(at + 12, true);
      at += 16;
      for (let index = 0; index < batches; index++, at += BATCH_FIELDS * 8) {
        producer.push(
          view.getFloat64(at, true),
          view.getFloat64(at + 8, true),
          view.getFloat64(at + 16, true),
          view.getFloat64(at + 24, true),
        );
      }
    }
    return view.getFloat64(8, true);
  }

  /** Last offset of the duplicate's original, whose base offset `check` returned. */
  lastOffsetOf(producerId: number, baseOffset: number): number {
    const producer = this.#producers.get(producerId);
    for (let index = 0; producer !== undefined && index < producer.count; index++) {
      const at = producer.at(index);
      if (producer.batches[at + BASE_OFFSET] === baseOffset) return producer.batches[at + LAST_OFFSET]!;
    }
    return baseOffset;
  }
}

const SNAPSHOT_MAGIC = 0x53504d43;
const SNAPSHOT_VERSION = 1;
const SNAPSHOT_HEADER_SIZE = 20;

/** Sequences wrap from 2^31 - 1 to 0. */
export function addSequence(sequence: number, count: number): number {
  return (sequence + count) % SEQUENCE_MODULUS;
}

/** Keeps the last BATCHES_REMEMBERED of the batches below `end`, and all above it. */
function trim(producer: Producer, end: number): void {
  const surplus = producer.countBelow(end) - BATCHES_REMEMBERED;
  if (surplus <= 0) return;
  producer.head = (producer.head + surplus) % (producer.batches.length / BATCH_FIELDS);
  producer.count -= surplus;
}
