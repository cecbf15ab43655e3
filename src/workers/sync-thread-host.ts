/**
 * The main thread's side of a sync thread: it hands groups over where the log worker cannot, and starts another thread where
 * this one ends unasked. Which files of its group it had synced by then nobody knows, and the kernel tells of a failed
 * write-back only once (contract D2): so the whole group has failed.
 */
import { Worker } from "node:worker_threads";
import type { FailedSync } from "../storage/disk.ts";
import * as shared from "./shared-memory.ts";
import { failGroup, readFailures, writeGroup } from "./sync-group.ts";
import { type ThreadData, workerFile } from "./thread.ts";

/** A thread that ended before it did anything is not followed at once: what ended it may end the next one. */
const RESTART_MS = 1000;
/** How often an end that nobody announces is looked for. */
const POLL_MS = 1;

export interface SyncThreadOwner {
  syncThreadDied(reason: string): void;
}

export class SyncThreadHost {
  readonly #data: ThreadData;
  readonly #owner: SyncThreadOwner;
  readonly #control: Int32Array;
  readonly #area: Int32Array;
  /** Groups that had ended when the thread started. */
  #doneBefore = 0;
  /** A thread exists; else there will be one soon. */
  #isRunning = false;
  #isStopping = false;
  #whenStopped: () => void = () => {};

  constructor(data: ThreadData, owner: SyncThreadOwner) {
    const { control, sync } = data.map.logWorkers[data.index]!;
    this.#data = data;
    this.#owner = owner;
    this.#control = new Int32Array(data.memory.buffer, control);
    this.#area = new Int32Array(data.memory.buffer, sync);
    this.#start();
  }

  /** A group is on its way to the disk. */
  get isBusy(): boolean {
    return Atomics.load(this.#control, shared.SYNC_DONE) !== Atomics.load(this.#control, shared.SYNC_SUBMITTED);
  }

  /** Resolves when it is idle. */
  async idle(): Promise<void> {
    while (this.isBusy) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  /** What failed of the last group. */
  failures(): FailedSync[] {
    return readFailures(this.#area);
  }

  /** For files whose log worker is dead. No group is on its way. @returns those whose sync failed */
  async syncAndClose(files: readonly number[]): Promise<FailedSync[]> {
    writeGroup(this.#area, { files, directories: [] }, true);
    Atomics.add(this.#control, shared.SYNC_SUBMITTED, 1);
    Atomics.notify(this.#control, shared.SYNC_SUBMITTED);
    await this.idle();
    return this.failures();
  }

  /** No log worker gives it anything any more. */
  async stop(): Promise<void> {
    await this.idle();
    this.#isStopping = true;
    if (!this.#isRunning) return;
    const stopped = new Promise<void>((resolve) => {
      this.#whenStopped = resolve;
    });
    Atomics.store(this.#control, shared.SYNC_STOP, 1);
    Atomics.notify(this.#control, shared.SYNC_SUBMITTED);
    await stopped;
  }

  #start(): void {
    this.#doneBefore = Atomics.load(this.#control, shared.SYNC_DONE);
    this.#isRunning = true;
    let reason = "it ended by itself";
    const thread = new Worker(new URL(workerFile("sync-thread")), {
      workerData: this.#data,
      trackUnmanagedFds: false, // It closes what a dead thread has opened.
      // A program that was given as text (`node --input-type=module -e ...`) has a flag with which no file can be loaded.
      ...(process.execArgv.some((flag) => flag.startsWith("--input-type")) && { execArgv: [] }),
    });
    thread.on("error", (error) => {
      reason = error.message;
    });
    thread.once("exit", () => this.#ended(reason));
  }

  #ended(reason: string): void {
    this.#isRunning = false;
    const delayMs = Atomics.load(this.#control, shared.SYNC_DONE) === this.#doneBefore ? RESTART_MS : 0;
    if (this.#isStopping) return this.#whenStopped();
    if (this.isBusy) {
      failGroup(this.#area);
      Atomics.add(this.#control, shared.SYNC_DONE, 1);
      Atomics.add(this.#control, shared.BELL, 1);
      Atomics.notify(this.#control, shared.BELL);
    }
    this.#owner.syncThreadDied(reason);
    setTimeout(() => {
      if (!this.#isStopping) this.#start();
    }, delayMs);
  }
}
