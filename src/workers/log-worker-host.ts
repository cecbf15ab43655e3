/**
 * The main thread's side of one log worker: its pool of one thread, its sync thread, its ring of arrivals, and what happens
 * when it dies.
 *
 * Death (contract H1): a task that throws, a trap in the core, or an endless loop that the watchdog finds. The thread is ended
 * and gone before anything else happens; file calls are synchronous, so nothing lands later. What it had published stands; its
 * files are synced by the thread that always syncs them, and closed; the owner is told, and a new thread starts. A task that
 * comes meanwhile never reaches a pool: piscina would start another thread for it, on the same memory.
 */
import { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { BrokerError } from "../base/errors.ts";
import type { FailedSync } from "../storage/disk.ts";
import type { ControlTask, DrainReport, OpenTask } from "./log-worker.ts";
import { retire, settle } from "./publication.ts";
import type { WorkerWarning } from "./results-writer.ts";
import { arrivalsRing, type Ring } from "./ring.ts";
import * as shared from "./shared-memory.ts";
import { readFailures, writeGroup } from "./sync-group.ts";
import { type TaskOutcome, unwrap } from "./task-outcome.ts";
import { type ThreadData, workerFile } from "./thread.ts";
import { LOOK_MS, Watchdog } from "./watchdog.ts";

/** Logs without arrivals are looked at this often, for what is synced in the background. */
const BACKGROUND_DRAIN_MS = 500;
const RELOAD_MS = 1000;
/** A log whose opening kills the thread is not tried for ever. */
const OPEN_ATTEMPTS = 3;

export interface HostOwner {
  /**
   * The thread is gone and its files are closed. What was published can be taken; nothing else happened.
   *
   * @param entries logs that were open
   * @param damaged those with a file whose sync failed: only what was synced before is good
   */
  died(worker: number, entries: readonly number[], damaged: ReadonlySet<number>, reason: string): void;
  /** There is a new thread; it took `ms` since the death was noticed. */
  replaced(worker: number, ms: number): void;
  warned(entry: number, message: string): void;
}

/** A task did not run to its end because the thread died. */
class WorkerDied extends BrokerError {
  constructor(cause?: unknown) {
    super("BUSY", "the log worker is being replaced", { cause });
  }
}

export type WorkerState = "running" | "replacing" | "stalled";

export class LogWorkerHost {
  readonly index: number;
  readonly #data: ThreadData;
  readonly #owner: HostOwner;
  readonly #control: Int32Array;
  readonly #arrivals: Ring;
  readonly #u32: Uint32Array;
  readonly #syncThread: Worker;
  readonly #entries = new Set<number>();
  readonly #watch: NodeJS.Timeout;
  #pool: Piscina;
  /** The thread has loaded its modules, or failed to: Node aborts the process when one is ended while it loads. */
  #ready: Promise<unknown> = Promise.resolve();
  /** Resolves when there is a new thread; null: there is one. */
  #replacing: Promise<void> | null = null;
  #isStalled = false;
  #arrivalsHead = 0;
  #isWakeScheduled = false;
  #isDraining = false;
  #isStopping = false;
  /** Tasks that want the thread; while there are any, the drain gives way. */
  #tasksWaiting = 0;
  #backgroundTimer: NodeJS.Timeout | undefined;

  constructor(data: ThreadData, owner: HostOwner) {
    const { map, memory, index } = data;
    this.index = index;
    this.#data = data;
    this.#owner = owner;
    this.#control = new Int32Array(memory.buffer, map.logWorkers[index]!.control);
    this.#arrivals = arrivalsRing(this.#control, map.logWorkers[index]!);
    this.#u32 = new Uint32Array(memory.buffer);
    this.#pool = this.#startPool();
    this.#syncThread = new Worker(new URL(workerFile("sync-thread", import.meta.url)), {
      workerData: data,
      trackUnmanagedFds: false, // It closes what a dead thread has opened.
    });
    const watchdog = new Watchdog(this.#control, {
      stalled: (isStalled) => {
        this.#isStalled = isStalled;
      },
      hangs: () => this.#replace("endless loop"),
    });
    this.#watch = setInterval(() => watchdog.look(), LOOK_MS).unref();
  }

  get state(): WorkerState {
    if (this.#isStalled) return "stalled";
    return this.#replacing === null ? "running" : "replacing";
  }

  /** @returns false: the ring is full or the worker is being replaced */
  submit(entry: number, request: number, address: number, length: number): boolean {
    if (this.#replacing !== null) return false;
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
    if (!this.#isWakeScheduled) {
      this.#isWakeScheduled = true;
      setImmediate(() => this.#wake());
    }
    return true;
  }

  /** @throws BrokerError BUSY no memory for the log, or the thread died again and again meanwhile */
  async open(task: OpenTask): Promise<void> {
    const { buffer } = this.#data.memory;
    for (let attempt = 1; ; attempt++) {
      await this.#replacing;
      settle(buffer as SharedArrayBuffer, task.entry);
      this.#entries.add(task.entry);
      try {
        return unwrap((await this.#run("open", task)) as TaskOutcome<void>);
      } catch (error) {
        this.#entries.delete(task.entry);
        if (!(error instanceof WorkerDied) || attempt === OPEN_ATTEMPTS) throw error;
      }
    }
  }

  /** @throws BrokerError BUSY the thread died meanwhile */
  async control(task: ControlTask): Promise<void> {
    await this.#run("control", task);
  }

  /** The log told that it is closed. */
  forget(entry: number): void {
    this.#entries.delete(entry);
  }

  /** Ends both threads. Every log must be closed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    clearTimeout(this.#backgroundTimer);
    await this.#replacing;
    await this.#ready;
    await this.#pool.destroy();
    const exited = new Promise((resolve) => this.#syncThread.once("exit", resolve));
    Atomics.store(this.#control, shared.SYNC_STOP, 1);
    Atomics.notify(this.#control, shared.SYNC_SUBMITTED);
    await exited;
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
    this.#ready = pool.run(undefined, { name: "ready" }).catch((error: Error) => {
      // Not at once: what kept it from loading may keep the next one too.
      setTimeout(() => this.#replace(error.message), RELOAD_MS).unref();
    });
    return pool;
  }

  #wake(): void {
    this.#isWakeScheduled = false;
    if (this.#replacing !== null || this.#isStopping) return;
    this.#arrivals.publish(this.#arrivalsHead);
    this.#ring();
    this.#ensureDrain();
  }

  #ring(): void {
    Atomics.add(this.#control, shared.BELL, 1);
    if (Atomics.load(this.#control, shared.PARKED) === 1) Atomics.notify(this.#control, shared.BELL);
  }

  #ensureDrain(): void {
    if (this.#isDraining || this.#isStopping || this.#replacing !== null) return;
    this.#isDraining = true;
    clearTimeout(this.#backgroundTimer);
    this.#pool.run(undefined, { name: "drain" }).then(
      (report: DrainReport) => this.#drained(report),
      (error: Error) => this.#replace(error.message),
    );
  }

  #drained({ hasLogs }: DrainReport): void {
    this.#isDraining = false;
    if (this.#arrivals.length !== 0) this.#ensureDrain();
    else if (hasLogs) this.#backgroundTimer = setTimeout(() => this.#ensureDrain(), BACKGROUND_DRAIN_MS).unref();
  }

  /** Runs a task on the thread, for which the drain gives way. @throws WorkerDied */
  async #run(name: "open" | "control", task: OpenTask | ControlTask): Promise<unknown> {
    if (this.#replacing !== null || this.#isStopping) throw new WorkerDied();
    this.#tasksWaiting++;
    Atomics.store(this.#control, shared.YIELD, 1);
    this.#ring();
    try {
      return await this.#pool.run(task, { name });
    } catch (error) {
      this.#replace((error as Error).message);
      throw new WorkerDied(error);
    } finally {
      this.#tasksWaiting--;
      if (this.#tasksWaiting === 0) Atomics.store(this.#control, shared.YIELD, 0);
      this.#ensureDrain();
    }
  }

  #replace(reason: string): void {
    if (this.#replacing !== null || this.#isStopping) return;
    const noticedMs = systemClock.monotonic();
    this.#replacing = this.#replaceThread(reason).finally(() => {
      this.#replacing = null;
      this.#ensureDrain();
      // What comes meanwhile waits in the new pool and in the ring; but only a thread that has loaded replaces another.
      const isLoaded = this.#loaded;
      void isLoaded.then((loaded) => {
        if (loaded) this.#owner.replaced(this.index, Math.round(systemClock.monotonic() - noticedMs));
      });
    });
  }

  async #replaceThread(reason: string): Promise<void> {
    clearTimeout(this.#backgroundTimer);
    await this.#ready;
    await this.#pool.destroy();
    await this.#syncThreadIdle();
    await this.#takeOver(reason);
    const { ARRIVALS_HEAD, ARRIVALS_TAIL, PARKED, BUSY, IN_FILE_CALL } = shared;
    for (const word of [ARRIVALS_HEAD, ARRIVALS_TAIL, PARKED, BUSY, IN_FILE_CALL]) {
      Atomics.store(this.#control, word, 0);
    }
    this.#arrivalsHead = 0;
    this.#isDraining = false;
    this.#pool = this.#startPool();
  }

  /** Settles what the dead thread left in shared memory and in the kernel. */
  async #takeOver(reason: string): Promise<void> {
    const { map, memory } = this.#data;
    const { openFiles, sync } = map.logWorkers[this.index]!;
    const area = new Int32Array(memory.buffer, sync);
    const entryByFile = new Uint32Array(memory.buffer, openFiles, shared.OPEN_FILES_MAX);
    const orphans = Array.from(entryByFile.keys()).filter((file) => entryByFile[file] !== 0);
    const failed = readFailures(area);
    for (let first = 0; first < orphans.length; first += shared.SYNC_HANDLES_MAX) {
      const files = orphans.slice(first, first + shared.SYNC_HANDLES_MAX);
      failed.push(...(await this.#syncAndClose(area, files)));
    }
    const damaged = new Set(failed.map(({ file }) => entryByFile[file]!));
    const entries = [...this.#entries];
    entryByFile.fill(0);
    this.#entries.clear();
    for (const entry of entries) retire(memory.buffer as SharedArrayBuffer, entry);
    this.#owner.died(this.index, entries, damaged, reason);
  }

  /** By the sync thread: nobody else may sync these files. @returns those whose sync failed */
  async #syncAndClose(area: Int32Array, files: readonly number[]): Promise<FailedSync[]> {
    writeGroup(area, { files, directories: [] }, true);
    Atomics.add(this.#control, shared.SYNC_SUBMITTED, 1);
    Atomics.notify(this.#control, shared.SYNC_SUBMITTED);
    await this.#syncThreadIdle();
    return readFailures(area);
  }

  /** A group that was submitted may still be on its way to the disk. */
  async #syncThreadIdle(): Promise<void> {
    const control = this.#control;
    while (Atomics.load(control, shared.SYNC_DONE) !== Atomics.load(control, shared.SYNC_SUBMITTED)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
