/**
 * Which files a log worker has open, in shared memory: whoever takes over from a dead worker syncs and closes them (contract
 * D2). Every descriptor is noted when the disk opens it, also those that no log has named yet.
 */
import type { FileHandle, OpenMode } from "../storage/disk.ts";
import { NodeDisk, type NodeDiskOptions } from "../storage/node-disk.ts";
import type { OpenFiles } from "../storage/partition-log.ts";

/** Instead of an entry: a folder, or a file that is not a segment's. */
export const OPEN_UNNAMED = 0xffff_ffff;

export class SharedOpenFiles implements OpenFiles {
  /** Entry by descriptor; 0: not open. */
  readonly #entries: Uint32Array;

  constructor(entries: Uint32Array) {
    this.#entries = entries;
  }

  opened(file: FileHandle, entry: number): void {
    this.#entries[file] = entry;
  }

  gone(file: FileHandle): void {
    this.#entries[file] = 0;
  }
}

/** A disk whose open files are known. */
export class TrackedDisk extends NodeDisk {
  readonly #files: SharedOpenFiles;

  constructor(files: SharedOpenFiles, options: NodeDiskOptions) {
    super(options);
    this.#files = files;
  }

  override open(path: string, mode: OpenMode): FileHandle {
    return this.#noted(super.open(path, mode));
  }

  override openDirectory(path: string): FileHandle {
    return this.#noted(super.openDirectory(path));
  }

  override close(file: FileHandle): void {
    // Before the call: afterwards another thread may be given the same number.
    this.#files.gone(file);
    super.close(file);
  }

  #noted(file: FileHandle): FileHandle {
    this.#files.opened(file, OPEN_UNNAMED);
    return file;
  }
}
