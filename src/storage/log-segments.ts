/**
 * The segments of a log while it is written: the active one's files, the directory of all, and how one follows another.
 * What the active segment holds is told by the log's points.
 */
import { ActiveSegment, removeSegment } from "./active-segment.ts";
import { DiskError, type FileHandle } from "./disk.ts";
import type { LogPoint } from "./log-point.ts";
import { PAGE_SIZE, type PageOwner } from "./offset-index.ts";
import type { LogIdentity, PartitionFiles } from "./partition-files.ts";
import type { LogEnvironment } from "./partition-log.ts";
import type { PublishedLog } from "./published-log.ts";
import { appendBase, createDirectory, segmentBase, segmentCount } from "./segment-directory.ts";
import { segmentFileName } from "./segment-files.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

export class LogSegments implements PageOwner {
  /** Address of the index page; 0: none yet. */
  page = 0;
  readonly #environment: LogEnvironment;
  readonly #identity: LogIdentity;
  readonly #published: PublishedLog;
  readonly #files: PartitionFiles;
  readonly #unsynced: UnsyncedFiles;
  #directory: number;
  #active: ActiveSegment | null = null;
  /** The partition has files, opened or not. */
  #isBegun: boolean;
  /** Base of a segment that was begun in vain and whose files could not all be removed; -1: there is none. */
  #leftover = -1;
  /** A sync of the active segment's index files failed, so they may hold anything. */
  #hasDoubtfulIndex = false;

  /**
   * @param directory address of a directory of the segments; of one to come, where there are none
   * @param isBegun   the partition has files
   */
  constructor(
    environment: LogEnvironment,
    identity: LogIdentity,
    published: PublishedLog,
    files: PartitionFiles,
    unsynced: UnsyncedFiles,
    directory: number,
    isBegun: boolean,
  ) {
    this.#environment = environment;
    this.#identity = identity;
    this.#published = published;
    this.#files = files;
    this.#unsynced = unsynced;
    this.#directory = directory;
    this.#isBegun = isBegun;
  }

  /** The segment that is written; null: its files are not open. */
  get active(): ActiveSegment | null {
    return this.#active;
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  get hasDoubtfulIndex(): boolean {
    return this.#hasDoubtfulIndex;
  }

  /**
   * Opens the active segment, or makes the partition's folder and its first one.
   *
   * @throws DiskError call again
   */
  open(written: LogPoint, slotsMax: number): void {
    const { arena } = this.#environment;
    if (this.page === 0) {
      const page = arena.allocate(PAGE_SIZE);
      if (page < 0) throw new DiskError("ENOMEM", "allocate an index page");
      this.page = page;
    }
    if (this.#isBegun) {
      this.#take(ActiveSegment.open(this.#environment, this.#identity.folder, written, this));
    } else {
      this.#begin(written, slotsMax);
    }
    this.#publish();
  }

  /**
   * Seals the active segment and begins the next, which is empty.
   *
   * @param written end of the active one; nothing is staged behind it
   * @param begun   called when the next one stands, while readers are held off
   * @throws DiskError the active one goes on
   */
  roll(written: LogPoint, slotsMax: number, begun: () => void): void {
    const sealed = this.#active!;
    const next = this.#create(written.end, slotsMax);
    const seal = this.#seal(sealed, written, next);
    this.#published.begin();
    const isAdded = this.#addToDirectory(next.base);
    if (isAdded) {
      this.#take(next);
      begun();
      this.#publish();
    }
    this.#published.end();
    if (!isAdded) {
      sealed.unseal(seal);
      this.#discard(next);
      throw new DiskError("ENOMEM", "grow the segment directory");
    }
    this.#unsynced.retire(seal, ...sealed.files);
    if (this.#hasDoubtfulIndex) this.#removeIndex(sealed.base);
    this.#hasDoubtfulIndex = false;
  }

  /** The index files of the active segment could not be synced: after it rolled, the first reader makes new ones. */
  doubtIndex(): void {
    this.#hasDoubtfulIndex = true;
  }

  /**
   * Removes segments above a point, cuts the one that holds it, and begins a new one there. Readers are held off.
   *
   * @throws DiskError there is no active segment
   */
  replaceAbove(point: LogPoint, slotsMax: number): void {
    const { disk, memory, arena } = this.#environment;
    const { folder } = this.#identity;
    const { base, position, end } = point;
    this.close();
    const kept: number[] = [];
    for (let index = 0; index < segmentCount(memory, this.#directory); index++) {
      const candidate = segmentBase(memory, this.#directory, index);
      if (candidate < base || (candidate === base && position > 0)) kept.push(candidate);
      else removeSegment(disk, folder, candidate);
    }
    if (position > 0) {
      // Without a seal the file's own times count.
      this.#removeIndex(base);
      disk.remove(`${folder}/${segmentFileName(base, "seal")}`);
      const file = disk.open(`${folder}/${segmentFileName(base, "log")}`, "write");
      // With the next sync, which may cover an indexed point: recovery then never looks at this segment again.
      this.#unsynced.retire(file);
      disk.truncate(file, position);
    }
    this.#take(this.#create(end, slotsMax));
    const directory = createDirectory(memory, arena, [...kept, end]);
    if (directory < 0) throw new DiskError("ENOMEM", "build the segment directory");
    this.#replaceDirectory(directory);
    this.#hasDoubtfulIndex = false;
    this.#publish();
  }

  /** Closes the active segment's files. */
  close(): void {
    for (const file of this.#active?.files ?? []) this.#environment.disk.close(file);
    this.#active = null;
  }

  /** Gives the memory back. Readers must no longer find it. */
  release(): void {
    const { arena } = this.#environment;
    if (this.page !== 0) arena.release(this.page);
    arena.release(this.#directory);
  }

  pageMoved(firstSlot: number): void {
    this.#published.firstSlotInPage(firstSlot);
  }

  #begin(written: LogPoint, slotsMax: number): void {
    try {
      this.#files.makeFolder();
      this.#take(this.#create(written.end, slotsMax));
      this.#isBegun = true;
    } catch (error) {
      if (error instanceof DiskError) this.#files.removeNewFolder();
      throw error;
    }
  }

  #create(base: number, slotsMax: number): ActiveSegment {
    const { folder } = this.#identity;
    this.#removeLeftover();
    // A disk that fails may also refuse to take away what was begun.
    this.#leftover = base;
    const segment = ActiveSegment.create(this.#environment, folder, base, slotsMax, this);
    this.#leftover = -1;
    this.#unsynced.changed(folder);
    return segment;
  }

  /** @throws DiskError it is still there, and no segment may follow it */
  #removeLeftover(): void {
    if (this.#leftover < 0) return;
    removeSegment(this.#environment.disk, this.#identity.folder, this.#leftover);
    this.#leftover = -1;
  }

  #take(segment: ActiveSegment): void {
    for (const file of segment.files) this.#environment.openFiles.opened(file, this.#identity.entry);
    this.#active = segment;
  }

  #seal(segment: ActiveSegment, written: LogPoint, next: ActiveSegment): FileHandle {
    try {
      return segment.seal(written);
    } catch (error) {
      this.#discard(next);
      throw error;
    }
  }

  /** @returns false: no memory; nothing changed */
  #addToDirectory(base: number): boolean {
    const { memory, arena } = this.#environment;
    const directory = appendBase(memory, arena, this.#directory, base);
    if (directory >= 0) this.#replaceDirectory(directory);
    return directory >= 0;
  }

  /** A segment that nothing was written to. */
  #discard(segment: ActiveSegment): void {
    for (const file of segment.files) this.#environment.disk.close(file);
    this.#leftover = segment.base;
    this.#removeLeftover();
  }

  #publish(): void {
    this.#published.segment(this.page, this.#active!.firstSlotInPage, this.#active!.slotsMax);
  }

  /** Readers may still follow the old one; they see that the version moved and read again. */
  #replaceDirectory(directory: number): void {
    if (directory !== this.#directory) this.#environment.arena.release(this.#directory);
    this.#directory = directory;
    this.#published.directory(directory);
  }

  /** Whoever reads the segment next makes new ones. */
  #removeIndex(base: number): void {
    for (const kind of ["slots", "times"] as const)
      this.#environment.disk.remove(`${this.#identity.folder}/${segmentFileName(base, kind)}`);
  }
}
