/** Finding one record in a batch, by a walk that reads no more of the others than it needs. */
import { loadI16, loadI32, loadI64 } from "./big-endian";
import { check } from "./check";
import {
  ATTRIBUTE_CODEC_MASK,
  ATTRIBUTE_LOG_APPEND_TIME,
  BATCH_ATTRIBUTES_AT,
  BATCH_BASE_TIMESTAMP_AT,
  BATCH_HEADER_SIZE,
  BATCH_MAX_TIMESTAMP_AT,
  BATCH_RECORDS_COUNT_AT,
  CODEC_NONE,
  ERR_CODEC,
  ERR_COUNT,
  ERR_NOT_FOUND,
  ERR_RECORD,
  ERR_TRUNCATED,
} from "./layout";
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

/**
 * @param offsetDeltaMin the record wanted has this offset delta or a greater one
 * @param timestampMin   and this time, Unix ms, or a later one
 * @returns position of the first such record; or ERR_NOT_FOUND, ERR_RECORD, ERR_COUNT
 */
function find(records: usize, size: u32, count: u32, offsetDeltaMin: i32, baseTimestamp: i64, timestampMin: i64): i32 {
  const end = records + size;
  const last = end - 1;
  let next = records;
  for (let index: u32 = 0; index < count; index++) {
    const start = next;
    let at = start;
    let length: i32;
    const pair = firstTwo(at, last);
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
    if (<u32>(length - 1) >= <u32>(end - at)) return ERR_RECORD;
    next = at + length;

    at += 1;
    const timestampSize = encodedLongSize(at, next);
    const packed = readVarint(at + timestampSize, next);
    if (timestampSize === 0 || packed === 0) return ERR_RECORD;
    if (packedValue(packed) < offsetDeltaMin) continue;
    if (baseTimestamp + readVarlong(at, timestampSize) >= timestampMin) return <i32>(start - records);
  }
  return ERR_NOT_FOUND;
}

/**
 * The first record at or after an offset: a batch that was compacted may not hold the very one.
 *
 * @param records     address of the records, uncompressed, not 0
 * @param size        bytes of the records
 * @param count       records there are
 * @param offsetDelta offset wanted - baseOffset
 * @returns position of the record, relative to `records`; or ERR_NOT_FOUND, ERR_RECORD, ERR_COUNT
 */
export function findRecord(records: usize, size: u32, count: u32, offsetDelta: i32): i32 {
  check(records !== 0 && size <= <u32>i32.MAX_VALUE);
  return find(records, size, count, offsetDelta, 0, i64.MIN_VALUE);
}

/**
 * The first record at or after a time, in an uncompressed batch that was checked when it was appended.
 *
 * @param batch     address of the batch
 * @param size      bytes of the batch
 * @param timestamp Unix ms
 * @returns its offset - baseOffset; or ERR_NOT_FOUND, ERR_CODEC (the records are compressed), ERR_TRUNCATED, ERR_RECORD,
 *          ERR_COUNT
 */
export function findTimestamp(batch: usize, size: u32, timestamp: f64): i32 {
  check(size <= <u32>i32.MAX_VALUE);
  if (size < BATCH_HEADER_SIZE) return ERR_TRUNCATED;
  const attributes = loadI16(batch + BATCH_ATTRIBUTES_AT);
  if ((attributes & ATTRIBUTE_CODEC_MASK) !== CODEC_NONE) return ERR_CODEC;
  const timestampMin = <i64>ceil(timestamp);
  if (loadI64(batch + BATCH_MAX_TIMESTAMP_AT) < timestampMin) return ERR_NOT_FOUND;

  // Under LogAppendTime every record has the batch's time.
  const isLogAppendTime = (attributes & ATTRIBUTE_LOG_APPEND_TIME) !== 0;
  const baseTimestamp = loadI64(batch + BATCH_BASE_TIMESTAMP_AT);
  const count = loadI32(batch + BATCH_RECORDS_COUNT_AT);
  const records = batch + BATCH_HEADER_SIZE;
  const position = find(
    records,
    size - BATCH_HEADER_SIZE,
    count,
    0,
    baseTimestamp,
    isLogAppendTime ? i64.MIN_VALUE : timestampMin,
  );
  if (position < 0) return position;
  const end = batch + size;
  const timestampAt = records + position + packedSize(readVarint(records + position, end)) + 1;
  return packedValue(readVarint(timestampAt + encodedLongSize(timestampAt, end), end));
}
