/** Latencies by the second of the measured part in which a record was due: what a generator times. */
import { type EncodedLatencies, Latencies } from "./latencies.ts";

const SECOND_NS = 1e9;

export class LatenciesBySecond {
  readonly #seconds: Latencies[] = [];

  /**
   * @param dueNs since the measured part began; before it nothing is recorded
   * @param ns    latency
   */
  record(dueNs: number, ns: number): void {
    if (dueNs < 0) return;
    const second = Math.floor(dueNs / SECOND_NS);
    while (this.#seconds.length <= second) this.#seconds.push(Latencies.empty());
    this.#seconds[second]!.record(ns);
  }

  encoded(): EncodedLatencies[] {
    return this.#seconds.map((latencies) => latencies.encoded());
  }
}

/** @returns the latencies of several generators, second by second */
export function mergedBySecond(parts: readonly (readonly EncodedLatencies[])[]): Latencies[] {
  const seconds = Math.max(0, ...parts.map(({ length }) => length));
  return Array.from({ length: seconds }, (_, second) =>
    Latencies.merged(parts.flatMap((part) => (second < part.length ? [Latencies.decoded(part[second]!)] : []))),
  );
}
