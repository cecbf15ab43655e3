/**
 * One partition as the doors see it: where its log stands, its newest batches in memory, who waits for an acknowledgement and
 * who waits to read.
 *
 * A partition that nobody uses is *closed*: no file, no memory, only its checkpoint. The first use opens it; what is produced
 * meanwhile waits in order.
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import type { LogCheckpoint, SyncedPoint } from "../storage/partition-log.ts";
import type { RecoveredLog, RecoveryReport } from "../storage/recovery.ts";
import type { BlockPool } from "./block-pool.ts";
import type { LogStore } from "./log-store.ts";
import type { ProduceOwner, RequestTable } from "./request-table.ts";
import { Tail, type TailOwner } from "./tail.ts";
import type { Topic } from "./topic.ts";

/** What partitions share. */
export interface PartitionContext {
  readonly store: LogStore;
  readonly pool: BlockPool;
  readonly requests: RequestTable;
  /** This start of the node (contract A4). */
  readonly incarnation: number;
  /** Memory that a partition's tail may take while nobody reads in it, and at most. */
  readonly tailBytes: number;
  readonly tailBytesMax: number;
  readonly folders: { readonly topics: string; readonly quarantine: string };
  /** Which log worker writes it. */
  workerFor(topic: Topic, index: number): number;
  /** Addresses of published numbers. @throws BrokerError LIMIT_EXCEEDED too many partitions are open */
  takeEntry(partition: Partition): number;
  freeEntry(entry: number): void;
  monotonicMs(): number;
  recovered(partition: Partition, report: RecoveryReport): void;
}

/** Someone who reads near the end and wants to know when there is more. */
export interface TailReader {
  /** The next offset it will ask for. */
  readonly offset: number;
  /** The high watermark moved, or the partition cannot be read any more. */
  wake(): void;
}

type State = "closed" | "opening" | "open" | "closing" | "deleted";

export class Partition implements TailOwner {
  readonly topic: Topic;
  readonly index: number;
  readonly worker: number;
  readonly tail: Tail;
  readonly #context: PartitionContext;
  #state: State = "closed";
  #entry = 0;
  #logStartOffset = 0;
  #logEndOffset = 0;
  #highWatermark = 0;
  #leaderEpoch: number;
  /** What is known of the log while it is closed; null: it has no files. */
  #checkpoint: LogCheckpoint | null;
  /** After a worker's death: the published end, to which the log is cut when it is opened again. */
  #cutTo: SyncedPoint | null = null;
  #sameBoot: boolean;
  /** The numbers are exact; false after an unclean stop, until the log was opened. */
  #certain: boolean;
  #opening: Promise<void> | null = null;
  #closed: (() => void) | null = null;
  #error: BrokerError | null = null;
  /** Requests that wait for the log to open or for room in the worker's queue. */
  #queued: number[] = [];
  /** Requests that are in the log and wait for the high watermark, in the order of appends. */
  readonly #waiting: number[] = [];
  readonly #waitingBases: number[] = [];
  readonly #waitingEnds: number[] = [];
  readonly #waitingDuplicates: boolean[] = [];
  #waitingFirst = 0;
  readonly #readers = new Set<TailReader>();
  #lastUsedMs: number;
  #pins = 0;
  readonly #entriesLeft: number[] = [];

  /**
   * @param expected what the checkpoint or the clean mark says; null: the log was never written
   * @param sameBoot the machine was not restarted since the log was last written
   * @param certain after a clean stop `expected` is exact
   */
  constructor(topic: Topic, index: number, context: PartitionContext, found: FoundLog) {
    this.topic = topic;
    this.index = index;
    this.worker = context.workerFor(topic, index);
    this.tail = new Tail(context.pool, this);
    this.#context = context;
    this.#checkpoint = found.expected;
    this.#sameBoot = found.sameBoot;
    this.#certain = found.certain;
    this.#leaderEpoch = context.incarnation;
    this.#lastUsedMs = context.monotonicMs();
    const end = found.expected?.indexed.end ?? 0;
    this.#logStartOffset = found.expected?.logStartOffset ?? 0;
    this.#logEndOffset = end;
    this.#highWatermark = end;
  }

  get logStartOffset(): number {
    return this.#logStartOffset;
  }

  get logEndOffset(): number {
    return this.#logEndOffset;
  }

  /** On one node the high watermark: the only replica in sync is this one. */
  get durableEndOffset(): number {
    return this.#highWatermark;
  }

  get highWatermark(): number {
    return this.#highWatermark;
  }

  /** First offset of the oldest open transaction; there are none yet. */
  get lastStableOffset(): number {
    return this.#highWatermark;
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch;
  }

  get entry(): number {
    return this.#entry;
  }

  get folderName(): string {
    return `${this.topic.name}-${this.index}`;
  }

  get folder(): string {
    return `${this.#context.folders.topics}/${this.folderName}`;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Why the log cannot be opened, null: nothing is wrong with it. */
  get error(): BrokerError | null {
    return this.#error;
  }

  /** What the checkpoint and the clean mark keep of it; null: it has no files. */
  get checkpoint(): LogCheckpoint | null {
    return this.#state === "closed" || this.#state === "opening" ? this.#checkpoint : this.#publishedCheckpoint();
  }

  get isMemory(): boolean {
    return this.topic.logSettings.durability === "memory";
  }

  // ---- opening and closing

  /** Opens the log unless it is open. @throws BrokerError LOG_DAMAGED, STORAGE_ERROR, LIMIT_EXCEEDED, BUSY */
  async open(): Promise<void> {
    this.#lastUsedMs = this.#context.monotonicMs();
    if (this.#state === "open") return;
    if (this.#state === "deleted") throw unknownPartition(this);
    if (this.#state === "closing") await this.#whenClosed();
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  /** Opens the log if its numbers are not known exactly. */
  async ensureCertain(): Promise<void> {
    if (!this.#certain) await this.open();
  }

  async #open(): Promise<void> {
    const { store, folders, incarnation } = this.#context;
    this.#state = "opening";
    const entry = this.#context.takeEntry(this);
    try {
      const recovered = this.isMemory ? this.#logEndOffset : await this.#recover();
      const { folder, worker, topic } = this;
      const settings = topic.logSettings;
      await store.open({ worker, entry, topicId: topic.id, parent: folders.topics, folder, settings, incarnation, recovered });
      this.#entry = entry;
      this.#state = "open";
      this.#error = null;
      if (typeof recovered !== "number") this.#take(recovered);
      this.#submitQueued();
    } catch (error) {
      this.#context.freeEntry(entry);
      if (this.#state === "opening") this.#state = "closed";
      this.#error = asBrokerError(error);
      this.#refuseQueued(this.#error);
      throw this.#error;
    }
  }

  async #recover(): Promise<RecoveredLog> {
    const { store, folders } = this.#context;
    const recovered = await store.recover({
      folder: this.folder,
      quarantine: folders.quarantine,
      expected: this.#checkpoint,
      sameBoot: this.#sameBoot,
      cutTo: this.#cutTo,
      slotsMax: this.topic.logSettings.segmentSlots,
    });
    this.#context.recovered(this, recovered.report);
    return recovered;
  }

  #take(recovered: RecoveredLog): void {
    this.#cutTo = null;
    this.#sameBoot = true;
    this.#certain = true;
    this.#logStartOffset = recovered.logStartOffset;
    this.#logEndOffset = recovered.end.end;
    this.#highWatermark = recovered.end.end;
    this.#wakeReaders();
  }

  /** Closes the log; what is on its way is finished first. */
  async close(): Promise<void> {
    if (this.#opening !== null) await this.#opening.catch(() => {});
    if (this.#state !== "open") return;
    this.#state = "closing";
    const closed = this.#whenClosed();
    await this.#context.store.close(this.worker, this.#entry);
    await closed;
  }

  /** The topic is deleted: its log goes, whatever was on its way is refused. */
  async delete(): Promise<void> {
    if (this.#opening !== null) await this.#opening.catch(() => {});
    if (this.#state === "closing") await this.#whenClosed();
    const wasOpen = this.#state === "open";
    this.#state = "deleted";
    this.#refuseQueued(unknownPartition(this));
    if (wasOpen) {
      const closed = this.#whenClosed();
      await this.#context.store.abandon(this.worker, this.#entry);
      await closed;
    }
    this.tail.shrink(0);
    this.#wakeReaders();
  }

  get isDeleted(): boolean {
    return this.#state === "deleted";
  }

  #whenClosed(): Promise<void> {
    return new Promise((resolve) => {
      const previous = this.#closed;
      this.#closed = () => {
        previous?.();
        resolve();
      };
    });
  }

  /** Closes after a while without use; memory and files go. @returns whether it is idle */
  isIdle(sinceMs: number): boolean {
    const waits = this.#queued.length > 0 || this.#waitingFirst < this.#waiting.length;
    return this.#state === "open" && !waits && this.#pins === 0 && this.#lastUsedMs < sinceMs;
  }

  // ---- producing

  /**
   * Takes memory for a batch. The caller copies the batch there and calls `append` with the same address, or `release`.
   *
   * @returns the address, -1: no memory now
   */
  reserve(length: number): number {
    return this.tail.reserve(length);
  }

  /** Gives reserved memory back unused. */
  release(address: number): void {
    this.tail.drop(address);
  }

  /** Hands over a batch that lies at a reserved address. The owner hears of it later. */
  append(address: number, length: number, owner: ProduceOwner, token: number): void {
    const { store, requests } = this.#context;
    const request = requests.add(this, owner, token, address, length);
    if (this.#state === "open" && this.#queued.length === 0) {
      if (store.submit(this.worker, this.#entry, request, address, length)) return;
    }
    this.#queued.push(request);
    if (this.#state === "open" || this.#state === "opening") return;
    // A failure is told to every queued request.
    this.open().catch((error: unknown) => this.#refuseQueued(asBrokerError(error)));
  }

  #submitQueued(): void {
    const { store, requests } = this.#context;
    let submitted = 0;
    for (const request of this.#queued) {
      if (!store.submit(this.worker, this.#entry, request, requests.addressOf(request), requests.lengthOf(request))) break;
      submitted++;
    }
    this.#queued.splice(0, submitted);
  }

  #refuseQueued(error: BrokerError): void {
    const queued = this.#queued;
    this.#queued = [];
    for (const request of queued) this.#refuse(request, error);
  }

  #refuse(request: number, error: BrokerError): void {
    const { requests } = this.#context;
    const owner = requests.ownerOf(request);
    const token = requests.tokenOf(request);
    const length = requests.lengthOf(request);
    this.tail.drop(requests.addressOf(request));
    requests.remove(request);
    owner.refused(token, length, error);
  }

  // ---- results of the log

  appended(request: number, baseOffset: number, end: number, duplicate: boolean): void {
    const { requests } = this.#context;
    const address = requests.addressOf(request);
    if (duplicate) {
      this.tail.drop(address);
    } else {
      this.tail.add(baseOffset, end, address, requests.lengthOf(request));
      this.#logEndOffset = end;
    }
    this.#waiting.push(request);
    this.#waitingBases.push(baseOffset);
    this.#waitingEnds.push(end);
    this.#waitingDuplicates.push(duplicate);
    if (this.topic.logSettings.durability !== "disk") this.durable(this.#logEndOffset);
    else if (duplicate) this.#acknowledge();
  }

  refused(request: number, error: BrokerError): void {
    this.#refuse(request, error);
  }

  /** The high watermark moves; then acknowledgements go out and readers wake (contract A2). */
  durable(end: number): void {
    this.#lastUsedMs = this.#context.monotonicMs();
    if (end > this.#highWatermark) this.#highWatermark = end;
    this.#acknowledge();
    this.#wakeReaders();
    this.#trimTail();
    if (this.#queued.length > 0) this.#submitQueued();
  }

  /** Contract D4 and H1: nothing at or above `end` is in the log. */
  lost(end: number, error: BrokerError): void {
    this.#acknowledge();
    this.tail.truncate(end);
    this.#logEndOffset = Math.min(this.#logEndOffset, end);
    const { requests } = this.#context;
    for (let index = this.#waitingFirst; index < this.#waiting.length; index++) {
      const request = this.#waiting[index]!;
      const owner = requests.ownerOf(request);
      const token = requests.tokenOf(request);
      const length = requests.lengthOf(request);
      requests.remove(request);
      owner.refused(token, length, error);
    }
    this.#clearWaiting();
  }

  closed(): void {
    if (this.#state !== "deleted") this.#checkpoint = this.isMemory ? null : this.#publishedCheckpoint();
    this.#leave();
    if (this.#state !== "deleted") this.#state = "closed";
    if (!this.isMemory) this.tail.shrink(0);
    if (this.#queued.length > 0) this.open().catch((error: unknown) => this.#refuseQueued(asBrokerError(error)));
  }

  /** Of these requests, those that were given to the worker have no outcome: it died. */
  failSubmitted(requests: readonly number[], error: BrokerError): void {
    const queued = new Set(this.#queued);
    for (const request of requests) if (!queued.has(request)) this.#refuse(request, error);
  }

  /** The log worker died; the log ends at `end` and is cut there when it is opened again (contract H1). */
  workerDied(end: SyncedPoint): void {
    if (this.#state === "open" || this.#state === "closing") {
      this.#checkpoint = this.isMemory ? null : this.#publishedCheckpoint();
      this.#cutTo = this.isMemory ? null : end;
      this.#state = "closed";
    }
    this.#leave();
    // Batches that were published without being told are missing from the tail: it begins anew.
    if (!this.isMemory) this.tail.shrink(0);
    this.#logEndOffset = end.end;
    this.#highWatermark = end.end;
    this.#wakeReaders();
    if (this.#queued.length > 0) this.open().catch((error: unknown) => this.#refuseQueued(asBrokerError(error)));
  }

  /** A read is under way that names the log by its entry: it is not given to another log meanwhile. */
  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    this.#pins--;
    this.#lastUsedMs = this.#context.monotonicMs();
    if (this.#pins > 0) return;
    for (const entry of this.#entriesLeft) this.#context.freeEntry(entry);
    this.#entriesLeft.length = 0;
  }

  #leave(): void {
    if (this.#pins > 0) this.#entriesLeft.push(this.#entry);
    else this.#context.freeEntry(this.#entry);
    this.#entry = 0;
    const closed = this.#closed;
    this.#closed = null;
    closed?.();
  }

  #publishedCheckpoint(): LogCheckpoint | null {
    if (this.isMemory || this.#entry === 0) return this.#checkpoint;
    const checkpoint = this.#context.store.checkpointOf(this.#entry);
    if (checkpoint === null) return this.#checkpoint;
    const written = checkpoint.indexed.end > 0 || checkpoint.synced.end > 0 || this.#checkpoint !== null || this.#logEndOffset > 0;
    return written ? checkpoint : null;
  }

  #acknowledge(): void {
    const { requests } = this.#context;
    let index = this.#waitingFirst;
    while (index < this.#waiting.length && this.#waitingEnds[index]! <= this.#highWatermark) {
      const request = this.#waiting[index]!;
      const owner = requests.ownerOf(request);
      const token = requests.tokenOf(request);
      const length = requests.lengthOf(request);
      requests.remove(request);
      owner.produced(token, length, this, this.#waitingBases[index]!, this.#waitingDuplicates[index]!);
      index++;
    }
    this.#waitingFirst = index;
    if (index === this.#waiting.length) this.#clearWaiting();
  }

  #clearWaiting(): void {
    this.#waiting.length = 0;
    this.#waitingBases.length = 0;
    this.#waitingEnds.length = 0;
    this.#waitingDuplicates.length = 0;
    this.#waitingFirst = 0;
  }

  // ---- reading

  addReader(reader: TailReader): void {
    this.#readers.add(reader);
  }

  removeReader(reader: TailReader): void {
    this.#readers.delete(reader);
  }

  /** Bytes that a reader at `offset` finds below the high watermark; Infinity where only the disk knows. */
  bytesFrom(offset: number): number {
    if (offset >= this.#highWatermark) return 0;
    const first = this.tail.find(offset);
    if (first < 0) return Number.POSITIVE_INFINITY;
    let bytes = 0;
    for (let index = first; index < this.tail.count && this.tail.endAt(index) <= this.#highWatermark; index++) bytes += this.tail.lengthAt(index);
    return bytes;
  }

  #wakeReaders(): void {
    for (const reader of this.#readers) reader.wake();
  }

  /** A tail that readers are still in may grow; one that nobody reads is kept small, for the cache's sake. */
  #trimTail(): void {
    const { tailBytes, tailBytesMax } = this.#context;
    const { tail } = this;
    const soft = this.isMemory ? this.topic.settings["retention.bytes"] : tailBytes;
    if (tail.bytes <= soft) return;
    if (this.isMemory) return tail.shrink(soft);
    let needed = Number.POSITIVE_INFINITY;
    for (const reader of this.#readers) if (reader.offset >= tail.start) needed = Math.min(needed, reader.offset);
    tail.shrinkBelow(needed, soft);
    tail.shrink(tailBytesMax);
  }

  evicted(end: number): void {
    // The memory of such a topic is all there is of it.
    if (this.isMemory) this.#logStartOffset = end;
  }
}

/** What is known of a log before it is opened. */
export interface FoundLog {
  /** What the checkpoint or the clean mark says; null: the log was never written. */
  readonly expected: LogCheckpoint | null;
  /** The machine was not restarted since the log was last written. */
  readonly sameBoot: boolean;
  /** After a clean stop `expected` is exact. */
  readonly certain: boolean;
}

function unknownPartition(partition: Partition): BrokerError {
  return new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", `there is no partition ${partition.index} of topic ${partition.topic.name}`);
}
