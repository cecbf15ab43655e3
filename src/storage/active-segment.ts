/**
 * The files of the segment that is being written, with its indexes. What the segment holds is a LogPoint, which the log keeps;
 * this file knows how a segment comes to be, is taken up again, indexed, cut back and sealed.
 */
import { assert } from "../base/assert.ts";
import { type Disk, DiskError, type FileHandle } from "./disk.ts";
import { OffsetIndex, type PageOwner } from "./offset-index.ts";
import type { IndexedPoint, LogEnvironment } from "./partition-log.ts";
import {
  decodeIndexHeader,
  encodeIndexHeader,
  encodeSeal,
  INDEX_HEADER_SIZE,
  INDEX_KIND_DENSE,
  INDEX_KIND_TIMES,
  segmentFileName,
} from "./segment-files.ts";
import { TIMES_ENTRY_SIZE, TimeIndex } from "./time-index.ts";

interface SegmentFiles {
  readonly log: FileHandle;
  readonly slots: FileHandle;
  readonly times: FileHandle;
}

export class ActiveSegment {
  readonly base: number;
  readonly slotsMax: number;
  readonly log: FileHandle;
  readonly #environment: LogEnvironment;
  readonly #folder: string;
  readonly #segmentId: bigint;
  readonly #index: OffsetIndex;
  readonly #times: TimeIndex;

  private constructor(
    environment: LogEnvironment,
    folder: string,
    base: number,
    slotsMax: number,
    segmentId: bigint,
    files: SegmentFiles,
    owner: PageOwner,
  ) {
    const { memory, core, disk } = environment;
    this.base = base;
    this.slotsMax = slotsMax;
    this.log = files.log;
    this.#environment = environment;
    this.#folder = folder;
    this.#segmentId = segmentId;
    this.#index = new OffsetIndex(memory, core, disk, files.slots, owner);
    this.#times = new TimeIndex(disk, files.times);
  }

  /**
   * Begins a segment: three new files.
   *
   * @throws DiskError no file is left behind that the disk lets be removed
   */
  static create(
    environment: LogEnvironment,
    folder: string,
    base: number,
    slotsMax: number,
    owner: PageOwner,
  ): ActiveSegment {
    const { disk, crc32c } = environment;
    const segmentId = environment.newSegmentId();
    const created: [file: FileHandle, path: string][] = [];
    const create = (kind: "log" | "slots" | "times"): FileHandle => {
      const path = `${folder}/${segmentFileName(base, kind)}`;
      const isLog = kind === "log";
      const file = disk.open(path, isLog ? "create" : "write");
      created.push([file, path]);
      // A power cut may leave the index files of a segment whose log it took.
      if (!isLog) disk.truncate(file, 0);
      return file;
    };
    try {
      const files = { log: create("log"), slots: create("slots"), times: create("times") };
      const header = { base, slots: slotsMax, segmentId };
      disk.write(files.slots, encodeIndexHeader({ ...header, kind: INDEX_KIND_DENSE }, crc32c), 0);
      disk.write(files.times, encodeIndexHeader({ ...header, kind: INDEX_KIND_TIMES }, crc32c), 0);
      return new ActiveSegment(environment, folder, base, slotsMax, segmentId, files, owner);
    } catch (error) {
      for (const [file] of created) disk.close(file);
      // The owner tries again where the disk refuses this.
      for (const [, path] of created) disk.remove(path);
      throw error;
    }
  }

  /**
   * Takes up a segment whose files recovery or a clean close left complete up to `point`.
   *
   * @throws DiskError
   */
  static open(environment: LogEnvironment, folder: string, point: IndexedPoint, owner: PageOwner): ActiveSegment {
    const { disk, crc32c } = environment;
    const opened: FileHandle[] = [];
    const open = (kind: "log" | "slots" | "times"): FileHandle => {
      const file = disk.open(`${folder}/${segmentFileName(point.base, kind)}`, "write");
      opened.push(file);
      return file;
    };
    try {
      const files = { log: open("log"), slots: open("slots"), times: open("times") };
      const header = new Uint8Array(INDEX_HEADER_SIZE);
      disk.read(files.slots, header, 0);
      const decoded = decodeIndexHeader(header, INDEX_KIND_DENSE, crc32c);
      assert(decoded !== null && decoded.base === point.base, "recovery leaves an intact slots file");
      const { slots, segmentId } = decoded;
      const segment = new ActiveSegment(environment, folder, point.base, slots, segmentId, files, owner);
      segment.#index.load(point.end - point.base);
      const entries = Math.floor((disk.size(files.times) - INDEX_HEADER_SIZE) / TIMES_ENTRY_SIZE);
      segment.#times.load(entries, point.position);
      return segment;
    } catch (error) {
      for (const file of opened) disk.close(file);
      throw error;
    }
  }

  get files(): readonly FileHandle[] {
    return [this.log, ...this.indexFiles];
  }

  get indexFiles(): readonly FileHandle[] {
    return [this.#index.file, this.#times.file];
  }

  /** Offset slots that lie in the slots file; those behind them lie in the page. */
  get firstSlotInPage(): number {
    return this.#index.firstSlot;
  }

  /**
   * Indexes a batch that will be written at `position`.
   *
   * @param slot the batch's base offset - base
   * @param count offsets it takes
   * @param maxTimestamp of the segment, this batch included
   * @throws DiskError a full page could not be written; call `truncate`
   */
  addToIndexes(slot: number, count: number, position: number, maxTimestamp: number): void {
    this.#times.append(maxTimestamp, slot, position);
    this.#index.append(count, position);
  }

  /** Takes the indexes back to the first `slots` offsets. @throws DiskError */
  truncateIndexes(slots: number): void {
    this.#index.truncate(slots);
    this.#times.truncate(slots);
  }

  /** Takes the indexes back to `point` and cuts the file there. @throws DiskError */
  truncate(point: IndexedPoint): void {
    this.truncateIndexes(point.end - this.base);
    this.#environment.disk.truncate(this.log, point.position);
  }

  /** Completes the index files. @throws DiskError */
  flushIndexes(): void {
    this.#index.flush();
    this.#times.flush();
  }

  /**
   * Completes the index files and writes the seal.
   *
   * @returns the seal's file, to be synced and closed with the segment's others
   * @throws DiskError the segment can go on as the active one
   */
  seal(point: IndexedPoint): FileHandle {
    const { disk, crc32c } = this.#environment;
    this.flushIndexes();
    const path = `${this.#folder}/${segmentFileName(this.base, "seal")}`;
    const seal = disk.open(path, "write");
    try {
      const facts = {
        base: this.base,
        nextOffset: point.end,
        maxTimestamp: point.maxTimestamp,
        firstAppendMs: point.firstAppendMs,
        lastAppendMs: point.lastAppendMs,
        size: point.position,
        segmentId: this.#segmentId,
        headersCrc: point.headersCrc,
        slots: this.slotsMax,
      };
      disk.write(seal, encodeSeal(facts, crc32c), 0);
      return seal;
    } catch (error) {
      disk.close(seal);
      disk.remove(path);
      throw error;
    }
  }

  /** Takes a seal back: the segment goes on after all. @throws DiskError */
  unseal(seal: FileHandle): void {
    const { disk } = this.#environment;
    disk.close(seal);
    disk.remove(`${this.#folder}/${segmentFileName(this.base, "seal")}`);
  }
}

/**
 * Removes all files of a segment. Where the disk refuses in between, a log is still known by its index files for one of ours,
 * and index files without a log are as good as none.
 */
export function removeSegment(disk: Disk, folder: string, base: number): void {
  for (const kind of ["seal", "log", "slots", "times"] as const)
    disk.remove(`${folder}/${segmentFileName(base, kind)}`);
}

/** Errno name of what a disk call threw; anything but a DiskError is a bug and goes on. */
export function diskCode(error: unknown): string {
  if (error instanceof DiskError) return error.code;
  throw error;
}
