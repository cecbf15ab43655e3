/**
 * The main thread's side of one log worker: its pool of one thread, its sync thread, its ring of arrivals, and what happens
 * when it dies.
 *
 * Death (contract H1): a task that throws, a trap in the core, or an endless loop that the watchdog finds. The thread is ended
 * and gone before anything else happens; file calls are synchronous, so nothing lands later. What it had published stands; its
 * files are synced by the thread that always syncs them, and closed; the owner is told, and a new thread starts. A task that
 * comes meanwhile never reaches a pool: piscina would start another thread for it, on the same memory.
 */
import type { Piscina } from "piscina";
import { systemClock } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import type { ControlTask, DrainReport, OpenTask } from "./log-worker.ts";
import { oneThreadPool } from "./one-thread-pool.ts";
import { OPEN_UNNAMED } from "./open-files.ts";
import { retire, settle } from "./publication.ts";
import type { WorkerWarning } from "./results-writer.ts";
import { arrivalsRing, type Ring } from "./ring.ts";
import * as shared from "./shared-memory.ts";
import { SyncThreadHost } from "./sync-thread-host.ts";
import { type TaskOutcome, unwrap } from "./task-outcome.ts";
import type { ThreadData } from "./thread.ts";
import { LOOK_MS, Watchdog } from "./watchdog.ts";

/** Logs without arrivals are looked at this often, for what is synced in the background. */
const BACKGROUND_DRAIN_MS = 500;
/** What kept a thread from loading may keep the next one too: it is not tried at once. */
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
  /**
   * Called before `died`: the worker's journal is to be gone before another one begins there.
   *
   * @param isNeeded a file's sync failed, now or before, so what the journal holds may be nowhere else
   */
  settleJournal(worker: number, isNeeded: boolean): Promise<void>;
  /** There is a new thread; it took `ms` since the death was noticed. */
  replaced(worker: number, ms: number): void;
  /** @param entry 0: it concerns no log */
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
  readonly #syncThread: SyncThreadHost;
  readonly #entries = new Set<number>();
  readonly #watchdog: Watchdog;
  #watch: NodeJS.Timeout | undefined;
  #pool: Piscina;
  /** The thread has loaded its modules: null; or why it could not. Node aborts the process when one is ended while it loads. */
  #loaded: Promise<Error | null> = Promise.resolve(null);
  /** Resolves when there is a new thread; null: there is one. */
  #replacing: Promise<void> | null = null;
  #isStalled = false;
  #arrivalsHead = 0;
  #isWakeScheduled = false;
  #isDraining = false;
  #isStopping = false;
  /** Tasks that the thread has or will have. */
  #tasks = 0;
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
    this.#syncThread = new SyncThreadHost(data, {
      syncThreadDied: (reason) => owner.warned(0, `a sync thread died and is replaced: ${reason}`),
    });
    this.#watchdog = new Watchdog(this.#control, {
      stalled: (isStalled) => {
        this.#isStalled = isStalled;
      },
      hangs: () => this.#replace("endless loop", true),
    });
  }

  /** Resolves when the thread can take tasks. @throws BrokerError UNKNOWN_SERVER_ERROR it cannot be loaded */
  async ready(): Promise<void> {
    const error = await this.#loaded;
    if (error !== null)
      throw new BrokerError("UNKNOWN_SERVER_ERROR", `a log worker cannot start: ${error.message}`, { cause: error });
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
    clearTimeout(this.#backgroundTimer);
    await this.#replacing;
    await this.#end((await this.#loaded) === null);
    await this.#syncThread.stop();
    clearInterval(this.#watch);
  }

  #startPool(): Piscina {
    // Node would close a dead worker's files under the sync thread (contract D2).
    const pool = oneThreadPool("log-worker", this.#data, { trackUnmanagedFds: false });
    pool.on("message", ({ entry, message }: WorkerWarning) => this.#owner.warned(entry, message));
    pool.on("error", (error: Error) => this.#replace(error.message));
    // It ended by itself. Piscina starts another one at once, which knows none of the logs.
    pool.on("workerDestroy", () => this.#replace("the thread ended"));
    this.#loaded = pool.run(undefined, { name: "ready" }).then(
      () => null,
      (error: Error) => error,
    );
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
    this.#task("drain").then(
      (report) => this.#drained(report as DrainReport),
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
      return await this.#task(name, task);
    } catch (error) {
      this.#replace((error as Error).message);
      throw new WorkerDied(error);
    } finally {
      this.#tasksWaiting--;
      if (this.#tasksWaiting === 0) Atomics.store(this.#control, shared.YIELD, 0);
      this.#ensureDrain();
    }
  }

  async #task(name: "drain" | "open" | "control", task?: OpenTask | ControlTask): Promise<unknown> {
    this.#tasks++;
    this.#watch ??= setInterval(() => this.#look(), LOOK_MS).unref();
    try {
      return await this.#pool.run(task, { name });
    } finally {
      this.#tasks--;
    }
  }

  /** Nobody looks at a worker that has nothing to do. */
  #look(): void {
    this.#watchdog.look();
    if (this.#tasks > 0 || this.#syncThread.isBusy || this.#isStalled) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** @param hangs the thread is in an endless loop; else it still answers, or is gone */
  #replace(reason: string, hangs = false): void {
    if (this.#replacing !== null || this.#isStopping) return;
    const noticedMs = systemClock.monotonic();
    this.#replacing = this.#replaceThread(reason, hangs).finally(() => {
      this.#replacing = null;
      this.#ensureDrain();
    });
    void this.#replacing.then(() => this.#owner.replaced(this.index, Math.round(systemClock.monotonic() - noticedMs)));
  }

  async #replaceThread(reason: string, hangs: boolean): Promise<void> {
    clearTimeout(this.#backgroundTimer);
    await this.#end(hangs);
    await this.#syncThread.idle();
    await this.#takeOver(reason);
    const { ARRIVALS_HEAD, ARRIVALS_TAIL, PARKED, BUSY, IN_FILE_CALL } = shared;
    for (const word of [ARRIVALS_HEAD, ARRIVALS_TAIL, PARKED, BUSY, IN_FILE_CALL]) {
      Atomics.store(this.#control, word, 0);
    }
    this.#arrivalsHead = 0;
    this.#isDraining = false;
    for (;;) {
      this.#pool = this.#startPool();
      if ((await this.#loaded) === null || this.#isStopping) return;
      await this.#end(false);
      await new Promise((resolve) => setTimeout(resolve, RELOAD_MS));
    }
  }

  /** Ends the thread, and, unless this one is there for certain, the one that piscina may be starting in its place. */
  async #end(isThere: boolean): Promise<void> {
    await this.#loaded;
    // A pool whose threads cannot load keeps its tasks for ever.
    if (!isThere) {
      const ready = this.#pool.run(undefined, { name: "ready" }).catch(() => {});
      await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, RELOAD_MS))]);
    }
    await this.#pool.destroy();
  }

  /** Settles what the dead thread left in shared memory and in the kernel. */
  async #takeOver(reason: string): Promise<void> {
    const { map, memory } = this.#data;
    const { openFiles } = map.logWorkers[this.index]!;
    const entryByFile = new Uint32Array(memory.buffer, openFiles, shared.OPEN_FILES_MAX);
    const orphans = Array.from(entryByFile.keys()).filter((file) => entryByFile[file] !== 0);
    const failed = this.#syncThread.failures();
    for (let first = 0; first < orphans.length; first += shared.SYNC_HANDLES_MAX) {
      // By the sync thread: nobody else may sync these files.
      failed.push(...(await this.#syncThread.syncAndClose(orphans.slice(first, first + shared.SYNC_HANDLES_MAX))));
    }
    const entries = [...this.#entries];
    const damaged = new Set(failed.map(({ file }) => entryByFile[file]!));
    // A folder or a small file: it may be any log's.
    if (damaged.has(OPEN_UNNAMED)) for (const entry of entries) damaged.add(entry);
    entryByFile.fill(0);
    this.#entries.clear();
    const isHeld = Atomics.exchange(this.#control, shared.JOURNAL_HELD, 0) === 1;
    await this.#owner.settleJournal(this.index, isHeld || damaged.size > 0);
    for (const entry of entries) retire(memory.buffer as SharedArrayBuffer, entry);
    this.#owner.died(this.index, entries, damaged, reason);
  }
}
