/** A topic as a producer knows it: its partitions' queues, and which of them a record goes to. */
import { BrokerError } from "../base/errors.ts";
import type { TopicInfo } from "../protocol/generated/messages.ts";
import { ProduceEnvelope } from "../protocol/produce.ts";
import { PartitionQueue, type QueueOwner } from "./partition-queue.ts";
import { type Partitioner, partitionOfKey } from "./partitioner.ts";
import { describedTopic } from "./topics.ts";

/**
 * Where records without a key go. "sticky": to one partition until its batch is full or sent, then to the one that was given
 * the fewest bytes so far, so that all get the same however their batches fill (KIP-794). "round-robin": to each in turn.
 */
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
  /** Bytes of the batches that partition had closed when it was chosen. */
  #closedBefore = 0;
  /** Bytes of the batches that each partition closed while it was the chosen one. */
  #given: number[];
  /** How far ahead of the clock a record may be, ms; more than any is where the broker does not say. */
  #timestampAfterMaxMs: number;
  /** When the broker described it, by the monotonic clock. */
  #heardMs: number = performance.now();
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
    this.#timestampAfterMaxMs = timestampAfterMaxMs(info);
    this.queues = Array.from({ length: partitionCount }, (_, partition) => {
      const envelope = new ProduceEnvelope({ topicId, partition, acks });
      return new PartitionQueue({ topic, topicId, partition, acks, envelope, batchBytesMax }, owner);
    });
    this.#keyless = Math.floor(Math.random() * partitionCount);
    this.#given = new Array(partitionCount).fill(0);
  }

  /**
   * @param partition what the record says; undefined: nothing
   * @param key       null: it has none
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION  there is no such partition
   * @throws BrokerError INVALID_RECORD              it is no number; and what a partitioner throws
   */
  queueFor(partition: number | undefined, key: Uint8Array | null): PartitionQueue {
    const index = partition ?? this.#choose(key);
    if (typeof index !== "number")
      throw new BrokerError("INVALID_RECORD", `a partition is a number, not ${typeof index}`);
    return this.queues[index] ?? this.#lacks(index);
  }

  /**
   * Where a record goes whose queue's batch is full: on to another partition, if it may go to any, so that a producer that
   * fills batch after batch does not stay with one.
   */
  queueAfter(full: PartitionQueue, partition: number | undefined, key: Uint8Array | null): PartitionQueue {
    const { keyless, partitioner } = this.#choice;
    const isAnywhere = partition === undefined && key === null && partitioner === null && keyless === "sticky";
    if (!isAnywhere || this.queues.length === 1) return full;
    full.close();
    return this.queues[this.#keylessPartition()]!;
  }

  /**
   * The broker would refuse the whole batch for one record. By the limit as it was when the broker was asked; after a refusal
   * it is asked again soon.
   *
   * @param nowMs Unix ms, a few records old
   * @throws BrokerError INVALID_TIMESTAMP  no time, or one that is too far ahead
   */
  checkTimestamp(timestamp: number, nowMs: number): void {
    const isTime = Number.isSafeInteger(timestamp) && timestamp >= 0;
    if (!isTime)
      throw new BrokerError(
        "INVALID_TIMESTAMP",
        `a timestamp is a number of milliseconds since 1970, not ${timestamp}`,
      );
    const maxMs = this.#timestampAfterMaxMs;
    if (timestamp - nowMs <= maxMs || timestamp - Date.now() <= maxMs) return;
    this.doubt();
    const message = `the timestamp ${timestamp} is more than ${maxMs} ms ahead of the clock (topic ${this.name}'s message.timestamp.after.max.ms)`;
    throw new BrokerError("INVALID_TIMESTAMP", message, { details: { topic: this.name, timestamp, maxMs } });
  }

  /** Is this a partition that may have been added since the broker was asked? */
  mayLack(partition: number | undefined): boolean {
    return partition !== undefined && partition >= this.queues.length;
  }

  /** Does what is known date from before `sinceMs`, by the monotonic clock? Then the limits may be others. */
  isOlderThan(sinceMs: number): boolean {
    return this.#heardMs < sinceMs;
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
    // They are not to catch up with what the others got before.
    const least = this.#given.reduce((left, right) => Math.min(left, right));
    this.#given = [...this.#given, ...added.map(() => least)];
    this.#timestampAfterMaxMs = fresh.#timestampAfterMaxMs;
    this.#heardMs = fresh.#heardMs;
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
    if (this.#choice.keyless === "round-robin") {
      this.#keyless = (this.#keyless + 1) % queues.length;
      return this.#keyless;
    }
    const { closedBytes } = queues[this.#keyless]!;
    // While it has closed no batch it goes on, also with a record whose batch could not be opened before.
    if (closedBytes === this.#closedBefore) return this.#keyless;
    this.#given[this.#keyless]! += closedBytes - this.#closedBefore;
    this.#keyless = leastAfter(this.#keyless, this.#given);
    this.#closedBefore = queues[this.#keyless]!.closedBytes;
    return this.#keyless;
  }
}

/** @returns the index of the least number, of equal ones the next after `index` */
function leastAfter(index: number, numbers: readonly number[]): number {
  let least = (index + 1) % numbers.length;
  for (let step = 2; step <= numbers.length; step++) {
    const candidate = (index + step) % numbers.length;
    if (numbers[candidate]! < numbers[least]!) least = candidate;
  }
  return least;
}

function timestampAfterMaxMs({ settings }: TopicInfo): number {
  const setting = settings?.find(({ key }) => key === "message.timestamp.after.max.ms");
  return setting === undefined ? Number.POSITIVE_INFINITY : Number(setting.value);
}

function noPartition(topic: string, partition: number, partitionCount: number): never {
  const message = `there is no partition ${partition} in topic ${topic} (partition count: ${partitionCount})`;
  throw new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", message, { details: { topic, partition } });
}
