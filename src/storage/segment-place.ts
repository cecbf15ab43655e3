/**
 * Where an offset lies, for whoever reads beside the log's writer, on any thread: what is needed of the log is taken from the
 * published numbers, in one consistent look (contract H4).
 */
import { BrokerError } from "../base/errors.ts";
import { SLOT_SIZE } from "../wasm/layout.ts";
import { isFull } from "./ballast.ts";
import { DiskError } from "./disk.ts";
import { buildIndex, type IndexBuilder, type IndexedSegment, replaceIndexFiles } from "./index-builder.ts";
import * as field from "./log-memory.ts";
import { findSegment, segmentBase, segmentCount } from "./segment-directory.ts";
import { INDEX_HEADER_SIZE, segmentFileName } from "./segment-files.ts";
import type { ScanEnvironment } from "./segment-scan.ts";

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

/** Where an offset lies, as published. */
export interface Place {
  readonly base: number;
  /** Offset at which the segment ends; of the active one, the log's end. */
  readonly end: number;
  readonly isActive: boolean;
  /** Position of the batch that holds the offset, -1: the slots file knows. */
  readonly position: number;
  /** Position at which the active segment ends. */
  readonly endPosition: number;
}

/** One consistent look at the published numbers. */
export function locate(environment: ReaderEnvironment, source: ReadSource, offset: number): Place {
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

/** Base offsets of the segments, oldest first, each by a look of its own: the log may change meanwhile. */
export function* segmentBases(environment: ReaderEnvironment, source: ReadSource): Generator<number> {
  const { memory } = environment;
  const count = environment.consistently(source.entry, () => segmentCount(memory, directoryOf(environment, source)));
  for (let index = 0; index < count; index++)
    yield environment.consistently(source.entry, () => segmentBase(memory, directoryOf(environment, source), index));
}

/**
 * @param index an index of the segment, where the published one is in doubt
 * @returns the position that the index gives, -1: the slots file is missing or too short
 */
export function positionOf(
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
 * Makes the index of the offset's segment anew. The files of the active one are its writer's, and stay; so do those of any on a
 * full disk, where the segment can be read all the same (contract D5).
 */
export function rebuildIndex(environment: ReaderEnvironment, source: ReadSource, offset: number): IndexBuilder {
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
  if (place.isActive) return index;
  try {
    replaceIndexFiles(disk, segment, index, crc32c);
  } catch (error) {
    if (!isFull(error)) throw error;
  }
  return index;
}

/** What a read is about, for what is said of a file that is missing. */
export interface ReadScope {
  /** The offset that is looked for right now. */
  offset(): number;
  /** Nothing at or above this offset can be read. */
  readonly limit: number;
}

/**
 * Runs a read.
 *
 * @throws BrokerError OFFSET_OUT_OF_RANGE, CORRUPT_BATCH, STORAGE_ERROR instead of what the disk throws
 */
export function translated<Result>(
  environment: ReaderEnvironment,
  source: ReadSource,
  scope: ReadScope,
  run: () => Result,
): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    if (error.code === "ENOENT") refuseMissing(environment, source, scope, error);
    throw new BrokerError("STORAGE_ERROR", `a read failed: ${error.message}`, { cause: error });
  }
}

/**
 * A file was not there. A segment below the log's start was removed; any other one is damage like a bad batch, behind which
 * reading goes on (contract E4).
 *
 * @throws BrokerError OFFSET_OUT_OF_RANGE, CORRUPT_BATCH; returns where the segment's log is there
 */
function refuseMissing(
  environment: ReaderEnvironment,
  source: ReadSource,
  { offset: current, limit }: ReadScope,
  cause: DiskError,
): void {
  const { disk, memory, consistently } = environment;
  const { entry, folder } = source;
  const offset = current();
  const { base } = locate(environment, source, offset);
  const logStart = consistently(entry, () => memory.f64[(entry >>> 3) + field.LOG_START]!);
  if (offset < logStart)
    throw new BrokerError("OFFSET_OUT_OF_RANGE", `the segment of offset ${offset} was removed meanwhile`, { cause });
  const isThere = (segment: number): boolean => disk.status(`${folder}/${segmentFileName(segment, "log")}`) !== null;
  if (isThere(base)) return;
  let nextOffset = limit;
  for (const other of segmentBases(environment, source)) {
    if (other <= offset || !isThere(other)) continue;
    nextOffset = Math.min(other, limit);
    break;
  }
  const missing = segmentFileName(base, "log");
  throw new BrokerError(
    "CORRUPT_BATCH",
    `${missing}, which held offset ${offset}, is missing; the next good batch is at ${nextOffset}`,
    { details: { offset, nextOffset, missing }, cause },
  );
}

/** @throws BrokerError OFFSET_OUT_OF_RANGE the log was closed meanwhile: it may hold records all the same */
function directoryOf({ memory }: ReaderEnvironment, { entry }: ReadSource): number {
  const directory = memory.f64[(entry >>> 3) + field.DIRECTORY]!;
  if (directory === 0) throw new BrokerError("OFFSET_OUT_OF_RANGE", "the log was closed meanwhile");
  return directory;
}
