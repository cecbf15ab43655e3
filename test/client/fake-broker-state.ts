/** What the fake broker has and how it behaves, as its connections see it and tests set it. */
import { createHash } from "node:crypto";
import { BrokerError } from "../../src/base/errors.ts";
import { FakePartition } from "./fake-partition.ts";

export interface FakeTopic {
  readonly name: string;
  readonly id: Uint8Array;
  readonly partitions: FakePartition[];
  maxMessageBytes: number;
  settings?: readonly { readonly key: string; readonly value: string; readonly isDefault: boolean }[];
}

/** A batch that arrived, before anything was done with it. */
export interface Arrival {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Uint8Array;
  /** How many arrived before it. */
  readonly index: number;
}

/**
 * What is to become of a batch: it is appended and acknowledged; refused with an error; appended and answered as if that were
 * not known (doubt); appended and not answered, or neither, because the connection is cut or the answer is held back until
 * `release`.
 */
export type Fate = "take" | BrokerError | "take and doubt" | "take and cut" | "cut" | "take and hold" | "ignore";

export abstract class FakeBrokerState {
  readonly topics = new Map<string, FakeTopic>();
  /** Answers that were held back. */
  readonly held: (() => void)[] = [];
  /** Decides about each batch. */
  fate: (arrival: Arrival) => Fate = () => "take";
  /** Said to InitProducer; null: an id. */
  initProducer: () => BrokerError | null = () => null;
  /** Said to Hello; null: Welcome. */
  hello: () => BrokerError | null = () => null;
  /** Said once a subscription has begun, which ends it; null: nothing. */
  afterSubscribe: () => BrokerError | null = () => null;
  window = 4 * 1024 * 1024;
  /** Who asks for a wider window gets it. */
  widens = true;
  /** Who asks for a place for a large batch gets it. */
  grants = true;
  inlineMax = 1024 * 1024;
  sliceMax = 256 * 1024;
  /** The answer's delay, ms; 0: at once. */
  ackDelayMs = 0;
  /** Connections that were welcomed. */
  welcomes = 0;
  arrivals = 0;
  /** How often topics were described. */
  descriptions = 0;
  /** Until then they are not described, and as they are then. */
  described: Promise<void> = Promise.resolve();
  nextProducerId = 1000n;
  /** Does not answer anything any more, and does not hang up. */
  isMute = false;

  topic(name: string, partitions = 1): FakeTopic {
    const topic = {
      name,
      id: Uint8Array.from(createHash("md5").update(`${name} ${this.topics.size}`).digest()),
      partitions: Array.from({ length: partitions }, () => new FakePartition()),
      maxMessageBytes: 1_048_588,
    };
    this.topics.set(name, topic);
    return topic;
  }

  /** @throws BrokerError UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION */
  partition(topicId: Uint8Array, index: number): { readonly topic: FakeTopic; readonly partition: FakePartition } {
    const topic = [...this.topics.values()].find(({ id }) => Buffer.compare(id, topicId) === 0);
    if (topic === undefined) throw new BrokerError("UNKNOWN_TOPIC_ID", "there is no such topic");
    const partition = topic.partitions[index];
    if (partition === undefined) throw new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", "there is no such partition");
    return { topic, partition };
  }

  /** There is something new to read. */
  abstract appended(): void;
}
