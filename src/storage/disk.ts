/**
 * The disk as an argument (contract H3). Everything that storage asks of a disk goes through here, so that tests and the
 * simulation can delay, tear, cut short or fail any single call.
 *
 * Two kinds of calls
 * - *Submitted*: the writes and syncs of the append path. They begin now and end by a call of `DiskEvents`, which may come
 *   before the submitting call returns (a plain disk) or any number of steps later (the sync thread, the simulation).
 * - *Blocking*: everything rare (open, list, rename, recovery's reads). They return or throw a DiskError.
 */

/** An open file; on Node its descriptor. */
export type FileHandle = number;

export const NO_FILE: FileHandle = -1;

/** What the operating system said. `code` is an errno name: ENOSPC, EIO, ENOENT, ... */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: string;
  readonly operation: string;

  constructor(code: string, operation: string, cause?: unknown) {
    super(`${operation}: ${code}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.operation = operation;
  }
}

/** How submitted operations end. `code` is "" for success, else an errno name. */
export interface DiskEvents {
  /** @param written bytes that reached the kernel; fewer than asked for only with a code */
  writeCompleted(ticket: number, written: number, code: string): void;
  /** One call per group. `failed` lists the files and directories whose sync failed, in no order. */
  syncCompleted(ticket: number, failed: readonly FailedSync[]): void;
}

export interface SyncGroup {
  readonly files: readonly FileHandle[];
  /** From `openDirectory`. */
  readonly directories: readonly FileHandle[];
}

/** Gathers a group. */
export interface SyncCollector {
  addFile(file: FileHandle): void;
  /** Its entries shall be durable. @throws DiskError it could not be opened */
  addFolder(path: string): void;
}

export interface FailedSync {
  readonly file: FileHandle;
  readonly code: string;
}

/** What of a group is not durable. */
export interface SyncFailures {
  readonly files: readonly FailedSync[];
  /** Errno names by path. */
  readonly folders: ReadonlyMap<string, string>;
}

export const NO_FAILURES: SyncFailures = { files: [], folders: new Map() };

/** `read`: must exist; `write`: read and write, created when missing; `create`: read and write, must not exist. */
export type OpenMode = "read" | "write" | "create";

export interface FileStatus {
  readonly size: number;
  readonly modifiedMs: number;
  readonly isDirectory: boolean;
}

/**
 * Syncs of folders that failed since the process began, of all threads together. After one, the kernel takes for written
 * whatever names the folder had, whoever made them (contract D4 for names).
 */
export interface FolderFailures {
  readonly count: number;
  add(): void;
}

export interface Disk {
  /** Whoever syncs a folder, by `syncDirectory` or for `submitSync`, adds to it at once. */
  readonly folderFailures: FolderFailures;

  /**
   * Writes `length` bytes of the core's memory from `address` to `file` at `position`.
   * The memory must not change until writeCompleted(ticket).
   */
  submitWrite(ticket: number, file: FileHandle, address: number, length: number, position: number): void;

  /**
   * Makes the contents of every file and the entries of every directory of a group durable. At most one group is in
   * flight; only this path syncs files that `submitWrite` wrote (contract D2: a second syncer would swallow a write-back
   * error).
   */
  submitSync(ticket: number, group: SyncGroup): void;

  open(path: string, mode: OpenMode): FileHandle;
  /** Opens a directory so that a sync can make its entries durable. */
  openDirectory(path: string): FileHandle;
  close(file: FileHandle): void;
  /** @returns bytes read; fewer than asked for only at the end of the file */
  read(file: FileHandle, into: Uint8Array, position: number): number;
  /** Writes all bytes or throws; a short write is completed or cut back before it throws. */
  write(file: FileHandle, bytes: Uint8Array, position: number): void;
  truncate(file: FileHandle, size: number): void;
  size(file: FileHandle): number;
  sync(file: FileHandle): void;

  /** Makes the entries of a directory durable. */
  syncDirectory(path: string): void;
  makeDirectory(path: string): void;
  rename(from: string, to: string): void;
  /** Removes a file or a whole folder; missing is no error. */
  remove(path: string): void;
  /** Names in a directory, in no order; empty when it does not exist. */
  list(path: string): string[];
  /** @returns null when there is no such file */
  status(path: string): FileStatus | null;
  readFile(path: string): Uint8Array | null;
}

/**
 * Replaces a small file as a whole: temp, sync, rename, sync of the directory. After a crash the file is the old or the new.
 *
 * @throws DiskError the old file is untouched
 */
export function replaceFile(disk: Disk, directory: string, name: string, bytes: Uint8Array): void {
  const temporary = `${directory}/${name}.tmp`;
  disk.remove(temporary);
  try {
    const file = disk.open(temporary, "create");
    try {
      disk.write(file, bytes, 0);
      disk.sync(file);
    } finally {
      disk.close(file);
    }
    disk.rename(temporary, `${directory}/${name}`);
  } catch (error) {
    // On a full disk the next attempt needs the room.
    if (error instanceof DiskError) disk.remove(temporary);
    throw error;
  }
  disk.syncDirectory(directory);
}
