/** Walks over the records of a batch, in place: some twenty nanoseconds a record. */
import { BrokerError } from "../base/errors.ts";
import type { Offset, Timestamp } from "../base/units.ts";
import type { BatchHeader } from "./batch-header.ts";
import type { RecordBytes } from "./batch-records.ts";
import { ConsumedRecord, decodeHeaders, type Header } from "./consumed-record.ts";
import type { RecordCursor } from "./record-cursor.ts";
import { readVarint, readVarintSize, readVarlong } from "./varint.ts";

/** A byte order mark belongs to the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** A varint of -1. */
const NULL_SIZE = 1;

/** A batch whose records can be walked. */
export interface WalkableBatch extends RecordBytes {
  readonly topic: string;
  readonly partition: number;
  readonly header: BatchHeader;
  /** Records before this offset are not wanted. */
  readonly fromOffset: number;
  /** Records before this time (Unix ms) are not wanted, up to the first one that is not. */
  readonly fromTime: number;
}

export class BatchCursor implements RecordCursor {
  topic = "";
  partition = 0;
  offset = 0 as Offset;
  timestamp = 0 as Timestamp;
  bytes: Uint8Array = new Uint8Array(0);
  keyStart = -1;
  keyEnd = -1;
  valueStart = -1;
  valueEnd = -1;
  /** CORRUPT_BATCH: the batch is intact, but its bytes are no records; null: nothing is wrong. */
  fault: BrokerError | null = null;
  /** Where the record begins, where its headers do, and where the next record does. */
  #recordAt = 0;
  #headersAt = 0;
  #at = 0;
  #end = 0;
  #left = 0;
  #baseOffset = 0;
  #baseTimestamp = 0;
  #nextOffset = 0;
  #fromOffset = 0;
  #fromTime = 0;

  key(): Uint8Array | null {
    return this.keyStart < 0 ? null : this.bytes.subarray(this.keyStart, this.keyEnd);
  }

  value(): Uint8Array | null {
    return this.valueStart < 0 ? null : this.bytes.subarray(this.valueStart, this.valueEnd);
  }

  keyText(): string | null {
    return this.keyStart < 0 ? null : decoder.decode(this.bytes.subarray(this.keyStart, this.keyEnd));
  }

  valueText(): string | null {
    return this.valueStart < 0 ? null : decoder.decode(this.bytes.subarray(this.valueStart, this.valueEnd));
  }

  headers(): readonly Header[] {
    return decodeHeaders(this.bytes.subarray(this.#headersAt, this.#at));
  }

  record(): ConsumedRecord {
    return this.recordOver(this.bytes.slice(this.#recordAt, this.#at), this.#recordAt);
  }

  /**
   * The record as an object over bytes that stay.
   *
   * @param bytes hold what this.bytes[from, ...) holds
   */
  recordOver(bytes: Uint8Array, from: number): ConsumedRecord {
    return new ConsumedRecord(
      this.topic,
      this.partition,
      this.offset,
      this.timestamp,
      this.keyStart < 0 ? null : bytes.subarray(this.keyStart - from, this.keyEnd - from),
      this.valueStart < 0 ? null : bytes.subarray(this.valueStart - from, this.valueEnd - from),
      decodeHeaders(bytes.subarray(this.#headersAt - from, this.#at - from)),
    );
  }

  /** Goes before the first record of a batch, whose bytes stay as they are while it is walked. */
  open({ topic, partition, header, bytes, at, end, fromOffset, fromTime }: WalkableBatch): void {
    this.topic = topic;
    this.partition = partition;
    this.bytes = bytes;
    this.fault = null;
    this.#at = at;
    this.#end = end;
    this.#left = header.count;
    this.#baseOffset = header.baseOffset;
    this.#baseTimestamp = header.baseTimestamp;
    this.#nextOffset = header.nextOffset;
    this.#fromOffset = fromOffset;
    this.#fromTime = fromTime;
  }

  /** Goes to the next record that is wanted. @returns false: there is none, or `fault` says why it cannot be read */
  next(): boolean {
    while (this.#step()) {
      if (this.offset < this.#fromOffset || this.timestamp < this.#fromTime) continue;
      this.#fromTime = Number.NEGATIVE_INFINITY;
      return true;
    }
    return false;
  }

  #step(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    const bytes = this.bytes;
    let at = this.#at;
    this.#recordAt = at;

    // Almost every varint has one or two bytes.
    let size = bytes[at++]!;
    if (size > 0x7f) {
      size = (size & 0x7f) | (bytes[at++]! << 7);
      if (size > 0x3fff) return this.#stepSlowly();
    }
    if ((size & 1) !== 0) return this.#stepSlowly();
    const end = at + (size >> 1);
    at++; // Attributes: there are none.

    let delta = bytes[at++]!;
    if (delta > 0x7f) {
      delta = (delta & 0x7f) | (bytes[at++]! << 7);
      if (delta > 0x3fff) return this.#stepSlowly();
    }
    this.timestamp = (this.#baseTimestamp + ((delta >> 1) ^ -(delta & 1))) as Timestamp;

    delta = bytes[at++]!;
    if (delta > 0x7f) {
      delta = (delta & 0x7f) | (bytes[at++]! << 7);
      if (delta > 0x3fff) return this.#stepSlowly();
    }
    if ((delta & 1) !== 0) return this.#stepSlowly();
    this.offset = (this.#baseOffset + (delta >> 1)) as Offset;

    size = bytes[at++]!;
    if (size > 0x7f) {
      size = (size & 0x7f) | (bytes[at++]! << 7);
      if (size > 0x3fff) return this.#stepSlowly();
    }
    if (size === NULL_SIZE) {
      this.keyStart = -1;
      this.keyEnd = -1;
    } else {
      if ((size & 1) !== 0) return this.#stepSlowly();
      this.keyStart = at;
      at += size >> 1;
      this.keyEnd = at;
    }

    size = bytes[at++]!;
    if (size > 0x7f) {
      size = (size & 0x7f) | (bytes[at++]! << 7);
      if (size > 0x3fff) return this.#stepSlowly();
    }
    if (size === NULL_SIZE) {
      this.valueStart = -1;
      this.valueEnd = -1;
    } else {
      if ((size & 1) !== 0) return this.#stepSlowly();
      this.valueStart = at;
      at += size >> 1;
      this.valueEnd = at;
    }

    this.#headersAt = at;
    this.#at = end;
    return at < end && end <= this.#end ? true : this.#refuse();
  }

  /** The same for varints of any size, and for those that say what they must not. */
  #stepSlowly(): boolean {
    const bytes = this.bytes;
    let at = this.#recordAt;
    const size = readVarint(bytes, at);
    at += readVarintSize(bytes, at);
    const end = at + size;
    at++;
    this.timestamp = (this.#baseTimestamp + readVarlong(bytes, at)) as Timestamp;
    at += readVarintSize(bytes, at);
    const offsetDelta = readVarint(bytes, at);
    this.offset = (this.#baseOffset + offsetDelta) as Offset;
    at += readVarintSize(bytes, at);
    const keySize = readVarint(bytes, at);
    at += readVarintSize(bytes, at);
    this.keyStart = keySize < 0 ? -1 : at;
    at += Math.max(0, keySize);
    this.keyEnd = keySize < 0 ? -1 : at;
    const valueSize = readVarint(bytes, at);
    at += readVarintSize(bytes, at);
    this.valueStart = valueSize < 0 ? -1 : at;
    at += Math.max(0, valueSize);
    this.valueEnd = valueSize < 0 ? -1 : at;
    this.#headersAt = at;
    this.#at = end;
    const isPossible = at < end && end <= this.#end && offsetDelta >= 0 && keySize >= -1 && valueSize >= -1;
    return isPossible ? true : this.#refuse();
  }

  #refuse(): false {
    const { topic, partition } = this;
    // Of this record and those behind it nothing is known but that they are the batch's last.
    const offset = Math.max(this.#fromOffset, this.#nextOffset - this.#left - 1);
    this.#left = 0;
    this.fault = new BrokerError("CORRUPT_BATCH", `a batch of ${topic}-${partition} holds bytes that are no records`, {
      details: { topic, partition, offset, nextOffset: this.#nextOffset },
    });
    return false;
  }
}
