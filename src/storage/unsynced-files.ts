/**
 * What a log must still make durable besides its active segment: files that were written once and are to be closed afterwards
 * (a sealed segment, a snapshot), and folders with new entries. What was collected for one group is closed when it ends;
 * what came meanwhile waits for the next.
 *
 * Every file that waits is an open one, so their number is bounded: a log that rolls faster than the disk syncs must wait.
 */
import type { Disk, FileHandle, SyncCollector } from "./disk.ts";
import type { UnsyncedCount } from "./unsynced-count.ts";

/** So many files are worth a sync at once, whatever the durability. */
const FILES_PRESSING = 32;
/** With so many the log rolls no more: what waits, and what is being synced. A roll adds five. */
const FILES_MAX = 96;

export class UnsyncedFiles {
  readonly #disk: Disk;
  readonly #ofAll: UnsyncedCount;
  #retired: FileHandle[] = [];
  #folders = new Set<string>();
  #collected: FileHandle[] = [];
  #collectedFolders: FileHandle[] = [];

  constructor(disk: Disk, ofAll: UnsyncedCount) {
    this.#disk = disk;
    this.#ofAll = ofAll;
  }

  get isEmpty(): boolean {
    return this.#retired.length === 0 && this.#folders.size === 0 && this.#collected.length === 0;
  }

  get isPressing(): boolean {
    return this.#retired.length >= (this.#ofAll.isHigh ? 1 : FILES_PRESSING);
  }

  get isFull(): boolean {
    return this.#ofAll.isFull || this.#retired.length + this.#collected.length >= FILES_MAX;
  }

  /** The file is complete; it is closed after the next sync. */
  retire(...files: readonly FileHandle[]): void {
    this.#retired.push(...files);
    this.#ofAll.count += files.length;
  }

  /** The folder has a new or renamed entry. */
  changed(folder: string): void {
    this.#folders.add(folder);
  }

  /** @throws DiskError a folder could not be opened; nothing was collected */
  collect(collector: SyncCollector): void {
    try {
      for (const folder of this.#folders) this.#collectedFolders.push(this.#disk.openDirectory(folder));
    } catch (error) {
      for (const folder of this.#collectedFolders) this.#disk.close(folder);
      this.#collectedFolders = [];
      throw error;
    }
    this.#folders.clear();
    for (const folder of this.#collectedFolders) collector.addDirectory(folder);
    for (const file of this.#retired) collector.addFile(file);
    this.#collected = this.#retired;
    this.#retired = [];
  }

  /** Is this file or folder one of those collected? */
  hasCollected(file: FileHandle): boolean {
    return this.#collected.includes(file) || this.#collectedFolders.includes(file);
  }

  /** The group has ended: what it held is closed. */
  closeCollected(): void {
    this.#close(this.#collected);
    for (const folder of this.#collectedFolders) this.#disk.close(folder);
    this.#collected = [];
    this.#collectedFolders = [];
  }

  /** Closes everything unsynced: the files are about to be deleted, or a failed sync made them worthless. */
  abandon(): void {
    this.closeCollected();
    this.#close(this.#retired);
    this.#retired = [];
    this.#folders.clear();
  }

  #close(files: readonly FileHandle[]): void {
    for (const file of files) this.#disk.close(file);
    this.#ofAll.count -= files.length;
  }
}
