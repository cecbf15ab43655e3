/**
 * Reads batches that are no longer in memory, with the checks of contract E5: structure, CRC, offsets that follow one
 * another, and the 17 header bytes outside the CRC against the index and the epoch checkpoint.
 */
import { BrokerError } from "../base/errors.ts";
import { BATCH_LENGTH_AT, SLOT_SIZE, STOP_TRUNCATED } from "../wasm/layout.ts";
import type { IndexBuilder } from "./index-builder.ts";
import { LEADER_EPOCH_FILE, LeaderEpochs } from "./leader-epochs.ts";
import { INDEX_HEADER_SIZE, segmentFileName } from "./segment-files.ts";
import {
  locate,
  type Place,
  positionOf,
  type ReaderEnvironment,
  type ReadSource,
  rebuildIndex,
  translated,
} from "./segment-place.ts";
import { findNextBatch, type ScannedBatch, scanMemory, scanSegment } from "./segment-scan.ts";

/** How far back a batch before missing offsets is looked for in the index. */
const GAP_LOOKBACK = 256;
/** How many entries of the index are read to find the batch before a damaged one. */
const SLOTS_LOOKBACK = 65_536;

export interface ReadRequest {
  /** First offset wanted; not below the log's start, below `limit`. */
  readonly offset: number;
  /** Nothing at or above this offset is returned (contract A2). */
  readonly limit: number;
  /** Where the bytes go. */
  readonly address: number;
  readonly capacity: number;
}

/** Whole batches, one behind the other, the first of which holds the offset. */
export interface ReadResult {
  /** Per batch; none where the first one does not fit. */
  readonly baseOffsets: Float64Array;
  readonly sizes: Uint32Array;
  /** Offset after the last of them. */
  readonly nextOffset: number;
  /** The capacity that the first batch needs, where it does not fit. */
  readonly sizeNeeded: number;
}

/**
 * Reads whole batches from the segment that holds an offset.
 *
 * @throws BrokerError CORRUPT_BATCH the batch is damaged, or its segment is missing; details.nextOffset is where reading can go on
 * @throws BrokerError OFFSET_OUT_OF_RANGE retention or a cut took the offset meanwhile
 * @throws BrokerError STORAGE_ERROR the disk refused
 */
export function readBatches(environment: ReaderEnvironment, source: ReadSource, request: ReadRequest): ReadResult {
  return translated(environment, source, { offset: () => request.offset, limit: request.limit }, () => {
    const result = tryRead(environment, source, request, null);
    if (result !== null) return result;
    let position = damagedAt(environment, source, request.offset);
    if (position < 0) {
      // Damage, or an index that led astray: the index is a cache, so it is made anew before the log is blamed.
      const index = rebuildIndex(environment, source, request.offset);
      const again = tryRead(environment, source, request, index);
      if (again !== null) return again;
      position = Math.max(0, index.positionOf(request.offset));
    }
    const nextOffset = nextReadable(environment, source, request, position);
    throw new BrokerError(
      "CORRUPT_BATCH",
      `the batch at offset ${request.offset} is damaged; the next good one is at ${nextOffset}`,
      {
        details: { offset: request.offset, nextOffset },
      },
    );
  });
}

/** @returns null: the batch at the position is not what the index says, or fails its checks */
function tryRead(
  environment: ReaderEnvironment,
  source: ReadSource,
  request: ReadRequest,
  index: IndexBuilder | null,
): ReadResult | null {
  const { disk, memory } = environment;
  const { offset, limit, address, capacity } = request;
  const place = locate(environment, source, offset);
  const position = positionOf(environment, source, offset, index);
  if (position < 0) return null;
  const log = disk.open(`${source.folder}/${segmentFileName(place.base, "log")}`, "read");
  let read = 0;
  let available = 0;
  try {
    available = (place.isActive ? place.endPosition : disk.size(log)) - position;
    if (available <= 0) return null;
    read = disk.read(log, memory.bytes.subarray(address, address + Math.min(capacity, available)), position);
  } finally {
    disk.close(log);
  }
  const epochs = readEpochs(environment, source);
  const baseOffsets: number[] = [];
  const sizes: number[] = [];
  let nextOffset = offset;
  const scan = scanMemory(environment, address, read, position, -1, false, (batch) => {
    const known = epochs === null || epochs.epochOf(batch.baseOffset) === batch.leaderEpoch;
    const within = batch.nextOffset <= limit && batch.nextOffset > offset;
    if (!known || !within) return false;
    if (sizes.length === 0 && !isIndexed(environment, source, place, batch, offset, index)) return false;
    baseOffsets.push(batch.baseOffset);
    sizes.push(batch.size);
    nextOffset = batch.nextOffset;
    return true;
  });
  const sizeNeeded = scan.stop === STOP_TRUNCATED && sizes.length === 0 ? scan.sizeNeeded : 0;
  const grows = sizeNeeded > read && sizeNeeded <= available;
  if (sizes.length === 0 && !grows) return null;
  return { baseOffsets: Float64Array.from(baseOffsets), sizes: Uint32Array.from(sizes), nextOffset, sizeNeeded };
}

/**
 * Does the index agree that this batch holds `offset`? A base offset lies outside the CRC (contract E5), but the number of
 * offsets does not, so where the index lets the batch end pins where it begins.
 */
function isIndexed(
  environment: ReaderEnvironment,
  source: ReadSource,
  place: Place,
  { baseOffset, nextOffset, position }: ScannedBatch,
  offset: number,
  index: IndexBuilder | null,
): boolean {
  if (baseOffset < place.base || nextOffset > place.end) return false;
  const at = (other: number): number => positionOf(environment, source, other, index);
  if (at(nextOffset - 1) !== position || (nextOffset < place.end && at(nextOffset) === position)) return false;
  return baseOffset <= offset || index !== null || liesBehindGap(environment, source, place, offset, position);
}

/** Offsets before a batch may be missing; then it lies right behind the batch before them. An index may just be wrong. */
function liesBehindGap(
  environment: ReaderEnvironment,
  source: ReadSource,
  place: Place,
  offset: number,
  position: number,
): boolean {
  if (position === 0) return true;
  let before = offset - 1;
  const last = Math.max(place.base, offset - GAP_LOOKBACK);
  while (before > last && positionOf(environment, source, before, null) === position) before--;
  if (before < place.base) return false;
  const previous = positionOf(environment, source, before, null);
  const { disk } = environment;
  const log = disk.open(`${source.folder}/${segmentFileName(place.base, "log")}`, "read");
  try {
    const bytes = new Uint8Array(BATCH_LENGTH_AT + 4);
    if (previous < 0 || disk.read(log, bytes, previous) < bytes.length) return false;
    return previous + bytes.length + new DataView(bytes.buffer).getUint32(BATCH_LENGTH_AT) === position;
  } finally {
    disk.close(log);
  }
}

/**
 * Whoever asks for a damaged batch again and again must not have the index of a whole segment made each time.
 *
 * @returns where the batch lies, if no good one lies there and the one before ends there, so that the index is right; else -1
 */
function damagedAt(environment: ReaderEnvironment, source: ReadSource, offset: number): number {
  const { disk } = environment;
  const place = locate(environment, source, offset);
  const position = place.isActive ? -1 : positionOf(environment, source, offset, null);
  const previous = position <= 0 ? -1 : positionBefore(environment, source, place, offset, position);
  if (previous < 0) return -1;
  const log = disk.open(`${source.folder}/${segmentFileName(place.base, "log")}`, "read");
  try {
    const anyOffset = { expectedOffset: -1, gaps: true };
    const before = scanSegment(environment, log, { position: previous, end: position, ...anyOffset }, () => true);
    if (before.stop !== "end" || before.nextOffset > offset) return -1;
    let isGood = false;
    scanSegment(environment, log, { position, end: disk.size(log), ...anyOffset }, () => {
      if (isGood) return false;
      isGood = true;
      return true;
    });
    return isGood ? -1 : position;
  } finally {
    disk.close(log);
  }
}

/** @returns the last position before `position` in the index; -1: none among the nearest entries */
function positionBefore(
  { disk }: ReaderEnvironment,
  { folder }: ReadSource,
  { base }: Place,
  offset: number,
  position: number,
): number {
  const from = Math.max(0, offset - base - SLOTS_LOOKBACK);
  const bytes = new Uint8Array((offset - base - from) * SLOT_SIZE);
  const slots = disk.open(`${folder}/${segmentFileName(base, "slots")}`, "read");
  try {
    const read = disk.read(slots, bytes, INDEX_HEADER_SIZE + from * SLOT_SIZE);
    const view = new DataView(bytes.buffer, 0, read);
    for (let at = read - SLOT_SIZE; at >= 0; at -= SLOT_SIZE)
      if (view.getUint32(at, true) !== position) return view.getUint32(at, true);
    return -1;
  } finally {
    disk.close(slots);
  }
}

/** @param position of the damage @returns the first offset behind it that can be read, or the limit */
function nextReadable(
  environment: ReaderEnvironment,
  source: ReadSource,
  request: ReadRequest,
  position: number,
): number {
  const { disk } = environment;
  const place = locate(environment, source, request.offset);
  const log = disk.open(`${source.folder}/${segmentFileName(place.base, "log")}`, "read");
  try {
    const end = place.isActive ? place.endPosition : disk.size(log);
    const next = findNextBatch(environment, log, { position: position + 1, end }, request.offset + 1);
    return Math.min(next?.baseOffset ?? place.end, request.limit);
  } finally {
    disk.close(log);
  }
}

/** @returns null where there is no checkpoint to hold batches against */
function readEpochs({ disk }: ReaderEnvironment, { folder }: ReadSource): LeaderEpochs | null {
  const bytes = disk.readFile(`${folder}/${LEADER_EPOCH_FILE}`);
  return bytes === null ? null : LeaderEpochs.decode(bytes);
}
