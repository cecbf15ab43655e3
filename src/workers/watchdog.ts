/**
 * Tells a log worker that works from one that hangs (contract H5): a worker that is at a task, is not parked and makes no
 * progress is either in a file call, and then the disk is stalled, or in an endless loop. A sync that does not end is a stalled
 * disk too.
 */
import type { FileCallWatch } from "../storage/node-disk.ts";
import { BUSY, IN_FILE_CALL, PARKED, PROGRESS, SYNC_DONE, SYNC_SUBMITTED } from "./shared-memory.ts";

/** How often `look` is to be called. */
export const LOOK_MS = 100;
/** Looks without progress outside a file call until the worker is taken for dead. */
export const LOOKS_UNTIL_DEAD = 20;
/** Looks without progress inside one until the disk is taken for stalled. */
export const LOOKS_UNTIL_STALLED = 50;

export interface WatchdogOwner {
  /** A file call has not returned for long, or has at last. */
  stalled(isStalled: boolean): void;
  /** The worker is in an endless loop. */
  hangs(): void;
}

/** The worker's side: a file call begins and ends, and every one that ends is progress. */
export function markFileCalls(control: Int32Array): FileCallWatch {
  return {
    enter: () => Atomics.store(control, IN_FILE_CALL, 1),
    leave: () => {
      Atomics.add(control, PROGRESS, 1);
      Atomics.store(control, IN_FILE_CALL, 0);
    },
  };
}

export class Watchdog {
  readonly #control: Int32Array;
  readonly #owner: WatchdogOwner;
  #lastProgress = 0;
  #looks = 0;
  #lastSync = 0;
  #syncLooks = 0;
  #isStalled = false;

  /** @param control view of the worker's control block */
  constructor(control: Int32Array, owner: WatchdogOwner) {
    this.#control = control;
    this.#owner = owner;
  }

  look(): void {
    this.#lookAtSync();
    const control = this.#control;
    const progress = Atomics.load(control, PROGRESS);
    const isBusy = Atomics.load(control, BUSY) === 1 && Atomics.load(control, PARKED) === 0;
    const isStuck = isBusy && progress === this.#lastProgress;
    this.#lastProgress = progress;
    this.#looks = isStuck ? this.#looks + 1 : 0;
    const inFileCall = Atomics.load(control, IN_FILE_CALL) === 1;
    this.#tell((inFileCall && this.#looks >= LOOKS_UNTIL_STALLED) || this.#syncLooks >= LOOKS_UNTIL_STALLED);
    if (!inFileCall && this.#looks >= LOOKS_UNTIL_DEAD) this.#owner.hangs();
  }

  #lookAtSync(): void {
    const done = Atomics.load(this.#control, SYNC_DONE);
    const isStuck = done === this.#lastSync && Atomics.load(this.#control, SYNC_SUBMITTED) !== done;
    this.#lastSync = done;
    this.#syncLooks = isStuck ? this.#syncLooks + 1 : 0;
  }

  #tell(isStalled: boolean): void {
    if (isStalled === this.#isStalled) return;
    this.#isStalled = isStalled;
    this.#owner.stalled(isStalled);
  }
}
