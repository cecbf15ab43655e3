/**
 * A LogStore in one thread, for tests of the broker: nothing happens until a test lets it happen, and in any order.
 *
 * Batches are not Kafka's. Byte 0 is the number of offsets it takes (0: it is refused), byte 1 the producer (0: none), byte 2
 * the producer's sequence number.
 */
import { BrokerError } from "../../src/base/errors.ts";
import type {
  Leftover,
  LogEnd,
  LogResults,
  LogStore,
  OpenLog,
  ReadLog,
  ReadOutcome,
  RecoverLog,
} from "../../src/broker/log-store.ts";
import { LogMemory } from "../../src/storage/log-memory.ts";
import type { Durability, LogCheckpoint, LogSettings, SyncedPoint } from "../../src/storage/partition-log.ts";
import type { RecoveredLog } from "../../src/storage/recovery.ts";

export interface FakeBatch {
  readonly count: number;
  readonly producer?: number;
  readonly sequence?: number;
  readonly size?: number;
  readonly fill?: number;
}

export function fakeBatch({ count, producer = 0, sequence = 0, size = 100, fill = 7 }: FakeBatch): Uint8Array {
  const batch = new Uint8Array(size).fill(fill);
  batch.set([count, producer, sequence].slice(0, size));
  return batch;
}

interface StoredBatch {
  readonly base: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/** What would be on disk. */
class StoredLog {
  readonly batches: StoredBatch[] = [];
  synced = 0;

  get end(): number {
    return this.batches.at(-1)?.end ?? 0;
  }

  cut(end: number): void {
    while (this.end > end) this.batches.pop();
    this.synced = Math.min(this.synced, end);
  }
}

class OpenedLog {
  readonly entry: number;
  readonly worker: number;
  readonly folder: string;
  readonly durability: Durability;
  readonly stored: StoredLog;
  /** At durability `memory`, where nothing is stored. */
  memoryEnd: number;
  isClosing = false;

  constructor({ entry, worker, folder, settings, recovered }: OpenLog, stored: StoredLog) {
    this.entry = entry;
    this.worker = worker;
    this.folder = folder;
    this.durability = settings.durability;
    this.stored = stored;
    this.memoryEnd = typeof recovered === "number" ? recovered : 0;
  }

  get end(): number {
    return this.durability === "memory" ? this.memoryEnd : this.stored.end;
  }
}

interface Arrival {
  readonly entry: number;
  readonly request: number;
  readonly address: number;
  readonly length: number;
}

export type Operation =
  | "recover"
  | "open"
  | "close"
  | "abandon"
  | "configure"
  | "removePartition"
  | "read"
  | "findByTime";

interface Held {
  readonly operation: Operation;
  readonly worker: number;
  readonly go: () => void;
  readonly fail: (error: unknown) => void;
}

export interface SteppedOptions {
  readonly poolBytes?: number;
  readonly blockMin?: number;
  readonly blockMax?: number;
  readonly workers?: number;
  readonly entriesMax?: number;
  /** Batches that may wait per worker. */
  readonly queueMax?: number;
}

const ENTRY_SIZE = 256;
const ENTRIES_AT = 4096;

export class SteppedLogStore implements LogStore {
  readonly memory: LogMemory;
  readonly pool: LogStore["pool"];
  readonly workers: number;
  readonly entriesMax: number;
  /** What would be on disk, by folder. */
  readonly stored = new Map<string, StoredLog>();
  readonly opened = new Map<number, OpenedLog>();
  /** Folders of logs that something is wrong with: nothing could be cut off. */
  readonly readOnly = new Set<string>();
  readonly removed: string[] = [];
  readonly configured: LogSettings[] = [];
  readonly recoveries: RecoverLog[] = [];
  /** What each read asked for. */
  readonly reads: ReadLog[] = [];
  /** `closed` is not told before the next `tell`. */
  tellsLater = false;
  states: ("running" | "replacing" | "stalled")[];
  readonly #queueMax: number;
  readonly #arrivals: Arrival[][];
  /** Results that were not told, by worker. */
  readonly #untold: (() => void)[][];
  /** As they were, by entry. */
  readonly #closed = new Map<number, OpenedLog>();
  readonly #holding = new Set<Operation>();
  #held: Held[] = [];
  #results: LogResults | null = null;

  constructor(options: SteppedOptions = {}) {
    const { poolBytes = 1 << 20, blockMin = 1 << 14, blockMax = poolBytes, workers = 1, entriesMax = 64 } = options;
    const address = ENTRIES_AT + entriesMax * ENTRY_SIZE;
    this.memory = new LogMemory(new ArrayBuffer(Math.ceil((address + poolBytes) / 8) * 8));
    this.pool = { address, size: poolBytes, blockMin, blockMax };
    this.workers = workers;
    this.entriesMax = entriesMax;
    this.#queueMax = options.queueMax ?? 1000;
    this.#arrivals = Array.from({ length: workers }, () => []);
    this.#untold = Array.from({ length: workers }, () => []);
    this.states = Array.from({ length: workers }, () => "running" as const);
  }

  listen(results: LogResults): void {
    this.#results = results;
  }

  /** From now on calls of this operation wait for `let` or `fail`. */
  hold(operation: Operation): void {
    this.#holding.add(operation);
  }

  /** Calls that wait. */
  held(operation: Operation): number {
    return this.#held.filter((held) => held.operation === operation).length;
  }

  /** Lets the calls of this operation go on, also those to come. */
  let(operation: Operation): void {
    this.#holding.delete(operation);
    for (const { go } of this.#take(operation)) go();
  }

  /** Fails the calls of this operation that wait. */
  fail(operation: Operation, error: BrokerError = new BrokerError("STORAGE_ERROR", "as the test wants it")): void {
    for (const { fail } of this.#take(operation)) fail(error);
  }

  /** Batches that wait for a worker. */
  waiting(worker = 0): number {
    return this.#arrivals[worker]!.length;
  }

  /** The worker writes what waits. */
  write(worker = 0, count: number = Number.POSITIVE_INFINITY): void {
    const arrivals = this.#arrivals[worker]!;
    for (const arrival of arrivals.splice(0, Math.min(count, arrivals.length))) this.#append(worker, arrival);
  }

  /** Everything written becomes durable. */
  sync(worker = 0): void {
    for (const log of this.opened.values()) {
      if (log.worker !== worker || log.durability === "memory" || log.stored.synced === log.end) continue;
      const { end } = log;
      log.stored.synced = end;
      if (log.durability === "disk") this.#tell(worker, (results) => results.durable(log.entry, end));
    }
  }

  /** A sync of this log fails: what was not durable is cut off. */
  failSync(folder: string): void {
    for (const log of this.opened.values()) {
      if (log.folder !== folder) continue;
      log.stored.cut(log.stored.synced);
      const { end } = log;
      this.#tell(log.worker, (results) =>
        results.lost(log.entry, end, new BrokerError("STORAGE_ERROR", "a sync failed")),
      );
    }
  }

  /** The broker hears of what happened. */
  tell(worker = 0): void {
    for (const tell of this.#untold[worker]!.splice(0)) tell();
    this.#results!.settled();
  }

  /** All of it: written, durable, told. */
  step(): void {
    for (let worker = 0; worker < this.workers; worker++) {
      this.write(worker);
      this.sync(worker);
      this.tell(worker);
    }
  }

  /**
   * The worker dies: what waits for it is lost, and so is what it did not tell.
   *
   * @param told results that it had put where the broker finds them
   */
  die(worker = 0, told = 0): void {
    this.states[worker] = "replacing";
    this.#arrivals[worker]!.length = 0;
    for (const tell of this.#untold[worker]!.splice(0).slice(0, told)) tell();
    for (const held of this.#held.filter((waiting) => waiting.worker === worker)) {
      this.#held.splice(this.#held.indexOf(held), 1);
      held.fail(new BrokerError("BUSY", "the log worker is being replaced"));
    }
    const error = new BrokerError("UNKNOWN_OUTCOME", "the worker died");
    const ends = new Map<number, SyncedPoint>();
    for (const log of [...this.opened.values()].filter((candidate) => candidate.worker === worker)) {
      this.#closed.set(log.entry, log);
      this.opened.delete(log.entry);
      ends.set(log.entry, { base: 0, position: log.end, end: log.end });
      this.#results!.lost(log.entry, log.end, error);
    }
    this.#results!.workerDied(worker, ends, error);
    this.#results!.settled();
  }

  replace(worker = 0): void {
    this.states[worker] = "running";
    this.#results!.workerReplaced(worker, 0);
  }

  entryAt(index: number): number {
    return ENTRIES_AT + index * ENTRY_SIZE;
  }

  checkpointOf(entry: number): LogCheckpoint | null {
    const log = this.opened.get(entry) ?? this.#closed.get(entry);
    return log === undefined ? null : checkpoint(log.stored);
  }

  endOf(entry: number): LogEnd {
    const { stored, folder } = this.#closed.get(entry)!;
    return { written: point(stored.end), isReadOnly: this.readOnly.has(folder) };
  }

  submit(worker: number, entry: number, request: number, address: number, length: number): boolean {
    const arrivals = this.#arrivals[worker]!;
    if (this.states[worker] === "replacing" || arrivals.length >= this.#queueMax) return false;
    arrivals.push({ entry, request, address, length });
    return true;
  }

  stateOf(worker: number): "running" | "replacing" | "stalled" {
    return this.states[worker]!;
  }

  async recover(task: RecoverLog): Promise<RecoveredLog> {
    const { folder, cutTo } = task;
    this.recoveries.push(task);
    await this.#gate("recover", -1);
    const stored = this.#storedIn(folder);
    if (cutTo !== null) stored.cut(cutTo.end);
    stored.synced = stored.end;
    return {
      logStartOffset: 0,
      end: { ...point(stored.end), headersCrc: 0, maxTimestamp: -1, firstAppendMs: -1, lastAppendMs: -1 },
      bases: stored.end > 0 ? [0] : [],
      epochs: [],
      producers: null,
      lacksRoom: false,
      report: { scannedBytes: 0, cutBytes: 0, quarantined: [], corruptions: [] },
    };
  }

  async open(log: OpenLog): Promise<void> {
    await this.#gate("open", log.worker);
    this.opened.set(log.entry, new OpenedLog(log, this.#storedIn(log.folder)));
  }

  async close(worker: number, entry: number): Promise<void> {
    await this.#gate("close", worker);
    const log = this.opened.get(entry);
    if (log === undefined) throw new BrokerError("BUSY", "the log worker is being replaced");
    log.isClosing = true;
    this.sync(worker);
    this.#close(worker, entry);
  }

  async abandon(worker: number, entry: number): Promise<void> {
    await this.#gate("abandon", worker);
    const log = this.opened.get(entry);
    if (log === undefined) throw new BrokerError("BUSY", "the log worker is being replaced");
    log.isClosing = true;
    this.#close(worker, entry);
  }

  async configure(worker: number, _entry: number, settings: LogSettings): Promise<void> {
    await this.#gate("configure", worker);
    this.configured.push(settings);
  }

  async removePartition(folder: string): Promise<Leftover | null> {
    await this.#gate("removePartition", -1);
    this.removed.push(folder);
    this.stored.delete(folder);
    return null;
  }

  async read(read: ReadLog): Promise<ReadOutcome> {
    this.reads.push(read);
    await this.#gate("read", -1);
    const log = this.opened.get(read.entry);
    if (log === undefined) throw new BrokerError("OFFSET_OUT_OF_RANGE", "there is no log at this entry");
    return this.#copy(log.stored, read);
  }

  async findByTime(): Promise<number> {
    await this.#gate("findByTime", -1);
    return -1;
  }

  maxTimestampAt(address: number): number {
    return this.memory.bytes[address + 3] ?? 0;
  }

  /** Told with the next round, at once unless that is held. */
  #close(worker: number, entry: number): void {
    this.#tell(worker, (results) => {
      this.#closed.set(entry, this.opened.get(entry)!);
      this.opened.delete(entry);
      results.closed(entry);
    });
    if (!this.tellsLater) this.tell(worker);
  }

  #append(worker: number, { entry, request, address, length }: Arrival): void {
    const log = this.opened.get(entry);
    const bytes = this.memory.bytes.slice(address, address + length);
    const [count = 0, producer = 0, sequence = 0] = bytes;
    if (log === undefined || log.isClosing || count === 0) {
      const error = new BrokerError(count === 0 ? "CORRUPT_BATCH" : "UNKNOWN_TOPIC_OR_PARTITION", "refused");
      return this.#tell(worker, (results) => results.refused(entry, request, error));
    }
    const isSame = (other: StoredBatch): boolean => other.bytes[1] === producer && other.bytes[2] === sequence;
    const original = producer === 0 ? undefined : log.stored.batches.find(isSame);
    if (original !== undefined) {
      return this.#tell(worker, (results) => results.appended(entry, request, original.base, original.end, true));
    }
    const base = log.end;
    const end = base + count;
    if (log.durability === "memory") log.memoryEnd = end;
    else log.stored.batches.push({ base, end, bytes });
    this.#tell(worker, (results) => results.appended(entry, request, base, end, false));
  }

  #copy(stored: StoredLog, { offset, limit, address, capacity }: ReadLog): ReadOutcome {
    const baseOffsets: number[] = [];
    const sizes: number[] = [];
    let nextOffset = offset;
    let at = 0;
    for (const { base, end, bytes } of stored.batches) {
      if (end <= offset || end > limit) continue;
      if (at + bytes.length > capacity) {
        if (sizes.length === 0) return { ...empty, nextOffset: offset, sizeNeeded: bytes.length };
        break;
      }
      this.memory.bytes.set(bytes, address + at);
      at += bytes.length;
      baseOffsets.push(base);
      sizes.push(bytes.length);
      nextOffset = end;
    }
    if (sizes.length === 0) throw new BrokerError("OFFSET_OUT_OF_RANGE", `nothing is at ${offset}`);
    return { baseOffsets: Float64Array.from(baseOffsets), sizes: Uint32Array.from(sizes), nextOffset, sizeNeeded: 0 };
  }

  #storedIn(folder: string): StoredLog {
    let stored = this.stored.get(folder);
    if (stored === undefined) {
      stored = new StoredLog();
      this.stored.set(folder, stored);
    }
    return stored;
  }

  #tell(worker: number, tell: (results: LogResults) => void): void {
    this.#untold[worker]!.push(() => tell(this.#results!));
  }

  #gate(operation: Operation, worker: number): Promise<void> {
    if (!this.#holding.has(operation)) return Promise.resolve();
    return new Promise((go, fail) => this.#held.push({ operation, worker, go, fail }));
  }

  #take(operation: Operation): Held[] {
    const taken = this.#held.filter((held) => held.operation === operation);
    this.#held = this.#held.filter((held) => held.operation !== operation);
    return taken;
  }
}

const empty: ReadOutcome = {
  baseOffsets: new Float64Array(0),
  sizes: new Uint32Array(0),
  nextOffset: 0,
  sizeNeeded: 0,
};

function point(end: number): SyncedPoint {
  return { base: 0, position: end, end };
}

function checkpoint({ synced }: StoredLog): LogCheckpoint {
  const at = point(synced);
  const indexed = { ...at, headersCrc: 0, maxTimestamp: -1, firstAppendMs: -1, lastAppendMs: -1 };
  return { logStartOffset: 0, synced: at, indexed } as LogCheckpoint;
}
