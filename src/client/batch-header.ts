/** The 61 bytes in front of a batch's records (their layout: `assembly/layout.ts`); integers are big-endian. */
import type { Offset, Timestamp } from "../base/units.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import {
  ATTRIBUTE_CODEC_MASK,
  ATTRIBUTE_CONTROL,
  BATCH_ATTRIBUTES_AT,
  BATCH_BASE_OFFSET_AT,
  BATCH_BASE_SEQUENCE_AT,
  BATCH_BASE_TIMESTAMP_AT,
  BATCH_CRC_AT,
  BATCH_HEADER_SIZE,
  BATCH_LAST_OFFSET_DELTA_AT,
  BATCH_LEADER_EPOCH_AT,
  BATCH_LENGTH_AT,
  BATCH_LENGTH_OVERHEAD,
  BATCH_MAGIC,
  BATCH_MAGIC_AT,
  BATCH_MAX_TIMESTAMP_AT,
  BATCH_PRODUCER_EPOCH_AT,
  BATCH_PRODUCER_ID_AT,
  BATCH_RECORDS_COUNT_AT,
} from "../wasm/layout.ts";

/** Who writes a batch (contract G1). */
export interface ProducerIdentity {
  /** -1: nobody in particular; the batch is not recognised when it comes twice. */
  readonly producerId: bigint;
  readonly epoch: number;
}

export const ANONYMOUS: ProducerIdentity = { producerId: -1n, epoch: -1 };

/** What a producer says of a batch. */
export interface BatchFields {
  /** Bytes of header and records. */
  readonly size: number;
  readonly count: number;
  readonly codec: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly identity: ProducerIdentity;
  /** -1: none. */
  readonly baseSequence: number;
}

/** Writes the header at view[at], in front of the records, and seals it with the checksum. */
export function sealBatch(view: DataView, at: number, fields: BatchFields, crc32c: Crc32c): void {
  view.setBigInt64(at + BATCH_BASE_OFFSET_AT, 0n);
  view.setInt32(at + BATCH_LENGTH_AT, fields.size - BATCH_LENGTH_OVERHEAD);
  view.setInt32(at + BATCH_LEADER_EPOCH_AT, -1);
  view.setInt8(at + BATCH_MAGIC_AT, BATCH_MAGIC);
  view.setInt16(at + BATCH_ATTRIBUTES_AT, fields.codec);
  view.setInt32(at + BATCH_LAST_OFFSET_DELTA_AT, fields.count - 1);
  view.setBigInt64(at + BATCH_BASE_TIMESTAMP_AT, BigInt(fields.baseTimestamp));
  view.setBigInt64(at + BATCH_MAX_TIMESTAMP_AT, BigInt(fields.maxTimestamp));
  view.setBigInt64(at + BATCH_PRODUCER_ID_AT, fields.identity.producerId);
  view.setInt16(at + BATCH_PRODUCER_EPOCH_AT, fields.identity.epoch);
  view.setInt32(at + BATCH_BASE_SEQUENCE_AT, fields.baseSequence);
  view.setInt32(at + BATCH_RECORDS_COUNT_AT, fields.count);
  view.setUint32(at + BATCH_CRC_AT, crc32c(checked(view, at, fields.size)));
}

/** What the checksum covers: everything from the attributes on. */
function checked(view: DataView, at: number, size: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at + BATCH_ATTRIBUTES_AT, size - BATCH_ATTRIBUTES_AT);
}

/** A batch's header, read in place. Kept and reused. */
export class BatchHeader {
  baseOffset = 0 as Offset;
  /** Bytes of header and records. */
  size = 0;
  leaderEpoch = -1;
  magic = 0;
  crc = 0;
  attributes = 0;
  lastOffsetDelta = 0;
  baseTimestamp = 0 as Timestamp;
  maxTimestamp = 0 as Timestamp;
  count = 0;

  /** @param bytes hold BATCH_HEADER_SIZE bytes at `at`, of which nothing is known */
  read(bytes: Uint8Array, at: number): void {
    this.baseOffset = readInt64(bytes, at + BATCH_BASE_OFFSET_AT) as Offset;
    this.size = batchSizeAt(bytes, at);
    this.leaderEpoch = readInt32(bytes, at + BATCH_LEADER_EPOCH_AT);
    this.magic = bytes[at + BATCH_MAGIC_AT]!;
    this.crc = readInt32(bytes, at + BATCH_CRC_AT) >>> 0;
    this.attributes = (bytes[at + BATCH_ATTRIBUTES_AT]! << 8) | bytes[at + BATCH_ATTRIBUTES_AT + 1]!;
    this.lastOffsetDelta = readInt32(bytes, at + BATCH_LAST_OFFSET_DELTA_AT);
    this.baseTimestamp = readInt64(bytes, at + BATCH_BASE_TIMESTAMP_AT) as Timestamp;
    this.maxTimestamp = readInt64(bytes, at + BATCH_MAX_TIMESTAMP_AT) as Timestamp;
    this.count = readInt32(bytes, at + BATCH_RECORDS_COUNT_AT);
  }

  get codec(): number {
    return this.attributes & ATTRIBUTE_CODEC_MASK;
  }

  get isControl(): boolean {
    return (this.attributes & ATTRIBUTE_CONTROL) !== 0;
  }

  /** The offset after the batch. */
  get nextOffset(): Offset {
    return (this.baseOffset + this.lastOffsetDelta + 1) as Offset;
  }

  /** Are the fields possible, and is the checksum that of the bytes? Offsets lie outside of it. */
  isIntact(bytes: Uint8Array, at: number, crc32c: Crc32c): boolean {
    const possible =
      this.magic === BATCH_MAGIC &&
      this.size >= BATCH_HEADER_SIZE &&
      this.size <= bytes.length - at &&
      this.count >= 0 &&
      this.lastOffsetDelta >= 0 &&
      this.baseOffset >= 0 &&
      this.nextOffset <= Number.MAX_SAFE_INTEGER;
    return possible && crc32c(bytes.subarray(at + BATCH_ATTRIBUTES_AT, at + this.size)) === this.crc;
  }
}

/** Bytes at the start of a batch without which its size is unknown. */
export const BATCH_PREFIX_SIZE: number = BATCH_LENGTH_OVERHEAD;

/** @returns bytes of the whole batch, as its first bytes say */
export function batchSizeAt(bytes: Uint8Array, at: number): number {
  return BATCH_LENGTH_OVERHEAD + readInt32(bytes, at + BATCH_LENGTH_AT);
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** @returns a number that is not exact beyond 2^53 */
function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * 0x1_0000_0000 + (readInt32(bytes, at + 4) >>> 0);
}
