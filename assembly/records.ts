/**
 * The records of a batch, uncompressed, one after the other:
 *
 *   length varint, attributes i8 (0), timestampDelta varlong, offsetDelta varint, keySize varint, key, valueSize varint,
 *   value, headerCount varint, headerCount x {keySize varint, key, valueSize varint, value}
 *
 * `length` counts what follows it. A size of -1 is null; a header's key is never null.
 *
 * Promise: whatever the bytes say, nothing outside them is read. `end - at` is compared, not addresses: at the top of a
 * 4 GiB memory `end` is 0.
 */
import { loadI16, loadI32, loadI64 } from "./big-endian";
import { check } from "./check";
import {
  ATTRIBUTE_LOG_APPEND_TIME,
  BATCH_ATTRIBUTES_AT,
  BATCH_BASE_TIMESTAMP_AT,
  BATCH_LAST_OFFSET_DELTA_AT,
  BATCH_MAX_TIMESTAMP_AT,
  BATCH_RECORDS_COUNT_AT,
  ERR_COUNT,
  ERR_KEY_MISSING,
  ERR_MAX_TIMESTAMP,
  ERR_RECORD,
  RECORD_ENTRY_SIZE,
  RECORD_HEADER_COUNT_AT,
  RECORD_HEADERS_AT,
  RECORD_KEY_AT,
  RECORD_KEY_HASH_AT,
  RECORD_KEY_SIZE_AT,
  RECORD_NAMED_HEADER_SIZE,
  RECORD_OFFSET_DELTA_AT,
  RECORD_POSITION_AT,
  RECORD_SIZE_AT,
  RECORD_TIMESTAMP_DELTA_AT,
  RECORD_VALUE_AT,
  RECORD_VALUE_SIZE_AT,
  RULE_KEY_REQUIRED,
  SIZE_ABSENT,
  SIZE_NULL,
  WALK_KEY_HASH,
} from "./layout";
import { murmur2 } from "./murmur2";
import {
  encodedLongSize,
  endsInOne,
  endsInTwo,
  firstTwo,
  oneByte,
  packedSize,
  packedValue,
  readVarint,
  readVarlong,
  twoBytes,
  unzigzag,
} from "./varint";

/** @returns bytes of `count` headers, at least 1; 0: malformed, or they do not end before `end` */
function headersSize(headers: usize, end: usize, count: u32): u32 {
  const last = end - 1;
  let at = headers;
  for (let index: u32 = 0; index < count; index++) {
    let keySize: u32;
    let pair = firstTwo(at, last);
    if (endsInOne(pair)) {
      keySize = unzigzag(oneByte(pair));
      at += 1;
    } else {
      const packed = readVarint(at, end);
      if (packed === 0) return 0;
      keySize = packedValue(packed);
      at += packedSize(packed);
    }
    // Unsigned, so that a null key is too large as well.
    if (keySize > <u32>(end - at)) return 0;
    at += keySize;

    let valueSize: i32;
    pair = firstTwo(at, last);
    if (endsInOne(pair)) {
      valueSize = unzigzag(oneByte(pair));
      at += 1;
    } else {
      const packed = readVarint(at, end);
      if (packed === 0) return 0;
      valueSize = packedValue(packed);
      at += packedSize(packed);
    }
    if (valueSize > 0) {
      if (<u32>valueSize > <u32>(end - at)) return 0;
      at += valueSize;
    } else if (valueSize < SIZE_NULL) return 0;
  }
  return <u32>(at - headers);
}

function equalBytes(a: usize, b: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) {
    if (load<u8>(a + i) !== load<u8>(b + i)) return false;
  }
  return true;
}

/**
 * Fills the named part of a record's table entry.
 *
 * @param headers  `count` headers that `headersSize` found well-formed
 * @param names    address of {u32 size, bytes} per name
 * @param positionsFrom address that the positions in the table are relative to
 */
function findNamedHeaders(
  headers: usize,
  end: usize,
  count: u32,
  names: usize,
  nameCount: u32,
  positionsFrom: usize,
  target: usize,
): void {
  for (let index: u32 = 0; index < nameCount; index++) {
    store<u32>(target + index * RECORD_NAMED_HEADER_SIZE, 0);
    store<i32>(target + index * RECORD_NAMED_HEADER_SIZE, SIZE_ABSENT, 4);
  }
  let at = headers;
  for (let header: u32 = 0; header < count; header++) {
    let packed = readVarint(at, end);
    const key = at + packedSize(packed);
    const keySize = packedValue(packed);
    at = key + keySize;
    packed = readVarint(at, end);
    const value = at + packedSize(packed);
    const valueSize = packedValue(packed);
    at = value + max(valueSize, 0);

    let name = names;
    for (let index: u32 = 0; index < nameCount; index++) {
      const nameSize = load<u32>(name);
      if (nameSize === <u32>keySize && equalBytes(name + 4, key, nameSize)) {
        store<u32>(target + index * RECORD_NAMED_HEADER_SIZE, <u32>(value - positionsFrom));
        store<i32>(target + index * RECORD_NAMED_HEADER_SIZE, valueSize, 4);
      }
      name += 4 + nameSize;
    }
  }
}

/**
 * The one walk, of the broker that checks and of the client that decodes, so that they agree on what a record is. Compiled
 * twice: walk<void> fills no table.
 *
 * Every int is decoded in place. A function would have to pack its value and its size into one number, and to unpack them
 * makes the next field wait, which is what `firstTwo` avoids.
 *
 * @param rules           RULE_*
 * @param lastOffsetDelta a greater offset delta is malformed
 * @param maxTimestamp    a record later than this is ERR_MAX_TIMESTAMP; sums wrap around, as in Kafka's Java
 * @param table           address of `count` entries to fill
 * @param flags           WALK_*
 * @returns bytes of the `count` records; ERR_RECORD, ERR_COUNT (fewer records), ERR_KEY_MISSING, ERR_MAX_TIMESTAMP
 */
function walk<Table>(
  records: usize,
  size: u32,
  count: u32,
  rules: u32,
  lastOffsetDelta: u32,
  baseTimestamp: i64,
  maxTimestamp: i64,
  table: usize,
  flags: u32,
  names: usize,
  nameCount: u32,
): i32 {
  const end = records + size;
  const last = end - 1;
  let next = records;
  let offsetDeltaMin: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const start = next;
    let at = start;

    let length: i32;
    let pair = firstTwo(at, last);
    if (endsInOne(pair)) {
      length = unzigzag(oneByte(pair));
      at += 1;
    } else if (endsInTwo(pair)) {
      length = unzigzag(twoBytes(pair));
      at += 2;
    } else {
      const packed = readVarint(at, end);
      if (packed === 0) return start === end ? ERR_COUNT : ERR_RECORD;
      length = packedValue(packed);
      at += packedSize(packed);
    }
    // In one comparison: length >= 1, for the attributes, and length <= what is left.
    if (<u32>(length - 1) >= <u32>(end - at)) return ERR_RECORD;
    // From the length, not from where the fields will have ended: the processor starts on the next record meanwhile.
    next = at + length;

    if (load<u8>(at) !== 0) return ERR_RECORD;
    at += 1;

    let timestampDelta: i64;
    pair = firstTwo(at, last);
    if (endsInOne(pair)) {
      timestampDelta = unzigzag(oneByte(pair));
      at += 1;
    } else if (endsInTwo(pair)) {
      timestampDelta = unzigzag(twoBytes(pair));
      at += 2;
    } else {
      const deltaSize = encodedLongSize(at, end);
      if (deltaSize === 0) return ERR_RECORD;
      timestampDelta = readVarlong(at, deltaSize);
      at += deltaSize;
    }
    if (baseTimestamp + timestampDelta > maxTimestamp) return ERR_MAX_TIMESTAMP;

    let offsetDelta: u32;
    pair = firstTwo(at, last);
    if (endsInOne(pair)) {
      offsetDelta = unzigzag(oneByte(pair));
      at += 1;
    } else if (endsInTwo(pair)) {
      offsetDelta = unzigzag(twoBytes(pair));
      at += 2;
    } else {
      const packed = readVarint(at, end);
      if (packed === 0) return ERR_RECORD;
      offsetDelta = packedValue(packed);
      at += packedSize(packed);
    }
    // Unsigned, so that a negative delta is above every limit. Where there are as many records as offsets, only 0, 1, 2 ...
    // passes.
    if (offsetDelta < offsetDeltaMin || offsetDelta > lastOffsetDelta) return ERR_RECORD;
    offsetDeltaMin = offsetDelta + 1;

    let keySize: i32;
    pair = firstTwo(at, last);
    if (endsInOne(pair)) {
      keySize = unzigzag(oneByte(pair));
      at += 1;
    } else if (endsInTwo(pair)) {
      keySize = unzigzag(twoBytes(pair));
      at += 2;
    } else {
      const packed = readVarint(at, end);
      if (packed === 0) return ERR_RECORD;
      keySize = packedValue(packed);
      at += packedSize(packed);
    }
    const key = at;
    if (keySize > 0) {
      if (<u32>keySize > <u32>(end - at)) return ERR_RECORD;
      at += keySize;
    } else if (keySize < 0) {
      if (keySize < SIZE_NULL) return ERR_RECORD;
      if ((rules & RULE_KEY_REQUIRED) !== 0) return ERR_KEY_MISSING;
    }

    let valueSize: i32;
    pair = firstTwo(at, last);
    if (endsInOne(pair)) {
      valueSize = unzigzag(oneByte(pair));
      at += 1;
    } else if (endsInTwo(pair)) {
      valueSize = unzigzag(twoBytes(pair));
      at += 2;
    } else {
      const packed = readVarint(at, end);
      if (packed === 0) return ERR_RECORD;
      valueSize = packedValue(packed);
      at += packedSize(packed);
    }
    const value = at;
    if (valueSize > 0) {
      if (<u32>valueSize > <u32>(end - at)) return ERR_RECORD;
      at += valueSize;
    } else if (valueSize < SIZE_NULL) return ERR_RECORD;

    let headerCount: i32 = 0;
    if (next - at === 1 && load<u8>(at) === 0) {
      at += 1;
    } else {
      const packed = readVarint(at, end);
      if (packed === 0) return ERR_RECORD;
      headerCount = packedValue(packed);
      at += packedSize(packed);
    }
    const headers = at;
    if (headerCount !== 0) {
      // A negative count is more headers than there is room for.
      const headersBytes = headersSize(at, end, headerCount);
      if (headersBytes === 0) return ERR_RECORD;
      at += headersBytes;
    }
    if (at !== next) return ERR_RECORD;

    if (!isVoid<Table>()) {
      store<f64>(table, <f64>timestampDelta, RECORD_TIMESTAMP_DELTA_AT);
      store<u32>(table, offsetDelta, RECORD_OFFSET_DELTA_AT);
      store<u32>(table, <u32>(start - records), RECORD_POSITION_AT);
      store<u32>(table, <u32>(next - start), RECORD_SIZE_AT);
      store<u32>(table, <u32>(key - records), RECORD_KEY_AT);
      store<i32>(table, keySize, RECORD_KEY_SIZE_AT);
      store<u32>(table, <u32>(value - records), RECORD_VALUE_AT);
      store<i32>(table, valueSize, RECORD_VALUE_SIZE_AT);
      store<u32>(table, <u32>(headers - records), RECORD_HEADERS_AT);
      store<u32>(table, <u32>headerCount, RECORD_HEADER_COUNT_AT);
      const isHashed = (flags & WALK_KEY_HASH) !== 0 && keySize >= 0;
      store<u32>(table, isHashed ? murmur2(key, keySize) : 0, RECORD_KEY_HASH_AT);
      table += RECORD_ENTRY_SIZE;
      if (nameCount > 0) {
        findNamedHeaders(headers, next, headerCount, names, nameCount, records, table);
        table += nameCount * RECORD_NAMED_HEADER_SIZE;
      }
    }
  }
  return <i32>(next - records);
}

/**
 * Checks the records of a batch against its header (contract C1). checkBatch does it for an uncompressed batch; for a
 * compressed one the host decompresses, then calls this.
 *
 * @param batch   address of a header that `checkBatch` accepted
 * @param records address of the records, uncompressed, wherever they are; not 0
 * @param size    bytes of the records
 * @param rules   RULE_*, as for `checkBatch`
 * @returns count of the records, or ERR_RECORD, ERR_COUNT, ERR_KEY_MISSING, ERR_MAX_TIMESTAMP
 */
export function checkRecords(batch: usize, records: usize, size: u32, rules: u32): i32 {
  check(records !== 0 && size <= <u32>i32.MAX_VALUE);
  const isLogAppendTime = (loadI16(batch + BATCH_ATTRIBUTES_AT) & ATTRIBUTE_LOG_APPEND_TIME) !== 0;
  const count = loadI32(batch + BATCH_RECORDS_COUNT_AT);
  const walked = walk<void>(
    records,
    size,
    count,
    rules,
    loadI32(batch + BATCH_LAST_OFFSET_DELTA_AT),
    loadI64(batch + BATCH_BASE_TIMESTAMP_AT),
    isLogAppendTime ? i64.MAX_VALUE : loadI64(batch + BATCH_MAX_TIMESTAMP_AT),
    0,
    0,
    0,
    0,
  );
  if (walked < 0) return walked;
  return <u32>walked === size ? count : ERR_COUNT;
}

/**
 * Fills the record table of layout.ts: one entry of RECORD_ENTRY_SIZE + nameCount * RECORD_NAMED_HEADER_SIZE bytes per
 * record. Offset deltas must ascend but need not be dense. A smaller table is filled as far as it goes; to go on, call
 * again with the address after the last record filled (its position + size) and with what is left of size and count.
 *
 * @param records   address of the records, uncompressed, not 0; positions in the table are relative to it
 * @param size      bytes of the records
 * @param count     records there are
 * @param table     address of the table, 8-byte aligned
 * @param capacity  entries the table has room for
 * @param flags     WALK_*
 * @param names     address of {u32 size, bytes} per named header
 * @returns entries filled: min(count, capacity); or ERR_RECORD; or ERR_COUNT: the bytes hold fewer or more records
 */
export function walkRecords(
  records: usize,
  size: u32,
  count: u32,
  table: usize,
  capacity: u32,
  flags: u32,
  names: usize,
  nameCount: u32,
): i32 {
  check(records !== 0 && size <= <u32>i32.MAX_VALUE);
  check(count <= <u32>i32.MAX_VALUE);
  const filled = min(count, capacity);
  const walked = walk<usize>(records, size, filled, 0, i32.MAX_VALUE, 0, i64.MAX_VALUE, table, flags, names, nameCount);
  if (walked < 0) return walked;
  return filled === count && <u32>walked !== size ? ERR_COUNT : filled;
}
