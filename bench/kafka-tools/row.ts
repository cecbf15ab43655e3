/** A figure of Kafka's own tools: a line of kafka-tools.json. */
import type { Spread } from "../../src/bench/spread.ts";

export interface KafkaToolsRow {
  readonly kafka: string;
  readonly what: string;
  readonly recordsPerSecond: Spread;
  readonly p50Ms: Spread | null;
  readonly p99Ms: Spread | null;
  /** CPU us per record of the broker. */
  readonly brokerCpuUs: Spread;
}
