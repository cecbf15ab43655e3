/**
 * Record batches for tests of the broker: made fast enough to load it, each value telling who made it and which one it is,
 * so that what comes back can be audited.
 *
 *   value   u32 maker, u32 number, then filling
 */
import { crc32c } from "@node-rs/crc32";

export const HEADER_SIZE = 61;
const STAMP_SIZE = 8;

export interface BatchOptions {
  /** Records. */
  readonly count?: number;
  /** Bytes of each value, at least 8. */
  readonly valueSize?: number;
  readonly maker?: number;
  /** Of the first record; the others count on. */
  readonly number?: number;
  readonly timestamp?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
}

/** What an audit wants to know of a batch. */
export interface ReadBatch {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly size: number;
  readonly leaderEpoch: number;
  readonly maxTimestamp: number;
  /** Maker and number of each record. */
  readonly stamps: readonly { readonly maker: number; readonly number: number }[];
}

/** @returns a whole batch that any broker accepts */
export function makeBatch(options: BatchOptions = {}): Uint8Array {
  const { count = 1, valueSize = 100, maker = 0, number = 0, timestamp = Date.now() } = options;
  const size = HEADER_SIZE + sizeOfRecords(count, valueSize);
  const batch = new Uint8Array(size);
  const view = new DataView(batch.buffer);
  let at = HEADER_SIZE;
  for (let index = 0; index < count; index++) {
    at = writeVarint(batch, at, bodySize(index, valueSize));
    batch[at++] = 0;
    batch[at++] = 0; // Timestamp delta.
    at = writeVarint(batch, at, index);
    batch[at++] = 1; // No key.
    at = writeVarint(batch, at, valueSize);
    view.setUint32(at, maker);
    view.setUint32(at + 4, number + index);
    batch.fill((number + index) & 0xff, at + STAMP_SIZE, at + valueSize);
    at += valueSize;
    batch[at++] = 0; // No headers.
  }
  view.setInt32(8, size - 12);
  view.setInt32(12, -1);
  view.setInt8(16, 2);
  view.setInt32(23, count - 1);
  view.setBigInt64(27, BigInt(timestamp));
  view.setBigInt64(35, BigInt(timestamp));
  view.setBigInt64(43, BigInt(options.producerId ?? -1));
  view.setInt16(51, options.producerEpoch ?? -1);
  view.setInt32(53, options.baseSequence ?? -1);
  view.setInt32(57, count);
  return resealed(batch);
}

/** @returns a batch of exactly so many bytes, in one record */
export function batchOfSize(size: number, options: BatchOptions = {}): Uint8Array {
  for (let valueSize = size - HEADER_SIZE - 20; valueSize < size - HEADER_SIZE; valueSize++) {
    if (HEADER_SIZE + sizeOfRecords(1, valueSize) === size) return makeBatch({ ...options, count: 1, valueSize });
  }
  throw new RangeError(`no batch of one record has ${size} bytes`);
}

/** The same batch with the CRC that its bytes have now. */
export function resealed(batch: Uint8Array): Uint8Array {
  new DataView(batch.buffer, batch.byteOffset).setUint32(17, crc32c(batch.subarray(21)));
  return batch;
}

/** Reads whole batches that lie one behind the other. @throws Error one is damaged or cut off */
export function readBatches(bytes: Uint8Array): ReadBatch[] {
  const batches: ReadBatch[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < HEADER_SIZE) throw new Error(`${bytes.length - at} bytes are left over`);
    const size = 12 + view.getInt32(at + 8);
    if (size < HEADER_SIZE || size > bytes.length - at) throw new Error(`a batch of ${size} bytes is cut off`);
    const batch = bytes.subarray(at, at + size);
    if (crc32c(batch.subarray(21)) !== view.getUint32(at + 17)) throw new Error("a batch's CRC is wrong");
    const baseOffset = Number(view.getBigInt64(at));
    batches.push({
      baseOffset,
      nextOffset: baseOffset + view.getInt32(at + 23) + 1,
      size,
      leaderEpoch: view.getInt32(at + 12),
      maxTimestamp: Number(view.getBigInt64(at + 35)),
      stamps: readStamps(batch, view.getInt32(at + 57)),
    });
    at += size;
  }
  return batches;
}

function readStamps(batch: Uint8Array, count: number): { maker: number; number: number }[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  let at = HEADER_SIZE;
  return Array.from({ length: count }, () => {
    const [length, bodyAt] = readVarint(batch, at);
    at = bodyAt + length;
    const [, afterDelta] = readVarint(batch, bodyAt + 2);
    const [valueSize, valueAt] = readVarint(batch, afterDelta + 1);
    const fill = view.getUint32(valueAt + 4) & 0xff;
    for (let index = valueAt + STAMP_SIZE; index < valueAt + valueSize; index++) {
      if (batch[index] !== fill) throw new Error("a value is not what was written");
    }
    return { maker: view.getUint32(valueAt), number: view.getUint32(valueAt + 4) };
  });
}

function bodySize(offsetDelta: number, valueSize: number): number {
  return 2 + varintSize(offsetDelta) + 1 + varintSize(valueSize) + valueSize + 1;
}

function sizeOfRecords(count: number, valueSize: number): number {
  let size = 0;
  for (let index = 0; index < count; index++) {
    const body = bodySize(index, valueSize);
    size += varintSize(body) + body;
  }
  return size;
}

/** Zigzag, of a number that is not negative. */
function varintSize(value: number): number {
  let size = 1;
  for (let rest = value * 2; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value * 2;
  let to = at;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[to++] = (rest & 0x7f) | 0x80;
  bytes[to++] = rest;
  return to;
}

/** @returns the value and the position after it */
function readVarint(bytes: Uint8Array, at: number): [value: number, end: number] {
  let value = 0;
  let scale = 1;
  let from = at;
  for (; bytes[from]! >= 0x80; scale *= 0x80) value += (bytes[from++]! & 0x7f) * scale;
  value += bytes[from]! * scale;
  return [value / 2, from + 1];
}
