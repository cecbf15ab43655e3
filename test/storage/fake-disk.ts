/**
 * A Disk in memory that obeys its test: every call can be counted, failed, cut short, held back or be the last one before the
 * power goes. What a crash leaves behind is what fake-files.ts says.
 */
import {
  type Disk,
  DiskError,
  type DiskEvents,
  type FileHandle,
  type FileStatus,
  type OpenMode,
  type SyncGroup,
} from "../../src/storage/disk.ts";
import { type Chance, FakeDirectory, FakeFile, type FakeInode, type NameChange, type Survival } from "./fake-files.ts";

/** Longest name that file systems take. */
const NAME_MAX = 255;

/** Calls that change something, or make it durable. */
export type OperationKind = "create" | "write" | "truncate" | "sync" | "syncDirectory" | "mkdir" | "rename" | "remove";

export interface Operation {
  readonly kind: OperationKind;
  readonly path: string;
  /** Handed over by submitWrite or submitSync. */
  readonly submitted: boolean;
}

/** How an operation fails: an errno name, and for a write how many bytes went through before. */
export interface Fault {
  readonly code: string;
  readonly written?: number;
}

/** Thrown by every call once the process is dead. Not a DiskError: no code may live on after it. */
export class Crashed extends Error {}
/** One for all: a dying process makes many, and nobody reads their stacks. */
const crashed = new Crashed();

/** Runs it until it ends or its process dies. */
export function untilCrash(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Crashed)) throw error;
  }
}

interface OpenFile {
  readonly inode: FakeInode;
  readonly path: string;
  readonly mode: OpenMode;
}

interface FlyingWrite {
  readonly ticket: number;
  readonly file: FileHandle;
  readonly address: number;
  readonly position: number;
  /** What was to be written; the memory must still hold it when the write ends. */
  readonly bytes: Uint8Array;
}

interface FlyingSync {
  readonly ticket: number;
  readonly group: SyncGroup;
  /** Last change of each file that the sync covers for certain. */
  readonly covered: ReadonlyMap<FileHandle, number>;
}

/** The next `times` operations that are chosen fail. */
export function failing(disk: FakeDisk, chosen: (operation: Operation) => boolean, code: string, times = 1): void {
  let left = times;
  disk.fault = (operation) => {
    if (left === 0 || !chosen(operation)) return null;
    left--;
    return code;
  };
}

export class FakeDisk implements Disk {
  readonly #memory: Uint8Array;
  #root = new FakeDirectory();
  /** What paths lead to, until a name changes. */
  readonly #found = new Map<string, FakeInode>();
  #handles = new Map<FileHandle, OpenFile>();
  #nextHandle = 3;
  #writes: FlyingWrite[] = [];
  #sync: FlyingSync | null = null;

  readonly folderFailures = { count: 0, add: (): void => void this.folderFailures.count++ };
  events: DiskEvents | null = null;
  /** Completions wait for `completeWrite` and `completeSync`. */
  held = false;
  /** Asked before every operation. */
  fault: ((operation: Operation) => Fault | string | null) | null = null;
  /** Operations so far. */
  operations = 0;
  /** The process dies instead of this operation (counted from 0). */
  crashAt = Number.POSITIVE_INFINITY;
  nowMs = 0;
  #dead = false;

  /** @param memory the core's, which submitted writes read from */
  constructor(memory: Uint8Array = new Uint8Array(0)) {
    this.#memory = memory;
  }

  // What a test does

  /** Paths of what is open. */
  get openPaths(): string[] {
    return [...this.#handles.values()].map(({ path }) => path);
  }

  get writesInFlight(): number {
    return this.#writes.length;
  }

  get syncInFlight(): boolean {
    return this.#sync !== null;
  }

  /** Ends the oldest submitted write. @returns false when there is none */
  completeWrite(): boolean {
    const write = this.#writes.shift();
    if (write === undefined) return false;
    this.#endWrite(write);
    return true;
  }

  /** Ends the submitted sync. @returns false when there is none */
  completeSync(): boolean {
    const sync = this.#sync;
    if (sync === null) return false;
    this.#sync = null;
    this.#endSync(sync);
    return true;
  }

  /** The thread that submitted writes is gone: the kernel has them, and nobody is told. */
  landWrites(): void {
    for (const { file, bytes, position } of this.#writes.splice(0)) this.#openFile(file).write(bytes, position);
  }

  /** The process dies; what the kernel has stays. A write on its way may be cut short. */
  kill(chance: Chance): void {
    for (const write of this.#writes) {
      const file = this.#openFile(write.file);
      file.write(write.bytes.subarray(0, chance.below(write.bytes.length + 1)), write.position);
    }
    this.#reset();
  }

  /** The machine dies; of what was not synced only `survival` stays. */
  powerCut(survival: Survival, chance: Chance): void {
    for (const write of this.#writes) this.#openFile(write.file).write(write.bytes, write.position);
    this.#root.crash(survival, chance);
    this.#reset();
  }

  flip(path: string, position: number, mask: number): void {
    const inode = this.#find(path);
    if (!(inode instanceof FakeFile)) throw new Error(`no file ${path}`);
    inode.flip(position, mask);
  }

  /** Makes files, all durable, as `contents` of another disk told them. */
  restore(files: ReadonlyMap<string, Uint8Array>): void {
    for (const [path, bytes] of files) {
      this.makeDirectory(path.slice(0, path.lastIndexOf("/")));
      const file = this.open(path, "create");
      this.write(file, bytes, 0);
      this.close(file);
    }
    this.powerCut("all", { below: () => 0 });
  }

  /** Every file with its bytes, by path. */
  contents(): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>();
    const visit = (directory: FakeDirectory, prefix: string): void => {
      for (const [name, inode] of directory.now) {
        if (inode instanceof FakeFile) files.set(`${prefix}/${name}`, inode.now.all());
        else visit(inode, `${prefix}/${name}`);
      }
    };
    visit(this.#root, "");
    return files;
  }

  // What storage calls

  submitWrite(ticket: number, file: FileHandle, address: number, length: number, position: number): void {
    this.#alive();
    const bytes = this.#memory.slice(address, address + length);
    const write = { ticket, file, address, position, bytes };
    if (this.held) this.#writes.push(write);
    else this.#endWrite(write);
  }

  submitSync(ticket: number, group: SyncGroup): void {
    this.#alive();
    if (this.#sync !== null) throw new Error("two groups are in flight");
    const covered = new Map(group.files.map((file) => [file, this.#openFile(file).lastChange]));
    const sync = { ticket, group: { files: [...group.files], directories: [...group.directories] }, covered };
    if (this.held) this.#sync = sync;
    else this.#endSync(sync);
  }

  open(path: string, mode: OpenMode): FileHandle {
    this.#alive();
    const [directory, name] = this.#parent(path, "open");
    const found = directory.now.get(name);
    if (found === undefined) {
      if (mode === "read") throw new DiskError("ENOENT", "open");
      this.#begin("create", path);
      const file = new FakeFile();
      file.modifiedMs = this.nowMs;
      this.#change([{ directory, name, inode: file }]);
      return this.#handle(file, path, mode);
    }
    if (mode === "create") throw new DiskError("EEXIST", "open");
    if (found instanceof FakeDirectory && mode === "write") throw new DiskError("EISDIR", "open");
    return this.#handle(found, path, mode);
  }

  openDirectory(path: string): FileHandle {
    this.#alive();
    const inode = this.#find(path);
    if (inode === undefined) throw new DiskError("ENOENT", "open");
    return this.#handle(inode, path, "read");
  }

  close(file: FileHandle): void {
    if (this.#dead) return;
    this.#open(file);
    this.#handles.delete(file);
  }

  read(file: FileHandle, into: Uint8Array, position: number): number {
    this.#alive();
    return this.#openFile(file).now.read(into, position);
  }

  write(file: FileHandle, bytes: Uint8Array, position: number): void {
    this.#alive();
    const { path, mode } = this.#open(file);
    if (mode === "read") throw new DiskError("EBADF", "write");
    this.#writeTo(this.#openFile(file), path, bytes, position, false);
  }

  truncate(file: FileHandle, size: number): void {
    this.#alive();
    const { path, mode } = this.#open(file);
    if (mode === "read") throw new DiskError("EINVAL", "truncate");
    this.#begin("truncate", path);
    const inode = this.#openFile(file);
    inode.truncate(size);
    inode.modifiedMs = this.nowMs;
  }

  size(file: FileHandle): number {
    this.#alive();
    return this.#openFile(file).now.size;
  }

  sync(file: FileHandle): void {
    this.#alive();
    const inode = this.#openFile(file);
    const last = inode.lastChange;
    try {
      this.#begin("sync", this.#open(file).path);
    } catch (error) {
      if (error instanceof DiskError) inode.lose(last);
      throw error;
    }
    inode.confirm(last);
  }

  syncDirectory(path: string): void {
    this.#alive();
    const inode = this.#find(path);
    if (inode === undefined) throw new DiskError("ENOENT", "sync");
    try {
      this.#begin("syncDirectory", path);
    } catch (error) {
      if (error instanceof DiskError && inode instanceof FakeDirectory) this.#loseNames(inode);
      throw error;
    }
    if (inode instanceof FakeDirectory) inode.confirm();
    else inode.confirm(inode.lastChange);
  }

  makeDirectory(path: string): void {
    this.#alive();
    let directory = this.#root;
    let walked = "";
    for (const name of path.split("/").filter((part) => part !== "")) {
      walked += `/${name}`;
      let next = directory.now.get(name);
      if (next === undefined) {
        this.#begin("mkdir", walked);
        next = new FakeDirectory();
        this.#change([{ directory, name, inode: next }]);
      }
      if (next instanceof FakeFile) throw new DiskError(walked === path ? "EEXIST" : "ENOTDIR", "mkdir");
      directory = next;
    }
  }

  rename(from: string, to: string): void {
    this.#alive();
    const [source, oldName] = this.#parent(from, "rename");
    const inode = source.now.get(oldName);
    if (inode === undefined) throw new DiskError("ENOENT", "rename");
    const [target, newName] = this.#parent(to, "rename");
    this.#begin("rename", to);
    if (source === target && oldName === newName) return;
    this.#change([
      { directory: source, name: oldName, inode: null },
      { directory: target, name: newName, inode },
    ]);
  }

  remove(path: string): void {
    this.#alive();
    const inode = this.#find(path);
    if (inode === undefined) return;
    if (inode instanceof FakeDirectory) for (const name of [...inode.now.keys()]) this.remove(`${path}/${name}`);
    this.#begin("remove", path);
    const [directory, name] = this.#parent(path, "remove");
    this.#change([{ directory, name, inode: null }]);
  }

  list(path: string): string[] {
    this.#alive();
    const inode = this.#find(path);
    if (inode === undefined) return [];
    if (inode instanceof FakeFile) throw new DiskError("ENOTDIR", "list");
    return [...inode.now.keys()];
  }

  status(path: string): FileStatus | null {
    this.#alive();
    const inode = this.#find(path);
    if (inode === undefined) return null;
    if (inode instanceof FakeDirectory) return { size: 4096, modifiedMs: 0, isDirectory: true };
    return { size: inode.now.size, modifiedMs: inode.modifiedMs, isDirectory: false };
  }

  readFile(path: string): Uint8Array | null {
    this.#alive();
    const inode = this.#find(path);
    if (inode === undefined) return null;
    if (inode instanceof FakeDirectory) throw new DiskError("EISDIR", "read");
    return inode.now.all();
  }

  // How it works

  #endWrite({ ticket, file, address, bytes, position }: FlyingWrite): void {
    const now = this.#memory.subarray(address, address + bytes.length);
    if (Buffer.compare(now, bytes) !== 0) throw new Error("the memory of a write changed before it ended");
    if (this.#open(file).mode === "read") return this.events?.writeCompleted(ticket, 0, "EBADF");
    let written = bytes.length;
    let code = "";
    try {
      this.#writeTo(this.#openFile(file), this.#open(file).path, bytes, position, true);
    } catch (error) {
      if (!(error instanceof ShortWrite)) throw error;
      ({ code, written } = error);
    }
    this.events?.writeCompleted(ticket, written, code);
  }

  #endSync({ ticket, group, covered }: FlyingSync): void {
    const failed: { file: FileHandle; code: string }[] = [];
    const attempt = (kind: "sync" | "syncDirectory", file: FileHandle): boolean => {
      try {
        this.#begin(kind, this.#open(file).path, true);
        return true;
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        failed.push({ file, code: error.code });
        return false;
      }
    };
    for (const file of group.files) {
      const inode = this.#openFile(file);
      if (attempt("sync", file)) inode.confirm(covered.get(file)!);
      else inode.lose(covered.get(file)!);
    }
    for (const file of group.directories) {
      const { inode } = this.#open(file);
      if (!(inode instanceof FakeDirectory)) throw new Error("a file among the directories of a group");
      if (attempt("syncDirectory", file)) inode.confirm();
      else this.#loseNames(inode);
    }
    this.events?.syncCompleted(ticket, failed);
  }

  #loseNames(directory: FakeDirectory): void {
    directory.lose();
    this.folderFailures.add();
  }

  #writeTo(inode: FakeFile, path: string, bytes: Uint8Array, position: number, submitted: boolean): void {
    try {
      this.#begin("write", path, submitted);
    } catch (error) {
      if (error instanceof ShortWrite && error.written > 0) inode.write(bytes.subarray(0, error.written), position);
      throw error;
    }
    inode.write(bytes, position);
    inode.modifiedMs = this.nowMs;
  }

  /** Counts an operation, which may be the one that fails or never comes. */
  #begin(kind: OperationKind, path: string, submitted = false): void {
    this.#alive();
    if (path.length - path.lastIndexOf("/") - 1 > NAME_MAX) throw new DiskError("ENAMETOOLONG", kind);
    if (this.operations >= this.crashAt) {
      this.#dead = true;
      throw crashed;
    }
    this.operations++;
    const fault = this.fault?.({ kind, path, submitted }) ?? null;
    if (fault === null) return;
    const { code, written = 0 } = typeof fault === "string" ? { code: fault } : fault;
    throw new ShortWrite(code, kind, written);
  }

  #alive(): void {
    if (this.#dead) throw crashed;
  }

  #reset(): void {
    this.#found.clear();
    this.#handles = new Map();
    this.#writes = [];
    this.#sync = null;
    this.#dead = false;
    this.crashAt = Number.POSITIVE_INFINITY;
    this.fault = null;
    this.events = null;
    this.folderFailures.count = 0;
  }

  #handle(inode: FakeInode, path: string, mode: OpenMode): FileHandle {
    const handle = this.#nextHandle++;
    this.#handles.set(handle, { inode, path, mode });
    return handle;
  }

  #open(file: FileHandle): OpenFile {
    const open = this.#handles.get(file);
    if (open === undefined) throw new Error(`file ${file} is not open`);
    return open;
  }

  #openFile(file: FileHandle): FakeFile {
    const { inode } = this.#open(file);
    if (inode instanceof FakeDirectory) throw new DiskError("EISDIR", "use a directory as a file");
    return inode;
  }

  #change(links: NameChange["links"]): void {
    this.#found.clear();
    FakeDirectory.change(links);
  }

  #find(path: string): FakeInode | undefined {
    const known = this.#found.get(path);
    if (known !== undefined) return known;
    let inode: FakeInode | undefined = this.#root;
    for (const name of path.split("/")) {
      if (name !== "") inode = inode instanceof FakeDirectory ? inode.now.get(name) : undefined;
    }
    if (inode !== undefined) this.#found.set(path, inode);
    return inode;
  }

  #parent(path: string, operation: string): [FakeDirectory, string] {
    const slash = path.lastIndexOf("/");
    const directory = this.#find(path.slice(0, slash));
    if (directory === undefined) throw new DiskError("ENOENT", operation);
    if (directory instanceof FakeFile) throw new DiskError("ENOTDIR", operation);
    return [directory, path.slice(slash + 1)];
  }
}

/** A DiskError that knows how far its write came. */
class ShortWrite extends DiskError {
  readonly written: number;

  constructor(code: string, operation: string, written: number) {
    super(code, operation);
    this.written = written;
  }
}
