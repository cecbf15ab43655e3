/** A run as it is kept: a line of runs.jsonl. */

import type { RunFigures } from "./figures.ts";
import { type EncodedLatencies, Latencies } from "./latencies.ts";

/** What a run times, by name. */
export const LATENCIES = ["response", "service", "endToEnd"] as const;
export type LatencyName = (typeof LATENCIES)[number];

export interface RunLine {
  readonly peer: string;
  /** The peer as a table shows it, its version and its client. */
  readonly title: string;
  readonly workload: string;
  readonly repetition: number;
  /** What the disk took, synced, just before. */
  readonly deviceBytesPerSecond: number;
  readonly figures: Omit<RunFigures, LatencyName>;
  /** null: not timed. */
  readonly latencies: Readonly<Record<LatencyName, EncodedLatencies | null>>;
}

/** A run without figures. */
export interface MissingLine {
  readonly peer: string;
  readonly title: string;
  readonly workload: string;
  readonly repetition: number;
  /** "not measured": the broker or its driver does not have what it takes. "failed": the audit, the broker or a generator did. */
  readonly missing: "not measured" | "failed";
  readonly why: string;
}

export function runLine(
  run: Pick<RunLine, "peer" | "title" | "workload" | "repetition" | "deviceBytesPerSecond">,
  { response, service, endToEnd, ...figures }: RunFigures,
): RunLine {
  const [encodedResponse, encodedService, encodedEndToEnd] = [response, service, endToEnd].map(
    (latencies) => latencies?.encoded() ?? null,
  );
  const latencies = { response: encodedResponse!, service: encodedService!, endToEnd: encodedEndToEnd! };
  return { ...run, figures, latencies };
}

/** @returns what all of these runs timed, merged; null: nothing */
export function latenciesOf(lines: readonly RunLine[], name: LatencyName): Latencies | null {
  const parts = lines.flatMap(({ latencies }) => {
    const encoded = latencies[name];
    return encoded === null ? [] : [Latencies.decoded(encoded)];
  });
  return parts.length === 0 ? null : Latencies.merged(parts);
}
