/** A batch's header: what of it is accepted (contract C1, C4), and the fields that are written after the producer. */
import { loadI16, loadI32, loadI64, storeI16, storeI32, storeI64 } from "./big-endian";
import { check } from "./check";
import { crc32c } from "./crc32c";
import {
  ATTRIBUTE_CODEC_MASK,
  ATTRIBUTE_CONTROL,
  ATTRIBUTE_DELETE_HORIZON,
  ATTRIBUTE_LOG_APPEND_TIME,
  ATTRIBUTE_TRANSACTIONAL,
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
  BATCH_RECORDS_MAX,
  CODEC_NONE,
  CODEC_ZSTD,
  ERR_ATTRIBUTES,
  ERR_CODEC,
  ERR_CONTROL,
  ERR_COUNT,
  ERR_CRC,
  ERR_LENGTH,
  ERR_LOG_APPEND_TIME,
  ERR_MAGIC,
  ERR_OFFSET_RANGE,
  ERR_PRODUCER,
  ERR_TIMESTAMP_AHEAD,
  ERR_TOO_LARGE,
  ERR_TOO_MANY_RECORDS,
  ERR_TRANSACTIONAL,
  ERR_TRUNCATED,
  RULE_REPLICATED,
  RULE_TRANSACTIONAL,
} from "./layout";
import { checkRecords } from "./records";

const ATTRIBUTES_KNOWN: u32 =
  ATTRIBUTE_CODEC_MASK |
  ATTRIBUTE_LOG_APPEND_TIME |
  ATTRIBUTE_TRANSACTIONAL |
  ATTRIBUTE_CONTROL |
  ATTRIBUTE_DELETE_HORIZON;

/** Offsets are numbers to the host: 2^53 - 1. */
const OFFSET_MAX: i64 = 0x1f_ffff_ffff_ffff;

/**
 * @param readable bytes readable at `batch`
 * @returns bytes of the whole batch, as its header says, at least BATCH_HEADER_SIZE and at most `readable`; or
 *          ERR_TRUNCATED, ERR_MAGIC, ERR_LENGTH, ERR_TOO_LARGE
 */
export function batchSize(batch: usize, readable: u32, sizeMax: u32): i32 {
  if (readable < BATCH_HEADER_SIZE) return ERR_TRUNCATED;
  // First, since the older formats are shorter and have their magic in the same place.
  if (load<u8>(batch, BATCH_MAGIC_AT) !== BATCH_MAGIC) return ERR_MAGIC;
  const length = loadI32(batch + BATCH_LENGTH_AT);
  if (length < <i32>(BATCH_HEADER_SIZE - BATCH_LENGTH_OVERHEAD)) return ERR_LENGTH;
  const size = BATCH_LENGTH_OVERHEAD + length;
  if (size > sizeMax) return ERR_TOO_LARGE;
  return size > readable ? ERR_TRUNCATED : size;
}

/**
 * Checks the header's fields after the CRC, and the base offset of a replicated batch.
 *
 * @param batch        address of BATCH_HEADER_SIZE bytes
 * @param rules        RULE_*
 * @param timestampMax Unix ms; a greater maxTimestamp is refused
 * @returns 0, or an ERR_*
 */
export function checkHeader(batch: usize, rules: u32, timestampMax: i64): i32 {
  const isReplicated = (rules & RULE_REPLICATED) !== 0;
  const attributes: u32 = loadI16(batch + BATCH_ATTRIBUTES_AT);
  if ((attributes & ~ATTRIBUTES_KNOWN) !== 0) return ERR_ATTRIBUTES;
  if ((attributes & ATTRIBUTE_CODEC_MASK) > CODEC_ZSTD) return ERR_CODEC;
  if (!isReplicated) {
    if ((attributes & ATTRIBUTE_CONTROL) !== 0) return ERR_CONTROL;
    if ((attributes & ATTRIBUTE_LOG_APPEND_TIME) !== 0) return ERR_LOG_APPEND_TIME;
    if ((attributes & ATTRIBUTE_DELETE_HORIZON) !== 0) return ERR_ATTRIBUTES;
  }

  const count = loadI32(batch + BATCH_RECORDS_COUNT_AT);
  const lastOffsetDelta = loadI32(batch + BATCH_LAST_OFFSET_DELTA_AT);
  if (lastOffsetDelta < 0 || count < 0) return ERR_COUNT;
  const span: u32 = lastOffsetDelta + 1;
  if (isReplicated) {
    if (<u32>count > span) return ERR_COUNT;
    const baseOffset = loadI64(batch + BATCH_BASE_OFFSET_AT);
    if (baseOffset < 0 || baseOffset > OFFSET_MAX - lastOffsetDelta) return ERR_OFFSET_RANGE;
  } else {
    if (<u32>count !== span) return ERR_COUNT;
    if (<u32>count > BATCH_RECORDS_MAX) return ERR_TOO_MANY_RECORDS;
  }

  if (loadI64(batch + BATCH_MAX_TIMESTAMP_AT) > timestampMax) return ERR_TIMESTAMP_AHEAD;

  const isTransactional = (attributes & ATTRIBUTE_TRANSACTIONAL) !== 0;
  if (isTransactional && (rules & RULE_TRANSACTIONAL) === 0) return ERR_TRANSACTIONAL;
  const producerId = loadI64(batch + BATCH_PRODUCER_ID_AT);
  if (producerId < 0) {
    // Without an id, epoch and sequence mean nothing: Java sends -1 there, KafkaJS and platformatic send 0.
    if (producerId !== -1 || isTransactional) return ERR_PRODUCER;
  } else {
    if (loadI16(batch + BATCH_PRODUCER_EPOCH_AT) < 0) return ERR_PRODUCER;
    // What brokers write themselves for a producer (markers, offsets in a transaction) has no sequence.
    if (!isReplicated && loadI32(batch + BATCH_BASE_SEQUENCE_AT) < 0) return ERR_PRODUCER;
  }
  return 0;
}

/**
 * Checks one batch, all but its CRC, and every record of it unless they are compressed: of those, count and timestamps are
 * the header's word (contract C2, `checkRecords`).
 *
 * No record is later than maxTimestamp, and maxTimestamp not later than `timestampMax`. It may be later than every record.
 *
 * @param batch        address of the batch
 * @param size         bytes of the batch, exactly
 * @param sizeMax      bytes; a larger batch is ERR_TOO_LARGE
 * @param rules        RULE_*
 * @param timestampMax Unix ms
 * @returns count of records, at least 1 unless RULE_REPLICATED; or an ERR_*
 */
export function checkBatch(batch: usize, size: u32, sizeMax: u32, rules: u32, timestampMax: f64): i32 {
  const sizeFound = batchSize(batch, size, sizeMax);
  if (sizeFound < 0) return sizeFound;
  if (<u32>sizeFound !== size) return ERR_LENGTH;
  const code = checkHeader(batch, rules, <i64>timestampMax);
  if (code !== 0) return code;
  const codec = loadI16(batch + BATCH_ATTRIBUTES_AT) & ATTRIBUTE_CODEC_MASK;
  if (codec !== CODEC_NONE) return loadI32(batch + BATCH_RECORDS_COUNT_AT);
  return checkRecords(batch, batch + BATCH_HEADER_SIZE, size - BATCH_HEADER_SIZE, rules);
}

/** CRC-32C of a batch of `size` bytes, as its header should have it. */
function batchCrc(tables: usize, batch: usize, size: u32): u32 {
  return crc32c(tables, 0, batch + BATCH_ATTRIBUTES_AT, size - BATCH_ATTRIBUTES_AT);
}

/**
 * @param tables as filled by `initCrc32c`
 * @param batch  address of the batch
 * @param size   bytes of the batch
 * @returns 0, ERR_CRC or ERR_TRUNCATED (no room for a header)
 */
export function verifyBatchCrc(tables: usize, batch: usize, size: u32): i32 {
  if (size < BATCH_HEADER_SIZE) return ERR_TRUNCATED;
  return <u32>loadI32(batch + BATCH_CRC_AT) === batchCrc(tables, batch, size) ? 0 : ERR_CRC;
}

/**
 * Computes the CRC and writes it into the header: the last step of encoding, and after any change from `attributes` on.
 *
 * @param size bytes of the batch, at least BATCH_HEADER_SIZE
 */
export function sealBatch(tables: usize, batch: usize, size: u32): void {
  check(size >= BATCH_HEADER_SIZE);
  storeI32(batch + BATCH_CRC_AT, batchCrc(tables, batch, size));
}

/**
 * The running checksum over the headers of a segment's batches (contract B6, `.seal`); each header has its body's CRC.
 *
 * @param seed 0, or the checksum up to the batch before
 */
export function headersCrc(tables: usize, seed: u32, batch: usize): u32 {
  return crc32c(tables, seed, batch, BATCH_HEADER_SIZE);
}

/** Writes the two fields that are the broker's; the CRC does not cover them. */
export function stampBatch(batch: usize, baseOffset: f64, leaderEpoch: i32): void {
  storeI64(batch + BATCH_BASE_OFFSET_AT, <i64>baseOffset);
  storeI32(batch + BATCH_LEADER_EPOCH_AT, leaderEpoch);
}

/**
 * Writes the header of a batch whose records were encoded after it: dense offset deltas from 0, base offset 0, no leader
 * epoch. `sealBatch` completes it.
 *
 * @param size           bytes of the batch, header and records
 * @param count          records, at least 1
 * @param attributes     codec and ATTRIBUTE_TRANSACTIONAL
 * @param baseTimestamp  Unix ms, what the records' timestamp deltas count from
 * @param maxTimestamp   Unix ms
 * @param producerIdHigh with `producerIdLow` the id as i64; -1, -1: none
 * @param producerEpoch  -1: none
 * @param baseSequence   -1: none
 */
export function finishBatch(
  batch: usize,
  size: u32,
  count: u32,
  attributes: u32,
  baseTimestamp: f64,
  maxTimestamp: f64,
  producerIdHigh: u32,
  producerIdLow: u32,
  producerEpoch: i32,
  baseSequence: i32,
): void {
  check(size >= BATCH_HEADER_SIZE);
  check(count >= 1);
  storeI64(batch + BATCH_BASE_OFFSET_AT, 0);
  storeI32(batch + BATCH_LENGTH_AT, size - BATCH_LENGTH_OVERHEAD);
  storeI32(batch + BATCH_LEADER_EPOCH_AT, -1);
  store<u8>(batch, <u8>BATCH_MAGIC, BATCH_MAGIC_AT);
  storeI32(batch + BATCH_CRC_AT, 0);
  storeI16(batch + BATCH_ATTRIBUTES_AT, attributes);
  storeI32(batch + BATCH_LAST_OFFSET_DELTA_AT, count - 1);
  storeI64(batch + BATCH_BASE_TIMESTAMP_AT, <i64>baseTimestamp);
  storeI64(batch + BATCH_MAX_TIMESTAMP_AT, <i64>maxTimestamp);
  storeI64(batch + BATCH_PRODUCER_ID_AT, ((<i64>producerIdHigh) << 32) | <i64>producerIdLow);
  storeI16(batch + BATCH_PRODUCER_EPOCH_AT, producerEpoch);
  storeI32(batch + BATCH_BASE_SEQUENCE_AT, baseSequence);
  storeI32(batch + BATCH_RECORDS_COUNT_AT, count);
}
