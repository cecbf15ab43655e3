/**
 * What a log must still make durable besides its active file: files that were written once and are to be closed afterwards
 * (a sealed segment, a snapshot), and folders with new entries. What was collected for one group is closed when it ends;
 * what came meanwhile waits for the next.
 */
import type { Disk, FileHandle } from "./disk.ts";
import type { OpenFiles, SyncCollector } from "./partition-log.ts";

export class UnsyncedFiles {
  readonly #disk: Disk;
  readonly #openFiles: OpenFiles;
  #retired: FileHandle[] = [];
  #folders = new Set<string>();
  #collected: FileHandle[] = [];
  #collectedFolders: FileHandle[] = [];

  constructor(disk: Disk, openFiles: OpenFiles) {
    this.#disk = disk;
    this.#openFiles = openFiles;
  }

  get isEmpty(): boolean {
    return this.#retired.length === 0 && this.#folders.size === 0 && this.#collected.length === 0;
  }

  /** The file is complete; it is closed after the next sync. */
  retire(...files: readonly FileHandle[]): void {
    this.#retired.push(...files);
  }

  /** The folder has a new or renamed entry. */
  changed(folder: string): void {
    this.#folders.add(folder);
  }

  /** @throws DiskError a folder could not be opened; nothing was collected from there on */
  collect(collector: SyncCollector): void {
    for (const folder of this.#folders) {
      const handle = this.#disk.openDirectory(folder);
      this.#collectedFolders.push(handle);
      collector.addDirectory(handle);
      this.#folders.delete(folder);
    }
    for (const file of this.#retired) collector.addFile(file);
    this.#collected = this.#retired;
    this.#retired = [];
  }

  /** Was one of the collected, or nothing of them, among these? */
  collectedAny(files: ReadonlySet<FileHandle>): boolean {
    return this.#collected.some((file) => files.has(file)) || this.#collectedFolders.some((file) => files.has(file));
  }

  /** The group has ended: what it held is closed. */
  closeCollected(): void {
    for (const file of this.#collected) {
      this.#openFiles.closed(file);
      this.#disk.close(file);
    }
    for (const folder of this.#collectedFolders) this.#disk.close(folder);
    this.#collected = [];
    this.#collectedFolders = [];
  }

  /** Closes everything unsynced: the files are about to be deleted, or a failed sync made them worthless. */
  abandon(): void {
    this.closeCollected();
    for (const file of this.#retired) {
      this.#openFiles.closed(file);
      this.#disk.close(file);
    }
    this.#retired = [];
    this.#folders.clear();
  }
}
