/**
 * The MetaStore of one node: its state in memory, every change a record in a log on disk. Changes that come while one is being
 * written share the next write. The log is rewritten as a snapshot when it has doubled, or after a write that failed.
 */
import { BrokerError } from "../base/errors.ts";
import type { MetadataPoint } from "../storage/metadata-lines.ts";
import type { MetaStore, ProducerIdBlock, TopicMetadata } from "./meta-store.ts";

export type MetadataRecord =
  | ({ readonly type: "topic" } & TopicMetadata)
  | { readonly type: "topicDeleted"; readonly name: string }
  | { readonly type: "topicForgotten"; readonly name: string }
  | { readonly type: "producerIds"; readonly next: number };

export interface MetadataWrite {
  readonly records: readonly MetadataRecord[];
  readonly how: "append" | "replace";
  /** The log's end before. */
  readonly point: MetadataPoint;
}

/** Durable when it resolves. @returns the log's end after */
export type WriteRecords = (write: MetadataWrite) => Promise<MetadataPoint>;

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
  #point: MetadataPoint;
  #snapshotSize: number;
  /** The last write failed: what is in the file is not known. */
  #doubtful = false;
  #waiting: Change[] = [];
  #writing: Promise<void> | null = null;
  #isClosed = false;

  /**
   * @param records the log's, oldest first
   * @param point at which it ends
   * @throws BrokerError LAYOUT_UNSUPPORTED a record is of a kind that this version does not know
   */
  constructor(records: readonly unknown[], point: MetadataPoint, write: WriteRecords) {
    this.#write = write;
    this.#point = point;
    this.#snapshotSize = Math.max(point.size, REWRITE_SIZE_MIN);
    for (const record of records) this.#apply(record as MetadataRecord);
  }

  /** So much of the log is durable, for the checkpoint. */
  get point(): MetadataPoint {
    return this.#point;
  }

  /**
   * Ends the changes that are under way and takes no more: the clean mark says where the log ends, so nothing may follow it.
   *
   * @returns that end; null: what is in the file is not known, because a write failed and it could not be replaced
   */
  async close(): Promise<MetadataPoint | null> {
    this.#isClosed = true;
    await this.#writing;
    await this.mend();
    return this.#doubtful ? null : this.#point;
  }

  /**
   * Replaces the log where a write failed: what was refused may be in it, and after a crash it would count. Where that fails too
   * it is to be tried again.
   */
  async mend(): Promise<void> {
    if (this.#doubtful) this.#writing ??= this.#replaceAndGoOn();
    await this.#writing;
  }

  async #replaceAndGoOn(): Promise<void> {
    await this.#replace().catch(() => {});
    await this.#writeWaiting();
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
    if (this.#isClosed) return Promise.reject(new BrokerError("SHUTTING_DOWN", "the broker is shutting down"));
    return new Promise((done, failed) => {
      this.#waiting.push({ record, done, failed });
      this.#writing ??= this.#writeWaiting();
    });
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const changes = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeChanges(changes.map(({ record }) => record));
      } catch (error) {
        this.#doubtful ||= !leavesAll(error);
        if (this.#doubtful) await this.#replace().catch(() => {});
        for (const { failed } of changes) failed(error);
        continue;
      }
      for (const { record, done } of changes) {
        this.#apply(record);
        done();
      }
    }
    this.#writing = null;
  }

  async #writeChanges(records: readonly MetadataRecord[]): Promise<void> {
    if (this.#doubtful) await this.#replace();
    else if (this.#point.size >= 2 * this.#snapshotSize) await this.#shorten();
    this.#point = await this.#write({ records, how: "append", point: this.#point });
  }

  /** For a snapshot a full disk may have no room where it has some for a change. */
  async #shorten(): Promise<void> {
    try {
      await this.#replace();
    } catch (error) {
      if (!leavesAll(error)) throw error;
      this.#snapshotSize = this.#point.size; // Not again before it has doubled once more.
    }
  }

  async #replace(): Promise<void> {
    this.#point = await this.#write({ records: this.#snapshot(), how: "replace", point: this.#point });
    this.#snapshotSize = Math.max(this.#point.size, REWRITE_SIZE_MIN);
    this.#doubtful = false;
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

/** Is the file as it was before the write? So it is where there was no room for it; but a sync that failed says nothing. */
function leavesAll(error: unknown): boolean {
  if (!(error instanceof BrokerError) || error.code !== "NO_SPACE") return false;
  const operation = error.details["operation"];
  return operation !== undefined && operation !== "sync";
}
