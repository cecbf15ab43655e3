/**
 * The journal of one log worker (contract D3): where a group commit has many small files, their new bytes are written a second
 * time, one behind the other, into one file, and that is synced instead of them. After a crash the next start writes them to
 * their logs again (journal-replay.ts).
 *
 * Two files take turns. A group's bytes may be overwritten only when every log with bytes in that file has since been synced
 * itself; while one file fills, the logs of the other are, a few with each group. A log whose own sync fails while its
 * acknowledged bytes lie here holds the journal: nothing of it is overwritten or removed before the next start.
 *
 * Overwriting in place changes no size and no block, so a sync of it is one write to the device; the files grow, and their
 * first syncs are dearer, until each was filled once.
 */
import { KIB, MIB } from "../base/units.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { type Disk, DiskError, type FileHandle, NO_FILE, type SyncCollector, type SyncFailures } from "./disk.ts";
import { GroupBuilder, type JournalSource } from "./journal-group.ts";

/** Of each of the two files. */
const FILE_BYTES = 128 * MIB;
/** What may be staged for one group. */
const GROUP_BYTES = 8 * MIB;
/** A log with more than this to sync is synced itself: the bytes would weigh more than the sync saved. */
export const SMALL_SYNC_BYTES: number = 64 * KIB;
/** From so many small logs in a group on the journal wins (docs/decisions/0006-journal.md). */
const LOGS_MIN = 2;
/** Groups in a row with fewer, after which no more is staged. */
const QUIET_GROUPS = 16;
/** Of the room that a file has left, what may be filled before the other one's logs are all synced. */
const RELEASE_SHARE = 0.5;

/** A log as the journal sees it. */
export interface JournaledLog extends JournalSource {
  readonly entry: number;
  /** It shall be synced itself with the next group. */
  requestFileSync(): void;
}

/** Where a journal is. */
export interface JournalPlace {
  readonly folder: string;
  /** Nobody else's there; the files' names are `journalFileNames(name)`. */
  readonly name: string;
  /** Of the data folder, 16 bytes. */
  readonly folderId: Uint8Array;
}

export interface JournalEvents {
  /** What an operator should know. */
  warned(message: string): void;
  /** From now on it stays as it is, until it is replayed. */
  held(): void;
}

export interface JournalSizes {
  readonly fileBytes: number;
  readonly groupBytes: number;
}

export function journalFileNames(name: string): readonly [string, string] {
  return [`${name}-0`, `${name}-1`];
}

interface JournalFile {
  path: string;
  file: FileHandle;
  /** Where the next group goes. */
  position: number;
  /** Its name is durable. */
  isNamed: boolean;
  /** Logs whose bytes lie here and perhaps nowhere else. */
  readonly logs: Set<JournaledLog>;
}

const NO_LOGS: readonly JournaledLog[] = [];

/** `draining`: takes nothing, and goes when every log was synced itself; `held`: takes nothing, and stays. */
type State = "open" | "draining" | "held";

export class Journal {
  readonly #disk: Disk;
  readonly #memory: Uint8Array;
  readonly #crc32c: Crc32c;
  readonly #events: JournalEvents;
  readonly #sizes: JournalSizes;
  #place: JournalPlace | null = null;
  /** Its room is taken when it is first needed. */
  #group: GroupBuilder | null = null;
  readonly #files: readonly [JournalFile, JournalFile] = [newFile(), newFile()];
  #current = 0;
  #generation = 0;
  #sequence = 0;
  /** Logs with bytes in the staged group. */
  #staged = new Set<JournaledLog>();
  /** The number of the group that is being staged. */
  #groupNumber = 1;
  /** Groups to come for which bytes are staged, unless there are small logs again. */
  #wanted = 0;
  #lastSize = 0;
  #state: State = "open";
  /** A sync of it failed: it is never begun again. */
  #isBroken = false;
  #isWarned = false;

  /**
   * Until `useFolder` it takes nothing.
   *
   * @param memory the core's
   */
  constructor(
    disk: Disk,
    memory: Uint8Array,
    crc32c: Crc32c,
    events: JournalEvents,
    sizes: JournalSizes = { fileBytes: FILE_BYTES, groupBytes: GROUP_BYTES },
  ) {
    this.#disk = disk;
    this.#memory = memory;
    this.#crc32c = crc32c;
    this.#events = events;
    this.#sizes = sizes;
  }

  /** The folder exists, its name is durable, and there is no file of this name in it. */
  useFolder(place: JournalPlace): void {
    if (this.#place !== null) return;
    this.#place = place;
    const names = journalFileNames(place.name);
    for (const [half, each] of this.#files.entries()) each.path = `${place.folder}/${names[half]}`;
  }

  /** The number of the group that is being staged. */
  get groupNumber(): number {
    return this.#groupNumber;
  }

  // For a log

  /**
   * Copies what the log has just written.
   *
   * @returns false: the log has to be synced itself
   */
  stage(log: JournaledLog, base: number, position: number, address: number, length: number): boolean {
    if (this.#wanted === 0 || this.#group === null || this.#state !== "open" || length > SMALL_SYNC_BYTES) return false;
    const batches = this.#memory.subarray(address, address + length);
    if (!this.#group.add(log, base, position, batches)) return false;
    this.#staged.add(log);
    return true;
  }

  /** Do bytes of the log lie here and perhaps nowhere else? */
  holds(log: JournaledLog): boolean {
    return this.#files.some(({ logs }) => logs.has(log));
  }

  /** The log was synced itself. */
  release(log: JournaledLog): void {
    for (const { logs } of this.#files) logs.delete(log);
    if (this.#state === "draining" && this.#files.every(({ logs }) => logs.size === 0)) this.#remove();
  }

  /** A sync of the log itself failed. @returns whether acknowledged bytes of it may be nowhere but here, which stay */
  lost(log: JournaledLog): boolean {
    // What is staged may be cut off, and must not come back; nobody else needs it.
    this.discard();
    if (!this.holds(log)) return false;
    for (const { logs } of this.#files) logs.delete(log);
    this.#state = "held";
    this.#events.held();
    return true;
  }

  /** The log is closed. @param isDeleted nobody needs it any more */
  leave(log: JournaledLog, isDeleted: boolean): void {
    this.#staged.delete(log);
    if (isDeleted) this.release(log);
    else if (this.holds(log)) this.lost(log);
  }

  // For the drain

  /** @param smallLogs logs of a group that the journal could have taken */
  observe(smallLogs: number): void {
    if (this.#isBroken || this.#place === null) return;
    if (smallLogs >= LOGS_MIN) {
      this.#group ??= new GroupBuilder(this.#sizes.groupBytes, this.#place.folderId, this.#crc32c);
      this.#wanted = QUIET_GROUPS;
    } else if (this.#wanted > 0) this.#wanted--;
  }

  get hasStaged(): boolean {
    return this.#group !== null && !this.#group.isEmpty;
  }

  /** What is staged is not needed. */
  discard(): void {
    this.#group?.clear();
    this.#staged.clear();
    this.#groupNumber++;
  }

  /** Asks the logs that are next to be synced themselves, so that there will be room. @returns those */
  releasing(): readonly JournaledLog[] {
    if (this.#state === "held") return NO_LOGS;
    // On the way out those of both, few enough at a time that the group stays a short one.
    const files = this.#state === "draining" ? this.#files : [this.#other];
    if (files.every(({ logs }) => logs.size === 0)) return NO_LOGS;
    const due = files.flatMap(({ logs }) => [...logs]);
    const room = Math.max(1, (this.#sizes.fileBytes - this.#file.position) * RELEASE_SHARE);
    const count = Math.ceil((due.length * Math.max(this.#lastSize, 1)) / room);
    const chosen = due.slice(0, count);
    for (const log of chosen) log.requestFileSync();
    return chosen;
  }

  /**
   * Writes the staged group, and has it synced.
   *
   * @param logs how many logs have all that they need in it
   * @returns false: nothing is staged any more, and every log has to be synced itself
   */
  write(logs: number, collector: SyncCollector): boolean {
    const isWritten = this.#state === "open" && logs >= LOGS_MIN && this.#hasRoom() && this.#writeGroup(collector);
    this.discard();
    if (isWritten) collector.addFile(this.#file.file);
    return isWritten;
  }

  /** @param failures of the whole group @returns whether what was written is durable */
  completed({ files, folders }: SyncFailures): boolean {
    const current = this.#file;
    const ofName = current.isNamed ? undefined : folders.get(this.#place!.folder);
    const failure = files.find(({ file }) => file === current.file)?.code ?? ofName;
    if (failure === undefined) {
      this.#file.isNamed = true;
      this.#isWarned = false;
      return true;
    }
    this.#isBroken = true;
    this.#end(`a sync of the journal failed (${failure})`);
    return false;
  }

  /** No log is open any more. */
  close(): void {
    this.discard();
    this.#wanted = 0;
    this.#lastSize = 0;
    if (this.#state !== "held") this.#remove();
    else for (const each of this.#files) this.#closeFile(each);
  }

  get #file(): JournalFile {
    return this.#files[this.#current]!;
  }

  get #other(): JournalFile {
    return this.#files[1 - this.#current]!;
  }

  /** Turns to the other file where this one is full. @returns false: the other one is still needed */
  #hasRoom(): boolean {
    if (this.#file.position + this.#group!.size <= this.#sizes.fileBytes) return true;
    if (this.#other.logs.size > 0) return false;
    this.#current = 1 - this.#current;
    this.#file.position = 0;
    this.#generation++;
    this.#sequence = 0;
    return true;
  }

  #writeGroup(collector: SyncCollector): boolean {
    const current = this.#file;
    // Before the write: what of it reaches the file may come back after a crash.
    for (const log of this.#staged) current.logs.add(log);
    try {
      if (current.file === NO_FILE) current.file = this.#disk.open(current.path, "create");
      if (!current.isNamed) collector.addFolder(this.#place!.folder);
      const bytes = this.#group!.seal(this.#generation, this.#sequence);
      this.#disk.write(current.file, bytes, current.position);
      current.position += bytes.length;
      this.#sequence++;
      this.#lastSize = bytes.length;
      return true;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      if (error.code === "EEXIST") this.#isBroken = true; // Another life's, which only a start may take away.
      this.#end(`the journal could not be written (${error.code})`);
      return false;
    }
  }

  #end(reason: string): void {
    if (this.#state === "open") this.#state = "draining";
    this.#wanted = 0;
    if (!this.#isWarned) this.#events.warned(`${reason}; until there is another, files are synced one by one`);
    this.#isWarned = true;
    for (const { logs } of this.#files) for (const log of logs) log.requestFileSync();
  }

  /** Every log was synced itself. Where a file cannot be removed, the next start writes again what is there already. */
  #remove(): void {
    for (const each of this.#files) {
      if (each.file === NO_FILE) continue;
      this.#closeFile(each);
      try {
        this.#disk.remove(each.path);
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        this.#isBroken = true;
      }
    }
    this.#current = 0;
    this.#sequence = 0;
    this.#generation++;
    if (!this.#isBroken) this.#state = "open";
  }

  #closeFile(each: JournalFile): void {
    if (each.file === NO_FILE) return;
    this.#disk.close(each.file);
    each.file = NO_FILE;
    each.position = 0;
    each.isNamed = false;
  }
}

function newFile(): JournalFile {
  return { path: "", file: NO_FILE, position: 0, isNamed: false, logs: new Set() };
}
