/** What Cambium set out to reach, beside what a report says of it. */

import type { Report, ReportCell } from "../../src/bench/report.ts";
import type { LatencyName } from "../../src/bench/run-line.ts";
import type { Spread } from "../../src/bench/spread.ts";

export interface Target {
  readonly name: string;
  /** As a sentence's end: "at least 3,000,000 records/s". */
  readonly wanted: string;
  /** What was measured, and whether it is enough; null: some of what it takes was not measured. */
  of(figures: Figures): { readonly measured: string; readonly isMet: boolean } | null;
}

/** Medians of a report. */
export class Figures {
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  cell(workload: string, peer: string): ReportCell | undefined {
    return this.#report.rows.find((row) => row.workload === workload)?.cells.find((cell) => cell.peer === peer);
  }

  /** Of the newest Kafka as it comes. */
  kafka(workload: string): ReportCell | undefined {
    return this.#report.rows
      .find((row) => row.workload === workload)
      ?.cells.find(({ peer }) => /^kafka-4[\d.]*$/.test(peer));
  }

  cambium(workload: string): ReportCell | undefined {
    return this.cell(workload, "cambium");
  }

  get topics(): Report["footprints"][number]["topics"] | undefined {
    return this.#report.footprints.find(({ peer }) => peer === "cambium")?.topics;
  }

  get footprint(): Report["footprints"][number]["figures"] | undefined {
    return this.#report.footprints.find(({ peer }) => peer === "cambium")?.figures;
  }
}

const BOTH = "max-rate-1-topic-2-partitions";
const BACKLOG = "backlog-drain-1-topic-2-partitions-1kb";

export const targets: readonly Target[] = [
  rate("produce and consume together, 100 B, os", `${BOTH}-100b`, 3_000_000),
  rate("produce and consume together, 100 B, disk", `${BOTH}-100b-disk`, 2_500_000),
  megabytes("the same, 1 KiB, each way, os", `${BOTH}-1kb`, 450),
  megabytes("the same, 1 KiB, each way, disk", `${BOTH}-1kb-disk`, 380),
  {
    name: "the same, 1 KiB, disk, against what the disk takes just before",
    wanted: "at least 0.8",
    of: (figures) => {
      const cell = figures.cambium(`${BOTH}-1kb-disk`);
      return cell === undefined ? null : atLeast(cell.bytesPerSecond.median / cell.deviceBytesPerSecond.median, 0.8);
    },
  },
  timesKafka("produce 1 KiB, disk, against Kafka without a sync", `${BACKLOG}-disk`, BACKLOG, 1.5),
  timesKafka("produce 1 KiB, disk, against Kafka with a sync for every batch", `${BACKLOG}-disk`, `${BACKLOG}-disk`, 5),
  ...["20k-1-topic-2-partitions-1kb", "20k-1-topic-2-partitions-1kb-linger-5"].flatMap((workload) => [
    belowKafka(`${workload}: end to end, our p99 against Kafka's p50`, workload, "p99Us", "p50Us"),
    belowKafka(`${workload}: end to end, our p99.9 against Kafka's p99`, workload, "p999Us", "p99Us"),
  ]),
  p50("one record in flight, 100 B, producer to consumer, os", "one-in-flight-100b", 350),
  p50("one record in flight, 100 B, producer to consumer, disk", "one-in-flight-100b-disk", 650),
  perByte("broker CPU, 1 KiB, os, produce", BACKLOG, 1.5),
  perByte("broker CPU, 1 KiB, os, produce and consume", `${BOTH}-1kb`, 2),
  rate("unbatched, disk, 64 in flight over 8 connections", "unbatched-8-connections-8-in-flight-100b-disk", 36_000),
  rate("unbatched, disk, 512 in flight over 64 connections", "unbatched-64-connections-8-in-flight-100b-disk", 60_000),
  {
    name: "replay of 1 KiB from the page cache to one consumer",
    wanted: "at least 1,000 MB/s",
    of: (figures) => {
      const drain = figures.cambium(BACKLOG)?.drain;
      return drain === undefined || drain === null ? null : atLeast(drain.bytesPerSecond.median / 1e6, 1000, " MB/s");
    },
  },
  {
    name: "the same to 10 consumers at once, in sum, against one",
    wanted: "no slower",
    of: (figures) => {
      const [one, ten] = [figures.cambium(BACKLOG)?.drain, figures.cambium("replay-10-consumers-1kb")?.drain];
      if (one === undefined || one === null || ten === undefined || ten === null) return null;
      return atLeast(ten.bytesPerSecond.median / one.bytesPerSecond.median, 1, " times");
    },
  },
  rate("fan-out of 1 KiB to 100 consumers, deliveries", "fan-out-100-consumers-1kb", 200_000),
  costs("ready after a start", ({ footprint }) => footprint?.startMs, 350, 1, " ms"),
  costs("ready after a kill, with 10 GB", ({ footprint }) => footprint?.afterKillMs, 1500, 1, " ms"),
  costs("idle memory", ({ footprint }) => footprint?.idleMemoryBytes, 120, 1e6, " MB"),
  costs("memory at full load", ({ footprint }) => footprint?.loadedMemoryBytes, 400, 1e6, " MB"),
  costs("10,000 topics: ready after a start", ({ topics }) => topics?.startMs, 3000, 1, " ms"),
  costs("10,000 topics: memory above an empty broker's", ({ topics }) => topics?.idleMemoryBytes, 40, 1e6, " MB"),
  costs("10,000 topics: the same after records to all", ({ topics }) => topics?.loadedMemoryBytes, 400, 1e6, " MB"),
  {
    name: "1,000 partitions, batches of 4 KiB, disk",
    wanted: "at least 20,000 batches/s, p99 below 50 ms",
    of: (figures) => {
      const cell = figures.cambium("22k-1-topic-1000-partitions-4kb-disk");
      const p99Ms = (cell?.latencies.response?.summary.p99Us ?? 0) / 1000;
      if (cell === undefined || p99Ms === 0) return null;
      const perSecond = cell.recordsPerSecond.median;
      return { measured: `${number(perSecond)}/s, p99 ${number(p99Ms)} ms`, isMet: perSecond >= 20_000 && p99Ms < 50 };
    },
  },
  {
    name: "10,000 idle connections",
    wanted: "memory below 300 MB",
    of: (figures) => {
      const cell = figures.cambium("20k-1-topic-2-partitions-1kb-10000-idle-connections");
      return cell === undefined ? null : below(cell.brokerMemoryBytes.median / 1e6, 300, " MB");
    },
  },
];

function rate(name: string, workload: string, least: number): Target {
  return reached(name, workload, least, " records/s", (cell) => cell.recordsPerSecond.median);
}

function megabytes(name: string, workload: string, least: number): Target {
  return reached(name, workload, least, " MB/s", (cell) => cell.bytesPerSecond.median / 1e6);
}

function reached(
  name: string,
  workload: string,
  least: number,
  unit: string,
  value: (cell: ReportCell) => number,
): Target {
  return {
    name,
    wanted: `at least ${number(least)}${unit}`,
    of: (figures) => {
      const cell = figures.cambium(workload);
      return cell === undefined ? null : atLeast(value(cell), least, unit);
    },
  };
}

function timesKafka(name: string, ours: string, theirs: string, least: number): Target {
  return {
    name,
    wanted: `at least ${least} times`,
    of: (figures) => {
      const [own, kafka] = [figures.cambium(ours), figures.kafka(theirs)];
      if (own === undefined || kafka === undefined) return null;
      return atLeast(own.recordsPerSecond.median / kafka.recordsPerSecond.median, least, " times");
    },
  };
}

type Quantile = "p50Us" | "p99Us" | "p999Us";

function belowKafka(name: string, workload: string, ours: Quantile, theirs: Quantile): Target {
  return {
    name,
    wanted: "below Kafka's",
    of: (figures) => {
      const own = latencyOf(figures.cambium(workload), "endToEnd", ours);
      const kafka = latencyOf(figures.kafka(workload), "endToEnd", theirs);
      if (own === null || kafka === null) return null;
      return { measured: `${number(own / 1000)} ms, Kafka ${number(kafka / 1000)} ms`, isMet: own < kafka };
    },
  };
}

function p50(name: string, workload: string, mostUs: number): Target {
  return {
    name,
    wanted: `p50 below ${mostUs / 1000} ms`,
    of: (figures) => {
      const us = latencyOf(figures.cambium(workload), "endToEnd", "p50Us");
      return us === null ? null : below(us / 1000, mostUs / 1000, " ms");
    },
  };
}

function perByte(name: string, workload: string, most: number): Target {
  return {
    name,
    wanted: `at most ${most} ns a byte`,
    of: (figures) => {
      const cell = figures.cambium(workload);
      return cell === undefined ? null : below((cell.brokerCpuUs.median * 1000) / 1024, most, " ns");
    },
  };
}

/** @param unit that many of the figure's own */
function costs(
  name: string,
  spread: (figures: Figures) => Spread | null | undefined,
  most: number,
  unit: number,
  unitName: string,
): Target {
  return {
    name,
    wanted: `below ${number(most)}${unitName}`,
    of: (figures) => {
      const found = spread(figures) ?? null;
      return found === null ? null : below(found.median / unit, most, unitName);
    },
  };
}

function latencyOf(cell: ReportCell | undefined, name: LatencyName, quantile: Quantile): number | null {
  return cell?.latencies[name]?.summary[quantile] ?? null;
}

function atLeast(value: number, least: number, unit = ""): { measured: string; isMet: boolean } {
  return { measured: `${number(value)}${unit}`, isMet: value >= least };
}

function below(value: number, most: number, unit: string): { measured: string; isMet: boolean } {
  return { measured: `${number(value)}${unit}`, isMet: value < most };
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}
