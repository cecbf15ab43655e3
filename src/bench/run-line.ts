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
  readonly figures: Omit<RunFigures, LatencyName>;
  /** null: not timed. */
  readonly latencies: Readonly<Record<LatencyName, EncodedLatencies | null>>;
}

export function runLine(
  run: Pick<RunLine, "peer" | "title" | "workload" | "repetition">,
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
