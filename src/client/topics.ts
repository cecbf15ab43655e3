/** Topics: what the broker has, and how to change it. */
import { BrokerError, type ErrorName, errorNameOf } from "../base/errors.ts";
import {
  booleanOption,
  integerOption,
  knownOptions,
  type OptionNames,
  objectOption,
  requireOption,
  topicOption,
} from "../base/options.ts";
import { topicIdFromBytes } from "../base/topic-id.ts";
import type { Encodable } from "../protocol/field-codec.ts";
import type { Bodies, Setting, SettingInfo, TopicInfo } from "../protocol/generated/messages.ts";
import { Durability } from "../protocol/generated/wire.ts";
import type { BodyName } from "../protocol/messages.ts";
import { brokerError } from "../protocol/wire-error.ts";
import type { Channel } from "./channel.ts";
import { untilAborted, type WaitOptions } from "./until-aborted.ts";

/**
 * When a record is acknowledged: once it is on the disk (`disk`), once the operating system has it (`os`: it survives the
 * broker's death, not the machine's), or once it is in the broker's memory.
 */
export type DurabilityName = "disk" | "os" | "memory";

const durabilityNames: Readonly<Record<Durability, DurabilityName>> = {
  [Durability.Disk]: "disk",
  [Durability.Os]: "os",
  [Durability.Memory]: "memory",
};

export function durabilityName(durability: Durability): DurabilityName {
  return durabilityNames[durability];
}

/** A partition; its offsets as they were when the broker was asked. */
export interface PartitionDescription {
  /** From 0 to the number of partitions - 1. */
  readonly partition: number;
  /** Number of the broker that takes its records. */
  readonly leader: number;
  /** Counts the leaders it has had. */
  readonly leaderEpoch: number;
  /** First offset that can be read. */
  readonly logStartOffset: number;
  /** Offset after the last record that can be read. */
  readonly highWatermark: number;
  /** Offset after the last record that is not part of an open transaction. */
  readonly lastStableOffset: number;
  /** Offset after the last record in the log. */
  readonly logEndOffset: number;
  /** Offset after the last record that is on the disk. */
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
  /** By number. */
  readonly partitions: readonly PartitionDescription[];
  /** By name; empty for `list`. */
  readonly settings: Readonly<Record<string, { readonly value: string; readonly isDefault: boolean }>>;
  /** It is the broker's own. */
  readonly internal: boolean;
}

export interface NewTopic {
  /** 1 to 249 letters, digits, ".", "_" and "-", as in Kafka; names that begin with "__" are the broker's own. */
  readonly name: string;
  /** Default 1. */
  readonly partitions?: number;
  /** Kafka's names and our `durability`; those not named have their defaults. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Check everything, change nothing. */
  readonly validateOnly?: boolean;
}

export interface TopicChange {
  /** Those not named stay as they are. null: the default again. */
  readonly settings?: Readonly<Record<string, string | number | boolean | null>>;
  /** How many there are to be; never less than there are. Default: as many as there are. */
  readonly partitions?: number;
  /** Check everything, change nothing. */
  readonly validateOnly?: boolean;
}

const NEW_TOPIC: OptionNames<NewTopic> = { name: true, partitions: true, settings: true, validateOnly: true };
const TOPIC_CHANGE: OptionNames<TopicChange> = { settings: true, partitions: true, validateOnly: true };

/**
 * The broker's topics. Any request may also fail with
 *
 * - CONNECTION_LOST, REQUEST_TIMED_OUT: it may have been carried out or not
 * - SHUTTING_DOWN, BUSY: it was not, and may be made again
 * - CLOSED: the client is closed
 * - INVALID_OPTION, INVALID_TOPIC, MESSAGE_TOO_LARGE: it was not made
 * - the reason of `options.signal`: it may have been carried out or not
 */
export class Topics {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * Makes a topic.
   *
   * @returns the new topic; null if it was only validated
   * @throws BrokerError TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS, INVALID_CONFIG, LIMIT_EXCEEDED, NO_SPACE; and as all requests do
   */
  create(topic: NewTopic & { readonly validateOnly?: false }, options?: WaitOptions): Promise<TopicDescription>;
  create(topic: NewTopic, options?: WaitOptions): Promise<TopicDescription | null>;
  async create(topic: NewTopic, options: WaitOptions = {}): Promise<TopicDescription | null> {
    knownOptions("a topic", topic, NEW_TOPIC);
    const { name, partitions = 1, settings = {}, validateOnly = false } = topic;
    const body = {
      name: topicOption("name", name),
      partitions: countOption(partitions),
      settings: settingsOption(settings).set,
      validateOnly: booleanOption("validateOnly", validateOnly),
    };
    const { topics } = await this.#request("CreateTopic", body, "TopicsResult", options);
    return topics[0] === undefined ? null : describe(topics[0]);
  }

  /**
   * Deletes a topic and all its records.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION; and as all requests do
   */
  async delete(name: string, options: WaitOptions = {}): Promise<void> {
    await this.#request("DeleteTopic", { name: topicOption("name", name) }, "Done", options);
  }

  /**
   * Changes a topic's settings, or gives it more partitions.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG, INVALID_PARTITIONS; and as all requests do
   */
  async alter(name: string, change: TopicChange, options: WaitOptions = {}): Promise<void> {
    topicOption("name", name);
    knownOptions("a topic's change", change, TOPIC_CHANGE);
    const { settings = {}, partitions, validateOnly = false } = change;
    const body = {
      name,
      ...settingsOption(settings, true),
      partitions: partitions === undefined ? -1 : countOption(partitions),
      validateOnly: booleanOption("validateOnly", validateOnly),
    };
    await this.#request("AlterTopic", body, "TopicsResult", options);
  }

  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION; and as all requests do */
  async describe(name: string, options: WaitOptions = {}): Promise<TopicDescription> {
    topicOption("name", name);
    return describe(await untilAborted(options, () => topicInfo(this.#channel, name, true)));
  }

  /** All topics, without their settings. @throws BrokerError as all requests do */
  async list(options: WaitOptions = {}): Promise<TopicDescription[]> {
    const { topics } = await this.#request("DescribeTopics", {}, "TopicsResult", options);
    return topics.filter(({ error }) => error === undefined).map(describe);
  }

  #request<Answer extends BodyName, Name extends BodyName>(
    type: Name,
    body: Encodable<Bodies[Name]>,
    answer: Answer,
    options: WaitOptions,
  ): Promise<Bodies[Answer]> {
    return untilAborted(options, () => this.#channel.request(type, body, answer));
  }
}

/** How many the broker would take is for it to say. @throws BrokerError INVALID_OPTION  the protocol has no such number */
function countOption(partitions: number): number {
  return integerOption("partitions", partitions, 1, 2 ** 31 - 1);
}

/** @throws BrokerError INVALID_OPTION */
function settingsOption(settings: object, mayUnset = false): { set: Setting[]; unset: string[] } {
  objectOption("settings is", settings);
  const set: Setting[] = [];
  const unset: string[] = [];
  for (const [key, value] of Object.entries(settings) as [string, unknown][]) {
    const isValue = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    const isUnset = mayUnset && value === null;
    requireOption(isValue || isUnset, `the setting ${key} is text, a number, true or false, not ${typeof value}`);
    if (isUnset) unset.push(key);
    else set.push({ key, value: String(value) });
  }
  return { set, unset };
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
