/**
 * The files and folders of one group commit. Logs that share a folder have it synced once, and hear together how that went.
 *
 * After a sync of a folder failed, the kernel takes for written whatever names it had there, whoever made them (contract D4 for
 * names). So the folder is changed before it is synced again, which makes the kernel write all of them.
 */
import type { Disk, FailedSync, FileHandle, SyncCollector, SyncFailures } from "./disk.ts";
import { renewFolder } from "./folder-names.ts";

export class GroupCommit implements SyncCollector {
  readonly files: FileHandle[] = [];
  readonly #disk: Disk;
  readonly #folders = new Map<string, FileHandle>();
  readonly #doubtful: Set<string>;

  /** @param doubtful folders whose last sync failed; shared by one group after another */
  constructor(disk: Disk, doubtful: Set<string>) {
    this.#disk = disk;
    this.#doubtful = doubtful;
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
    if (this.#folders.has(folder)) return;
    if (this.#doubtful.has(folder)) renewFolder(this.#disk, folder);
    this.#folders.set(folder, this.#disk.openDirectory(folder));
  }

  /** Nobody takes part after all. */
  cancel(): void {
    for (const directory of this.#folders.values()) this.#disk.close(directory);
  }

  /** The sync has ended. */
  end(failed: readonly FailedSync[]): SyncFailures {
    const folders = new Map<string, string>();
    for (const [folder, directory] of this.#folders) {
      const code = failed.find(({ file }) => file === directory)?.code;
      if (code === undefined) this.#doubtful.delete(folder);
      else {
        this.#doubtful.add(folder);
        folders.set(folder, code);
      }
      this.#disk.close(directory);
    }
    return { files: failed, folders };
  }
}
