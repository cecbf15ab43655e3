/**
 * A log worker: the thread in which the partitions that were given to it are written. Its piscina tasks are the exports of
 * this file; `drain` is the one that runs nearly always.
 *
 * One drain takes everything that waits, again and again, and lingers for more; it returns when nothing came for a while or
 * when another task wants to run. The steps are storage's (Drain, Log); this file brings them arrivals, carries their results
 * to the main thread and their sync groups to the sync thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { BuddyAllocator } from "../base/buddy-allocator.ts";
import type { TopicId } from "../base/topic-id.ts";
import type { SyncGroup } from "../storage/disk.ts";
import { Drain } from "../storage/drain.ts";
import { Log } from "../storage/log.ts";
import { MemoryLog } from "../storage/memory-log.ts";
import { NodeDisk } from "../storage/node-disk.ts";
import type { LogCheckpoint, LogEnvironment, LogEvents, LogSettings, OpenFiles } from "../storage/partition-log.ts";
import type { RecoveredLog } from "../storage/recovery.ts";
import { SharedPublisher } from "./publication.ts";
import { Ring } from "./ring.ts";
import * as shared from "./shared-memory.ts";
import { readFailures, writeGroup } from "./sync-group.ts";
import { outcomeOf, type TaskOutcome } from "./task-outcome.ts";
import { makeThreadCore, newSegmentId, type ThreadCore, type ThreadData } from "./thread.ts";

/** How long a drain waits for more before it returns. */
const LINGER_MS = 20;
/** How often background work is looked at while a drain runs. */
const TICK_MS = 100;
/** How long the worker waits at a time for the main thread to take results. */
const RESULTS_WAIT_MS = 10;

export interface OpenTask {
  readonly entry: number;
  readonly topicId: TopicId;
  readonly parent: string;
  readonly folder: string;
  readonly settings: LogSettings;
  /** This start of the node (contract A4). */
  readonly incarnation: number;
  /** At durability `memory` the offset to begin at. */
  readonly recovered: RecoveredLog | number;
}

export type ControlTask =
  | { readonly kind: "close" | "abandon"; readonly entry: number }
  | { readonly kind: "configure"; readonly entry: number; readonly settings: LogSettings };

export interface DrainReport {
  /** Logs are open: drain again now and then, for what is synced in the background. */
  readonly hasLogs: boolean;
}

class LogWorker implements LogEvents {
  readonly #words: Int32Array;
  readonly #control: Int32Array;
  readonly #arrivals: Ring;
  readonly #results: Ring;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;
  readonly #syncArea: Int32Array;
  readonly #mainBell: number;
  readonly #environment: Omit<LogEnvironment, "incarnation">;
  readonly #drain: Drain;
  #arrivalsTail = 0;
  #resultsHead = 0;
  /** The main thread has to be woken for what was put into the ring. */
  #mainWanted = false;
  #syncsSeen: number;
  #syncTicket = 0;
  #nextTickMs = 0;

  constructor(data: ThreadData, { core, memory, buffer, crc32c }: ThreadCore) {
    const map = data.map.logWorkers[data.index]!;
    this.#words = new Int32Array(buffer);
    this.#control = new Int32Array(buffer, map.control);
    this.#u32 = memory.u32;
    this.#f64 = memory.f64;
    this.#syncArea = new Int32Array(buffer, map.sync);
    this.#mainBell = data.map.mainBell;
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
    this.#results = new Ring(this.#control, RESULTS_HEAD, RESULTS_TAIL, map.results, RESULT_SIZE, RESULTS_CAPACITY);
    this.#arrivalsTail = this.#arrivals.tail;
    this.#resultsHead = this.#results.head;
    this.#syncsSeen = Atomics.load(this.#control, shared.SYNC_DONE);
    const disk = new NodeDisk({
      memory: memory.bytes,
      events: {
        writeCompleted: (ticket, written, code) => this.#drain.writeCompleted(ticket, written, code),
        syncCompleted: (ticket, failed) => this.#drain.syncCompleted(ticket, failed),
      },
      watch: {
        enter: () => Atomics.store(this.#control, shared.IN_FILE_CALL, 1),
        leave: () => Atomics.store(this.#control, shared.IN_FILE_CALL, 0),
      },
      syncer: (ticket, group) => this.#submitSync(ticket, group),
    });
    this.#environment = {
      disk,
      memory,
      core,
      crc32c,
      arena: new BuddyAllocator(map.arena, map.arenaSize, shared.ARENA_BLOCK_MIN, shared.ARENA_BLOCK_MAX),
      publisher: new SharedPublisher(buffer),
      events: this,
      openFiles: sharedOpenFiles(new Uint32Array(buffer, map.openFiles, shared.OPEN_FILES_MAX)),
      newSegmentId,
    };
    this.#drain = new Drain(disk, this);
  }

  // ---- tasks

  open(task: OpenTask): void {
    const { entry, settings, recovered, incarnation } = task;
    const environment = { ...this.#environment, incarnation };
    const isMemory = typeof recovered === "number";
    const log = isMemory
      ? new MemoryLog(environment, entry, settings, recovered)
      : new Log(environment, task, settings, recovered);
    this.#drain.add(log);
  }

  control(task: ControlTask): void {
    if (task.kind === "configure") this.#drain.get(task.entry)?.configure(task.settings);
    else if (task.kind === "close") this.#drain.close(task.entry);
    else this.#drain.abandon(task.entry);
    this.#publishResults();
  }

  drain(): DrainReport {
    const control = this.#control;
    Atomics.store(control, shared.DRAINING, 1);
    for (;;) {
      Atomics.add(control, shared.PROGRESS, 1);
      const bell = Atomics.load(control, shared.BELL);
      const nowMs = Date.now();
      this.#takeSyncResult();
      const worked = this.#takeArrivals(nowMs);
      this.#drain.flush();
      this.#tick(nowMs);
      this.#drain.sync(nowMs);
      this.#publishResults();
      if (worked) continue;
      if (Atomics.load(control, shared.YIELD) === 1) break;
      Atomics.store(control, shared.PARKED, 1);
      const outcome = Atomics.wait(control, shared.BELL, bell, LINGER_MS);
      Atomics.store(control, shared.PARKED, 0);
      if (outcome === "timed-out" && !this.#drain.syncInFlight) break;
    }
    Atomics.store(control, shared.DRAINING, 0);
    return { hasLogs: !this.#drain.isEmpty };
  }

  #takeArrivals(nowMs: number): boolean {
    const ring = this.#arrivals;
    const head = ring.head;
    let tail = this.#arrivalsTail;
    if (tail === head) return false;
    while (tail !== head) {
      const at = ring.at(tail) >>> 2;
      const words = this.#u32;
      if (!this.#drain.accept(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, nowMs)) break;
      tail = (tail + 1) | 0;
    }
    this.#arrivalsTail = tail;
    ring.consume(tail);
    return true;
  }

  #tick(nowMs: number): void {
    if (nowMs < this.#nextTickMs && nowMs > this.#nextTickMs - 2 * TICK_MS) return;
    this.#nextTickMs = nowMs + TICK_MS;
    this.#drain.tick();
  }

  // ---- syncs

  #submitSync(ticket: number, group: SyncGroup): void {
    this.#syncTicket = ticket;
    writeGroup(this.#syncArea, group);
    Atomics.add(this.#control, shared.SYNC_SUBMITTED, 1);
    Atomics.notify(this.#control, shared.SYNC_SUBMITTED);
  }

  #takeSyncResult(): void {
    const done = Atomics.load(this.#control, shared.SYNC_DONE);
    if (done === this.#syncsSeen) return;
    this.#syncsSeen = done;
    this.#drain.syncCompleted(this.#syncTicket, readFailures(this.#syncArea));
  }

  // ---- results

  appended(entry: number, request: number, baseOffset: number, end: number, duplicate: boolean): void {
    // Where nobody waits before the sync, the main thread need not wake before it either.
    if (duplicate || this.#drain.get(entry)?.syncsInBackground !== false) this.#mainWanted = true;
    this.#push(duplicate ? shared.RESULT_DUPLICATE : shared.RESULT_APPENDED, entry, request, 0, baseOffset, end);
  }

  refused(entry: number, request: number, code: number): void {
    this.#mainWanted = true;
    this.#push(shared.RESULT_REFUSED, entry, request, code, 0, 0);
  }

  durable(entry: number, durableEnd: number): void {
    this.#mainWanted = true;
    this.#push(shared.RESULT_DURABLE, entry, 0, 0, 0, durableEnd);
  }

  lost(entry: number, end: number, code: number): void {
    this.#mainWanted = true;
    this.#push(shared.RESULT_LOST, entry, 0, code, 0, end);
  }

  closed(entry: number, checkpoint: LogCheckpoint | null): void {
    this.#drain.remove(entry);
    this.#mainWanted = true;
    this.#push(shared.RESULT_CLOSED, entry, 0, checkpoint === null ? 0 : 1, 0, 0);
  }

  warned(entry: number, message: string): void {
    warn(entry, message);
  }

  #push(kind: number, entry: number, request: number, code: number, baseOffset: number, end: number): void {
    const ring = this.#results;
    while (((this.#resultsHead - ring.tail) | 0) >= ring.capacity) this.#waitForMain();
    const address = ring.at(this.#resultsHead);
    const at = address >>> 2;
    this.#f64[address >>> 3] = baseOffset;
    this.#f64[(address >>> 3) + 1] = end;
    this.#words[at + 4] = kind;
    this.#words[at + 5] = entry;
    this.#words[at + 6] = request;
    this.#words[at + 7] = code;
    this.#resultsHead = (this.#resultsHead + 1) | 0;
  }

  #publishResults(): void {
    this.#results.publish(this.#resultsHead);
    if (!this.#mainWanted) return;
    this.#mainWanted = false;
    Atomics.add(this.#words, this.#mainBell, 1);
    Atomics.notify(this.#words, this.#mainBell);
  }

  #waitForMain(): void {
    this.#mainWanted = true;
    this.#publishResults();
    Atomics.add(this.#control, shared.PROGRESS, 1);
    Atomics.wait(this.#control, shared.RESULTS_TAIL, this.#results.tail, RESULTS_WAIT_MS);
  }
}

/** Entry by descriptor, in shared memory (contract D2). */
function sharedOpenFiles(entries: Uint32Array): OpenFiles {
  return {
    opened: (file, entry) => {
      entries[file] = entry;
    },
    closed: (file) => {
      entries[file] = 0;
    },
  };
}

/** Piscina passes messages of a worker on as its own 'message' events. */
export interface WorkerWarning {
  readonly entry: number;
  readonly message: string;
}

function warn(entry: number, message: string): void {
  parentPort?.postMessage({ entry, message } satisfies WorkerWarning);
}

const thread = (async (): Promise<LogWorker> => {
  const data = workerData as ThreadData;
  return new LogWorker(data, await makeThreadCore(data, data.map.logWorkers[data.index]!.scratch));
})();

/** Fails with BUSY when there is no memory for the log. */
export async function open(task: OpenTask): Promise<TaskOutcome<void>> {
  const ready = await thread;
  return outcomeOf(() => ready.open(task));
}

export async function control(task: ControlTask): Promise<void> {
  (await thread).control(task);
}

export async function drain(): Promise<DrainReport> {
  return (await thread).drain();
}
