/** A topic as the broker runs it. */
import type { Partition } from "./partition.ts";
import type { TopicConfig } from "./topic-config.ts";

export interface Topic {
  readonly config: TopicConfig;
  readonly partitions: readonly Partition[];
}
