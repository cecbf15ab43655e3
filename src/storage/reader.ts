/**
 * Reads batches that are no longer in memory, with the checks of contract E5: structure, CRC, offsets that follow one
 * another, and the 17 header bytes outside the CRC against the index and the epoch checkpoint.
 *
 * It runs beside the log's writer, on any thread: what it needs of the log it takes from the published numbers, in one
 * consistent look (contract H4).
 */

import { BrokerError } from "../base/errors.ts";
import { BATCH_LENGTH_AT, ERR_NOT_FOUND, SLOT_SIZE, STOP_TRUNCATED } from "../wasm/layout.ts";
import { DiskError, type FileHandle } from "./disk.ts";
import { buildIndex, type IndexBuilder, type IndexedSegment, replaceIndexFiles } from "./index-builder.ts";
import { LEADER_EPOCH_FILE, LeaderEpochs } from "./leader-epochs.ts";
import * as field from "./log-memory.ts";
import { findSegment, segmentBase, segmentCount } from "./segment-directory.ts";
import { decodeSeal, INDEX_HEADER_SIZE, SEAL_SIZE, segmentFileName } from "./segment-files.ts";
import { findNextBatch, type ScanEnvironment, type ScannedBatch, scanMemory, scanSegment } from "./segment-scan.ts";
import { TimesFile } from "./times-file.ts";

/** How far back a batch before missing offsets is looked for in the index. */
const GAP_LOOKBACK = 256;
/** How many entries of the index are read to find the batch before a damaged one. */
const SLOTS_LOOKBACK = 65_536;

export interface ReaderEnvironment extends ScanEnvironment {
  /** Runs `look` until it saw one state of the partition's published numbers. */
  consistently<Result>(entry: number, look: () => Result): Result;
  /** For index files that have to be made anew. */
  newSegmentId(): bigint;
}

/** The partition that is read. */
export interface ReadSource {
  /** Address of its published numbers. */
  readonly entry: number;
  readonly folder: string;
}

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

/** Where an offset lies, as published. */
interface Place {
  readonly base: number;
  /** Offset at which the segment ends; of the active one, the log's end. */
  readonly end: number;
  readonly isActive: boolean;
  /** Position of the batch that holds the offset, -1: the slots file knows. */
  readonly position: number;
  /** Position at which the active segment ends. */
  readonly endPosition: number;
}

/**
 * Reads whole batches from the segment that holds an offset.
 *
 * @throws BrokerError CORRUPT_BATCH the batch is damaged; details.nextOffset is the next one that can be read
 * @throws BrokerError OFFSET_OUT_OF_RANGE retention or a cut took the offset meanwhile
 * @throws BrokerError STORAGE_ERROR the disk refused
 */
export function readBatches(environment: ReaderEnvironment, source: ReadSource, request: ReadRequest): ReadResult {
  return translated(() => {
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

/**
 * @param timestamp Unix ms
 * @param limit offsets at or above it are not looked at
 * @returns the first offset whose record is not earlier, -1: none. In a compressed batch, the batch's first offset.
 * @throws BrokerError STORAGE_ERROR the disk refused
 */
export function findOffsetByTime(
  environment: ReaderEnvironment,
  source: ReadSource,
  timestamp: number,
  limit: number,
): number {
  return translated(() => {
    const { memory } = environment;
    const count = environment.consistently(source.entry, () => segmentCount(memory, directoryOf(environment, source)));
    for (let index = 0; index < count; index++) {
      const base = environment.consistently(source.entry, () =>
        segmentBase(memory, directoryOf(environment, source), index),
      );
      if (base >= limit) break;
      if (sealedBefore(environment, source, base, timestamp)) continue;
      const found = findInSegment(environment, source, base, timestamp, limit);
      if (found >= 0) return found;
    }
    return -1;
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

/** One consistent look at the published numbers. */
function locate(environment: ReaderEnvironment, source: ReadSource, offset: number): Place {
  const { memory, consistently } = environment;
  const { entry } = source;
  const first = entry >>> 3;
  const place = consistently(entry, (): Place | null => {
    const directory = memory.f64[first + field.DIRECTORY]!;
    if (directory === 0 || offset < segmentBase(memory, directory, 0)) return null;
    const index = findSegment(memory, directory, offset);
    const base = segmentBase(memory, directory, index);
    const isActive = index === segmentCount(memory, directory) - 1;
    const pageSlot = offset - base - memory.f64[first + field.PAGE_FIRST_SLOT]!;
    const page = memory.f64[first + field.PAGE_ADDRESS]!;
    const inPage = isActive && page !== 0 && pageSlot >= 0;
    return {
      base,
      end: isActive ? memory.f64[first + field.LOG_END]! : segmentBase(memory, directory, index + 1),
      isActive,
      position: inPage ? memory.u32[(page >>> 2) + pageSlot]! : -1,
      endPosition: memory.f64[first + field.END_POSITION]!,
    };
  });
  if (place === null) throw new BrokerError("OFFSET_OUT_OF_RANGE", `offset ${offset} is not in the log`);
  return place;
}

/**
 * @param index an index of the segment, where the published one is in doubt
 * @returns the position that the index gives, -1: the slots file is missing or too short
 */
function positionOf(
  environment: ReaderEnvironment,
  source: ReadSource,
  offset: number,
  index: IndexBuilder | null,
): number {
  if (index !== null) return index.positionOf(offset);
  const place = locate(environment, source, offset);
  if (place.position >= 0) return place.position;
  const { disk } = environment;
  const path = `${source.folder}/${segmentFileName(place.base, "slots")}`;
  if (disk.status(path) === null) return -1;
  const slots = disk.open(path, "read");
  try {
    const bytes = new Uint8Array(SLOT_SIZE);
    const read = disk.read(slots, bytes, INDEX_HEADER_SIZE + (offset - place.base) * SLOT_SIZE);
    return read === SLOT_SIZE ? new DataView(bytes.buffer).getUint32(0, true) : -1;
  } finally {
    disk.close(slots);
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

/** Makes the index of the offset's segment anew. The files of the active one are its writer's, and stay. */
function rebuildIndex(environment: ReaderEnvironment, source: ReadSource, offset: number): IndexBuilder {
  const place = locate(environment, source, offset);
  const { disk, crc32c } = environment;
  const size = disk.status(`${source.folder}/${segmentFileName(place.base, "log")}`)?.size ?? 0;
  const slotsMax = place.end - place.base;
  const segment: IndexedSegment = {
    folder: source.folder,
    base: place.base,
    slotsMax,
    segmentId: environment.newSegmentId(),
  };
  const position = place.isActive ? place.endPosition : size;
  const index = buildIndex(environment, segment, { position, end: place.end });
  if (!place.isActive) replaceIndexFiles(disk, segment, index, crc32c);
  return index;
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

function directoryOf({ memory }: ReaderEnvironment, { entry }: ReadSource): number {
  return memory.f64[(entry >>> 3) + field.DIRECTORY]!;
}

/** @returns null where there is no checkpoint to hold batches against */
function readEpochs({ disk }: ReaderEnvironment, { folder }: ReadSource): LeaderEpochs | null {
  const bytes = disk.readFile(`${folder}/${LEADER_EPOCH_FILE}`);
  return bytes === null ? null : LeaderEpochs.decode(bytes);
}

/** Does the segment's seal say that all its records are earlier? One of a roll that did not come to be says too little. */
function sealedBefore(environment: ReaderEnvironment, source: ReadSource, base: number, timestamp: number): boolean {
  const { disk, crc32c } = environment;
  const bytes = disk.readFile(`${source.folder}/${segmentFileName(base, "seal")}`);
  const seal = bytes?.length === SEAL_SIZE ? decodeSeal(bytes, crc32c) : null;
  const { end } = locate(environment, source, base);
  return seal !== null && seal.base === base && seal.nextOffset === end && seal.maxTimestamp < timestamp;
}

function findInSegment(
  environment: ReaderEnvironment,
  source: ReadSource,
  base: number,
  timestamp: number,
  limit: number,
): number {
  const { disk, core } = environment;
  const place = locate(environment, source, base);
  const log = disk.open(`${source.folder}/${segmentFileName(base, "log")}`, "read");
  try {
    const end = place.isActive ? place.endPosition : disk.size(log);
    let position = scanStart(environment, source, place, log, timestamp);
    let found = -1;
    while (found < 0 && position < end) {
      const outcome = scanSegment(environment, log, { position, end, expectedOffset: -1, gaps: true }, (batch) => {
        if (found >= 0 || batch.baseOffset >= limit) return false;
        if (batch.maxTimestamp < timestamp) return true;
        const delta = core.findTimestamp(batch.address, batch.size, timestamp);
        if (delta === ERR_NOT_FOUND) return true;
        found = batch.baseOffset + Math.max(0, delta);
        return true;
      });
      if (outcome.stop === "end" || outcome.stop === "zeros" || found >= 0 || outcome.nextOffset >= limit) break;
      const behind = { position: outcome.position + 1, end };
      position = findNextBatch(environment, log, behind, Math.max(base, outcome.nextOffset))?.position ?? end;
    }
    return found >= limit ? -1 : found;
  } finally {
    disk.close(log);
  }
}

/**
 * Where to begin looking for a timestamp. Times that are not true are made anew (contract B2); those of the active segment are
 * its writer's, so it is read from its beginning.
 */
function scanStart(
  environment: ReaderEnvironment,
  source: ReadSource,
  place: Place,
  log: FileHandle,
  timestamp: number,
): number {
  const position = indexedStart(environment, source, place.base, log, timestamp);
  if (position >= 0) return position;
  if (place.isActive) return 0;
  rebuildIndex(environment, source, place.base);
  return Math.max(0, indexedStart(environment, source, place.base, log, timestamp));
}

/**
 * By one entry earlier than would do, so that one whose timestamp is not true hides no record.
 *
 * @returns -1: the entries are out of order, or the one that was found names a place where its batch does not begin
 */
function indexedStart(
  { disk }: ReaderEnvironment,
  { folder }: ReadSource,
  base: number,
  log: FileHandle,
  timestamp: number,
): number {
  const bytes = disk.readFile(`${folder}/${segmentFileName(base, "times")}`);
  const times = new TimesFile(bytes ?? new Uint8Array(0));
  if (!times.isOrdered) return -1;
  const index = times.firstNotBefore(timestamp) - 2;
  if (index < 0) return 0;
  const position = times.positionAt(index);
  const header = new Uint8Array(8);
  disk.read(log, header, position);
  return new DataView(header.buffer).getBigInt64(0) === BigInt(base + times.slotAt(index)) ? position : -1;
}

function translated<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    if (error.code === "ENOENT")
      throw new BrokerError("OFFSET_OUT_OF_RANGE", "the segment was removed meanwhile", { cause: error });
    throw new BrokerError("STORAGE_ERROR", `a read failed: ${error.message}`, { cause: error });
  }
}
