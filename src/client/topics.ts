/** Topics: what the broker has, and how to change it. */
import { BrokerError, type ErrorName, errorNameOf } from "../base/errors.ts";
import { topicIdFromBytes } from "../base/topic-id.ts";
import type { SettingInfo, TopicInfo } from "../protocol/generated/messages.ts";
import { Durability } from "../protocol/generated/wire.ts";
import { brokerError } from "../protocol/wire-error.ts";
import type { Channel } from "./channel.ts";

export type DurabilityName = "disk" | "os" | "memory";

const durabilityNames: Readonly<Record<Durability, DurabilityName>> = {
  [Durability.Disk]: "disk",
  [Durability.Os]: "os",
  [Durability.Memory]: "memory",
};

export function durabilityName(durability: Durability): DurabilityName {
  return durabilityNames[durability];
}

export interface PartitionDescription {
  readonly partition: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  /** First offset that can be read. */
  readonly logStartOffset: number;
  /** Offset after the last record that can be read. */
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logEndOffset: number;
  readonly durableEndOffset: number;
  /** Why it cannot be served; null: it can. */
  readonly error: ErrorName | null;
}

export interface TopicDescription {
  readonly name: string;
  /** Its UUID, as Kafka's tools print it. */
  readonly topicId: string;
  readonly durability: DurabilityName;
  /** Bytes of the largest batch it takes. */
  readonly maxMessageBytes: number;
  readonly partitions: readonly PartitionDescription[];
  /** By name; empty for `list`. */
  readonly settings: Readonly<Record<string, { readonly value: string; readonly isDefault: boolean }>>;
  /** It is the broker's own. */
  readonly internal: boolean;
}

export interface NewTopic {
  readonly name: string;
  /** Default 1. */
  readonly partitions?: number;
  /** Kafka's names and our `durability`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Check everything, change nothing. */
  readonly validateOnly?: boolean;
}

export interface TopicChange {
  /** null: the default again. */
  readonly settings?: Readonly<Record<string, string | number | boolean | null>>;
  readonly partitions?: number;
  readonly validateOnly?: boolean;
}

export class Topics {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * @returns the new topic; null if it was only validated
   * @throws BrokerError TOPIC_ALREADY_EXISTS, INVALID_TOPIC, INVALID_PARTITIONS, INVALID_CONFIG, LIMIT_EXCEEDED, NO_SPACE
   */
  async create({
    name,
    partitions = 1,
    settings = {},
    validateOnly = false,
  }: NewTopic): Promise<TopicDescription | null> {
    const list = Object.entries(settings).map(([key, value]) => ({ key, value: String(value) }));
    const body = { name, partitions, settings: list, validateOnly };
    const { topics } = await this.#channel.request("CreateTopic", body, "TopicsResult");
    return topics[0] === undefined ? null : describe(topics[0]);
  }

  /**
   * Deletes a topic and all its records.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION
   */
  async delete(name: string): Promise<void> {
    await this.#channel.request("DeleteTopic", { name }, "Done");
  }

  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG, INVALID_PARTITIONS */
  async alter(name: string, { settings = {}, partitions, validateOnly = false }: TopicChange): Promise<void> {
    const entries = Object.entries(settings);
    const set = entries.flatMap(([key, value]) => (value === null ? [] : [{ key, value: String(value) }]));
    const unset = entries.flatMap(([key, value]) => (value === null ? [key] : []));
    const body = { name, set, unset, partitions: partitions ?? -1, validateOnly };
    await this.#channel.request("AlterTopic", body, "TopicsResult");
  }

  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION */
  async describe(name: string): Promise<TopicDescription> {
    return describe(await topicInfo(this.#channel, name, true));
  }

  /** All topics, without their settings. */
  async list(): Promise<TopicDescription[]> {
    const { topics } = await this.#channel.request("DescribeTopics", {}, "TopicsResult");
    return topics.filter(({ error }) => error === undefined).map(describe);
  }
}

/** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION */
export async function topicInfo(channel: Channel, name: string, settings: boolean): Promise<TopicInfo> {
  const { topics } = await channel.request("DescribeTopics", { names: [name], settings }, "TopicsResult");
  const [info] = topics;
  if (info?.name !== name) throw new BrokerError("PROTOCOL_VIOLATION", "the broker described another topic");
  describedTopic(info);
  return info;
}

/**
 * @returns what one needs to read and write it
 * @throws BrokerError as the broker described it
 */
export function describedTopic(info: TopicInfo): { readonly topicId: Uint8Array; readonly partitionCount: number } {
  if (info.error !== undefined) throw brokerError(info.error);
  const { topicId, partitions = [] } = info;
  if (
    topicId === undefined ||
    partitions.length === 0 ||
    partitions.some(({ partition }, index) => partition !== index)
  )
    throw new BrokerError(
      "PROTOCOL_VIOLATION",
      `the broker described topic ${info.name} without its id or its partitions`,
    );
  return { topicId, partitionCount: partitions.length };
}

function describe(info: TopicInfo): TopicDescription {
  const { topicId } = describedTopic(info);
  return {
    name: info.name,
    topicId: topicIdFromBytes(topicId),
    durability: durabilityName(info.durability),
    maxMessageBytes: info.maxMessageBytes,
    partitions: (info.partitions ?? []).map(({ error, ...partition }) => ({
      ...partition,
      error: error === 0 ? null : errorNameOf(error),
    })),
    settings: Object.fromEntries((info.settings ?? []).map(describeSetting)),
    internal: info.internal,
  };
}

function describeSetting({ key, value, isDefault }: SettingInfo): [string, { value: string; isDefault: boolean }] {
  return [key, { value, isDefault }];
}
