/** What a broker may have to change in a batch's timestamps. The CRC covers it: `sealBatch` must follow. */
import { loadI16, loadI32, loadI64, storeI16, storeI64 } from "./big-endian";
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
  ERR_RECORD,
  ERR_TRUNCATED,
} from "./layout";
import { encodedLongSize, packedSize, packedValue, readVarint, readVarlong } from "./varint";

/**
 * Makes maxTimestamp the time of the latest record, as Kafka's broker does: there are clients that never set it (Sarama
 * before IBM/sarama#3108, 2025), and `checkBatch` answers those with ERR_MAX_TIMESTAMP.
 *
 * @param batch address of an uncompressed batch whose CRC was verified
 * @param size  bytes of the batch
 * @returns 0; or ERR_CODEC (the records are compressed), ERR_TRUNCATED, ERR_COUNT, ERR_RECORD, and nothing was written
 */
export function correctMaxTimestamp(batch: usize, size: u32): i32 {
  check(size <= <u32>i32.MAX_VALUE);
  if (size < BATCH_HEADER_SIZE) return ERR_TRUNCATED;
  if ((loadI16(batch + BATCH_ATTRIBUTES_AT) & ATTRIBUTE_CODEC_MASK) !== CODEC_NONE) return ERR_CODEC;
  const baseTimestamp = loadI64(batch + BATCH_BASE_TIMESTAMP_AT);
  const count = loadI32(batch + BATCH_RECORDS_COUNT_AT);
  if (count < 1) return ERR_COUNT;

  const end = batch + size;
  let at = batch + BATCH_HEADER_SIZE;
  let latest = i64.MIN_VALUE;
  for (let index = 0; index < count; index++) {
    const packed = readVarint(at, end);
    if (packed === 0) return at === end ? ERR_COUNT : ERR_RECORD;
    at += packedSize(packed);
    const length = packedValue(packed);
    if (<u32>(length - 1) >= <u32>(end - at)) return ERR_RECORD;
    const deltaAt = at + 1;
    at += length;
    const deltaSize = encodedLongSize(deltaAt, at);
    if (deltaSize === 0) return ERR_RECORD;
    latest = max(latest, baseTimestamp + readVarlong(deltaAt, deltaSize));
  }
  storeI64(batch + BATCH_MAX_TIMESTAMP_AT, latest);
  return 0;
}

/**
 * Gives every record of a batch the broker's time, compressed or not (contract C3).
 *
 * @param batch     address of BATCH_HEADER_SIZE bytes
 * @param timestamp Unix ms
 */
export function setLogAppendTime(batch: usize, timestamp: f64): void {
  storeI16(batch + BATCH_ATTRIBUTES_AT, loadI16(batch + BATCH_ATTRIBUTES_AT) | ATTRIBUTE_LOG_APPEND_TIME);
  storeI64(batch + BATCH_MAX_TIMESTAMP_AT, <i64>timestamp);
}
