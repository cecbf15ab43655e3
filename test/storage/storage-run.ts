/**
 * The storage of one start of a broker, put together in one thread over a FakeDisk: folder, expected ends, recovery, drain,
 * checkpoint, clean stop. What main thread, workers and sync thread do with it in the product, a test does here by hand.
 */
import type { BuddyAllocator } from "../../src/base/buddy-allocator.ts";
import type { TopicId } from "../../src/base/topic-id.ts";
import { uuidBytes } from "../../src/base/uuid.ts";
import { appendError } from "../../src/storage/append-result.ts";
import {
  type ExpectedEnds,
  type LogTable,
  type TableOwner,
  takeExpectedEnds,
  writeCheckpoint,
  writeCleanMark,
} from "../../src/storage/checkpoint.ts";
import { folders, noteRecovered, type OpenedFolder, openDataFolder } from "../../src/storage/data-folder.ts";
import { Drain } from "../../src/storage/drain.ts";
import { Journal } from "../../src/storage/journal.ts";
import { type ReplayReport, replayJournal } from "../../src/storage/journal-replay.ts";
import { Log } from "../../src/storage/log.ts";
import { DURABLE_END, LOG_END, LOG_START, SYNCED_END } from "../../src/storage/log-memory.ts";
import type { LogCheckpoint, LogEnvironment, LogEvents, LogSettings } from "../../src/storage/partition-log.ts";
import { isReadOnly, readCheckpoint, readWrittenEnd } from "../../src/storage/published-log.ts";
import { readBatches } from "../../src/storage/reader.ts";
import { type RecoveredLog, type RecoveryTask, recoverLog } from "../../src/storage/recovery.ts";
import type { ReaderEnvironment } from "../../src/storage/segment-place.ts";
import { UnsyncedCount } from "../../src/storage/unsynced-count.ts";
import type { FakeDisk } from "./fake-disk.ts";
import type { StorageMemory } from "./storage-memory.ts";

export const DATA = "/data";
/** When every run begins, unless it is told otherwise. */
export const NOW = 1_700_000_000_000;

export const SETTINGS: LogSettings = {
  durability: "disk",
  segmentBytes: 1 << 20,
  segmentMs: 3_600_000,
  segmentSlots: 1 << 16,
  messageBytesMax: 1 << 20,
  timestampAheadMaxMs: 3_600_000,
};

/** More than any test needs. */
const TURNS_MAX = 10_000;

/** What became of a batch; `acked` once it has the durability of its log. */
export type Outcome =
  | { readonly state: "waiting" }
  | { state: "appended"; readonly base: number; readonly end: number; readonly duplicate: boolean; acked: boolean }
  | { readonly state: "refused" | "lost"; readonly code: number };

/** Name of the error with which a batch was refused or lost; its state, where it was not. */
export function errorOf(outcome: Outcome | undefined): string {
  if (outcome?.state === "refused" || outcome?.state === "lost") return appendError(outcome.code).code;
  return String(outcome?.state);
}

export interface StartOptions {
  readonly bootId?: string;
  /** Of every log that is opened. */
  readonly settings?: Partial<LogSettings>;
  readonly nowMs?: number;
  /** Files of all logs that may wait for a sync. */
  readonly unsyncedMax?: number;
  /** Of each of the journal's two files; 0: there is no journal. */
  readonly journalBytes?: number;
}

export class OpenLog {
  readonly name: string;
  readonly entry: number;
  readonly recovered: RecoveredLog;
  readonly task: RecoveryTask;
  /** Requests of batches that were appended and are not acknowledged. */
  readonly unacked = new Set<number>();
  closed = false;
  checkpoint: LogCheckpoint | null = null;

  constructor(name: string, entry: number, recovered: RecoveredLog, task: RecoveryTask) {
    this.name = name;
    this.entry = entry;
    this.recovered = recovered;
    this.task = task;
  }
}

/** A batch as a reader got it. */
export interface StoredBatch {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly bytes: Uint8Array;
}

export class StorageRun implements LogEvents {
  readonly disk: FakeDisk;
  /** Of the log worker whose turn it is. */
  drain: Drain;
  readonly folder: OpenedFolder;
  readonly expected: ExpectedEnds;
  readonly settings: LogSettings;
  readonly logs = new Map<string, OpenLog>();
  readonly outcomes = new Map<number, Outcome>();
  readonly warnings: string[] = [];
  /** What the start found in the journal. */
  readonly replayed: ReplayReport;
  readonly environment: LogEnvironment;
  readonly reading: ReaderEnvironment;
  nowMs: number;
  readonly #memory: StorageMemory;
  readonly #arena: BuddyAllocator;
  readonly #bootId: string;
  #requests = 0;
  #segmentIds = 0n;

  /** Opens the folder, as a broker does before it takes requests. */
  constructor(disk: FakeDisk, memory: StorageMemory, options: StartOptions = {}) {
    const { bootId = "boot-1", settings = {}, nowMs = NOW, unsyncedMax = Number.POSITIVE_INFINITY } = options;
    const { journalBytes = 1 << 20 } = options;
    this.disk = disk;
    this.settings = { ...SETTINGS, ...settings };
    this.nowMs = nowMs;
    disk.nowMs = nowMs;
    this.#memory = memory;
    memory.freeBatches();
    const { crc32c, core } = memory;
    const opening = {
      version: "test",
      journal: journalBytes > 0,
      bootId,
      newId: () => "00000000-0000-0000-0000-000000000001",
    };
    this.folder = openDataFolder(disk, DATA, opening, crc32c);
    this.#bootId = bootId;
    const { meta, previous } = this.folder;
    const before = { folderId: meta.folderId, incarnation: previous?.incarnation ?? 0 };
    this.expected = takeExpectedEnds(disk, DATA, before, crc32c);
    const folderId = uuidBytes(meta.folderId);
    const replay = { folder: folders.journal(DATA), topics: folders.topics(DATA), folderId };
    this.replayed = replayJournal(disk, replay, topicIdOf, crc32c);
    const journal = new Journal(
      disk,
      memory.memory.bytes,
      crc32c,
      { warned: (message) => this.warnings.push(message), held: () => {} },
      {
        fileBytes: journalBytes,
        groupBytes: journalBytes,
      },
    );
    if (journalBytes > 0) journal.useFolder({ folder: folders.journal(DATA), name: "0", folderId });
    this.drain = new Drain(disk, this, journal);
    disk.events = this.drain;
    this.#arena = memory.newArena();
    const newSegmentId = (): bigint => ++this.#segmentIds;
    this.environment = {
      disk,
      core,
      crc32c,
      memory: memory.memory,
      arena: this.#arena,
      publisher: { begin: () => {}, end: () => {} },
      events: this,
      openFiles: { opened: () => {} },
      unsyncedFiles: new UnsyncedCount(unsyncedMax),
      journal,
      incarnation: meta.incarnation,
      newSegmentId,
    };
    const { scratch, scratchSize } = memory;
    const consistently = <Result>(_entry: number, look: () => Result): Result => look();
    this.reading = { disk, core, crc32c, memory: memory.memory, scratch, scratchSize, consistently, newSegmentId };
  }

  /** Lets a log worker have its turn: logs that are opened are its own, and so are completions. */
  turnTo(drain: Drain): void {
    this.drain = drain;
    this.disk.events = drain;
  }

  get owner(): TableOwner {
    const { folderId, incarnation } = this.folder.meta;
    return { folderId, incarnation };
  }

  /** Recovers a partition, which is taken for the folder's only one, and opens its log. */
  open(name: string, settings: Partial<LogSettings> = {}): OpenLog {
    this.openAll({ [name]: settings });
    return this.log(name);
  }

  /** Recovers the folder's partitions, and opens their logs. */
  openAll(partitions: Readonly<Record<string, Partial<LogSettings>>>): void {
    const { meta, sameBoot } = this.folder;
    for (const [name, settings] of Object.entries(partitions)) {
      const expected = this.expected.logs[name] ?? null;
      const task = { ...this.#taskFor(name), expected, sameBoot, cutTo: expected?.cutTo ?? null };
      this.#openFrom(task, name, this.#memory.entry(this.logs.size), settings);
    }
    const isRecovered = [...this.logs.values()].every(({ recovered }) => !recovered.lacksRoom);
    if (isRecovered) noteRecovered(this.disk, DATA, meta, this.#bootId, this.#memory.crc32c);
  }

  /** What follows the death of a worker, or the use of a log that was closed: it is opened again, cut to what it had published. */
  reopen(name: string, settings: Partial<LogSettings> = {}): OpenLog {
    const { entry } = this.log(name);
    const checkpoint = readCheckpoint(this.#memory.memory, entry);
    const cutTo = readWrittenEnd(this.#memory.memory, entry);
    this.drain.remove(entry);
    return this.#openFrom(
      { ...this.#taskFor(name), expected: checkpoint, sameBoot: true, cutTo },
      name,
      entry,
      settings,
    );
  }

  log(name: string): OpenLog {
    const log = this.logs.get(name);
    if (log === undefined) throw new Error(`${name} is not open`);
    return log;
  }

  /** Number of the next request: an outcome may be told before `append` returns, or dies. */
  get nextRequest(): number {
    return this.#requests + 1;
  }

  /** @returns the request's number; its outcome is in `outcomes`, now or later */
  append(name: string, batch: Uint8Array): number {
    const request = this.offer(name, batch);
    if (request === null) throw new Error("the log was not ready; flush first");
    return request;
  }

  /** The same. @returns null: the log must see a completion first */
  offer(name: string, batch: Uint8Array): number | null {
    const request = ++this.#requests;
    this.outcomes.set(request, { state: "waiting" });
    const address = this.#memory.place(batch);
    this.disk.nowMs = this.nowMs;
    if (this.drain.accept(this.log(name).entry, request, address, batch.length, this.nowMs)) return request;
    this.outcomes.delete(request);
    return null;
  }

  /** Writes what was appended and begins a group commit. */
  step(): void {
    this.drain.flush();
    this.drain.sync(this.nowMs);
  }

  /** The thread's every turn on a disk that holds its completions back: the oldest write ends, then the sync. */
  completeAll(): void {
    for (let turn = 0; this.disk.completeWrite() || this.disk.completeSync(); turn++) {
      if (turn === TURNS_MAX) throw new Error("the storage does not come to rest");
      this.step();
    }
  }

  /** Appends one batch and sees it through. */
  produce(name: string, batch: Uint8Array): Outcome {
    const request = this.append(name, batch);
    this.step();
    return this.outcomes.get(request)!;
  }

  /** What the main thread does every second. */
  writeCheckpoint(): void {
    const logs: LogTable = {};
    for (const { name, entry } of this.logs.values())
      logs[name] = { ...readCheckpoint(this.#memory.memory, entry), topicId: topicIdOf(name) };
    writeCheckpoint(this.disk, DATA, this.owner, { logs, metadata: this.folder.metadata.point }, this.#memory.crc32c);
  }

  /** Closes every log and writes the clean mark. */
  stop(): void {
    for (const { entry } of this.logs.values()) this.drain.close(entry);
    for (let round = 0; round < 4; round++) this.step();
    const logs: LogTable = { ...this.expected.logs };
    const { memory } = this.#memory;
    for (const { name, entry, closed, checkpoint } of this.logs.values()) {
      if (!closed) throw new Error(`${name} did not close`);
      if (checkpoint === null) continue;
      const row = { ...checkpoint, topicId: topicIdOf(name) };
      logs[name] = isReadOnly(memory, entry) ? { ...row, cutTo: readWrittenEnd(memory, entry) } : row;
    }
    writeCleanMark(this.disk, DATA, this.owner, { logs, metadata: this.folder.metadata.point }, this.#memory.crc32c);
  }

  number(name: string, field: number): number {
    return this.#memory.memory.f64[(this.log(name).entry >>> 3) + field]!;
  }

  logStart(name: string): number {
    return this.number(name, LOG_START);
  }

  logEnd(name: string): number {
    return this.number(name, LOG_END);
  }

  durableEnd(name: string): number {
    return this.number(name, DURABLE_END);
  }

  syncedEnd(name: string): number {
    return this.number(name, SYNCED_END);
  }

  /** What a reader gets from `offset` on, up to `limit`, by one read. */
  read(name: string, offset: number, limit: number = this.durableEnd(name)): StoredBatch[] {
    const { readBuffer: address, readBufferSize: capacity, memory } = this.#memory;
    const source = { entry: this.log(name).entry, folder: folders.partition(DATA, name.slice(0, -2), 0) };
    const { baseOffsets, sizes, nextOffset } = readBatches(this.reading, source, { offset, limit, address, capacity });
    let at = address;
    return [...sizes].map((size, index) => {
      const bytes = memory.bytes.slice(at, at + size);
      at += size;
      return { baseOffset: baseOffsets[index]!, nextOffset: baseOffsets[index + 1] ?? nextOffset, bytes };
    });
  }

  /** Everything that a reader gets. */
  readAll(name: string): StoredBatch[] {
    const batches: StoredBatch[] = [];
    const limit = this.durableEnd(name);
    for (let offset = this.logStart(name); offset < limit; ) {
      const read = this.read(name, offset, limit);
      if (read.length === 0) throw new Error(`nothing was read at ${offset}`);
      batches.push(...read);
      offset = read.at(-1)!.nextOffset;
    }
    return batches;
  }

  // LogEvents

  appended(entry: number, request: number, base: number, end: number, duplicate: boolean): void {
    const log = this.#logOf(entry);
    const acked = end <= this.durableEnd(log.name);
    this.outcomes.set(request, { state: "appended", base, end, duplicate, acked });
    if (!acked) log.unacked.add(request);
  }

  refused(_entry: number, request: number, code: number): void {
    this.outcomes.set(request, { state: "refused", code });
  }

  durable(entry: number, durableEnd: number): void {
    const { unacked } = this.#logOf(entry);
    for (const request of unacked) {
      const outcome = this.outcomes.get(request)!;
      if (outcome.state !== "appended" || outcome.end > durableEnd) continue;
      outcome.acked = true;
      unacked.delete(request);
    }
  }

  lost(entry: number, end: number, code: number): void {
    const { unacked } = this.#logOf(entry);
    for (const request of unacked) {
      const outcome = this.outcomes.get(request)!;
      if (outcome.state !== "appended" || outcome.end <= end) continue;
      this.outcomes.set(request, { state: "lost", code });
      unacked.delete(request);
    }
  }

  closed(entry: number, checkpoint: LogCheckpoint | null): void {
    const log = this.#logOf(entry);
    log.closed = true;
    log.checkpoint = checkpoint;
    this.drain.remove(entry);
  }

  warned(_entry: number, message: string): void {
    this.warnings.push(message);
  }

  #logOf(entry: number): OpenLog {
    for (const log of this.logs.values()) if (log.entry === entry) return log;
    throw new Error("an event of a log that is not open");
  }

  #taskFor(name: string): Omit<RecoveryTask, "expected" | "sameBoot"> {
    return {
      topicId: topicIdOf(name),
      folder: `${folders.topics(DATA)}/${name}`,
      quarantine: folders.quarantine(DATA),
      cutTo: null,
      slotsMax: this.settings.segmentSlots,
      segmentId: ++this.#segmentIds,
    };
  }

  #openFrom(task: RecoveryTask, name: string, entry: number, settings: Partial<LogSettings>): OpenLog {
    const recovered = recoverLog(this.reading, task);
    const log = new OpenLog(name, entry, recovered, task);
    const identity = {
      entry,
      topicId: task.topicId,
      parent: folders.topics(DATA),
      folder: task.folder,
    };
    this.logs.set(name, log);
    this.drain.add(new Log(this.environment, identity, { ...this.settings, ...settings }, recovered));
    return log;
  }
}

/** A topic id of 22 characters, as the product's. */
function topicIdOf(name: string): TopicId {
  return name.padEnd(22, "A").slice(0, 22) as TopicId;
}
