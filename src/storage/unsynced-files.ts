/**
 * What a log must still make durable besides its active segment: files that were written once and are to be closed afterwards
 * (a sealed segment, a snapshot), and folders with new entries. What was collected for one group is closed when it ends;
 * what came meanwhile waits for the next.
 *
 * Every file that waits is an open one, so their number is bounded: a log that rolls faster than the disk syncs must wait.
 */
import type { Disk, FileHandle, SyncCollector, SyncFailures } from "./disk.ts";
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
  #collectedFolders = new Set<string>();

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

  /** The log's folder is gone, or what it holds is promised to nobody. */
  forgetFolders(): void {
    this.#folders.clear();
  }

  /** @throws DiskError a folder could not be opened; nothing was collected */
  collect(collector: SyncCollector): void {
    for (const folder of this.#folders) collector.addFolder(folder);
    for (const file of this.#retired) collector.addFile(file);
    this.#collectedFolders = this.#folders;
    this.#folders = new Set();
    this.#collected = this.#retired;
    this.#retired = [];
  }

  /** @returns errno name of what failed of that which was collected; "": nothing */
  failureIn({ files, folders }: SyncFailures): string {
    const file = files.find((failed) => this.#collected.includes(failed.file));
    if (file !== undefined) return file.code;
    for (const folder of this.#collectedFolders) if (folders.has(folder)) return folders.get(folder)!;
    return "";
  }

  /** The group has ended: what it held is closed. Where it failed, folders that are still there wait for the next one. */
  end(isDurable: boolean): void {
    if (!isDurable) for (const folder of this.#collectedFolders) this.#folders.add(folder);
    this.#collectedFolders.clear();
    this.#close(this.#collected);
    this.#collected = [];
  }

  /** Closes everything unsynced: the files are about to be deleted, or a failed sync made them worthless. */
  abandon(): void {
    this.#close(this.#collected);
    this.#close(this.#retired);
    this.#collected = [];
    this.#retired = [];
  }

  #close(files: readonly FileHandle[]): void {
    for (const file of files) this.#disk.close(file);
    this.#ofAll.count -= files.length;
  }
}
