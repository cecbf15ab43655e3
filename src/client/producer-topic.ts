/** A topic as a producer knows it: its partitions' queues, and which of them a record goes to. */
import { BrokerError } from "../base/errors.ts";
import type { TopicInfo } from "../protocol/generated/messages.ts";
import { ProduceEnvelope } from "../protocol/produce.ts";
import { PartitionQueue, type QueueOwner } from "./partition-queue.ts";
import { type Partitioner, partitionOfKey } from "./partitioner.ts";
import { describedTopic } from "./topics.ts";

/** Where records without a key go: to one partition until its batch is sent, then to another; or to each in turn. */
export type KeylessRule = "sticky" | "round-robin";

export interface PartitionChoice {
  readonly keyless: KeylessRule;
  /** null: as Kafka does, by key and `keyless`. */
  readonly partitioner: Partitioner | null;
}

export class ProducerTopic {
  readonly name: string;
  readonly topicId: Uint8Array;
  readonly queues: readonly PartitionQueue[];
  readonly #choice: PartitionChoice;
  #keyless: number;

  /**
   * @param acks of every batch, as the protocol counts them
   * @throws BrokerError as the broker described it
   */
  constructor(info: TopicInfo, acks: number, choice: PartitionChoice, owner: QueueOwner) {
    const { topicId, partitionCount } = describedTopic(info);
    const { name: topic, maxMessageBytes: batchBytesMax } = info;
    this.name = topic;
    this.topicId = topicId;
    this.#choice = choice;
    this.queues = Array.from({ length: partitionCount }, (_, partition) => {
      const envelope = new ProduceEnvelope({ topicId, partition, acks });
      return new PartitionQueue({ topic, topicId, partition, acks, envelope, batchBytesMax }, owner);
    });
    this.#keyless = Math.floor(Math.random() * partitionCount);
  }

  /**
   * @param partition what the record says; undefined: nothing
   * @param key       null: it has none
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION  there is no such partition
   */
  queueFor(partition: number | undefined, key: Uint8Array | null): PartitionQueue {
    const index = partition ?? this.#choose(key);
    return this.queues[index] ?? noPartition(this.name, index, this.queues.length);
  }

  #choose(key: Uint8Array | null): number {
    const { partitioner } = this.#choice;
    const { length } = this.queues;
    if (partitioner !== null) return partitioner(key, length);
    if (length === 1) return 0;
    return key === null ? this.#keylessPartition() : partitionOfKey(key, length);
  }

  #keylessPartition(): number {
    const { queues } = this;
    const isDue = this.#choice.keyless === "round-robin" || queues[this.#keyless]!.open === null;
    if (isDue) this.#keyless = (this.#keyless + 1) % queues.length;
    return this.#keyless;
  }
}

function noPartition(topic: string, partition: number, partitionCount: number): never {
  const message = `topic ${topic} has ${partitionCount} partitions, none is number ${partition}`;
  throw new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", message, { details: { topic, partition } });
}
