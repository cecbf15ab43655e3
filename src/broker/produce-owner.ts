/** What goes back to whoever brought a batch. */
import type { BrokerError } from "../base/errors.ts";
import type { TopicConfig } from "./topic-config.ts";

/** A partition's numbers (contract A1), live. They go with every answer that concerns the partition (A5). */
export interface PartitionNumbers {
  readonly topic: TopicConfig;
  readonly index: number;
  readonly logStartOffset: number;
  readonly lastStableOffset: number;
  readonly highWatermark: number;
  readonly leaderEpoch: number;
}

/** Hears what became of batches. `token` is its own name for the batch, `length` the batch's bytes. */
export interface ProduceOwner {
  /** Below the high watermark now, as durable as the topic promises. */
  produced(token: number, length: number, partition: PartitionNumbers, baseOffset: number, duplicate: boolean): void;
  refused(token: number, length: number, error: BrokerError): void;
}
