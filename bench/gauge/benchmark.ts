/** What is measured, and what a measurement says. */
import type { CalibrationName } from "./calibration.ts";

export interface Benchmark {
  readonly name: string;
  /** The loop that it is compared to: the one that does what it spends its time on. */
  readonly calibration: CalibrationName;
  /** @returns something of its result, so that no compiler can leave the work out */
  readonly run: () => number;
  /** What one call of `run` does: records of a batch, lookups; 1 unless told. */
  readonly operations?: number;
  /** Bytes that one operation goes through, where they matter. */
  readonly bytes?: number;
}

export interface Measurement {
  readonly name: string;
  readonly calibration: CalibrationName;
  /** Of one operation, median of the turns. */
  readonly nanoseconds: number;
  /** Bytes of one operation; 0: they do not matter. */
  readonly bytes: number;
  /** Time of one operation / time of one step of the calibration, both of one turn; median of the turns. */
  readonly ratio: number;
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
