/** Progress of a process over time, so that a rate can be taken over exactly the measured part of a run. */

export interface Sample {
  /** Unix ms. */
  readonly at: number;
  readonly count: number;
  /** CPU seconds of the process so far, all its threads. */
  readonly cpu: number;
}

const SAMPLE_MS = 50;

/** @returns a function that stops sampling and hands the samples out */
export function sample(count: () => number): () => readonly Sample[] {
  const samples: Sample[] = [];
  const take = (): void => {
    const { user, system } = process.cpuUsage();
    samples.push({ at: performance.timeOrigin + performance.now(), count: count(), cpu: (user + system) / 1e6 });
  };
  take();
  const timer = setInterval(take, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    take();
    return samples;
  };
}

/** Interpolated between the samples around it. */
export function valueAt(samples: readonly Sample[], at: number, field: "count" | "cpu"): number {
  const after = samples.findIndex((candidate) => candidate.at >= at);
  if (after <= 0) return after === 0 ? samples[0]![field] : samples.at(-1)![field];
  const [left, right] = [samples[after - 1]!, samples[after]!];
  const share = (at - left.at) / (right.at - left.at);
  return left[field] + share * (right[field] - left[field]);
}
