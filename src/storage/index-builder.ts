/**
 * Builds a segment's `.slots` and `.times` files from its batches: by recovery for what lies behind the indexed point, and
 * whole where a file is missing or disagrees with the log (contract B2).
 */

import type { Crc32c } from "../wasm/crc32c.ts";
import { BATCH_LENGTH_AT, SLOT_SIZE } from "../wasm/layout.ts";
import { type Disk, type FileHandle, replaceFile } from "./disk.ts";
import {
  decodeIndexHeader,
  encodeIndexHeader,
  INDEX_HEADER_SIZE,
  INDEX_KIND_DENSE,
  INDEX_KIND_TIMES,
  segmentFileName,
} from "./segment-files.ts";
import { findNextBatch, type ScanEnvironment, type ScannedBatch, scanSegment } from "./segment-scan.ts";
import { TIMES_ENTRY_SIZE, TIMES_INTERVAL } from "./time-index.ts";
import { TimesFile } from "./times-file.ts";

/** The segment whose index is built. */
export interface IndexedSegment {
  readonly folder: string;
  readonly base: number;
  /** Most offsets it may hold, where its files do not say. */
  readonly slotsMax: number;
  /** Ties new files to one another, where none say. */
  readonly segmentId: bigint;
}

export class IndexBuilder {
  #slots: Uint32Array;
  #slotCount: number;
  readonly #times: DataView[] = [];
  #nextTimesPosition: number;
  readonly firstSlot: number;
  readonly #base: number;

  /**
   * @param firstSlot entries before this one stand
   * @param position where the batch of that entry begins
   */
  constructor(base: number, firstSlot: number, position: number) {
    this.#base = base;
    this.firstSlot = firstSlot;
    this.#slotCount = firstSlot;
    this.#slots = new Uint32Array(4096);
    this.#nextTimesPosition = position;
  }

  /**
   * Adds the batch that holds the next offsets. Offsets missing before it point at it (contract B2).
   *
   * @param maxTimestamp of the segment up to and with this batch
   */
  add(nextOffset: number, position: number, maxTimestamp: number): void {
    if (position >= this.#nextTimesPosition) {
      const entry = new DataView(new ArrayBuffer(TIMES_ENTRY_SIZE));
      entry.setFloat64(0, maxTimestamp, true);
      entry.setUint32(8, this.#slotCount, true);
      entry.setUint32(12, position, true);
      this.#times.push(entry);
      this.#nextTimesPosition = position + TIMES_INTERVAL;
    }
    this.fill(nextOffset, position);
  }

  /** Points all offsets up to `nextOffset` that have no entry yet at `position`. */
  fill(nextOffset: number, position: number): void {
    const end = nextOffset - this.#base;
    const from = this.#slotCount - this.firstSlot;
    const to = end - this.firstSlot;
    if (to > this.#slots.length) {
      const larger = new Uint32Array(2 ** Math.ceil(Math.log2(to)));
      larger.set(this.#slots.subarray(0, from));
      this.#slots = larger;
    }
    this.#slots.fill(position, from, to);
    this.#slotCount = end;
  }

  /** @returns where the batch of an offset begins, -1: it has no entry here */
  positionOf(offset: number): number {
    const slot = offset - this.#base;
    return slot < this.firstSlot || slot >= this.#slotCount ? -1 : this.#slots[slot - this.firstSlot]!;
  }

  /** Entries in all, those before the first one included. */
  get slotCount(): number {
    return this.#slotCount;
  }

  slotBytes(): Uint8Array {
    return new Uint8Array(this.#slots.buffer, 0, (this.#slotCount - this.firstSlot) * SLOT_SIZE);
  }

  timesBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#times.length * TIMES_ENTRY_SIZE);
    for (const [index, entry] of this.#times.entries())
      bytes.set(new Uint8Array(entry.buffer), index * TIMES_ENTRY_SIZE);
    return bytes;
  }
}

/**
 * Indexes a whole segment from its log. Offsets of a region that holds no good batch point at its beginning, so that a
 * reader meets the damage there.
 *
 * @param end where the segment ends, and the offset after its last record
 * @throws DiskError
 */
export function buildIndex(
  environment: ScanEnvironment,
  segment: IndexedSegment,
  end: { readonly position: number; readonly end: number },
): IndexBuilder {
  const { disk } = environment;
  const builder = new IndexBuilder(segment.base, 0, 0);
  const file = disk.open(`${segment.folder}/${segmentFileName(segment.base, "log")}`, "read");
  let position = 0;
  let maxTimestamp = -1;
  try {
    while (position < end.position) {
      const range = { position, end: end.position, expectedOffset: -1, gaps: true };
      const outcome = scanSegment(environment, file, range, (batch) => {
        const expected = segment.base + builder.slotCount;
        if (batch.baseOffset < expected || batch.nextOffset > end.end) return false;
        if (batch.baseOffset > expected && overlapsNext(disk, file, batch, end.position)) return false;
        maxTimestamp = Math.max(maxTimestamp, batch.maxTimestamp);
        builder.add(batch.nextOffset, batch.position, maxTimestamp);
        return true;
      });
      if (outcome.stop === "end") break;
      const behind = { position: outcome.position + 1, end: end.position };
      const next = findNextBatch(environment, file, behind, segment.base + builder.slotCount);
      builder.fill(next?.baseOffset ?? end.end, outcome.position);
      position = next?.position ?? end.position;
    }
  } finally {
    disk.close(file);
  }
  return builder;
}

/**
 * A base offset lies outside the batch's CRC. One that leaves a gap before the batch may be true, or a flipped bit: then the
 * batch reaches into the next one.
 */
function overlapsNext(disk: Disk, file: FileHandle, batch: ScannedBatch, end: number): boolean {
  const next = batch.position + batch.size;
  if (next + BATCH_LENGTH_AT > end) return false;
  const bytes = new Uint8Array(BATCH_LENGTH_AT);
  disk.read(file, bytes, next);
  const view = new DataView(bytes.buffer);
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4) < batch.nextOffset;
}

/**
 * Writes both index files of a segment anew, by temp and rename, so that readers see the old or the new.
 *
 * @param builder holds every entry of the segment
 * @throws DiskError
 */
export function replaceIndexFiles(disk: Disk, segment: IndexedSegment, builder: IndexBuilder, crc32c: Crc32c): void {
  const { folder, base, slotsMax, segmentId } = segment;
  const facts = { base, slots: slotsMax, segmentId };
  const slots = [encodeIndexHeader({ ...facts, kind: INDEX_KIND_DENSE }, crc32c), builder.slotBytes()];
  const times = [encodeIndexHeader({ ...facts, kind: INDEX_KIND_TIMES }, crc32c), builder.timesBytes()];
  replaceFile(disk, folder, segmentFileName(base, "slots"), join(slots));
  replaceFile(disk, folder, segmentFileName(base, "times"), join(times));
}

/**
 * Completes the index files of a segment behind the builder's first slot, cutting what they hold beyond.
 *
 * @returns false when a file is missing or is not this segment's: build it whole
 * @throws DiskError
 */
export function extendIndexFiles(disk: Disk, segment: IndexedSegment, builder: IndexBuilder, crc32c: Crc32c): boolean {
  const { firstSlot } = builder;
  const slots = openIndex(disk, segment, "slots", crc32c);
  const times = openIndex(disk, segment, "times", crc32c);
  try {
    if (slots === null || times === null) return false;
    if (disk.size(slots) < INDEX_HEADER_SIZE + firstSlot * SLOT_SIZE) return false;
    replaceFrom(disk, slots, INDEX_HEADER_SIZE + firstSlot * SLOT_SIZE, builder.slotBytes());
    replaceFrom(
      disk,
      times,
      INDEX_HEADER_SIZE + timesBefore(disk, times, firstSlot) * TIMES_ENTRY_SIZE,
      builder.timesBytes(),
    );
    return true;
  } finally {
    if (slots !== null) disk.close(slots);
    if (times !== null) disk.close(times);
  }
}

/** Are both index files there, does the slots file hold exactly so many entries, and the times file none beyond them? */
export function hasWholeIndex(disk: Disk, segment: IndexedSegment, slots: number, crc32c: Crc32c): boolean {
  const slotsFile = openIndex(disk, segment, "slots", crc32c);
  const timesFile = openIndex(disk, segment, "times", crc32c);
  try {
    if (slotsFile === null || timesFile === null) return false;
    const timesSize = disk.size(timesFile) - INDEX_HEADER_SIZE;
    return (
      disk.size(slotsFile) === INDEX_HEADER_SIZE + slots * SLOT_SIZE &&
      timesSize === timesBefore(disk, timesFile, slots) * TIMES_ENTRY_SIZE
    );
  } finally {
    for (const file of [slotsFile, timesFile]) if (file !== null) disk.close(file);
  }
}

function openIndex(
  disk: Disk,
  { folder, base }: IndexedSegment,
  kind: "slots" | "times",
  crc32c: Crc32c,
): FileHandle | null {
  const path = `${folder}/${segmentFileName(base, kind)}`;
  if (disk.status(path) === null) return null;
  const file = disk.open(path, "write");
  const header = new Uint8Array(INDEX_HEADER_SIZE);
  const read = disk.read(file, header, 0);
  const decoded = decodeIndexHeader(
    header.subarray(0, read),
    kind === "slots" ? INDEX_KIND_DENSE : INDEX_KIND_TIMES,
    crc32c,
  );
  if (decoded?.base === base) return file;
  disk.close(file);
  return null;
}

function replaceFrom(disk: Disk, file: FileHandle, position: number, bytes: Uint8Array): void {
  disk.truncate(file, position);
  disk.write(file, bytes, position);
  disk.sync(file);
}

/** How many time entries belong to offsets before `slot`. */
function timesBefore(disk: Disk, file: FileHandle, slot: number): number {
  const bytes = new Uint8Array(disk.size(file));
  disk.read(file, bytes, 0);
  const times = new TimesFile(bytes);
  let { count } = times;
  while (count > 0 && times.slotAt(count - 1) >= slot) count--;
  return count;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
