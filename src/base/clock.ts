import type { Timestamp } from "./units.ts";

/** Time enters as an argument, so that tests and the simulation can turn it. */
export interface Clock {
  /** Unix ms; may jump. */
  now(): Timestamp;
  /** ms since an arbitrary start; never goes back. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now() as Timestamp,
  monotonic: () => performance.now(),
};
