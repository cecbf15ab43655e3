/** A topic as a producer knows it: its partitions' queues, and which of them a record goes to. */
import { BrokerError } from "../base/errors.ts";
import type { TopicInfo } from "../protocol/generated/messages.ts";
import { ProduceEnvelope } from "../protocol/produce.ts";
import { PartitionQueue, type QueueOwner } from "./partition-queue.ts";
import { type Partitioner, partitionOfKey } from "./partitioner.ts";
import { describedTopic } from "./topics.ts";

/** Where records without a key go: to one partition until its batch is full or sent, then to another; or to each in turn. */
export type KeylessRule = "sticky" | "round-robin";

export interface PartitionChoice {
  readonly keyless: KeylessRule;
  /** null: as Kafka does, by key and `keyless`. */
  readonly partitioner: Partitioner | null;
}

export class ProducerTopic {
  readonly name: string;
  readonly topicId: Uint8Array;
  queues: readonly PartitionQueue[];
  readonly #choice: PartitionChoice;
  #keyless: number;
  /** When the broker was asked last, by the monotonic clock; -Infinity: it should be asked again. */
  #askedMs: number = performance.now();
  /** Batches sent when it was asked. */
  #sentBefore = 0;

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
    return this.queues[index] ?? this.#lacks(index);
  }

  /**
   * Where a record goes whose queue's batch is full: on to the next partition, if it may go to any, so that a producer
   * that fills batch after batch does not stay with one partition (KIP-794).
   */
  queueAfter(full: PartitionQueue, partition: number | undefined, key: Uint8Array | null): PartitionQueue {
    const { keyless, partitioner } = this.#choice;
    const isAnywhere = partition === undefined && key === null && partitioner === null && keyless === "sticky";
    if (!isAnywhere || this.queues.length === 1) return full;
    full.close();
    return this.queues[this.#keylessPartition()]!;
  }

  /** Is this a partition that may have been added since the broker was asked? */
  mayLack(partition: number | undefined): boolean {
    return partition !== undefined && partition >= this.queues.length;
  }

  /** What is known may not be true any more: the broker should be asked soon. */
  doubt(): void {
    this.#askedMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Should the broker be asked again? If so, the caller asks now.
   *
   * @param sinceMs what was heard before is too old for a topic in use
   */
  isDue(sinceMs: number): boolean {
    if (this.#askedMs > sinceMs) return false;
    const sentCount = this.queues.reduce((sum, queue) => sum + queue.sentCount, 0);
    if (this.#askedMs !== Number.NEGATIVE_INFINITY && sentCount === this.#sentBefore) return false;
    this.#askedMs = performance.now();
    this.#sentBefore = sentCount;
    return true;
  }

  /** Learns from the same topic as it is now. @returns the queues of partitions that were added */
  update(fresh: ProducerTopic): readonly PartitionQueue[] {
    const added = fresh.queues.slice(this.queues.length);
    for (const [index, { target }] of this.queues.entries())
      target.batchBytesMax = fresh.queues[index]?.target.batchBytesMax ?? target.batchBytesMax;
    this.queues = [...this.queues, ...added];
    return added;
  }

  #choose(key: Uint8Array | null): number {
    const { partitioner } = this.#choice;
    const { length } = this.queues;
    if (partitioner !== null) return partitioner(key, length);
    if (length === 1) return 0;
    return key === null ? this.#keylessPartition() : partitionOfKey(key, length);
  }

  #lacks(index: number): never {
    if (this.mayLack(index)) this.doubt();
    return noPartition(this.name, index, this.queues.length);
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
