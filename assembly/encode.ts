/** Records as a producer writes them (their format: records.ts), straight into the batch that will be sent. */
import { check } from "./check";
import {
  ENCODE_END_AT,
  ENCODE_ENTRY_SIZE,
  ENCODE_HEADER_COUNT_AT,
  ENCODE_HEADERS_AT,
  ENCODE_HEADERS_SIZE_AT,
  ENCODE_KEY_AT,
  ENCODE_KEY_SIZE_AT,
  ENCODE_TIMESTAMP_DELTA_AT,
  ENCODE_VALUE_AT,
  ENCODE_VALUE_SIZE_AT,
  ERR_FULL,
  ERR_TOO_LARGE,
  SIZE_NULL,
} from "./layout";
import {
  SHORT_LIMIT,
  shortSize,
  varintSize,
  varlongSize,
  writeShort,
  writeVarint,
  writeVarlong,
  zigzag,
  zigzagLong,
} from "./varint";

/** Above this `memory.copy`, a call out of the compiled code, is as fast. */
const COPY_INLINE_MAX: u32 = 256;

/** Copies `size` bytes; in each range of sizes the last piece may overlap the one before, and none is written past the end. */
function copyBytes(target: usize, source: usize, size: u32): void {
  if (size > COPY_INLINE_MAX) {
    memory.copy(target, source, size);
  } else if (size > 32) {
    const last = size - 32;
    for (let at: u32 = 0; at < last; at += 32) {
      v128.store(target + at, v128.load(source + at));
      v128.store(target + at, v128.load(source + at, 16), 16);
    }
    v128.store(target + last, v128.load(source + last));
    v128.store(target + last, v128.load(source + last, 16), 16);
  } else if (size >= 16) {
    const last = size - 16;
    v128.store(target, v128.load(source));
    v128.store(target + last, v128.load(source + last));
  } else if (size >= 8) {
    const last = size - 8;
    store<u64>(target, load<u64>(source));
    store<u64>(target + last, load<u64>(source + last));
  } else if (size >= 4) {
    const last = size - 4;
    store<u32>(target, load<u32>(source));
    store<u32>(target + last, load<u32>(source + last));
  } else {
    for (let at: u32 = 0; at < size; at++) store<u8>(target + at, load<u8>(source + at));
  }
}

/** Bytes of a varint size and of what it counts; a size below 0 is null. */
function sizeOfBytes(size: i32): u64 {
  return <u64>varintSize(size) + <u64>max(size, 0);
}

/** @returns the address after the size and the bytes */
function writeBytes(target: usize, source: usize, size: i32): usize {
  target = writeVarint(target, size);
  if (size <= 0) return target;
  copyBytes(target, source, size);
  return target + size;
}

/** Bytes that follow the length of a record. */
function bodySize(
  offsetDelta: i32,
  timestampDelta: i64,
  keySize: i32,
  valueSize: i32,
  headersSize: u32,
  headerCount: u32,
): u64 {
  return (
    1 +
    <u64>varlongSize(timestampDelta) +
    varintSize(offsetDelta) +
    sizeOfBytes(keySize) +
    sizeOfBytes(valueSize) +
    varintSize(headerCount) +
    headersSize
  );
}

/**
 * @param keySize     bytes; -1: null
 * @param valueSize   bytes; -1: null
 * @param headersSize bytes of the encoded headers
 * @returns bytes of the encoded record, its length included; or ERR_TOO_LARGE: it is above 2^31 - 1
 */
export function recordSize(
  offsetDelta: i32,
  timestampDelta: f64,
  keySize: i32,
  valueSize: i32,
  headersSize: u32,
  headerCount: u32,
): i32 {
  const body = bodySize(offsetDelta, <i64>timestampDelta, keySize, valueSize, headersSize, headerCount);
  if (body > <u64>i32.MAX_VALUE - 5) return ERR_TOO_LARGE;
  return varintSize(<i32>body) + <i32>body;
}

/**
 * Encodes one record.
 *
 * @param target         address to write at; must not overlap key, value or headers
 * @param capacity       bytes that may be written; those behind the record may be changed
 * @param offsetDelta    index of the record in its batch
 * @param timestampDelta ms after the batch's baseTimestamp; may be negative
 * @param keySize        bytes; -1: null, and `key` is not read
 * @param valueSize      bytes; -1: null, and `value` is not read
 * @param headers        address of the headers as `encodeHeader` wrote them, one after the other
 * @returns bytes of the record; or ERR_FULL, and nothing was written
 */
export function encodeRecord(
  target: usize,
  capacity: u32,
  offsetDelta: i32,
  timestampDelta: f64,
  key: usize,
  keySize: i32,
  value: usize,
  valueSize: i32,
  headers: usize,
  headersSize: u32,
  headerCount: u32,
): i32 {
  check(keySize >= SIZE_NULL);
  check(valueSize >= SIZE_NULL);
  check(capacity <= <u32>i32.MAX_VALUE);

  const delta = <i64>timestampDelta;
  const shortDelta = <u32>min(zigzagLong(delta), <u64>u32.MAX_VALUE);
  const shortOffset = zigzag(offsetDelta);
  const shortKeySize = zigzag(keySize);
  const shortValueSize = zigzag(valueSize);
  const shortCount = zigzag(headerCount);
  // Almost every record has ints of one or two bytes only. Written without a branch it takes 22 ns, not 34.
  if ((shortDelta | shortOffset | shortKeySize | shortValueSize | shortCount | headersSize) < SHORT_LIMIT) {
    const keyBytes: u32 = max(keySize, 0);
    const valueBytes: u32 = max(valueSize, 0);
    const body: u32 =
      1 +
      shortSize(shortDelta) +
      shortSize(shortOffset) +
      shortSize(shortKeySize) +
      keyBytes +
      shortSize(shortValueSize) +
      valueBytes +
      shortSize(shortCount) +
      headersSize;
    const shortBody = zigzag(body);
    const size = shortSize(shortBody) + body;
    // One byte more, which `writeShort` may write behind a last header count.
    if (shortBody < SHORT_LIMIT && size + 1 <= capacity) {
      let at = writeShort(target, shortBody);
      store<u8>(at, 0);
      at = writeShort(at + 1, shortDelta);
      at = writeShort(at, shortOffset);
      at = writeShort(at, shortKeySize);
      if (keyBytes > 0) copyBytes(at, key, keyBytes);
      at = writeShort(at + keyBytes, shortValueSize);
      if (valueBytes > 0) copyBytes(at, value, valueBytes);
      at = writeShort(at + valueBytes, shortCount);
      if (headersSize > 0) copyBytes(at, headers, headersSize);
      return size;
    }
  }

  const body = bodySize(offsetDelta, delta, keySize, valueSize, headersSize, headerCount);
  if (body > capacity || varintSize(<i32>body) + body > capacity) return ERR_FULL;
  let at = writeVarint(target, <i32>body);
  store<u8>(at, 0);
  at = writeVarlong(at + 1, delta);
  at = writeVarint(at, offsetDelta);
  at = writeBytes(at, key, keySize);
  at = writeBytes(at, value, valueSize);
  at = writeVarint(at, headerCount);
  copyBytes(at, headers, headersSize);
  return <i32>(at + headersSize - target);
}

/**
 * Encodes records from a table, with ascending offset deltas, until the target is full. Each entry encoded gets the bytes
 * written so far as its `end`.
 *
 * @param target      address to write at; must not overlap the table or what it points at
 * @param capacity    bytes that may be written
 * @param offsetDelta of the first record
 * @param table       address of `count` entries of ENCODE_ENTRY_SIZE bytes (layout.ts)
 * @returns records encoded, 0 to `count`
 */
export function encodeRecords(target: usize, capacity: u32, offsetDelta: i32, table: usize, count: u32): i32 {
  let written: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const entry = table + index * ENCODE_ENTRY_SIZE;
    const size = encodeRecord(
      target + written,
      capacity - written,
      offsetDelta + index,
      load<f64>(entry, ENCODE_TIMESTAMP_DELTA_AT),
      load<u32>(entry, ENCODE_KEY_AT),
      load<i32>(entry, ENCODE_KEY_SIZE_AT),
      load<u32>(entry, ENCODE_VALUE_AT),
      load<i32>(entry, ENCODE_VALUE_SIZE_AT),
      load<u32>(entry, ENCODE_HEADERS_AT),
      load<u32>(entry, ENCODE_HEADERS_SIZE_AT),
      load<u32>(entry, ENCODE_HEADER_COUNT_AT),
    );
    if (size < 0) return index;
    written += size;
    store<u32>(entry, written, ENCODE_END_AT);
  }
  return count;
}

/**
 * Encodes one header of a record.
 *
 * @param target    address to write at; must not overlap key or value
 * @param capacity  bytes that may be written
 * @param keySize   bytes of the key, UTF-8; at least 0
 * @param valueSize bytes; -1: null, and `value` is not read
 * @returns bytes written; or ERR_FULL and nothing was written
 */
export function encodeHeader(
  target: usize,
  capacity: u32,
  key: usize,
  keySize: i32,
  value: usize,
  valueSize: i32,
): i32 {
  check(keySize >= 0);
  check(valueSize >= SIZE_NULL);
  check(capacity <= <u32>i32.MAX_VALUE);
  if (sizeOfBytes(keySize) + sizeOfBytes(valueSize) > capacity) return ERR_FULL;
  return <i32>(writeBytes(writeBytes(target, key, keySize), value, valueSize) - target);
}
