/**
 * The Disk over Node's synchronous file calls. Blocking on purpose: it runs in worker threads whose only work is the disk,
 * and a thread that died with a call open can land nothing later (contract H1).
 */
import fs from "node:fs";
import { getSystemErrorName } from "node:util";
import {
  type Disk,
  DiskError,
  type DiskEvents,
  type FileHandle,
  type FileStatus,
  type FolderFailures,
  type OpenMode,
  type SyncGroup,
} from "./disk.ts";
import { makeDirectories } from "./make-directories.ts";

/** Told before and after every file call, so that a watchdog can tell a slow disk from an endless loop (contract H5). */
export interface FileCallWatch {
  enter(): void;
  leave(): void;
}

export interface NodeDiskOptions {
  /** The core's memory, which submitted writes read from. */
  readonly memory?: Uint8Array;
  readonly events?: DiskEvents;
  readonly watch?: FileCallWatch;
  /** While it is shut, no file or folder comes, and none grows: what would let it is refused as on a full disk. */
  readonly gate?: { readonly isShut: boolean };
  /** Absent: those of this disk alone. */
  readonly folderFailures?: FolderFailures;
  /** Who syncs submitted groups; the events follow from there. Absent: the calling thread syncs at once. */
  readonly syncer?: Syncer;
}

export type Syncer = (ticket: number, group: SyncGroup) => void;

const OPEN_FLAGS: Record<OpenMode, number> = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR | fs.constants.O_CREAT,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
};

export class NodeDisk implements Disk {
  readonly folderFailures: FolderFailures;
  readonly #memory: Uint8Array;
  readonly #events: DiskEvents | undefined;
  readonly #watch: FileCallWatch | undefined;
  readonly #gate: NodeDiskOptions["gate"];
  readonly #syncer: Syncer | undefined;

  constructor(options: NodeDiskOptions = {}) {
    this.folderFailures = options.folderFailures ?? new OwnFolderFailures();
    this.#memory = options.memory ?? new Uint8Array(0);
    this.#events = options.events;
    this.#watch = options.watch;
    this.#gate = options.gate;
    this.#syncer = options.syncer;
  }

  submitWrite(ticket: number, file: FileHandle, address: number, length: number, position: number): void {
    let written = 0;
    let code = "";
    this.#watch?.enter();
    try {
      this.#passGate(file, position + length);
      while (written < length) {
        const count = fs.writeSync(file, this.#memory, address + written, length - written, position + written);
        if (count === 0) throw new DiskError("EIO", "write");
        written += count;
      }
    } catch (error) {
      code = codeOf(error);
    } finally {
      this.#watch?.leave();
    }
    this.#events?.writeCompleted(ticket, written, code);
  }

  submitSync(ticket: number, group: SyncGroup): void {
    if (this.#syncer !== undefined) {
      this.#syncer(ticket, group);
      return;
    }
    const outcomes = [
      ...group.files.map((file) => ({ file, errno: syncFile(file) })),
      ...group.directories.map((file) => ({ file, errno: syncDirectory(file) })),
    ];
    const failed = outcomes.filter(({ errno }) => errno !== 0);
    for (const { file } of failed) if (group.directories.includes(file)) this.folderFailures.add();
    this.#events?.syncCompleted(
      ticket,
      failed.map(({ file, errno }) => ({ file, code: getSystemErrorName(-errno) })),
    );
  }

  open(path: string, mode: OpenMode): FileHandle {
    return this.#call("open", () => {
      if (mode !== "read") this.#passGateWithNew(path);
      return fs.openSync(path, OPEN_FLAGS[mode], 0o644);
    });
  }

  openDirectory(path: string): FileHandle {
    return this.#call("open", () => fs.openSync(path, fs.constants.O_RDONLY));
  }

  close(file: FileHandle): void {
    this.#call("close", () => fs.closeSync(file));
  }

  read(file: FileHandle, into: Uint8Array, position: number): number {
    return this.#call("read", () => {
      let done = 0;
      while (done < into.length) {
        const count = fs.readSync(file, into, done, into.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  write(file: FileHandle, bytes: Uint8Array, position: number): void {
    this.#call("write", () => {
      this.#passGate(file, position + bytes.length);
      let done = 0;
      while (done < bytes.length) {
        const count = fs.writeSync(file, bytes, done, bytes.length - done, position + done);
        if (count === 0) throw new DiskError("EIO", "write");
        done += count;
      }
    });
  }

  truncate(file: FileHandle, size: number): void {
    this.#call("truncate", () => fs.ftruncateSync(file, size));
  }

  size(file: FileHandle): number {
    return this.#call("stat", () => fs.fstatSync(file).size);
  }

  sync(file: FileHandle): void {
    this.#call("sync", () => fs.fdatasyncSync(file));
  }

  syncDirectory(path: string): void {
    this.#call("sync", () => {
      const directory = fs.openSync(path, fs.constants.O_RDONLY);
      try {
        fs.fsyncSync(directory);
      } catch (error) {
        this.folderFailures.add();
        throw error;
      } finally {
        fs.closeSync(directory);
      }
    });
  }

  makeDirectory(path: string): void {
    this.#call("mkdir", () => {
      this.#passGateWithNew(path);
      makeDirectories(path);
    });
  }

  rename(from: string, to: string): void {
    this.#call("rename", () => fs.renameSync(from, to));
  }

  remove(path: string): void {
    this.#call("remove", () => fs.rmSync(path, { recursive: true, force: true }));
  }

  list(path: string): string[] {
    return this.#call("list", () => missingAs([], () => fs.readdirSync(path)));
  }

  status(path: string): FileStatus | null {
    return this.#call("stat", () => {
      const stat = fs.statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? null : { size: stat.size, modifiedMs: stat.mtimeMs, isDirectory: stat.isDirectory() };
    });
  }

  readFile(path: string): Uint8Array | null {
    return this.#call("read", () => missingAs(null, () => fs.readFileSync(path)));
  }

  /** Behind `enter`: whoever shut the gate sees the call that came through before. @throws DiskError ENOSPC the file would grow */
  #passGate(file: FileHandle, end: number): void {
    if (this.#gate?.isShut && end > fs.fstatSync(file).size) throw new DiskError("ENOSPC", "write");
  }

  /** A name takes room, too. @throws DiskError ENOSPC there is none of this path yet */
  #passGateWithNew(path: string): void {
    if (this.#gate?.isShut && !fs.existsSync(path)) throw new DiskError("ENOSPC", "create");
  }

  #call<Result>(operation: string, run: () => Result): Result {
    this.#watch?.enter();
    try {
      return run();
    } catch (error) {
      throw new DiskError(codeOf(error), operation, error);
    } finally {
      this.#watch?.leave();
    }
  }
}

class OwnFolderFailures implements FolderFailures {
  count = 0;

  add(): void {
    this.count++;
  }
}

/** Makes one file durable. @returns 0 or an errno; a failed sync is never retried (contract D4) */
export function syncFile(file: FileHandle): number {
  return errnoOf(() => fs.fdatasyncSync(file));
}

/** Makes one directory's entries durable; fdatasync may leave them out. @returns 0 or an errno */
export function syncDirectory(directory: FileHandle): number {
  return errnoOf(() => fs.fsyncSync(directory));
}

/** `syncFile` beside other syncs. @param done told 0 or an errno */
export function syncFileBeside(file: FileHandle, done: (errno: number) => void): void {
  fs.fdatasync(file, (error) => done(errnoOfError(error)));
}

/** `syncDirectory` beside other syncs. @param done told 0 or an errno */
export function syncDirectoryBeside(directory: FileHandle, done: (errno: number) => void): void {
  fs.fsync(directory, (error) => done(errnoOfError(error)));
}

function errnoOf(run: () => void): number {
  try {
    run();
    return 0;
  } catch (error) {
    return errnoOfError(error as NodeJS.ErrnoException);
  }
}

function errnoOfError(error: NodeJS.ErrnoException | null): number {
  if (error === null) return 0;
  if (error.errno === undefined) throw error; // A bug, not an answer of the disk.
  return Math.abs(error.errno);
}

function codeOf(error: unknown): string {
  if (error instanceof DiskError) return error.code;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (typeof code !== "string") throw error; // A bug, not an answer of the disk.
  return code;
}

function missingAs<Result>(value: Result, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return value;
    throw error;
  }
}
