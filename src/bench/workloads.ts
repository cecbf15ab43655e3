/**
 * The workloads that brokers are measured with. Names are those of the OpenMessaging Benchmark where it has such a one
 * (openmessaging/benchmark, workloads/).
 */
import { KIB, MIB } from "../base/units.ts";
import type { Workload } from "./workload.ts";

const throughput: Omit<Workload, "name"> = {
  rivals: "kafka",
  isQueue: false,
  durability: "os",
  partitions: 2,
  topics: 1,
  producers: 1,
  consumers: 1,
  readers: 1,
  isCold: false,
  size: KIB,
  batchBytes: 256 * KIB,
  lingerMs: 5,
  rate: 0,
  inFlight: 1,
  idle: 0,
};
const latency: Omit<Workload, "name"> = { ...throughput, lingerMs: 0, rate: 20_000 };
const single: Omit<Workload, "name"> = { ...throughput, partitions: 1, size: 100, lingerMs: 0, rate: -1 };
const unbatched: Omit<Workload, "name"> = { ...single, partitions: 8, inFlight: 8, durability: "disk", rivals: "all" };
const large: Omit<Workload, "name"> = { ...throughput, size: MIB, batchBytes: MIB, lingerMs: 0 };

/** Those of which the product is told by; each is also to be run longer, and more often. */
const headlines: readonly Workload[] = [
  { ...throughput, name: "max-rate-1-topic-2-partitions-100b", size: 100 },
  { ...throughput, name: "max-rate-1-topic-2-partitions-1kb", rivals: "all" },
  { ...throughput, name: "max-rate-1-topic-2-partitions-100b-disk", size: 100, durability: "disk" },
  { ...throughput, name: "max-rate-1-topic-2-partitions-1kb-disk", rivals: "all", durability: "disk" },
];

/** Payloads of laminarmq's benchmark, whose figures are quoted beside ours. */
const payloads: readonly Workload[] = [12, 140, 560, 1120, 2940, 11_760].map((size) => ({
  ...throughput,
  name: `max-rate-1-topic-2-partitions-${size}b`,
  size,
}));

/** Latency against load: from a small part of what the slowest takes to more than most do. */
const loads: readonly Workload[] = [10, 20, 40, 80, 120, 160, 200, 240, 280].map((thousands) => ({
  ...latency,
  name: `load-${thousands}k-1-topic-2-partitions-1kb`,
  lingerMs: 5,
  rate: thousands * 1000,
}));

export const workloads: readonly Workload[] = [
  ...headlines,
  { ...throughput, name: "backlog-drain-1-topic-2-partitions-1kb", consumers: 0 },
  { ...throughput, name: "backlog-drain-1-topic-2-partitions-1kb-disk", consumers: 0, durability: "disk" },
  { ...throughput, name: "replay-10-consumers-1kb", consumers: 0, readers: 10 },
  { ...throughput, name: "replay-cold-1kb", consumers: 0, isCold: true },
  { ...throughput, name: "max-rate-1-topic-1-partition-100b", partitions: 1, size: 100 },
  { ...throughput, name: "max-rate-1-topic-1-partition-1kb", partitions: 1 },
  { ...throughput, name: "max-rate-1-topic-16-partitions-1kb", partitions: 16 },
  { ...throughput, name: "max-rate-100-topics-1-partition-1kb", topics: 100, partitions: 100 },
  ...payloads,
  { ...large, name: "max-rate-1-topic-2-partitions-1mb" },
  { ...large, name: "max-rate-1-topic-2-partitions-16mb", size: 16 * MIB },
  { ...latency, name: "20k-1-topic-2-partitions-1kb", rivals: "all" },
  { ...latency, name: "20k-1-topic-2-partitions-1kb-linger-5", lingerMs: 5 },
  { ...latency, name: "20k-1-topic-2-partitions-1kb-disk", durability: "disk" },
  { ...latency, name: "20k-1-topic-2-partitions-1kb-10000-idle-connections", idle: 10_000 },
  {
    // More than the 20,000 a second that it is to reach.
    ...{ ...latency, name: "22k-1-topic-1000-partitions-4kb-disk", rate: 22_000 },
    ...{ partitions: 1000, size: 3900, batchBytes: 4 * KIB, durability: "disk" },
  },
  { ...latency, name: "fan-out-100-consumers-1kb", consumers: 100, rate: 2500 },
  { ...throughput, name: "queue-1kb", rivals: "all", isQueue: true },
  { ...throughput, name: "queue-1kb-disk", rivals: "all", isQueue: true, durability: "disk" },
  { ...single, name: "one-in-flight-100b" },
  { ...single, name: "one-in-flight-100b-disk", rivals: "all", durability: "disk" },
  { ...unbatched, name: "unbatched-8-connections-8-in-flight-100b-disk", producers: 8 },
  { ...unbatched, name: "unbatched-64-connections-8-in-flight-100b-disk", producers: 64 },
  ...loads,
];

/** With which footprints are taken. */
export const filling: Workload = { ...throughput, name: "filling", consumers: 0 };

/** With which it is looked at what many topics cost. */
export const manyTopics: Workload = { ...filling, name: "many-topics", topics: 10_000, partitions: 10_000, size: 100 };

export function isHeadline({ name }: Workload): boolean {
  return headlines.some((headline) => headline.name === name);
}

export function isLoad({ name }: Workload): boolean {
  return loads.some((load) => load.name === name);
}
