/**
 * The broker: topics and their partitions over a LogStore, whatever door a request came through. It knows no socket and does
 * no I/O of its own.
 *
 * Doors look a partition up, hand batches to `intake`, read by PartitionReaders, and are told by `onSettled` when a round of
 * results is complete and answers should go out.
 */
import { BrokerError } from "../base/errors.ts";
import { newTopicId, TOPIC_ID_SIZE, type TopicId, topicIdFromBytes } from "../base/topic-id.ts";
import { MIB } from "../base/units.ts";
import type { LogCheckpoint, SyncedPoint } from "../storage/partition-log.ts";
import type { RecoveryReport } from "../storage/recovery.ts";
import { BlockPool } from "./block-pool.ts";
import { Intake } from "./intake.ts";
import type { LogResults, LogStore } from "./log-store.ts";
import type { MetaStore, TopicMetadata } from "./meta-store.ts";
import { Partition, type PartitionContext } from "./partition.ts";
import { PartitionReader, type ReaderOwner } from "./partition-reader.ts";
import { ProducerIds } from "./producer-ids.ts";
import { RequestTable } from "./request-table.ts";
import { Topic } from "./topic.ts";
import { checkTopicName } from "./topic-name.ts";
import { defaultSettings, overridesOf, type TopicSettings, withSettings } from "./topic-settings.ts";

export interface BrokerOptions {
  /** This start of the node (contract A4). */
  readonly incarnation: number;
  readonly folders: { readonly topics: string; readonly quarantine: string };
  /** What the last run left behind, by folder name. */
  readonly expected: Readonly<Record<string, LogCheckpoint & { readonly topicId: string }>>;
  /** The last run ended cleanly, so `expected` is exact. */
  readonly clean: boolean;
  /** The machine was not restarted since the last run. */
  readonly sameBoot: boolean;
  /** Memory that a partition's tail may take while nobody reads in it. */
  readonly tailBytes?: number;
  readonly partitionsMax?: number;
  /** Partitions unused for so long are closed. */
  readonly idleMs?: number;
  readonly log: (level: "info" | "warn" | "error", message: string, facts?: Record<string, unknown>) => void;
  monotonicMs(): number;
  random(bytes: Uint8Array): void;
}

const TAIL_BYTES = 8 * MIB;
/** How far a tail may grow for readers that are still in it. */
const TAIL_GROWTH = 4;
const SPILL_BYTES_MAX = 32 * MIB;
const PARTITIONS_MAX = 100_000;
const IDLE_MS = 60_000;

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly settings: Iterable<readonly [string, string]>;
}

/** Where reading begins. */
export type StartAt =
  | { readonly kind: "earliest" }
  | { readonly kind: "latest" }
  | { readonly kind: "offset"; readonly value: number }
  | { readonly kind: "timestamp"; readonly value: number };

export class Broker implements LogResults {
  readonly store: LogStore;
  readonly pool: BlockPool;
  readonly intake: Intake;
  readonly #meta: MetaStore;
  readonly #options: BrokerOptions;
  readonly #requests = new RequestTable();
  readonly #context: PartitionContext;
  readonly #producerIds: ProducerIds;
  readonly #topics = new Map<string, Topic>();
  readonly #topicsById = new Map<TopicId, Topic>();
  /** Topics by a part of their id, for those who have it as bytes. */
  readonly #topicsByKey = new Map<number, Topic[]>();
  /** Open partitions by the address of their published numbers. */
  readonly #byEntry = new Map<number, Partition>();
  readonly #freeEntries: number[] = [];
  readonly #settledListeners = new Set<() => void>();
  #partitionCount = 0;
  #nextWorker = 0;

  constructor(store: LogStore, meta: MetaStore, options: BrokerOptions) {
    this.store = store;
    this.pool = new BlockPool(store.pool);
    this.intake = new Intake(store.memory.bytes, this.pool, SPILL_BYTES_MAX);
    this.#meta = meta;
    this.#options = options;
    this.#producerIds = new ProducerIds(meta);
    for (let index = store.entriesMax - 1; index >= 0; index--) this.#freeEntries.push(store.entryAt(index));
    const tailBytes = options.tailBytes ?? TAIL_BYTES;
    this.#context = {
      store,
      pool: this.pool,
      requests: this.#requests,
      incarnation: options.incarnation,
      tailBytes,
      tailBytesMax: tailBytes * TAIL_GROWTH,
      folders: options.folders,
      workerFor: () => this.#nextWorker++ % store.workers,
      takeEntry: (partition) => this.#takeEntry(partition),
      freeEntry: (entry) => this.#freeEntry(entry),
      monotonicMs: options.monotonicMs,
      recovered: (partition, report) => this.#recovered(partition, report),
    };
    for (const topic of meta.topics()) this.#addTopic(topic, true);
  }

  get incarnation(): number {
    return this.#options.incarnation;
  }

  /** `listener` is called after each round of results: answers go out, readers go on. */
  onSettled(listener: () => void): void {
    this.#settledListeners.add(listener);
  }

  // ---- topics

  get topics(): Iterable<Topic> {
    return this.#topics.values();
  }

  topic(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  topicById(id: TopicId): Topic | undefined {
    return this.#topicsById.get(id);
  }

  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION */
  knownTopic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name}`);
    return topic;
  }

  /**
   * @param validateOnly check everything, change nothing
   * @throws BrokerError INVALID_TOPIC, INVALID_PARTITIONS, INVALID_CONFIG, TOPIC_ALREADY_EXISTS, LIMIT_EXCEEDED, NO_SPACE, STORAGE_ERROR
   */
  async createTopic({ name, partitions, settings }: NewTopic, validateOnly = false): Promise<void> {
    checkTopicName(name);
    if (!Number.isInteger(partitions) || partitions < 1) {
      throw new BrokerError("INVALID_PARTITIONS", `a topic has at least one partition, not ${partitions}`);
    }
    const partitionsMax = this.#options.partitionsMax ?? PARTITIONS_MAX;
    if (this.#partitionCount + partitions > partitionsMax) {
      throw new BrokerError("LIMIT_EXCEEDED", `this broker takes ${partitionsMax} partitions in all`);
    }
    const all = withSettings(defaultSettings, settings);
    this.#refuseTooMuchMemory(all, partitions);
    if (this.#topics.has(name)) throw new BrokerError("TOPIC_ALREADY_EXISTS", `topic ${name} exists`);
    if (validateOnly) return;
    const id = newTopicId(this.#options.random);
    const topic: TopicMetadata = { name, id, logId: id, partitions, settings: overridesOf(all) };
    await this.#meta.createTopic(topic);
    this.#addTopic(topic, false);
  }

  /**
   * @param overrides a value of null is the default again
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG, NO_SPACE, STORAGE_ERROR
   */
  async alterTopic(name: string, overrides: Iterable<readonly [string, string | null]>, validateOnly = false): Promise<void> {
    const topic = this.knownTopic(name);
    const settings = withSettings(topic.settings, overrides);
    if (settings.durability !== topic.settings.durability) {
      throw new BrokerError("INVALID_CONFIG", "a topic keeps its durability for life");
    }
    if (validateOnly) return;
    await this.#meta.alterTopic(name, overridesOf(settings));
    topic.configure(settings);
    const open = topic.partitions.filter((partition) => partition.isOpen);
    await Promise.all(open.map(({ worker, entry }) => this.store.configure(worker, entry, topic.logSettings)));
  }

  /** @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, NO_SPACE, STORAGE_ERROR */
  async deleteTopic(name: string): Promise<void> {
    const topic = this.knownTopic(name);
    await this.#meta.deleteTopic(name);
    this.#topics.delete(name);
    this.#topicsById.delete(topic.id);
    const key = keyOf(topic.idBytes, 0);
    this.#topicsByKey.set(key, this.#topicsByKey.get(key)!.filter((other) => other !== topic));
    this.#partitionCount -= topic.partitions.length;
    await Promise.all(
      topic.partitions.map(async (partition) => {
        await partition.delete();
        if (!partition.isMemory) await this.store.removePartition(partition.folder);
      }),
    );
  }

  /** @throws BrokerError UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION */
  partition(topicId: TopicId, index: number): Partition {
    const topic = this.#topicsById.get(topicId);
    if (topic === undefined) throw new BrokerError("UNKNOWN_TOPIC_ID", `there is no topic with id ${topicId}`);
    const partition = topic.partitions[index];
    if (partition === undefined) {
      throw new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", `topic ${topic.name} has ${topic.partitions.length} partitions, none is number ${index}`);
    }
    return partition;
  }

  /**
   * The same, for the id as it lies in a frame; makes no object.
   *
   * @param at position of the id's 16 bytes
   * @throws BrokerError UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION
   */
  partitionByBytes(frame: Uint8Array, at: number, index: number): Partition {
    const candidates = this.#topicsByKey.get(keyOf(frame, at));
    if (candidates !== undefined) {
      for (let which = 0; which < candidates.length; which++) {
        const topic = candidates[which]!;
        if (sameId(topic.idBytes, frame, at)) return topic.partitions[index] ?? this.partition(topic.id, index);
      }
    }
    return this.partition(topicIdFromBytes(frame, at), index);
  }

  /** Ids for idempotent producers. @throws BrokerError NO_SPACE, STORAGE_ERROR */
  nextProducerId(): Promise<number> {
    return this.#producerIds.next();
  }

  // ---- reading

  /**
   * @returns the offset at which reading begins; the high watermark for a timestamp that no record reaches
   * @throws BrokerError OFFSET_OUT_OF_RANGE, and whatever opening the log brings
   */
  async resolveStart(partition: Partition, start: StartAt): Promise<number> {
    await partition.ensureCertain();
    const { logStartOffset, highWatermark } = partition;
    if (start.kind === "earliest") return logStartOffset;
    if (start.kind === "latest") return highWatermark;
    if (start.kind === "timestamp") {
      const found = await this.findByTime(partition, start.value);
      return found < 0 ? partition.highWatermark : found;
    }
    if (start.value < logStartOffset || start.value > highWatermark) {
      throw new BrokerError("OFFSET_OUT_OF_RANGE", `offset ${start.value} is not in the log, which holds ${logStartOffset} to ${highWatermark}`, {
        details: { logStartOffset, highWatermark },
      });
    }
    return start.value;
  }

  /** @returns the first offset whose record is not earlier than `timestamp`, -1: none. In a compressed batch, the batch's first. */
  async findByTime(partition: Partition, timestamp: number): Promise<number> {
    if (partition.isMemory) return this.#findInTail(partition, timestamp);
    await partition.open();
    const limit = partition.highWatermark;
    if (partition.logStartOffset === limit) return -1;
    partition.pin();
    try {
      return await this.store.findByTime(partition.entry, partition.folder, timestamp, limit);
    } finally {
      partition.unpin();
    }
  }

  reader(partition: Partition, offset: number, owner: ReaderOwner, readCommitted = false): PartitionReader {
    return new PartitionReader(partition, offset, this.store, this.pool, owner, readCommitted);
  }

  #findInTail({ tail }: Partition, timestamp: number): number {
    for (let index = 0; index < tail.count; index++) {
      if (this.store.maxTimestampAt(tail.addressAt(index)) >= timestamp) return tail.baseAt(index);
    }
    return -1;
  }

  // ---- results of the logs

  appended(entry: number, request: number, baseOffset: number, end: number, duplicate: boolean): void {
    this.#byEntry.get(entry)?.appended(request, baseOffset, end, duplicate);
  }

  refused(_entry: number, request: number, error: BrokerError): void {
    this.#requests.partitionOf(request)?.refused(request, error);
  }

  durable(entry: number, end: number): void {
    this.#byEntry.get(entry)?.durable(end);
  }

  lost(entry: number, end: number, error: BrokerError): void {
    const partition = this.#byEntry.get(entry);
    if (partition === undefined) return;
    this.#options.log("error", "batches were lost before they were acknowledged", { partition: partition.folderName, end, error: error.code });
    partition.lost(end, error);
  }

  closed(entry: number): void {
    this.#byEntry.get(entry)?.closed();
  }

  settled(): void {
    this.pool.nudge();
    for (const listener of this.#settledListeners) listener();
  }

  workerDied(worker: number, ends: ReadonlyMap<number, SyncedPoint>, error: BrokerError): void {
    this.#options.log("error", "a log worker died and is replaced", { worker, reason: String(error.details["reason"]) });
    for (const topic of this.#topics.values()) {
      for (const partition of topic.partitions) {
        if (partition.worker !== worker) continue;
        partition.failSubmitted(this.#requests.select(partition), error);
      }
    }
    for (const [entry, end] of ends) this.#byEntry.get(entry)?.workerDied(end);
  }

  workerReplaced(worker: number): void {
    this.#options.log("info", "the log worker was replaced", { worker });
  }

  warned(entry: number, message: string): void {
    this.#options.log("warn", message, { partition: this.#byEntry.get(entry)?.folderName ?? "" });
  }

  // ---- housekeeping

  /** Opens what the last run may not have finished, so that damage is told at the start. */
  async recoverDirty(names: Iterable<string>): Promise<void> {
    const dirty = new Set(names);
    const partitions = [...this.#topics.values()].flatMap((topic) => topic.partitions).filter(({ folderName }) => dirty.has(folderName));
    await Promise.all(
      partitions.map((partition) =>
        partition.open().catch((error: unknown) => {
          this.#options.log("error", "a partition cannot be opened", { partition: partition.folderName, error: String(error) });
        }),
      ),
    );
  }

  /** Closes partitions that nobody used for a while. */
  closeIdle(): void {
    const sinceMs = this.#options.monotonicMs() - (this.#options.idleMs ?? IDLE_MS);
    for (const partition of this.#byEntry.values()) if (partition.isIdle(sinceMs)) void partition.close();
  }

  /** Closes every log: all that was accepted is written, synced and answered. */
  async close(): Promise<void> {
    await Promise.all([...this.#byEntry.values()].map((partition) => partition.close()));
  }

  /** Where every log that has files stands, by folder name: for the checkpoint and the clean mark. */
  checkpoints(): Record<string, LogCheckpoint & { topicId: TopicId }> {
    const table: Record<string, LogCheckpoint & { topicId: TopicId }> = {};
    for (const topic of this.#topics.values()) {
      for (const partition of topic.partitions) {
        const { checkpoint } = partition;
        if (checkpoint !== null) table[partition.folderName] = { topicId: topic.id, ...checkpoint };
      }
    }
    return table;
  }

  /** Facts for operators. */
  stats(): Record<string, unknown> {
    return {
      topics: this.#topics.size,
      partitions: this.#partitionCount,
      partitionsOpen: this.#byEntry.size,
      poolBytes: this.pool.size,
      poolBytesFree: this.pool.freeBytes,
      spilledBytes: this.intake.spilledBytes,
      logWorkers: Array.from({ length: this.store.workers }, (_, worker) => this.store.stateOf(worker)),
    };
  }

  #addTopic(metadata: TopicMetadata, existing: boolean): void {
    const settings = withSettings(defaultSettings, Object.entries(metadata.settings));
    const topic = new Topic(metadata.name, metadata.id, settings);
    const { clean, sameBoot } = this.#options;
    for (let index = 0; index < metadata.partitions; index++) {
      const found = existing ? this.#options.expected[`${topic.name}-${index}`] : undefined;
      const expected = found?.topicId === topic.id ? found : null;
      // A topic made in this run has no folder, so nothing about it is in doubt.
      topic.partitions.push(new Partition(topic, index, this.#context, { expected, sameBoot, certain: clean || !existing }));
    }
    this.#topics.set(topic.name, topic);
    this.#topicsById.set(topic.id, topic);
    const key = keyOf(topic.idBytes, 0);
    this.#topicsByKey.set(key, [...(this.#topicsByKey.get(key) ?? []), topic]);
    this.#partitionCount += metadata.partitions;
  }

  /** Topics in memory are bounded together, so that they leave room for batches on their way. */
  #refuseTooMuchMemory(settings: TopicSettings, partitions: number): void {
    if (settings.durability !== "memory") return;
    let bytes = settings["retention.bytes"] * partitions;
    for (const topic of this.#topics.values()) {
      if (topic.settings.durability === "memory") bytes += topic.settings["retention.bytes"] * topic.partitions.length;
    }
    const bytesMax = this.pool.size / 2;
    if (bytes <= bytesMax) return;
    throw new BrokerError(
      "LIMIT_EXCEEDED",
      `topics with durability=memory may keep ${bytesMax} bytes in all; with this one they would keep ${bytes} (retention.bytes x partitions)`,
    );
  }

  #takeEntry(partition: Partition): number {
    const entry = this.#freeEntries.pop();
    if (entry === undefined) {
      throw new BrokerError("LIMIT_EXCEEDED", `${this.store.entriesMax} partitions are open, which is as many as this broker takes at a time`);
    }
    this.#byEntry.set(entry, partition);
    return entry;
  }

  #freeEntry(entry: number): void {
    this.#byEntry.delete(entry);
    this.#freeEntries.push(entry);
  }

  #recovered(partition: Partition, report: RecoveryReport): void {
    const { scannedBytes, cutBytes, quarantined, corruptions } = report;
    const facts = { partition: partition.folderName, scannedBytes, cutBytes };
    if (corruptions.length > 0) this.#options.log("error", "corruption was found and left in place", { ...facts, corruptions });
    if (quarantined.length > 0) this.#options.log("warn", "a torn tail was cut and kept in the quarantine folder", { ...facts, quarantined });
    else if (scannedBytes > 0) this.#options.log("info", "a log was recovered", facts);
  }
}

/** 31 random bits of an id, so that the key is a small integer. */
function keyOf(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 23) | (bytes[at + 1]! << 15) | (bytes[at + 2]! << 7) | (bytes[at + 3]! >> 1)) & 0x3fff_ffff;
}

function sameId(id: Uint8Array, frame: Uint8Array, at: number): boolean {
  for (let index = 0; index < TOPIC_ID_SIZE; index++) if (id[index] !== frame[at + index]) return false;
  return true;
}
