/**
 * The MetaStore of one node: its state in memory, every change a record in a log on disk. Changes that come while one is being
 * written share the next write. The log is rewritten as a snapshot when it has doubled, or after a write that failed.
 */
import { BrokerError } from "../base/errors.ts";
import type { MetaStore, ProducerIdBlock, TopicMetadata } from "./meta-store.ts";

export type MetadataRecord =
  | ({ readonly type: "topic" } & TopicMetadata)
  | { readonly type: "topicDeleted"; readonly name: string }
  | { readonly type: "topicForgotten"; readonly name: string }
  | { readonly type: "producerIds"; readonly next: number };

/** Durable when it resolves; `size` is the log's size before, -1 to replace it. @returns the size after */
export type WriteRecords = (records: readonly MetadataRecord[], size: number) => Promise<number>;

const REWRITE_SIZE_MIN = 64 * 1024;

interface Change {
  readonly record: MetadataRecord;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export class LocalMetaStore implements MetaStore {
  readonly #write: WriteRecords;
  readonly #topics = new Map<string, TopicMetadata>();
  /** Topics that were deleted and not forgotten. */
  readonly #deleted = new Map<string, TopicMetadata>();
  /** Names with a change on its way: one change of a name at a time. */
  readonly #changing = new Set<string>();
  #nextProducerId = 0;
  #size: number;
  #snapshotSize: number;
  /** The last write failed: what is in the file is not known. */
  #doubtful = false;
  #waiting: Change[] = [];
  #writing = false;

  /**
   * @param records the log's, oldest first
   * @throws BrokerError LAYOUT_UNSUPPORTED a record is of a kind that this version does not know
   */
  constructor(records: readonly unknown[], size: number, write: WriteRecords) {
    this.#write = write;
    this.#size = size;
    this.#snapshotSize = Math.max(size, REWRITE_SIZE_MIN);
    for (const record of records) this.#apply(record as MetadataRecord);
  }

  topics(): readonly TopicMetadata[] {
    return [...this.#topics.values()];
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name);
  }

  deletedTopics(): readonly TopicMetadata[] {
    return [...this.#deleted.values()];
  }

  async createTopic(topic: TopicMetadata): Promise<void> {
    await this.#changeName(topic.name, async () => {
      if (this.#deleted.has(topic.name)) throw new BrokerError("BUSY", `the old topic ${topic.name} is not gone yet`);
      if (this.#topics.has(topic.name)) throw new BrokerError("TOPIC_ALREADY_EXISTS", `topic ${topic.name} exists`);
      await this.#change({ type: "topic", ...topic });
    });
  }

  async alterTopic(
    name: string,
    { partitions, settings }: Pick<TopicMetadata, "partitions" | "settings">,
  ): Promise<void> {
    await this.#changeName(name, () => this.#change({ type: "topic", ...this.#known(name), partitions, settings }));
  }

  async deleteTopic(name: string): Promise<void> {
    await this.#changeName(name, async () => {
      this.#known(name);
      await this.#change({ type: "topicDeleted", name });
    });
  }

  async forgetTopic(name: string): Promise<void> {
    await this.#changeName(name, () => this.#change({ type: "topicForgotten", name }));
  }

  get nextProducerId(): number {
    return this.#nextProducerId;
  }

  async takeProducerIds(count: number): Promise<ProducerIdBlock> {
    const first = this.#nextProducerId;
    this.#nextProducerId += count; // At once, so that two calls never meet; a failed write wastes numbers, no more.
    await this.#change({ type: "producerIds", next: first + count });
    return { first, count };
  }

  #known(name: string): TopicMetadata {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name}`);
    return topic;
  }

  async #changeName(name: string, change: () => Promise<void>): Promise<void> {
    if (this.#changing.has(name)) throw new BrokerError("BUSY", `topic ${name} is being changed`);
    this.#changing.add(name);
    try {
      await change();
    } finally {
      this.#changing.delete(name);
    }
  }

  #change(record: MetadataRecord): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ record, done, failed });
      if (!this.#writing) void this.#writeWaiting();
    });
  }

  async #writeWaiting(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const changes = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeChanges(changes.map(({ record }) => record));
      } catch (error) {
        this.#doubtful = true;
        for (const { failed } of changes) failed(error);
        continue;
      }
      for (const { record, done } of changes) {
        this.#apply(record);
        done();
      }
    }
    this.#writing = false;
  }

  async #writeChanges(records: readonly MetadataRecord[]): Promise<void> {
    if (this.#doubtful || this.#size >= 2 * this.#snapshotSize) {
      this.#size = await this.#write(this.#snapshot(), -1);
      this.#snapshotSize = Math.max(this.#size, REWRITE_SIZE_MIN);
      this.#doubtful = false;
    }
    this.#size = await this.#write(records, this.#size);
  }

  #snapshot(): MetadataRecord[] {
    const describe = (topic: TopicMetadata): MetadataRecord => ({ type: "topic", ...topic });
    const topics = this.topics().map(describe);
    const deleted = this.deletedTopics().flatMap((topic): MetadataRecord[] => [
      describe(topic),
      { type: "topicDeleted", name: topic.name },
    ]);
    return [...deleted, ...topics, { type: "producerIds", next: this.#nextProducerId }];
  }

  #apply(record: MetadataRecord): void {
    if (record.type === "topic") {
      const { type: _, ...topic } = record;
      this.#topics.set(topic.name, topic);
    } else if (record.type === "topicDeleted") {
      const topic = this.#topics.get(record.name);
      if (topic !== undefined) this.#deleted.set(record.name, topic);
      this.#topics.delete(record.name);
    } else if (record.type === "topicForgotten") {
      this.#deleted.delete(record.name);
    } else if (record.type === "producerIds") {
      this.#nextProducerId = Math.max(this.#nextProducerId, record.next);
    } else {
      const { type } = record as { readonly type: unknown };
      throw new BrokerError(
        "LAYOUT_UNSUPPORTED",
        `the metadata holds a record of type "${type}"; a newer version wrote it`,
      );
    }
  }
}
