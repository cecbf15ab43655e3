/**
 * The main thread's side of one log worker: its pool of one thread, its sync thread, its rings, and what happens when it dies.
 *
 * Death (contract H1): a task that throws, a trap in the core, or an endless loop outside a file call that the watchdog finds.
 * The thread is ended and gone before anything else happens; file calls are synchronous, so nothing lands later. What it had
 * published stands, its files are synced and closed, and a new thread starts. The owner is told when that is done.
 */
import { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { BrokerError } from "../base/errors.ts";
import type { LogSettings } from "../storage/partition-log.ts";
import type { ControlTask, DrainReport, OpenTask, WorkerWarning } from "./log-worker.ts";
import { settle } from "./publication.ts";
import { Ring } from "./ring.ts";
import * as shared from "./shared-memory.ts";
import { readFailures } from "./sync-group.ts";
import { type TaskOutcome, unwrap } from "./task-outcome.ts";
import { type ThreadData, workerFile } from "./thread.ts";

/** Logs without arrivals are looked at this often, for what is synced in the background. */
const BACKGROUND_DRAIN_MS = 500;
/** The watchdog looks this often, ... */
const WATCH_MS = 100;
/** ... and takes this many looks without progress, outside a file call, for an endless loop. */
const LOOKS_UNTIL_DEAD = 20;
/** A file call that has not returned for so many looks: the disk is stalled. */
const LOOKS_UNTIL_STALLED = 100;

export interface HostOwner {
  /** Syncs and closes files that a dead thread left open. @returns those whose sync failed */
  closeOrphans(files: readonly number[]): Promise<readonly number[]>;
  /**
   * The thread is gone and its files are closed. What was published can be taken; nothing else happened.
   *
   * @param entries logs that were open
   * @param damaged those with a file whose sync failed: only what was synced before is good
   */
  died(worker: number, entries: readonly number[], damaged: ReadonlySet<number>, reason: string): void;
  replaced(worker: number): void;
  warned(entry: number, message: string): void;
}

export type WorkerState = "running" | "replacing" | "stalled";

export class LogWorkerHost {
  readonly index: number;
  readonly results: Ring;
  readonly #data: ThreadData;
  readonly #owner: HostOwner;
  readonly #control: Int32Array;
  readonly #arrivals: Ring;
  readonly #u32: Uint32Array;
  #arrivalsHead = 0;
  #wakeScheduled = false;
  #pool: Piscina;
  #syncThread: Worker;
  #state: WorkerState = "running";
  #draining = false;
  #stopping = false;
  /** Tasks that want the thread; while there are any, the drain gives way. */
  #tasksWaiting = 0;
  readonly #entries = new Set<number>();
  #backgroundTimer: NodeJS.Timeout | undefined;
  readonly #watchTimer: NodeJS.Timeout;
  #lastProgress = 0;
  #looksWithoutProgress = 0;

  constructor(data: ThreadData, owner: HostOwner) {
    this.index = data.index;
    this.#data = data;
    this.#owner = owner;
    const { buffer } = data.memory;
    const map = data.map.logWorkers[data.index]!;
    this.#control = new Int32Array(buffer, map.control);
    this.#u32 = new Uint32Array(buffer);
    const { ARRIVALS_HEAD, ARRIVALS_TAIL, ARRIVAL_SIZE, ARRIVALS_CAPACITY } = shared;
    this.#arrivals = new Ring(
      this.#control,
      ARRIVALS_HEAD,
      ARRIVALS_TAIL,
      map.arrivals,
      ARRIVAL_SIZE,
      ARRIVALS_CAPACITY,
    );
    const { RESULTS_HEAD, RESULTS_TAIL, RESULT_SIZE, RESULTS_CAPACITY } = shared;
    this.results = new Ring(this.#control, RESULTS_HEAD, RESULTS_TAIL, map.results, RESULT_SIZE, RESULTS_CAPACITY);
    this.#pool = this.#startPool();
    this.#syncThread = new Worker(new URL(workerFile("sync-thread", import.meta.url)), { workerData: data });
    this.#watchTimer = setInterval(() => this.#watch(), WATCH_MS).unref();
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** @returns false: the ring is full or the worker is being replaced */
  submit(entry: number, request: number, address: number, length: number): boolean {
    if (this.#state === "replacing") return false;
    const ring = this.#arrivals;
    if (((this.#arrivalsHead - ring.tail) | 0) >= ring.capacity) return false;
    const at = ring.at(this.#arrivalsHead) >>> 2;
    const words = this.#u32;
    words[at] = entry;
    words[at + 1] = request;
    words[at + 2] = address;
    words[at + 3] = length;
    this.#arrivalsHead = (this.#arrivalsHead + 1) | 0;
    // One wake per turn of the event loop, not per frame: a wake costs as much as a small batch.
    if (!this.#wakeScheduled) {
      this.#wakeScheduled = true;
      setImmediate(() => this.#wake());
    }
    return true;
  }

  /** @throws BrokerError BUSY no memory for the log, or the thread died meanwhile */
  async open(task: OpenTask): Promise<void> {
    this.#entries.add(task.entry);
    try {
      unwrap((await this.#run("open", task)) as TaskOutcome<void>);
    } catch (error) {
      this.#entries.delete(task.entry);
      throw error;
    }
    this.#drainSoon();
  }

  /** @throws BrokerError BUSY the thread died meanwhile */
  async control(task: ControlTask): Promise<void> {
    await this.#run("control", task);
    this.#drainSoon();
  }

  /** The log told that it is closed. */
  forget(entry: number): void {
    this.#entries.delete(entry);
  }

  configure(entry: number, settings: LogSettings): Promise<void> {
    return this.control({ kind: "configure", entry, settings });
  }

  /** Ends both threads. Every log must be closed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watchTimer);
    clearTimeout(this.#backgroundTimer);
    await this.#pool.destroy();
    Atomics.store(this.#control, shared.SYNC_STOP, 1);
    Atomics.notify(this.#control, shared.SYNC_SUBMITTED);
    await this.#syncThread.terminate();
  }

  #startPool(): Piscina {
    const pool = new Piscina({
      filename: workerFile("log-worker", import.meta.url),
      workerData: this.#data,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
      workerHistogram: false,
      atomics: "sync",
      // Node would close a dead worker's files under the sync thread (contract D2).
      trackUnmanagedFds: false,
    });
    pool.on("message", ({ entry, message }: WorkerWarning) => this.#owner.warned(entry, message));
    pool.on("error", (error: Error) => void this.#replace(error.message));
    return pool;
  }

  #wake(): void {
    this.#wakeScheduled = false;
    if (this.#state === "replacing" || this.#stopping) return;
    this.#arrivals.publish(this.#arrivalsHead);
    this.#ring();
    this.#ensureDrain();
  }

  #ring(): void {
    Atomics.add(this.#control, shared.BELL, 1);
    if (Atomics.load(this.#control, shared.PARKED) === 1) Atomics.notify(this.#control, shared.BELL);
  }

  #ensureDrain(): void {
    if (this.#draining || this.#stopping || this.#state === "replacing") return;
    this.#draining = true;
    clearTimeout(this.#backgroundTimer);
    this.#pool.run(undefined, { name: "drain" }).then(
      (report: DrainReport) => this.#drained(report),
      (error: Error) => {
        this.#draining = false;
        void this.#replace(error.message);
      },
    );
  }

  #drained(report: DrainReport): void {
    this.#draining = false;
    if (this.#arrivals.head !== this.#arrivals.tail) this.#ensureDrain();
    else if (report.hasLogs && this.#tasksWaiting === 0) this.#drainLater();
  }

  #drainSoon(): void {
    if (this.#tasksWaiting === 0) this.#ensureDrain();
  }

  #drainLater(): void {
    clearTimeout(this.#backgroundTimer);
    this.#backgroundTimer = setTimeout(() => this.#ensureDrain(), BACKGROUND_DRAIN_MS).unref();
  }

  /** Runs a task on the thread, for which the drain gives way. */
  async #run(name: "open" | "control", task: OpenTask | ControlTask): Promise<unknown> {
    this.#tasksWaiting++;
    Atomics.store(this.#control, shared.YIELD, 1);
    this.#ring();
    try {
      return await this.#pool.run(task, { name });
    } catch (error) {
      throw new BrokerError("BUSY", "the log worker is being replaced", { cause: error });
    } finally {
      this.#tasksWaiting--;
      if (this.#tasksWaiting === 0) Atomics.store(this.#control, shared.YIELD, 0);
    }
  }

  // ---- supervision

  /** Contract H5: only a stall outside a file call is an endless loop. */
  #watch(): void {
    const control = this.#control;
    const progress = Atomics.load(control, shared.PROGRESS);
    const busy = Atomics.load(control, shared.DRAINING) === 1 && Atomics.load(control, shared.PARKED) === 0;
    if (!busy || progress !== this.#lastProgress || this.#state === "replacing") {
      this.#lastProgress = progress;
      this.#looksWithoutProgress = 0;
      if (this.#state === "stalled") this.#state = "running";
      return;
    }
    this.#looksWithoutProgress++;
    const inFileCall = Atomics.load(control, shared.IN_FILE_CALL) === 1;
    if (inFileCall && this.#looksWithoutProgress >= LOOKS_UNTIL_STALLED) this.#state = "stalled";
    if (!inFileCall && this.#looksWithoutProgress >= LOOKS_UNTIL_DEAD) void this.#replace("endless loop");
  }

  async #replace(reason: string): Promise<void> {
    if (this.#state === "replacing" || this.#stopping) return;
    this.#state = "replacing";
    clearTimeout(this.#backgroundTimer);
    await this.#pool.destroy();
    await this.#syncThreadIdle();
    await this.#takeOver(reason);
    for (const word of [
      shared.ARRIVALS_HEAD,
      shared.ARRIVALS_TAIL,
      shared.PARKED,
      shared.DRAINING,
      shared.IN_FILE_CALL,
    ]) {
      Atomics.store(this.#control, word, 0);
    }
    this.#arrivalsHead = 0;
    this.#draining = false;
    this.#looksWithoutProgress = 0;
    this.#pool = this.#startPool();
    this.#state = "running";
    this.#owner.replaced(this.index);
  }

  /** Settles what the dead thread left in shared memory and in the kernel. */
  async #takeOver(reason: string): Promise<void> {
    const { map, memory } = this.#data;
    const { openFiles, sync } = map.logWorkers[this.index]!;
    const entryByFile = new Uint32Array(memory.buffer, openFiles, shared.OPEN_FILES_MAX);
    const orphans = Array.from(entryByFile.keys()).filter((file) => entryByFile[file] !== 0);
    const failed = readFailures(new Int32Array(memory.buffer, sync)).map(({ file }) => file);
    failed.push(...(await this.#owner.closeOrphans(orphans)));
    const damaged = new Set(failed.map((file) => entryByFile[file]!));
    const entries = [...this.#entries];
    entryByFile.fill(0);
    this.#entries.clear();
    for (const entry of entries) settle(memory.buffer as SharedArrayBuffer, entry);
    this.#owner.died(this.index, entries, damaged, reason);
  }

  /** A group that the dead thread submitted may still be on its way to the disk. */
  async #syncThreadIdle(): Promise<void> {
    const control = this.#control;
    while (Atomics.load(control, shared.SYNC_DONE) !== Atomics.load(control, shared.SYNC_SUBMITTED)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
