/**
 * The workloads that every broker is measured with. Names are those of the OpenMessaging Benchmark where it has such a one
 * (openmessaging/benchmark, workloads/).
 */
import { KIB } from "../base/units.ts";
import type { Workload } from "./run.ts";

const throughput: Omit<Workload, "name"> = {
  durability: "os",
  partitions: 2,
  producers: 1,
  consumers: 1,
  size: KIB,
  batchBytes: 256 * KIB,
  lingerMs: 5,
  rate: 0,
};
const latency: Omit<Workload, "name"> = { ...throughput, lingerMs: 0, rate: 20_000 };
const single: Omit<Workload, "name"> = { ...throughput, partitions: 1, size: 100, lingerMs: 0, rate: -1 };

export const workloads: readonly Workload[] = [
  { ...throughput, name: "max-rate-1-topic-2-partitions-100b", size: 100 },
  { ...throughput, name: "max-rate-1-topic-2-partitions-1kb" },
  { ...throughput, name: "max-rate-1-topic-2-partitions-100b-disk", size: 100, durability: "disk" },
  { ...throughput, name: "max-rate-1-topic-2-partitions-1kb-disk", durability: "disk" },
  { ...throughput, name: "produce-1-topic-2-partitions-1kb", consumers: 0 },
  { ...throughput, name: "produce-1-topic-2-partitions-1kb-disk", consumers: 0, durability: "disk" },
  { ...throughput, name: "max-rate-1-topic-1-partition-1kb", partitions: 1 },
  { ...throughput, name: "max-rate-1-topic-16-partitions-1kb", partitions: 16 },
  { ...latency, name: "20k-1-topic-2-partitions-1kb" },
  { ...latency, name: "20k-1-topic-2-partitions-1kb-linger-5", lingerMs: 5 },
  { ...latency, name: "20k-1-topic-2-partitions-1kb-disk", durability: "disk" },
  { ...single, name: "one-in-flight-100b" },
  { ...single, name: "one-in-flight-100b-disk", durability: "disk" },
];
