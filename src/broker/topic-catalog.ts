/** The topics that exist, by name and by id, and how they come, change and go. Metadata is durable before anything shows it. */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { TOPIC_PARTITIONS_MAX } from "../base/start-limits.ts";
import { newTopicId, TOPIC_ID_SIZE, type TopicId, topicIdFromBytes } from "../base/topic-id.ts";
import type { MetaStore, TopicMetadata } from "./meta-store.ts";
import type { Partition } from "./partition.ts";
import type { Topic } from "./topic.ts";
import { TopicConfig } from "./topic-config.ts";
import { checkNewTopicName } from "./topic-name.ts";
import { defaultSettings, memorySettings, overridesOf, type TopicSettings, withSettings } from "./topic-settings.ts";

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly settings: Iterable<readonly [string, string]>;
}

export interface TopicChange {
  /** A value of null is the default again. */
  readonly settings?: Iterable<readonly [string, string | null]>;
  /** As many as there are, or more. */
  readonly partitions?: number;
}

export interface CatalogOptions {
  readonly partitionsMax: number;
  /** What topics of durability `memory` may keep together. */
  readonly memoryBytesMax: number;
  /** There is no other durability than `memory`. */
  readonly onlyMemory: boolean;
  random(bytes: Uint8Array): void;
  /** @param isNew the topic was made in this run, so nothing of it is on disk */
  makePartition(topic: TopicConfig, index: number, isNew: boolean): Partition;
}

/** A topic, as its owner may change it. */
interface OwnTopic extends Topic {
  readonly partitions: Partition[];
}

interface NewSettings {
  readonly settings: TopicSettings;
  readonly partitions: number;
}

export class TopicCatalog {
  /** What a topic gets where nothing else is said. */
  readonly defaults: TopicSettings;
  readonly #meta: MetaStore;
  readonly #options: CatalogOptions;
  readonly #byName = new Map<string, OwnTopic>();
  readonly #byId = new Map<TopicId, OwnTopic>();
  /** By a part of the id, for those who have it as bytes. */
  readonly #byKey = new Map<number, Topic[]>();
  /** Topics that are being created, and partitions that are being added: they count, and nothing shows them yet. */
  readonly #coming = new Map<string, NewSettings>();
  /** Names of deleted topics whose folders are not gone yet. */
  readonly #going = new Set<string>();
  #partitionCount = 0;

  constructor(meta: MetaStore, options: CatalogOptions) {
    this.#meta = meta;
    this.#options = options;
    this.defaults = options.onlyMemory ? memorySettings : defaultSettings;
    for (const topic of meta.topics()) this.#add(topic, false);
    for (const { name } of meta.deletedTopics()) this.#going.add(name);
  }

  get partitionCount(): number {
    return this.#partitionCount;
  }

  get size(): number {
    return this.#byName.size;
  }

  [Symbol.iterator](): Iterator<Topic> {
    return this.#byName.values();
  }

  /** All partitions of all topics. */
  *partitions(): Iterable<Partition> {
    for (const topic of this.#byName.values()) yield* topic.partitions;
  }

  get(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION */
  known(name: string): Topic {
    return this.#own(name);
  }

  /** @throws BrokerError UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION */
  partition(id: TopicId, index: number): Partition {
    const topic = this.#byId.get(id);
    if (topic === undefined) throw new BrokerError("UNKNOWN_TOPIC_ID", `there is no topic with id ${id}`);
    const partition = topic.partitions[index];
    if (partition !== undefined) return partition;
    const { length } = topic.partitions;
    throw new BrokerError(
      "UNKNOWN_TOPIC_OR_PARTITION",
      `there is no partition ${index} in topic ${topic.config.name} (partition count: ${length})`,
    );
  }

  /**
   * The same, for the id as it lies in a frame; makes no object.
   *
   * @param at position of the id's 16 bytes
   * @throws BrokerError UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION
   */
  partitionByBytes(frame: Uint8Array, at: number, index: number): Partition {
    const candidates = this.#byKey.get(keyOf(frame, at));
    if (candidates !== undefined) {
      for (let which = 0; which < candidates.length; which++) {
        const { config, partitions } = candidates[which]!;
        if (sameId(config.idBytes, frame, at)) return partitions[index] ?? this.partition(config.id, index);
      }
    }
    return this.partition(topicIdFromBytes(frame, at), index);
  }

  /**
   * @param validateOnly check everything, change nothing
   * @throws BrokerError INVALID_TOPIC, INVALID_PARTITIONS, INVALID_CONFIG, TOPIC_ALREADY_EXISTS, LIMIT_EXCEEDED, NO_SPACE,
   *   STORAGE_ERROR; BUSY the name is being created or deleted
   */
  async create({ name, partitions, settings }: NewTopic, validateOnly: boolean): Promise<void> {
    checkNewTopicName(name);
    checkPartitions(partitions);
    const all = withSettings(this.defaults, settings, this.defaults);
    this.#refuseFiles(all);
    if (this.#byName.has(name)) throw new BrokerError("TOPIC_ALREADY_EXISTS", `topic ${name} exists`);
    if (this.#coming.has(name) || this.#going.has(name)) {
      throw new BrokerError("BUSY", `topic ${name} is being ${this.#coming.has(name) ? "created" : "deleted"}`);
    }
    this.#refuseTooMany(partitions);
    this.#refuseTooMuchMemory(name, { settings: all, partitions });
    if (validateOnly) return;
    const id = newTopicId(this.#options.random);
    const topic: TopicMetadata = { name, id, logId: id, partitions, settings: overridesOf(all) };
    this.#coming.set(name, { settings: all, partitions });
    try {
      await this.#meta.createTopic(topic);
    } finally {
      this.#coming.delete(name);
    }
    this.#add(topic, true);
  }

  /**
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG, INVALID_PARTITIONS, LIMIT_EXCEEDED, NO_SPACE,
   *   STORAGE_ERROR; BUSY the topic is being changed
   */
  async alter(name: string, change: TopicChange, validateOnly: boolean): Promise<void> {
    const topic = this.#own(name);
    if (this.#coming.has(name)) throw new BrokerError("BUSY", `topic ${name} is being changed`);
    const { config, partitions } = topic;
    const settings = withSettings(config.settings, change.settings ?? [], this.defaults);
    if (settings.durability !== config.settings.durability) {
      throw new BrokerError("INVALID_CONFIG", "a topic keeps its durability for life");
    }
    const count = change.partitions ?? partitions.length;
    const added = count - partitions.length;
    checkPartitions(count);
    if (added < 0) {
      const message = `partitions can be added to topic ${name}, never taken away (partition count: ${partitions.length}, not ${count})`;
      throw new BrokerError("INVALID_PARTITIONS", message);
    }
    this.#refuseTooMany(added);
    this.#refuseTooMuchMemory(name, { settings, partitions: count });
    if (validateOnly) return;
    this.#coming.set(name, { settings, partitions: added });
    try {
      await this.#meta.alterTopic(name, { partitions: count, settings: overridesOf(settings) });
    } finally {
      this.#coming.delete(name);
    }
    config.configure(settings);
    const older = [...partitions];
    for (let index = older.length; index < count; index++) {
      partitions.push(this.#options.makePartition(config, index, true));
    }
    this.#partitionCount += added;
    await Promise.all(older.map(({ log }) => log.configure()));
  }

  /**
   * The topic is gone for good when its metadata is; its name can be used again when its folders are gone.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, BUSY, NO_SPACE, STORAGE_ERROR
   */
  async delete(name: string): Promise<void> {
    const topic = this.known(name);
    await this.#meta.deleteTopic(name);
    const { config, partitions } = topic;
    this.#byName.delete(name);
    this.#byId.delete(config.id);
    const key = keyOf(config.idBytes, 0);
    this.#byKey.set(
      key,
      this.#byKey.get(key)!.filter((other) => other !== topic),
    );
    this.#partitionCount -= partitions.length;
    this.#going.add(name);
    const deletions = await Promise.allSettled(partitions.map((partition) => partition.delete()));
    // What could not be removed now is removed at the next start; until then the name stays taken.
    for (const deletion of deletions) if (deletion.status === "rejected") throw asBrokerError(deletion.reason);
    await this.#meta.forgetTopic(name);
    this.#going.delete(name);
  }

  /**
   * Ends the deletions that an earlier run began.
   *
   * @param failed told of each that the disk refuses: its name stays taken, and the next start tries again
   */
  async finishDeletions(
    removePartition: (topic: string, index: number) => Promise<void>,
    failed: (topic: string, error: BrokerError) => void,
  ): Promise<void> {
    for (const { name, partitions } of this.#meta.deletedTopics()) {
      try {
        for (let index = 0; index < partitions; index++) await removePartition(name, index);
        await this.#meta.forgetTopic(name);
        this.#going.delete(name);
      } catch (error) {
        failed(name, asBrokerError(error));
      }
    }
  }

  #own(name: string): OwnTopic {
    const topic = this.#byName.get(name);
    if (topic === undefined) throw new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name}`);
    return topic;
  }

  #add({ name, id, partitions: count, settings }: TopicMetadata, isNew: boolean): void {
    const config = new TopicConfig(name, id, withSettings(defaultSettings, Object.entries(settings)));
    const partitions = Array.from({ length: count }, (_, index) => this.#options.makePartition(config, index, isNew));
    const topic: OwnTopic = { config, partitions };
    this.#byName.set(name, topic);
    this.#byId.set(id, topic);
    const key = keyOf(config.idBytes, 0);
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), topic]);
    this.#partitionCount += count;
  }

  #refuseFiles({ durability }: TopicSettings): void {
    if (!this.#options.onlyMemory || durability === "memory") return;
    throw new BrokerError(
      "INVALID_CONFIG",
      `this broker keeps topics only in memory: none has durability=${durability}`,
    );
  }

  #refuseTooMany(partitions: number): void {
    let count = this.#partitionCount + partitions;
    for (const coming of this.#coming.values()) count += coming.partitions;
    const { partitionsMax } = this.#options;
    if (count <= partitionsMax) return;
    throw new BrokerError("LIMIT_EXCEEDED", `this broker takes ${partitionsMax} partitions in all`);
  }

  /** Topics in memory are bounded together, so that they leave room for batches on their way. */
  #refuseTooMuchMemory(name: string, wanted: NewSettings): void {
    if (wanted.settings.durability !== "memory") return;
    let bytes = memoryOf(wanted);
    for (const coming of this.#coming.values()) bytes += memoryOf(coming);
    for (const { config, partitions } of this.#byName.values()) {
      if (config.name !== name) bytes += memoryOf({ settings: config.settings, partitions: partitions.length });
    }
    const { memoryBytesMax } = this.#options;
    if (bytes <= memoryBytesMax) return;
    throw new BrokerError(
      "LIMIT_EXCEEDED",
      `topics of durability memory may keep ${memoryBytesMax} bytes in all; with this one they would keep ${bytes}; less retention.bytes, or a larger pool of the broker, makes room`,
    );
  }
}

/** @throws BrokerError INVALID_PARTITIONS */
function checkPartitions(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= TOPIC_PARTITIONS_MAX) return;
  throw new BrokerError("INVALID_PARTITIONS", `a topic has 1 to ${TOPIC_PARTITIONS_MAX} partitions, not ${count}`);
}

function memoryOf({ settings, partitions }: NewSettings): number {
  return settings.durability === "memory" ? settings["retention.bytes"] * partitions : 0;
}

/** 30 random bits of an id, so that the key is a small integer. */
function keyOf(bytes: Uint8Array, at: number): number {
  const bits = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  return bits & 0x3fff_ffff;
}

function sameId(id: Uint8Array, frame: Uint8Array, at: number): boolean {
  for (let index = 0; index < TOPIC_ID_SIZE; index++) if (id[index] !== frame[at + index]) return false;
  return true;
}
