/**
 * A log worker: the thread in which the partitions that were given to it are written. Its piscina tasks are the exports of
 * this file; `drain` is the one that runs nearly always.
 *
 * One drain takes everything that waits, again and again, and lingers for more; it returns when nothing came for a while or
 * when another task wants to run. The steps are storage's (Drain, Log); this file brings them arrivals and carries their sync
 * groups to the sync thread.
 */
import { workerData } from "node:worker_threads";
import { BuddyAllocator } from "../base/buddy-allocator.ts";
import type { TopicId } from "../base/topic-id.ts";
import type { SyncGroup } from "../storage/disk.ts";
import { Drain } from "../storage/drain.ts";
import { Journal, type JournalPlace } from "../storage/journal.ts";
import { Log } from "../storage/log.ts";
import { MemoryLog } from "../storage/memory-log.ts";
import type { LogEnvironment, LogSettings } from "../storage/partition-log.ts";
import type { RecoveredLog } from "../storage/recovery.ts";
import { UnsyncedCount } from "../storage/unsynced-count.ts";
import { commitFault, type FaultPoint, type PlannedFault } from "./faults.ts";
import { SharedFolderFailures } from "./folder-failures.ts";
import { SharedOpenFiles, TrackedDisk } from "./open-files.ts";
import { SharedPublisher } from "./publication.ts";
import { type ResultsOwner, ResultsWriter } from "./results-writer.ts";
import { arrivalsRing, type Ring, resultsRing } from "./ring.ts";
import * as shared from "./shared-memory.ts";
import { readFailures, writeGroup } from "./sync-group.ts";
import { outcomeOf, type TaskOutcome } from "./task-outcome.ts";
import { makeThreadCore, newSegmentId, type ThreadCore, type ThreadData } from "./thread.ts";
import { markFileCalls } from "./watchdog.ts";
import { SharedWriteGate } from "./write-gate.ts";

/** How long a drain waits for more before it returns. */
const LINGER_MS = 20;
/** How often background work is looked at while a drain runs. */
const TICK_MS = 100;
/** How long the worker waits at a time for the main thread to take results. */
const ROOM_WAIT_MS = 10;

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
  /** null: every log is synced itself. */
  readonly journal: JournalPlace | null;
}

export type ControlTask =
  | { readonly kind: "close" | "abandon"; readonly entry: number }
  | { readonly kind: "configure"; readonly entry: number; readonly settings: LogSettings }
  | ({ readonly kind: "fault" } & PlannedFault);

export interface DrainReport {
  /** Logs are open: drain again now and then, for what is synced in the background. */
  readonly hasLogs: boolean;
}

class LogWorker implements ResultsOwner {
  readonly #control: Int32Array;
  readonly #arrivals: Ring;
  readonly #u32: Uint32Array;
  readonly #syncArea: Int32Array;
  readonly #results: ResultsWriter;
  readonly #environment: Omit<LogEnvironment, "incarnation">;
  readonly #drain: Drain;
  #arrivalsTail: number;
  #syncsSeen: number;
  #syncTicket = 0;
  #nextTickMs = 0;
  #fault: PlannedFault | null = null;
  #isBroken = false;

  constructor({ map, files, index }: ThreadData, { core, memory, buffer, crc32c }: ThreadCore) {
    const own = map.logWorkers[index]!;
    this.#control = new Int32Array(buffer, own.control);
    this.#u32 = memory.u32;
    this.#syncArea = new Int32Array(buffer, own.sync);
    this.#arrivals = arrivalsRing(this.#control, own);
    this.#arrivalsTail = this.#arrivals.tail;
    this.#syncsSeen = Atomics.load(this.#control, shared.SYNC_DONE);
    this.#results = new ResultsWriter(resultsRing(this.#control, own), buffer, map.mainBell, this);
    const openFiles = new SharedOpenFiles(new Uint32Array(buffer, own.openFiles, shared.OPEN_FILES_MAX));
    const disk = new TrackedDisk(openFiles, {
      memory: memory.bytes,
      events: {
        writeCompleted: (ticket, written, code) => this.#drain.writeCompleted(ticket, written, code),
        syncCompleted: (ticket, failed) => this.#drain.syncCompleted(ticket, failed),
      },
      watch: markFileCalls(this.#control),
      gate: new SharedWriteGate(map, buffer),
      folderFailures: new SharedFolderFailures(map, buffer),
      syncer: (ticket, group) => this.#submitSync(ticket, group),
    });
    this.#environment = {
      disk,
      memory,
      core,
      crc32c,
      arena: new BuddyAllocator(own.arena, own.arenaSize, shared.ARENA_BLOCK_MIN, shared.ARENA_BLOCK_MAX),
      publisher: new SharedPublisher(buffer),
      events: this.#results,
      openFiles,
      unsyncedFiles: new UnsyncedCount(files.unsynced / map.logWorkers.length),
      journal: new Journal(disk, memory.bytes, crc32c, {
        warned: (message) => this.#results.warned(0, message),
        held: () => Atomics.store(this.#control, shared.JOURNAL_HELD, 1),
      }),
      newSegmentId,
    };
    this.#drain = new Drain(disk, this.#results, this.#environment.journal);
  }

  open(task: OpenTask): void {
    const { entry, settings, recovered, incarnation } = task;
    const environment = { ...this.#environment, incarnation };
    if (task.journal !== null) this.#environment.journal?.useFolder(task.journal);
    const isMemory = typeof recovered === "number";
    this.#drain.add(
      isMemory
        ? new MemoryLog(environment, entry, settings, recovered)
        : new Log(environment, task, settings, recovered),
    );
    this.#failAt("opening");
  }

  control(task: ControlTask): void {
    if (task.kind === "fault") this.#planFault(task);
    else if (task.kind === "configure") this.#drain.get(task.entry)?.configure(task.settings);
    else if (task.kind === "close") this.#drain.close(task.entry);
    else this.#drain.abandon(task.entry);
    if (task.kind === "close" || task.kind === "abandon") this.#failAt("closing");
    this.#results.publish();
  }

  drain(): DrainReport {
    const control = this.#control;
    for (;;) {
      Atomics.add(control, shared.PROGRESS, 1);
      const bell = Atomics.load(control, shared.BELL);
      const nowMs = Date.now();
      this.#takeSyncResult();
      const worked = this.#takeArrivals(nowMs);
      if (worked) this.#failAt("accepted");
      this.#drain.flush();
      if (worked) this.#failAt("written");
      this.#tick(nowMs);
      this.#drain.sync(nowMs);
      if (this.#drain.syncInFlight) this.#failAt("syncing");
      this.#results.publish();
      // Also under load that never pauses: other logs want to be opened and closed.
      if (Atomics.load(control, shared.YIELD) === 1) break;
      if (worked) continue;
      Atomics.store(control, shared.PARKED, 1);
      const outcome = Atomics.wait(control, shared.BELL, bell, LINGER_MS);
      Atomics.store(control, shared.PARKED, 0);
      if (outcome === "timed-out" && !this.#drain.syncInFlight) break;
    }
    return { hasLogs: !this.#drain.isEmpty };
  }

  /** Runs one task, while the watchdog looks on. After one that threw there is no other: it left things half done. */
  watched<Result>(run: () => Result): Result {
    if (this.#isBroken) throw new Error("an earlier task of this thread failed");
    Atomics.add(this.#control, shared.PROGRESS, 1);
    Atomics.store(this.#control, shared.BUSY, 1);
    this.#isBroken = true;
    const result = run();
    this.#isBroken = false;
    Atomics.store(this.#control, shared.BUSY, 0);
    return result;
  }

  syncsInBackground(entry: number): boolean {
    return this.#drain.get(entry)?.syncsInBackground ?? true;
  }

  closed(entry: number): void {
    this.#drain.remove(entry);
  }

  waitForRoom(tail: number): void {
    Atomics.add(this.#control, shared.PROGRESS, 1); // Waiting for the main thread is no endless loop.
    Atomics.wait(this.#control, shared.RESULTS_TAIL, tail, ROOM_WAIT_MS);
  }

  /** @returns whether any was taken */
  #takeArrivals(nowMs: number): boolean {
    const ring = this.#arrivals;
    const { head } = ring;
    let tail = this.#arrivalsTail;
    const words = this.#u32;
    while (tail !== head) {
      const at = ring.at(tail) >>> 2;
      if (!this.#drain.accept(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!, nowMs)) break;
      tail = (tail + 1) | 0;
    }
    if (tail === this.#arrivalsTail) return false;
    this.#arrivalsTail = tail;
    ring.consume(tail);
    return true;
  }

  #tick(nowMs: number): void {
    // A clock that jumped back must not stop the ticks.
    if (nowMs < this.#nextTickMs && nowMs > this.#nextTickMs - 2 * TICK_MS) return;
    this.#nextTickMs = nowMs + TICK_MS;
    this.#drain.tick();
  }

  #planFault(fault: PlannedFault): void {
    if (fault.point === "sync thread") Atomics.store(this.#control, shared.SYNC_FAULT, 1);
    else this.#fault = fault;
  }

  #failAt(point: FaultPoint): void {
    if (this.#fault === null || this.#fault.point !== point) return;
    const { fault } = this.#fault;
    this.#fault = null;
    commitFault(fault, this.#environment.core, (ms) => this.#stall(ms));
  }

  /** As a file call does that takes so long. */
  #stall(ms: number): void {
    Atomics.store(this.#control, shared.IN_FILE_CALL, 1);
    Atomics.wait(this.#control, shared.IN_FILE_CALL, 1, ms);
    Atomics.store(this.#control, shared.IN_FILE_CALL, 0);
  }

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
}

const data = workerData as ThreadData;
const worker = new LogWorker(data, makeThreadCore(data, data.map.logWorkers[data.index]!.checksumScratch));

/** Resolves when the thread has loaded and can take tasks. */
export function ready(): void {}

/** Fails with BUSY when there is no memory for the log. */
export function open(task: OpenTask): TaskOutcome<void> {
  return worker.watched(() => outcomeOf(() => worker.open(task)));
}

export function control(task: ControlTask): void {
  worker.watched(() => worker.control(task));
}

export function drain(): DrainReport {
  return worker.watched(() => worker.drain());
}
