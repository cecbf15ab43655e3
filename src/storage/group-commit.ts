/**
 * The files and folders of one group commit. Logs that share a folder have it synced once, and hear together how that went.
 *
 * Once any sync of a folder has failed, folders are changed before they are synced, which makes the kernel write what it may
 * take for written (FolderFailures). A folder that cannot be changed counts as one whose sync failed.
 */
import {
  type Disk,
  DiskError,
  type FailedSync,
  type FileHandle,
  type SyncCollector,
  type SyncFailures,
} from "./disk.ts";
import { renewFolder } from "./folder-names.ts";

export class GroupCommit implements SyncCollector {
  readonly files: FileHandle[] = [];
  readonly #disk: Disk;
  readonly #folders = new Map<string, FileHandle>();
  /** Errno names of those that could not be changed. */
  readonly #unchanged = new Map<string, string>();
  readonly #failuresBefore: number;

  constructor(disk: Disk) {
    this.#disk = disk;
    this.#failuresBefore = disk.folderFailures.count;
  }

  get directories(): readonly FileHandle[] {
    return [...this.#folders.values()];
  }

  get size(): number {
    return this.files.length + this.#folders.size;
  }

  addFile(file: FileHandle): void {
    this.files.push(file);
  }

  addFolder(folder: string): void {
    if (this.#folders.has(folder) || this.#unchanged.has(folder)) return;
    if (this.#failuresBefore === 0 || this.#renew(folder)) this.#folders.set(folder, this.#disk.openDirectory(folder));
  }

  #renew(folder: string): boolean {
    try {
      renewFolder(this.#disk, folder);
      return true;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#unchanged.set(folder, error.code);
      return false;
    }
  }

  /** Nobody takes part after all. */
  cancel(): void {
    for (const directory of this.#folders.values()) this.#disk.close(directory);
  }

  /** The sync has ended. */
  end(failed: readonly FailedSync[]): SyncFailures {
    const folders = new Map(this.#unchanged);
    const succeeded: string[] = [];
    for (const [folder, directory] of this.#folders) {
      const code = failed.find(({ file }) => file === directory)?.code;
      if (code === undefined) succeeded.push(folder);
      else folders.set(folder, code);
      this.#disk.close(directory);
    }
    // One that failed elsewhere meanwhile may have taken names of these with it.
    const { folderFailures } = this.#disk;
    const failures = folderFailures.count - this.#failuresBefore;
    const failedHere = this.#folders.size - succeeded.length;
    if (failures > failedHere) for (const folder of succeeded) folders.set(folder, "EIO");
    // Of a group whose thread died nobody knows how its syncs ended, and nobody has counted them.
    if (failures < failedHere) folderFailures.add();
    return { files: failed, folders };
  }
}
