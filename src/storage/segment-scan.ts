/**
 * Reads a segment's batches one after another with every check that needs no context: structure, CRC-32C and offsets that
 * follow one another. Recovery, the rebuilding of indexes and the checked reads of cold data share it.
 */

import { KIB } from "../base/units.ts";
import type { Core } from "../wasm/core.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import {
  BATCH_HEADER_SIZE,
  ERR_CRC,
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
  SCAN_RESULT_SIZE,
  SCAN_RESULT_SIZE_NEEDED_AT,
  SCAN_RESULT_STOP_AT,
  SCAN_SIZE_AT,
  STOP_END,
  STOP_FULL,
  STOP_TRUNCATED,
  STOP_ZEROS,
} from "../wasm/layout.ts";
import type { Disk, FileHandle } from "./disk.ts";
import type { LogMemory } from "./log-memory.ts";

/** Where a scan works: a core with memory of its own. */
export interface ScanEnvironment {
  readonly disk: Disk;
  readonly core: Core;
  readonly memory: LogMemory;
  readonly crc32c: Crc32c;
  /** Address of the scratch range, 8-byte aligned. */
  readonly scratch: number;
  /** Bytes of it; a larger batch than fits cannot be scanned. */
  readonly scratchSize: number;
}

const TABLE_CAPACITY = 1024;
const TABLE_SIZE = TABLE_CAPACITY * SCAN_ENTRY_SIZE;
const OVERHEAD = TABLE_SIZE + SCAN_RESULT_SIZE;
/** Bytes read at a time, where no batch is larger. */
const CHUNK_SIZE = 1024 * KIB;
const TWO_TO_32 = 2 ** 32;

/** Scratch that a scan needs for batches of up to `batchSizeMax` bytes. */
export function scratchSizeFor(batchSizeMax: number): number {
  return Math.ceil((OVERHEAD + Math.max(CHUNK_SIZE, batchSizeMax)) / 8) * 8;
}

/** A batch as the scan found it. The object is reused: take what you need before you return. */
export class ScannedBatch {
  /** Where it begins in the file. */
  position = 0;
  size = 0;
  baseOffset = 0;
  lastOffsetDelta = 0;
  recordsCount = 0;
  maxTimestamp = 0;
  leaderEpoch = 0;
  producerId = -1;
  producerEpoch = -1;
  baseSequence = -1;
  /** Where its bytes lie in the environment's memory, for now. */
  address = 0;

  get nextOffset(): number {
    return this.baseOffset + this.lastOffsetDelta + 1;
  }
}

/** `end`: every byte is a good batch; `zeros`: nothing was written from there on; `torn`: the last batch is cut off; `bad`: it fails its checks. */
export type ScanStop = "end" | "zeros" | "torn" | "bad";

export interface ScanOutcome {
  /** First byte that is not part of a good batch. */
  readonly position: number;
  /** Offset after the last good batch. */
  readonly nextOffset: number;
  readonly stop: ScanStop;
}

export interface ScanRange {
  readonly position: number;
  readonly end: number;
  /** Offset that the first batch must have; -1: any. */
  readonly expectedOffset: number;
  /** Offsets may be missing between batches. */
  readonly gaps: boolean;
}

/** What a look at bytes in memory found; the object is reused. */
class MemoryScan {
  /** Bytes of good batches. */
  consumed = 0;
  /** Offset after the last good batch, or the expected one. */
  nextOffset = 0;
  /** STOP_* or ERR_*. */
  stop = 0;
  sizeNeeded = 0;
}

/**
 * Checks consecutive batches that lie in memory.
 *
 * @param position of the first byte in its file
 * @param expectedOffset of the first batch, -1: any
 * @param visit called for each good batch; false refuses it
 */
export function scanMemory(
  environment: ScanEnvironment,
  address: number,
  size: number,
  position: number,
  expectedOffset: number,
  gaps: boolean,
  visit: (batch: ScannedBatch) => boolean,
): MemoryScan {
  const { core, memory, scratch: table } = environment;
  const result = table + TABLE_SIZE;
  const { view } = memory;
  const scan = new MemoryScan();
  const batch = new ScannedBatch();
  scan.nextOffset = expectedOffset;
  do {
    const from = address + scan.consumed;
    const found = core.scanBatches(
      from,
      size - scan.consumed,
      scan.nextOffset,
      gaps ? SCAN_CRC | SCAN_GAPS : SCAN_CRC,
      table,
      TABLE_CAPACITY,
      result,
    );
    const consumedBefore = scan.consumed;
    for (let index = 0; index < found; index++) {
      loadBatch(batch, view, table + index * SCAN_ENTRY_SIZE, from, position + consumedBefore);
      if (!visit(batch)) {
        scan.stop = ERR_CRC;
        return scan;
      }
      scan.nextOffset = batch.nextOffset;
      scan.consumed = batch.address + batch.size - address;
    }
    scan.stop = view.getInt32(result + SCAN_RESULT_STOP_AT, true);
    scan.sizeNeeded = view.getUint32(result + SCAN_RESULT_SIZE_NEEDED_AT, true);
  } while (scan.stop === STOP_FULL);
  return scan;
}

/**
 * Reads a range of a segment, chunk by chunk.
 *
 * @param visit called for each good batch; false refuses it, and the scan ends there as `bad`
 * @throws DiskError
 */
export function scanSegment(
  environment: ScanEnvironment,
  file: FileHandle,
  range: ScanRange,
  visit: (batch: ScannedBatch) => boolean,
): ScanOutcome {
  const { disk, memory, scratch, scratchSize } = environment;
  const buffer = scratch + OVERHEAD;
  const bufferSize = scratchSize - OVERHEAD;
  let position = range.position;
  let nextOffset = range.expectedOffset;
  let wanted = CHUNK_SIZE;
  while (position < range.end) {
    const asked = Math.min(wanted, range.end - position, bufferSize);
    const read = disk.read(file, memory.bytes.subarray(buffer, buffer + asked), position);
    if (read === 0) return { position, nextOffset, stop: "torn" };
    const scan = scanMemory(environment, buffer, read, position, nextOffset, range.gaps, visit);
    position += scan.consumed;
    nextOffset = scan.nextOffset;
    wanted = CHUNK_SIZE;
    if (scan.stop === STOP_ZEROS) return { position, nextOffset, stop: "zeros" };
    if (scan.stop === STOP_TRUNCATED) {
      if (position + scan.sizeNeeded > range.end || scan.sizeNeeded > bufferSize)
        return { position, nextOffset, stop: "torn" };
      wanted = Math.max(CHUNK_SIZE, scan.sizeNeeded);
    } else if (scan.stop !== STOP_END) {
      return { position, nextOffset, stop: "bad" };
    }
  }
  return { position, nextOffset, stop: "end" };
}

/**
 * Looks for the next good batch behind damage.
 *
 * @param offsetMin its base offset must not be below this
 * @returns null when there is none before `range.end`
 */
export function findNextBatch(
  environment: ScanEnvironment,
  file: FileHandle,
  range: { readonly position: number; readonly end: number },
  offsetMin: number,
): { position: number; baseOffset: number } | null {
  const { disk } = environment;
  const window = new Uint8Array(256 * KIB);
  const view = new DataView(window.buffer);
  for (
    let start = range.position;
    start + BATCH_HEADER_SIZE <= range.end;
    start += window.length - BATCH_HEADER_SIZE + 1
  ) {
    const read = disk.read(file, window.subarray(0, Math.min(window.length, range.end - start)), start);
    for (let at = 0; at + BATCH_HEADER_SIZE <= read; at++) {
      // Magic 2 and the zero high bytes of a base offset and a length in range rule out nearly every place.
      if (window[at + 16] !== 2 || view.getUint16(at) !== 0) continue;
      const baseOffset = view.getUint32(at) * TWO_TO_32 + view.getUint32(at + 4);
      if (baseOffset < offsetMin || start + at + 12 + view.getUint32(at + 8) > range.end) continue;
      const candidate = { position: start + at, end: range.end, expectedOffset: -1, gaps: true };
      let good = false;
      scanSegment(environment, file, candidate, () => {
        if (good) return false;
        good = true;
        return true;
      });
      if (good) return { position: start + at, baseOffset };
    }
  }
  return null;
}

function loadBatch(batch: ScannedBatch, view: DataView, at: number, address: number, position: number): void {
  const offset = view.getUint32(at + SCAN_POSITION_AT, true);
  batch.position = position + offset;
  batch.address = address + offset;
  batch.size = view.getUint32(at + SCAN_SIZE_AT, true);
  batch.baseOffset = view.getFloat64(at + SCAN_BASE_OFFSET_AT, true);
  batch.lastOffsetDelta = view.getUint32(at + SCAN_LAST_OFFSET_DELTA_AT, true);
  batch.recordsCount = view.getUint32(at + SCAN_RECORDS_COUNT_AT, true);
  batch.maxTimestamp = view.getFloat64(at + SCAN_MAX_TIMESTAMP_AT, true);
  batch.leaderEpoch = view.getInt32(at + SCAN_LEADER_EPOCH_AT, true);
  batch.producerId =
    view.getInt32(at + SCAN_PRODUCER_ID_AT + 4, true) * TWO_TO_32 + view.getUint32(at + SCAN_PRODUCER_ID_AT, true);
  batch.producerEpoch = view.getInt32(at + SCAN_PRODUCER_EPOCH_AT, true);
  batch.baseSequence = view.getInt32(at + SCAN_BASE_SEQUENCE_AT, true);
}
