/** Times of many events as percentiles and as a histogram for people. */
import { build, type Histogram } from "hdr-histogram-js";

export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

const HOUR_US = 3_600_000_000;
const BAR_WIDTH = 40;

export class Latency {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HOUR_US,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  });

  record(ms: number): void {
    this.#histogram.recordValue(Math.min(HOUR_US, Math.max(1, Math.round(ms * 1000))));
  }

  summary(): LatencySummary {
    const histogram = this.#histogram;
    // A percentile is the upper end of its bucket, which may lie above everything that was recorded.
    const at = (percentile: number): number =>
      Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / 1000;
    return {
      count: histogram.totalCount,
      meanMs: Math.round(histogram.mean) / 1000,
      p50Ms: at(50),
      p90Ms: at(90),
      p99Ms: at(99),
      p999Ms: at(99.9),
      maxMs: histogram.maxValue / 1000,
    };
  }

  /** A line for each power of two of milliseconds that something took. */
  lines(): string[] {
    const counts = this.#countsByPower();
    const most = Math.max(1, ...counts.map(({ count }) => count));
    return counts.map(({ toMs, count }) => {
      const bar = "#".repeat(Math.ceil((count / most) * BAR_WIDTH));
      return `  up to ${String(toMs).padStart(7)} ms  ${bar.padEnd(BAR_WIDTH)}  ${count}`;
    });
  }

  /** The shares that percentiles tell, counted back: the library hands out no buckets. */
  #countsByPower(): { toMs: number; count: number }[] {
    const histogram = this.#histogram;
    const counts: { toMs: number; count: number }[] = [];
    let before = 0;
    for (let toMs = 0.25; before < histogram.totalCount; toMs *= 2) {
      const upTo = countUpTo(histogram, toMs * 1000);
      if (upTo > 0) counts.push({ toMs, count: upTo - before });
      before = upTo;
    }
    return counts;
  }
}

/** @returns how many values are not above `value` */
function countUpTo(histogram: Histogram, value: number): number {
  const total = histogram.totalCount;
  let low = 0;
  let high = total;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (histogram.getValueAtPercentile((100 * middle) / total) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
