/**
 * Two reports beside each other, figure by figure. Each has a noise band, from the least to the most of its repetitions: only
 * where the bands do not touch is one called better than the other.
 */
import { REPORT_SCHEMA, type Report, type ReportCell } from "./report.ts";
import type { LatencyName } from "./run-line.ts";
import type { Spread } from "./spread.ts";

/** "unknown": one of them has a single repetition, and with it no band. */
export type Verdict = "better" | "worse" | "within noise" | "unknown";

export interface Difference {
  readonly workload: string;
  readonly peer: string;
  readonly figure: string;
  readonly before: Spread;
  readonly after: Spread;
  /** The medians' quotient, after by before; null: there was nothing before. */
  readonly ratio: number | null;
  readonly verdict: Verdict;
}

/** What only one of them has. */
export interface Unmatched {
  readonly workload: string;
  readonly peer: string;
  readonly in: "before" | "after";
}

export interface Comparison {
  readonly differences: readonly Difference[];
  readonly unmatched: readonly Unmatched[];
}

interface Figure {
  readonly name: string;
  readonly isMoreBetter: boolean;
  of(cell: ReportCell): Spread | null;
}

const figures: readonly Figure[] = [
  { name: "records/s", isMoreBetter: true, of: (cell) => cell.recordsPerSecond },
  { name: "read back records/s", isMoreBetter: true, of: (cell) => cell.drain?.recordsPerSecond ?? null },
  { name: "broker CPU us/record", isMoreBetter: false, of: (cell) => cell.brokerCpuUs },
  { name: "broker memory bytes", isMoreBetter: false, of: (cell) => cell.brokerMemoryBytes },
  latency("acknowledged p50 us", "response", "p50Us"),
  latency("acknowledged p99 us", "response", "p99Us"),
  latency("end to end p50 us", "endToEnd", "p50Us"),
  latency("end to end p99 us", "endToEnd", "p99Us"),
];

function latency(name: string, what: LatencyName, quantile: "p50Us" | "p99Us"): Figure {
  return { name, isMoreBetter: false, of: ({ latencies }) => latencies[what]?.[quantile] ?? null };
}

/**
 * @param text of a report.json
 * @throws Error  it is none, or one of another form
 */
export function parseReport(text: string): Report {
  const report = JSON.parse(text) as Partial<Report> | null;
  if (typeof report !== "object" || report === null || !Array.isArray(report.rows))
    throw new Error("it is no report of a benchmark");
  if (report.schema !== REPORT_SCHEMA)
    throw new Error(`its schema is ${report.schema}, and ${REPORT_SCHEMA} is what this version reads`);
  return report as Report;
}

export function compare(before: Report, after: Report): Comparison {
  const [old, young] = [cellsOf(before), cellsOf(after)];
  const differences: Difference[] = [];
  const unmatched: Unmatched[] = [];
  for (const [key, { workload, cell }] of old) {
    const other = young.get(key);
    if (other === undefined) unmatched.push({ workload, peer: cell.peer, in: "before" });
    else differences.push(...figures.flatMap((figure) => differenceOf(figure, workload, cell, other.cell) ?? []));
  }
  for (const [key, { workload, cell }] of young)
    if (!old.has(key)) unmatched.push({ workload, peer: cell.peer, in: "after" });
  return { differences, unmatched };
}

function cellsOf({ rows }: Report): Map<string, { readonly workload: string; readonly cell: ReportCell }> {
  const entries = rows.flatMap(({ workload, cells }) =>
    cells.map((cell) => [`${workload} ${cell.peer}`, { workload, cell }] as const),
  );
  return new Map(entries);
}

function differenceOf(figure: Figure, workload: string, old: ReportCell, young: ReportCell): Difference | null {
  const [before, after] = [figure.of(old), figure.of(young)];
  if (before === null || after === null) return null;
  const hasBand = old.repetitions > 1 && young.repetitions > 1;
  const ratio = before.median === 0 ? null : after.median / before.median;
  const verdict = hasBand ? verdictOf(before, after, figure.isMoreBetter) : "unknown";
  return { workload, peer: old.peer, figure: figure.name, before, after, ratio, verdict };
}

function verdictOf(before: Spread, after: Spread, isMoreBetter: boolean): Verdict {
  if (before.min <= after.max && after.min <= before.max) return "within noise";
  return after.min > before.max === isMoreBetter ? "better" : "worse";
}
