/**
 * Latencies as HdrHistograms: recorded in one process, merged in another, never averaged.
 *
 * Unit: us, three significant digits; what is shorter counts as 0, what is longer than an hour as an hour.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";

const HOUR_US = 3_600_000_000;

export interface LatencySummary {
  readonly count: number;
  readonly meanUs: number;
  readonly minUs: number;
  readonly p50Us: number;
  readonly p75Us: number;
  readonly p90Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
  /** null: too few samples for it to mean anything (100 beyond it). */
  readonly p999Us: number | null;
  readonly p9999Us: number | null;
  readonly maxUs: number;
}

/** As HdrHistogram compresses it; or, from a generator in another language, each value (us) that there was with its count. */
export type EncodedLatencies = string | readonly (readonly [us: number, count: number])[];

export class Latencies {
  readonly #histogram: Histogram;

  private constructor(histogram: Histogram) {
    this.#histogram = histogram;
  }

  static empty(): Latencies {
    const histogram = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: HOUR_US,
      numberOfSignificantValueDigits: 3,
      bitBucketSize: 32,
    });
    return new Latencies(histogram);
  }

  /** @param encoded what `encoded` returned, in this or another process */
  static decoded(encoded: EncodedLatencies): Latencies {
    if (typeof encoded === "string") return new Latencies(decodeFromCompressedBase64(encoded, 32, false));
    const latencies = Latencies.empty();
    for (const [us, count] of encoded) latencies.#histogram.recordValueWithCount(us, count);
    return latencies;
  }

  static merged(parts: readonly Latencies[]): Latencies {
    const whole = Latencies.empty();
    for (const part of parts) whole.#histogram.add(part.#histogram);
    return whole;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  record(ns: number): void {
    this.#histogram.recordValue(ns <= 0 ? 0 : Math.min(HOUR_US, Math.round(ns / 1000)));
  }

  /** @param quantile 0 to 1 */
  atUs(quantile: number): number {
    // The library answers with the upper end of a bucket, which may lie above everything that was recorded.
    return Math.min(this.#histogram.getValueAtPercentile(quantile * 100), this.#histogram.maxValue);
  }

  summary(): LatencySummary {
    const { totalCount: count, mean: meanUs, minNonZeroValue, maxValue: maxUs } = this.#histogram;
    const minUs = this.atUs(0) === 0 ? 0 : Math.min(minNonZeroValue, maxUs);
    const rare = (quantile: number): number | null => (count * (1 - quantile) >= 100 ? this.atUs(quantile) : null);
    return {
      count,
      meanUs,
      minUs,
      p50Us: this.atUs(0.5),
      p75Us: this.atUs(0.75),
      p90Us: this.atUs(0.9),
      p95Us: this.atUs(0.95),
      p99Us: this.atUs(0.99),
      p999Us: rare(0.999),
      p9999Us: rare(0.9999),
      maxUs,
    };
  }

  encoded(): EncodedLatencies {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  /** The `.hgrm` text that HdrHistogram's plotters read; values in ms. */
  hgrm(): string {
    return this.#histogram.outputPercentileDistribution(5, 1000);
  }
}
