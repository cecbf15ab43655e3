/**
 * Tells a log worker that works from one that hangs (contract H5): a worker that drains, is not parked and makes no progress is
 * either in a file call, and then the disk is stalled, or in an endless loop.
 */
import { DRAINING, IN_FILE_CALL, PARKED, PROGRESS } from "./shared-memory.ts";

const LOOK_MS = 100;
/** Looks without progress outside a file call until the worker is taken for dead. */
const LOOKS_UNTIL_DEAD = 20;
/** Looks without progress inside one until the disk is taken for stalled. */
const LOOKS_UNTIL_STALLED = 100;

export interface WatchdogOwner {
  /** A file call has not returned for long, or has at last. */
  stalled(isStalled: boolean): void;
  /** The worker is in an endless loop. */
  hangs(): void;
}

export class Watchdog {
  readonly #control: Int32Array;
  readonly #owner: WatchdogOwner;
  readonly #timer: NodeJS.Timeout;
  #lastProgress = 0;
  #looks = 0;

  constructor(control: Int32Array, owner: WatchdogOwner) {
    this.#control = control;
    this.#owner = owner;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const control = this.#control;
    const progress = Atomics.load(control, PROGRESS);
    const isBusy = Atomics.load(control, DRAINING) === 1 && Atomics.load(control, PARKED) === 0;
    if (!isBusy || progress !== this.#lastProgress) {
      this.#lastProgress = progress;
      this.#looks = 0;
      this.#owner.stalled(false);
      return;
    }
    this.#looks++;
    const inFileCall = Atomics.load(control, IN_FILE_CALL) === 1;
    if (inFileCall && this.#looks >= LOOKS_UNTIL_STALLED) this.#owner.stalled(true);
    if (!inFileCall && this.#looks >= LOOKS_UNTIL_DEAD) this.#owner.hangs();
  }
}
