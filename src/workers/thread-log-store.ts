/**
 * The LogStore over worker threads: log workers that write, maintenance workers for all else, one shared memory. Results come
 * to the main thread by one bell, which it waits for without blocking.
 */
import os from "node:os";
import { assert } from "../base/assert.ts";
import { MIB } from "../base/units.ts";
import type {
  Leftover,
  LogEnd,
  LogResults,
  LogStore,
  OpenLog,
  ReadLog,
  ReadOutcome,
  RecoverLog,
} from "../broker/log-store.ts";
import { appendError, REFUSED_UNKNOWN_OUTCOME } from "../storage/append-result.ts";
import { journalFileNames } from "../storage/journal.ts";
import type { JournalReplay } from "../storage/journal-replay.ts";
import { DURABLE_END, LogMemory } from "../storage/log-memory.ts";
import type { LogCheckpoint, LogSettings, SyncedPoint } from "../storage/partition-log.ts";
import { isReadOnly, readCheckpoint, readWrittenEnd } from "../storage/published-log.ts";
import type { RecoveredLog } from "../storage/recovery.ts";
import { Core, compileCore } from "../wasm/core.ts";
import { BATCH_MAX_TIMESTAMP_AT } from "../wasm/layout.ts";
import type { Fault, FaultPoint } from "./faults.ts";
import { type FileShares, fileShares } from "./file-shares.ts";
import { type HostOwner, LogWorkerHost, type WorkerState } from "./log-worker-host.ts";
import { MaintenanceHost } from "./maintenance-host.ts";
import { ConsistentReader } from "./publication.ts";
import { ResultsReader, type ResultsSink } from "./results-reader.ts";
import { resultsRing } from "./ring.ts";
import * as shared from "./shared-memory.ts";
import { SharedWriteGate } from "./write-gate.ts";

export interface ThreadLogStoreOptions {
  /** Default: one per two processors. */
  readonly logWorkers?: number;
  /** Default: as many as there is room for. */
  readonly connectionsMax?: number;
  readonly maintenanceWorkers?: number;
  /** Memory for batches, rounded up to whole largest blocks. */
  readonly poolBytes?: number;
}

const POOL_BYTES = 256 * MIB;

export class ThreadLogStore implements LogStore, HostOwner {
  readonly memory: LogMemory;
  readonly pool: LogStore["pool"];
  readonly workers: number;
  /** What may be open of each kind of file. */
  readonly files: FileShares;
  readonly entriesMax: number = shared.ENTRIES_MAX;
  readonly maintenance: MaintenanceHost;
  readonly #map: shared.MemoryMap;
  readonly #hosts: readonly LogWorkerHost[];
  readonly #reader: ConsistentReader;
  readonly #words: Int32Array;
  readonly #gate: SharedWriteGate;
  readonly #results: readonly ResultsReader[];
  #sinks: readonly ResultsSink[] = [];
  #listener: LogResults | null = null;
  /** Whose the log workers' journals are; null: there are none. */
  #journals: JournalReplay | null = null;
  #stopped = false;

  /** @throws BrokerError LIMIT_EXCEEDED  the process may have too few files open */
  static async start(options: ThreadLogStoreOptions = {}): Promise<ThreadLogStore> {
    const logWorkers = options.logWorkers ?? Math.max(1, Math.floor(os.availableParallelism() / 2));
    const files = fileShares(logWorkers, options.connectionsMax);
    const maintenanceWorkers = options.maintenanceWorkers ?? 1;
    const blocks = Math.ceil((options.poolBytes ?? POOL_BYTES) / shared.POOL_BLOCK_MAX);
    const map = shared.mapMemory({ logWorkers, maintenanceWorkers, poolBytes: blocks * shared.POOL_BLOCK_MAX });
    const pages = map.size / shared.WASM_PAGE_SIZE;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const module = await compileCore({ shared: true });
    new Core(module, memory, map.crcTables).initCrc32c();
    return new ThreadLogStore(map, memory, module, files);
  }

  private constructor(
    map: shared.MemoryMap,
    memory: WebAssembly.Memory,
    module: WebAssembly.Module,
    files: FileShares,
  ) {
    const buffer = memory.buffer as SharedArrayBuffer;
    this.#map = map;
    this.files = files;
    this.memory = new LogMemory(buffer);
    this.pool = {
      address: map.pool,
      size: map.poolBytes,
      blockMin: shared.POOL_BLOCK_MIN,
      blockMax: shared.POOL_BLOCK_MAX,
    };
    this.workers = map.logWorkers.length;
    this.#words = new Int32Array(buffer);
    this.#gate = new SharedWriteGate(map, buffer);
    this.#reader = new ConsistentReader(buffer);
    this.maintenance = new MaintenanceHost(
      map.maintenanceWorkers.map((_, index) => ({ map, memory, module, files, index })),
      () => this.warned(0, "a maintenance worker died and is replaced"),
    );
    this.#hosts = map.logWorkers.map((_, index) => new LogWorkerHost({ map, memory, module, files, index }, this));
    this.#results = map.logWorkers.map((own) => {
      const control = new Int32Array(buffer, own.control);
      return new ResultsReader(resultsRing(control, own), buffer);
    });
  }

  /** Resolves when every log worker can take tasks. @throws BrokerError UNKNOWN_SERVER_ERROR one cannot be loaded */
  async ready(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.ready()));
  }

  /** Results begin to be told. */
  listen(results: LogResults): void {
    assert(this.#listener === null, "one owner listens");
    this.#listener = results;
    const { appended, refused, durable, lost } = results;
    this.#sinks = this.#hosts.map((host) => ({
      appended: appended.bind(results),
      refused: refused.bind(results),
      durable: durable.bind(results),
      lost: lost.bind(results),
      closed: (entry) => {
        host.forget(entry);
        results.closed(entry);
      },
    }));
    this.#waitForBell();
  }

  entryAt(index: number): number {
    return this.#map.entries + index * shared.ENTRY_SIZE;
  }

  checkpointOf(entry: number): LogCheckpoint | null {
    return this.#reader.glimpse(entry, () => readCheckpoint(this.memory, entry));
  }

  endOf(entry: number): LogEnd {
    return { written: readWrittenEnd(this.memory, entry), isReadOnly: isReadOnly(this.memory, entry) };
  }

  /** The disk is so full that only metadata is written. */
  get refusesWrites(): boolean {
    return this.#gate.isShut;
  }

  submit(worker: number, entry: number, request: number, address: number, length: number): boolean {
    return this.#hosts[worker]!.submit(entry, request, address, length);
  }

  stateOf(worker: number): WorkerState {
    return this.#hosts[worker]!.state;
  }

  recover(log: RecoverLog): Promise<RecoveredLog> {
    return this.maintenance.recover(log);
  }

  /** From now on log workers keep journals there. The folder exists and is empty. */
  useJournals(journals: JournalReplay): void {
    this.#journals = journals;
  }

  open(log: OpenLog): Promise<void> {
    const { worker } = log;
    const journal = this.#journals === null ? null : { ...this.#journals, name: String(worker) };
    return this.#hosts[worker]!.open({ ...log, journal });
  }

  close(worker: number, entry: number): Promise<void> {
    return this.#hosts[worker]!.control({ kind: "close", entry });
  }

  abandon(worker: number, entry: number): Promise<void> {
    return this.#hosts[worker]!.control({ kind: "abandon", entry });
  }

  configure(worker: number, entry: number, settings: LogSettings): Promise<void> {
    return this.#hosts[worker]!.control({ kind: "configure", entry, settings });
  }

  removePartition(folder: string): Promise<Leftover | null> {
    return this.maintenance.removePartition(folder);
  }

  read({ entry, folder, ...request }: ReadLog): Promise<ReadOutcome> {
    return this.maintenance.read({ source: { entry, folder }, request });
  }

  findByTime(entry: number, folder: string, timestamp: number, limit: number): Promise<number> {
    return this.maintenance.findByTime({ source: { entry, folder }, timestamp, limit });
  }

  maxTimestampAt(address: number): number {
    const { view } = this.memory;
    return (
      view.getInt32(address + BATCH_MAX_TIMESTAMP_AT) * 2 ** 32 + view.getUint32(address + BATCH_MAX_TIMESTAMP_AT + 4)
    );
  }

  /** Lets a log worker fail the next time it comes to that point. */
  async injectFault(worker: number, fault: Fault, point: FaultPoint): Promise<void> {
    if (point === "maintenance") this.maintenance.injectFault();
    else await this.#hosts[worker]!.control({ kind: "fault", fault, point });
  }

  /** Ends all threads. Every log must be closed. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#hosts.map((host) => host.stop()));
    await this.maintenance.stop();
    // Whoever waits for the bell is let go.
    Atomics.add(this.#words, this.#map.mainBell, 1);
    Atomics.notify(this.#words, this.#map.mainBell);
  }

  died(worker: number, entries: readonly number[], damaged: ReadonlySet<number>, reason: string): void {
    const results = this.#listener;
    if (results === null) return; // It could not be loaded, and `ready` says so.
    this.#take(worker);
    const error = appendError(REFUSED_UNKNOWN_OUTCOME, reason);
    const ends = new Map<number, SyncedPoint>();
    for (const entry of entries) {
      const written = readWrittenEnd(this.memory, entry);
      const durableEnd = this.memory.f64[(entry >>> 3) + DURABLE_END]!;
      // Where a sync failed and somebody waited for it, only what was synced before is good.
      const isCut = damaged.has(entry) && durableEnd < written.end;
      const end = isCut ? readCheckpoint(this.memory, entry).synced : written;
      ends.set(entry, end);
      results.lost(entry, end.end, error);
    }
    results.workerDied(worker, ends, error);
    results.settled();
  }

  async settleJournal(worker: number, isNeeded: boolean): Promise<void> {
    if (this.#journals === null) return;
    const names = journalFileNames(String(worker));
    try {
      await this.maintenance.settleJournal({ ...this.#journals, names, isNeeded });
    } catch (error) {
      this.warned(0, `a dead worker's journal stays for the next start: ${(error as Error).message}`);
    }
  }

  replaced(worker: number, ms: number): void {
    this.#listener?.workerReplaced(worker, ms);
  }

  warned(entry: number, message: string): void {
    this.#listener?.warned(entry, message);
  }

  /** Takes results whenever the bell rings, without blocking. */
  #waitForBell(): void {
    for (;;) {
      const bell = Atomics.load(this.#words, this.#map.mainBell);
      const taken = this.#results.map((_, worker) => this.#take(worker));
      if (taken.includes(true)) this.#listener!.settled();
      if (this.#stopped) return;
      // Results that came after the look have rung: then the wait does not begin.
      const wait = Atomics.waitAsync(this.#words, this.#map.mainBell, bell);
      if (!wait.async) continue;
      void wait.value.then(() => this.#waitForBell());
      return;
    }
  }

  #take(worker: number): boolean {
    return this.#results[worker]!.take(this.#sinks[worker]!);
  }
}
