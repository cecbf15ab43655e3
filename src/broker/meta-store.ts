/**
 * Where metadata lives: the topics and the producer ids. One node keeps it in a local log; a cluster will keep it elsewhere.
 * A change is durable when its promise resolves, and visible from then on.
 */
import type { TopicId } from "../base/topic-id.ts";

export interface TopicMetadata {
  readonly name: string;
  readonly id: TopicId;
  /** The log behind the name; the topic's own, unless the name is a link. Folders and settings belong to the log. */
  readonly logId: TopicId;
  readonly partitions: number;
  /** What differs from the defaults, as text. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface ProducerIdBlock {
  readonly first: number;
  readonly count: number;
}

export interface MetaStore {
  /** All topics, as of now. */
  topics(): readonly TopicMetadata[];
  topic(name: string): TopicMetadata | undefined;
  /** Deleted topics whose folders may not be gone yet. */
  deletedTopics(): readonly TopicMetadata[];
  /** @throws BrokerError TOPIC_ALREADY_EXISTS, BUSY, NO_SPACE, STORAGE_ERROR */
  createTopic(topic: TopicMetadata): Promise<void>;
  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, BUSY, NO_SPACE, STORAGE_ERROR */
  alterTopic(name: string, change: Pick<TopicMetadata, "partitions" | "settings">): Promise<void>;
  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, BUSY, NO_SPACE, STORAGE_ERROR */
  deleteTopic(name: string): Promise<void>;
  /** The folders of a deleted topic are gone: its name is free. @throws BrokerError NO_SPACE, STORAGE_ERROR */
  forgetTopic(name: string): Promise<void>;
  /** Ids below it were taken. */
  readonly nextProducerId: number;
  /** Ids that nobody else gets, whatever crashes (contract G1). */
  takeProducerIds(count: number): Promise<ProducerIdBlock>;
}
