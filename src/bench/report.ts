/**
 * What a benchmark found, for programs (report.json) and as the base of the page for people (report-page.ts): for each
 * workload and broker the median of its repetitions with their range, and its latencies, merged over all of them.
 */

import type { DrainFigures, RunSecond } from "./figures.ts";
import { type FootprintLine, type ReportFootprint, reportFootprints } from "./footprint.ts";
import type { Latencies, LatencySummary } from "./latencies.ts";
import type { Limits } from "./limits.ts";
import { LATENCIES, type LatencyName, latenciesOf, type MissingLine, type RunLine } from "./run-line.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { Durability, Workload } from "./workload.ts";

/** Counts the forms that report.json has had. */
export const REPORT_SCHEMA = 3;

/** Where and how it was measured. */
export interface ReportFacts {
  /** As git describes it; with "-dirty" the work tree was something else. */
  readonly commit: string;
  readonly command: string;
  /** Unix ms. */
  readonly at: number;
  readonly machine: string;
  /** Of a 4 KiB append and its fdatasync, just before. */
  readonly deviceSync: LatencySummary;
  /** What the machine does without any broker, just before. */
  readonly limits: Limits;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** Quantiles (0 to 1) and us, for a plot. */
export type Curve = readonly (readonly [quantile: number, us: number])[];

export interface ReportLatencies {
  /** Of all repetitions, merged. */
  readonly summary: LatencySummary;
  readonly curve: Curve;
  /** Of each repetition by itself. */
  readonly p50Us: Spread;
  readonly p99Us: Spread;
}

export interface ReportCell {
  readonly peer: string;
  readonly title: string;
  readonly repetitions: number;
  readonly recordsPerSecond: Spread;
  readonly bytesPerSecond: Spread;
  /** What the disk took, synced, just before each of its runs. */
  readonly deviceBytesPerSecond: Spread;
  /** CPU us per record. */
  readonly brokerCpuUs: Spread;
  readonly producerCpuUs: Spread;
  readonly consumerCpuUs: Spread;
  readonly brokerMemoryBytes: Spread;
  /** null: not timed. */
  readonly latencies: Readonly<Record<LatencyName, ReportLatencies | null>>;
  /** How the records are read when all are there; null: they were read meanwhile. */
  readonly drain: { readonly [Figure in keyof DrainFigures]: Spread } | null;
  /** Of the repetition in the middle: by p99 where records are timed, else by their rate. */
  readonly overTime: readonly RunSecond[];
  /** Records that were acknowledged and those that were read and found good, of all repetitions. */
  readonly audit: { readonly acknowledged: number; readonly consumed: number };
}

export interface ReportRow {
  readonly workload: string;
  readonly durability: Durability;
  /** Records per second that were asked for, 0: as many as go; -1: one in flight. */
  readonly rate: number;
  readonly settings: Workload;
  readonly cells: readonly ReportCell[];
  readonly missing: readonly MissingCell[];
}

/** A broker without figures in a workload, or with fewer repetitions than others. It counts as not met. */
export interface MissingCell {
  readonly peer: string;
  readonly title: string;
  readonly missing: MissingLine["missing"];
  readonly why: string;
}

export interface Report extends ReportFacts {
  readonly schema: typeof REPORT_SCHEMA;
  readonly rows: readonly ReportRow[];
  readonly footprints: readonly ReportFootprint[];
}

export function reportOf(
  facts: ReportFacts,
  workloads: readonly Workload[],
  lines: readonly (RunLine | MissingLine)[],
  footprints: readonly FootprintLine[],
): Report {
  const rows = workloads.flatMap((settings): ReportRow[] => {
    const { name, durability, rate } = settings;
    const own = lines.filter(({ workload }) => workload === name);
    const measured = own.filter((line) => "figures" in line);
    const peers = [...new Set(measured.map(({ peer }) => peer))];
    const cells = peers.map((peer) => cellOf(measured.filter((line) => line.peer === peer)));
    const missing = own.flatMap((line): MissingCell[] => {
      if ("figures" in line) return [];
      const { peer, title, missing: kind, why } = line;
      return [{ peer, title, missing: kind, why }];
    });
    return own.length === 0 ? [] : [{ workload: name, durability, rate, settings, cells, missing }];
  });
  return { schema: REPORT_SCHEMA, ...facts, rows, footprints: reportFootprints(footprints) };
}

function cellOf(lines: readonly RunLine[]): ReportCell {
  const { peer, title } = lines[0]!;
  const spread = (value: (line: RunLine) => number): Spread => spreadOf(lines.map(value));
  const latencies = Object.fromEntries(
    LATENCIES.map((name) => [name, reportLatencies(lines, name)]),
  ) as ReportCell["latencies"];
  const total = (value: (line: RunLine) => number): number => lines.reduce((sum, line) => sum + value(line), 0);
  return {
    peer,
    title,
    repetitions: lines.length,
    recordsPerSecond: spread(({ figures }) => figures.recordsPerSecond),
    bytesPerSecond: spread(({ figures }) => figures.bytesPerSecond),
    deviceBytesPerSecond: spread((line) => line.deviceBytesPerSecond),
    brokerCpuUs: spread(({ figures }) => figures.brokerCpuUs),
    producerCpuUs: spread(({ figures }) => figures.producerCpuUs),
    consumerCpuUs: spread(({ figures }) => figures.consumerCpuUs),
    brokerMemoryBytes: spread(({ figures }) => figures.brokerMemoryBytes),
    latencies,
    drain: drainOf(lines),
    overTime: middleOf(lines).figures.overTime,
    audit: {
      acknowledged: total(({ figures }) => figures.audit.acknowledged),
      consumed: total(({ figures }) => figures.audit.consumed),
    },
  };
}

function drainOf(lines: readonly RunLine[]): ReportCell["drain"] {
  const drains = lines.flatMap(({ figures }) => figures.drain ?? []);
  if (drains.length === 0) return null;
  const spread = (figure: keyof DrainFigures): Spread => spreadOf(drains.map((drain) => drain[figure]));
  return {
    recordsPerSecond: spread("recordsPerSecond"),
    bytesPerSecond: spread("bytesPerSecond"),
    brokerCpuUs: spread("brokerCpuUs"),
    consumerCpuUs: spread("consumerCpuUs"),
  };
}

function middleOf(lines: readonly RunLine[]): RunLine {
  const rank = (line: RunLine): number =>
    (latenciesOf([line], "endToEnd") ?? latenciesOf([line], "response"))?.atUs(0.99) ?? line.figures.recordsPerSecond;
  const sorted = lines.toSorted((left, right) => rank(left) - rank(right));
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}

function reportLatencies(lines: readonly RunLine[], name: LatencyName): ReportLatencies | null {
  const merged = latenciesOf(lines, name);
  if (merged === null) return null;
  const each = lines.flatMap((line) => latenciesOf([line], name) ?? []);
  const spread = (quantile: number): Spread => spreadOf(each.map((latencies) => latencies.atUs(quantile)));
  return { summary: merged.summary(), curve: curveOf(merged), p50Us: spread(0.5), p99Us: spread(0.99) };
}

/** Quantiles ever closer to 1, as far as a hundred samples lie beyond them. */
function curveOf(latencies: Latencies): Curve {
  const curve: [number, number][] = [[0, latencies.atUs(0)]];
  const nines = Math.log10(Math.max(10, latencies.count / 100));
  for (let step = 1; step <= 10 * nines; step++) {
    const quantile = 1 - 10 ** (-step / 10);
    curve.push([quantile, latencies.atUs(quantile)]);
  }
  return curve;
}
