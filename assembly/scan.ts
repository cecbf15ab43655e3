/** The walk over consecutive batches that recovery, opening and import make (contract E). */
import { loadI16, loadI32, loadI64 } from "./big-endian";
import { check } from "./check";
import {
  BATCH_ATTRIBUTES_AT,
  BATCH_BASE_OFFSET_AT,
  BATCH_BASE_SEQUENCE_AT,
  BATCH_HEADER_SIZE,
  BATCH_LAST_OFFSET_DELTA_AT,
  BATCH_LEADER_EPOCH_AT,
  BATCH_LENGTH_AT,
  BATCH_LENGTH_OVERHEAD,
  BATCH_MAX_TIMESTAMP_AT,
  BATCH_PRODUCER_EPOCH_AT,
  BATCH_PRODUCER_ID_AT,
  BATCH_RECORDS_COUNT_AT,
  ERR_OFFSET_ORDER,
  ERR_TRUNCATED,
  RULE_REPLICATED,
  RULE_TRANSACTIONAL,
  SCAN_ATTRIBUTES_AT,
  SCAN_BASE_OFFSET_AT,
  SCAN_BASE_SEQUENCE_AT,
  SCAN_CRC,
  SCAN_ENTRY_SIZE,
  SCAN_GAPS,
  SCAN_LAST_OFFSET_DELTA_AT,
  SCAN_LEADER_EPOCH_AT,
  SCAN_MAX_TIMESTAMP_AT,
  SCAN_POSITION_AT,
  SCAN_PRODUCER_EPOCH_AT,
  SCAN_PRODUCER_ID_AT,
  SCAN_RECORDS_COUNT_AT,
  SCAN_RESULT_NEXT_OFFSET_AT,
  SCAN_RESULT_POSITION_AT,
  SCAN_RESULT_SIZE_NEEDED_AT,
  SCAN_RESULT_STOP_AT,
  SCAN_SIZE_AT,
  STOP_END,
  STOP_FULL,
  STOP_TRUNCATED,
  STOP_ZEROS,
} from "./layout";
import { batchSize, checkHeader, verifyBatchCrc } from "./record-batch";

function fillEntry(entry: usize, batch: usize, position: u32, size: u32): void {
  store<f64>(entry, <f64>loadI64(batch + BATCH_BASE_OFFSET_AT), SCAN_BASE_OFFSET_AT);
  store<f64>(entry, <f64>loadI64(batch + BATCH_MAX_TIMESTAMP_AT), SCAN_MAX_TIMESTAMP_AT);
  store<i64>(entry, loadI64(batch + BATCH_PRODUCER_ID_AT), SCAN_PRODUCER_ID_AT);
  store<u32>(entry, position, SCAN_POSITION_AT);
  store<u32>(entry, size, SCAN_SIZE_AT);
  store<i32>(entry, loadI32(batch + BATCH_LAST_OFFSET_DELTA_AT), SCAN_LAST_OFFSET_DELTA_AT);
  store<i32>(entry, loadI32(batch + BATCH_RECORDS_COUNT_AT), SCAN_RECORDS_COUNT_AT);
  store<i32>(entry, loadI32(batch + BATCH_LEADER_EPOCH_AT), SCAN_LEADER_EPOCH_AT);
  store<u32>(entry, loadI16(batch + BATCH_ATTRIBUTES_AT), SCAN_ATTRIBUTES_AT);
  store<i32>(entry, loadI32(batch + BATCH_BASE_SEQUENCE_AT), SCAN_BASE_SEQUENCE_AT);
  store<i32>(entry, loadI16(batch + BATCH_PRODUCER_EPOCH_AT), SCAN_PRODUCER_EPOCH_AT);
}

/**
 * Finds the batches that lie one after the other from `address` on, by their headers alone: each has a known magic, a
 * length within the bytes, consistent counts, and the offset that must follow. Records are not walked.
 * It stops at the first that is not so and says in `result` where and why.
 *
 * @param tables         as filled by `initCrc32c`; read under SCAN_CRC only
 * @param address        of the first batch
 * @param size           bytes to scan
 * @param expectedOffset base offset of the first batch; -1: any
 * @param flags          SCAN_*
 * @param table          address of the batch table, 8-byte aligned
 * @param capacity       entries of SCAN_ENTRY_SIZE it has room for
 * @param result         address of SCAN_RESULT_SIZE bytes, 8-byte aligned
 * @returns batches found = entries filled
 */
export function scanBatches(
  tables: usize,
  address: usize,
  size: u32,
  expectedOffset: f64,
  flags: u32,
  table: usize,
  capacity: u32,
  result: usize,
): i32 {
  check(size <= <u32>i32.MAX_VALUE);
  let position: u32 = 0;
  let nextOffset = <i64>expectedOffset;
  let found: u32 = 0;
  let stop = STOP_END;
  let sizeNeeded: u32 = 0;

  while (position < size) {
    const batch = address + position;
    const rest = size - position;
    if (rest >= BATCH_LENGTH_OVERHEAD && loadI32(batch + BATCH_LENGTH_AT) === 0) {
      stop = STOP_ZEROS;
      break;
    }
    if (found === capacity) {
      stop = STOP_FULL;
      break;
    }
    if (rest < BATCH_HEADER_SIZE) {
      stop = STOP_TRUNCATED;
      sizeNeeded = BATCH_HEADER_SIZE;
      break;
    }

    const sizeFound = batchSize(batch, rest, i32.MAX_VALUE);
    if (sizeFound < 0 && sizeFound !== ERR_TRUNCATED) {
      stop = sizeFound;
      break;
    }
    // Before the batch is waited for, so that garbage is never mistaken for a batch that goes on.
    stop = checkHeader(batch, RULE_REPLICATED | RULE_TRANSACTIONAL, i64.MAX_VALUE);
    if (stop !== 0) break;
    const baseOffset = loadI64(batch + BATCH_BASE_OFFSET_AT);
    const isGap = baseOffset > nextOffset && ((flags & SCAN_GAPS) !== 0 || nextOffset < 0);
    if (baseOffset !== nextOffset && !isGap) {
      stop = ERR_OFFSET_ORDER;
      break;
    }
    if (sizeFound === ERR_TRUNCATED) {
      stop = STOP_TRUNCATED;
      sizeNeeded = BATCH_LENGTH_OVERHEAD + loadI32(batch + BATCH_LENGTH_AT);
      break;
    }
    if ((flags & SCAN_CRC) !== 0) {
      stop = verifyBatchCrc(tables, batch, sizeFound);
      if (stop !== 0) break;
    }

    fillEntry(table + found * SCAN_ENTRY_SIZE, batch, position, sizeFound);
    found++;
    position += sizeFound;
    nextOffset = baseOffset + loadI32(batch + BATCH_LAST_OFFSET_DELTA_AT) + 1;
  }

  store<f64>(result, <f64>nextOffset, SCAN_RESULT_NEXT_OFFSET_AT);
  store<u32>(result, position, SCAN_RESULT_POSITION_AT);
  store<i32>(result, stop, SCAN_RESULT_STOP_AT);
  store<u32>(result, sizeNeeded, SCAN_RESULT_SIZE_NEEDED_AT);
  return found;
}
