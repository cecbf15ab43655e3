/** Looks at a process of ours twenty times a second. */
import { monotonicNs } from "./monotonic.ts";
import type { Sample } from "./task.ts";

const INTERVAL_MS = 50;

/** @returns a function that stops and hands the samples out */
export function sampled(count: () => number): () => readonly Sample[] {
  const samples: Sample[] = [];
  const take = (): void => {
    const { user, system } = process.cpuUsage();
    samples.push({ atNs: monotonicNs(), count: count(), cpu: (user + system) / 1e6 });
  };
  take();
  const timer = setInterval(take, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    take();
    return samples;
  };
}

/** @returns the field at that time, interpolated between the samples around it */
export function valueAt<Field extends string>(
  samples: readonly Readonly<Record<Field | "atNs", number>>[],
  field: Field,
  atNs: number,
): number {
  const after = samples.findIndex((candidate) => candidate.atNs >= atNs);
  if (after < 0) return samples.at(-1)![field];
  if (after === 0) return samples[0]![field];
  const [left, right] = [samples[after - 1]!, samples[after]!];
  return left[field] + ((atNs - left.atNs) / (right.atNs - left.atNs)) * (right[field] - left[field]);
}

/** @returns by how much the field grew between the two times */
export function gainOf<Field extends string>(
  samples: readonly Readonly<Record<Field | "atNs", number>>[],
  field: Field,
  fromNs: number,
  toNs: number,
): number {
  return valueAt(samples, field, toNs) - valueAt(samples, field, fromNs);
}
