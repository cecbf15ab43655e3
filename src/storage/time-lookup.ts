/** Finds the first record that is not earlier than a time: by seals and times files, then record by record. */
import { ERR_NOT_FOUND } from "../wasm/layout.ts";
import type { FileHandle } from "./disk.ts";
import { decodeSeal, SEAL_SIZE, segmentFileName } from "./segment-files.ts";
import {
  locate,
  type Place,
  type ReaderEnvironment,
  type ReadSource,
  rebuildIndex,
  segmentBases,
  translated,
} from "./segment-place.ts";
import { findNextBatch, scanSegment } from "./segment-scan.ts";
import { TimesFile } from "./times-file.ts";

/**
 * @param timestamp Unix ms
 * @param limit offsets at or above it are not looked at
 * @returns the first offset whose record is not earlier, -1: none. In a compressed batch, the batch's first offset.
 * @throws BrokerError CORRUPT_BATCH a segment that may hold it is missing; details.nextOffset is where reading can go on
 * @throws BrokerError STORAGE_ERROR the disk refused
 */
export function findOffsetByTime(
  environment: ReaderEnvironment,
  source: ReadSource,
  timestamp: number,
  limit: number,
): number {
  let current = 0;
  return translated(environment, source, { offset: () => current, limit }, () => {
    for (const base of segmentBases(environment, source)) {
      if (base >= limit) break;
      current = base;
      if (sealedBefore(environment, source, base, timestamp)) continue;
      const found = findInSegment(environment, source, base, timestamp, limit);
      if (found >= 0) return found;
    }
    return -1;
  });
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
  if (index <= 0) return 0;
  const position = times.positionAt(index);
  const header = new Uint8Array(8);
  disk.read(log, header, position);
  // Offsets that are missing before a batch are part of its place in the index.
  const slot = Number(new DataView(header.buffer).getBigInt64(0)) - base;
  return slot >= times.slotAt(index) && slot < times.slotAt(index + 1) ? position : -1;
}
