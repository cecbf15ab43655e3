/** What a run comes to, from what its generators report and what was seen of its broker. */
import { Latencies } from "./latencies.ts";
import { mergedBySecond } from "./latencies-by-second.ts";
import { gainOf, valueAt } from "./sampler.ts";
import type { ConsumeReport, ProduceReport, Sample, Window } from "./task.ts";
import type { Workload } from "./workload.ts";

export interface RunFigures {
  /** Per second of the measured part: consumed where there is a consumer, else acknowledged. */
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
  /** CPU us per record; 0 where there was none. */
  readonly brokerCpuUs: number;
  readonly producerCpuUs: number;
  readonly consumerCpuUs: number;
  readonly brokerMemoryBytes: number;
  /** Of each second of the measured part. */
  readonly overTime: readonly RunSecond[];
  /** null: no record was timed. */
  readonly response: Latencies | null;
  readonly service: Latencies | null;
  readonly endToEnd: Latencies | null;
  /** How what was produced is read when it is all there; null: it was read meanwhile, or cannot be. */
  readonly drain: DrainFigures | null;
  readonly audit: { readonly acknowledged: number; readonly consumed: number };
}

export interface DrainFigures {
  /** From when the first record was read to the last. */
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
  /** CPU us per record. */
  readonly brokerCpuUs: number;
  readonly consumerCpuUs: number;
}

export interface RunSecond {
  readonly recordsPerSecond: number;
  /** Processors that it kept busy. */
  readonly brokerCores: number;
  /** At the second's end. */
  readonly brokerMemoryBytes: number;
  /** Of the records that were due in it; null: none was timed. */
  readonly responseP99Us: number | null;
  readonly endToEndP99Us: number | null;
}

export interface BrokerSample {
  /** monotonicNs. */
  readonly atNs: number;
  /** CPU seconds so far. */
  readonly cpu: number;
  readonly memoryBytes: number;
}

export interface RunReports {
  readonly produced: readonly ProduceReport[];
  readonly consumed: readonly ConsumeReport[];
  readonly broker: readonly BrokerSample[];
  /** The most there ever were. */
  readonly brokerMemoryBytes: number;
}

export function figuresOf(
  { produced, consumed: read, broker, brokerMemoryBytes }: RunReports,
  { warmNs, endNs }: Window,
  { consumers, readers, size }: Pick<Workload, "consumers" | "readers" | "size">,
): RunFigures {
  const consumed = consumers > 0 ? read : [];
  const connections = consumers > 0 ? consumers : readers;
  const counted = consumers > 0 ? consumed : produced;
  const gain = (
    reports: readonly { readonly samples: readonly Sample[] }[],
    field: "count" | "cpu",
    fromNs = warmNs,
    toNs = endNs,
  ): number => sum(reports.map(({ samples }) => gainOf(samples, field, fromNs, toNs)));
  const records = gain(counted, "count");
  const seconds = (endNs - warmNs) / 1e9;
  const perRecord = (cpu: number): number => (records === 0 ? 0 : (cpu / records) * 1e6);
  const response = mergedBySecond(produced.map((report) => report.response ?? []));
  const service = mergedBySecond(produced.map((report) => report.service ?? []));
  const endToEnd = mergedBySecond(consumed.map((report) => report.endToEnd));
  const overTime = Array.from({ length: Math.floor(seconds) }, (_, second): RunSecond => {
    const [fromNs, toNs] = [warmNs + second * 1e9, warmNs + (second + 1) * 1e9];
    return {
      recordsPerSecond: gain(counted, "count", fromNs, toNs),
      brokerCores: gainOf(broker, "cpu", fromNs, toNs),
      brokerMemoryBytes: valueAt(broker, "memoryBytes", toNs),
      responseP99Us: p99Of(response[second]),
      endToEndP99Us: p99Of(endToEnd[second]),
    };
  });
  return {
    recordsPerSecond: records / seconds,
    bytesPerSecond: (records * size) / seconds,
    brokerCpuUs: perRecord(gainOf(broker, "cpu", warmNs, endNs)),
    producerCpuUs: perRecord(gain(produced, "cpu")),
    consumerCpuUs: perRecord(gain(consumed, "cpu")),
    brokerMemoryBytes,
    overTime,
    response: whole(response),
    service: whole(service),
    endToEnd: whole(endToEnd),
    audit: {
      acknowledged: sum(produced.flatMap(({ acked }) => acked)),
      consumed: (sum(read.flatMap(({ good }) => good)) * connections) / Math.max(1, read.length),
    },
    drain: consumers === 0 && read.length > 0 ? drainOf(read, broker, size) : null,
  };
}

/** Of all that read it, together. @returns null: all of it came between two looks at it */
function drainOf(read: readonly ConsumeReport[], broker: readonly BrokerSample[], size: number): DrainFigures | null {
  const records = sum(read.map(({ samples }) => samples.at(-1)!.count));
  const begins = read.map(({ samples }) => samples.findLast(({ count }) => count === 0) ?? samples[0]!);
  const ends = read.map(({ samples }) => samples.find(({ count }) => count === samples.at(-1)!.count)!);
  const fromNs = Math.min(...begins.map(({ atNs }) => atNs));
  const toNs = Math.max(...ends.map(({ atNs }) => atNs));
  const seconds = (toNs - fromNs) / 1e9;
  if (seconds <= 0) return null;
  const perRecord = (cpu: number): number => (cpu / records) * 1e6;
  return {
    recordsPerSecond: records / seconds,
    bytesPerSecond: (records * size) / seconds,
    brokerCpuUs: perRecord(gainOf(broker, "cpu", fromNs, toNs)),
    consumerCpuUs: perRecord(sum(ends.map(({ cpu }, index) => cpu - begins[index]!.cpu))),
  };
}

/** @returns null: nothing was timed */
function whole(seconds: readonly Latencies[]): Latencies | null {
  const merged = Latencies.merged(seconds);
  return merged.count === 0 ? null : merged;
}

function p99Of(second: Latencies | undefined): number | null {
  return second === undefined || second.count === 0 ? null : second.atUs(0.99);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
