/**
 * One partition as the doors see it: where its log stands, its newest batches in memory, who waits for an acknowledgement and
 * who waits to read.
 *
 * A batch's way: `reserve` takes memory in the tail, the door copies the bytes there, `append` hands them to the log worker
 * (or queues them while the log opens or the worker's queue is full), `appended` finds them a place, and once the high
 * watermark has passed them `announce` tells their owners and wakes readers, in this order (contract A2).
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import type { SyncedPoint } from "../storage/partition-log.ts";
import type { RecoveredLog } from "../storage/recovery.ts";
import type { BlockPool } from "./block-pool.ts";
import { type FoundLog, type LogContext, LogHandle, type LogOwner } from "./log-handle.ts";
import type { OpenLogs } from "./open-logs.ts";
import { PendingAcks } from "./pending-acks.ts";
import type { PartitionNumbers, ProduceOwner } from "./produce-owner.ts";
import type { RequestTable } from "./request-table.ts";
import { Tail, type TailOwner } from "./tail.ts";
import type { TopicConfig } from "./topic-config.ts";

/** What partitions share. */
export interface PartitionContext extends LogContext {
  readonly pool: BlockPool;
  readonly requests: RequestTable<Partition>;
  readonly open: OpenLogs<Partition>;
  /** Memory that a partition's tail may take while nobody reads in it, and at most. */
  readonly tailBytes: number;
  readonly tailBytesMax: number;
  /** The partition has something to announce when the round of results is complete. */
  moved(partition: Partition): void;
  /** The worker's queue was full: `submitQueued` is to be called when results have come. */
  waits(partition: Partition): void;
  monotonicMs(): number;
}

/** Someone who reads near the end and wants to know when there is more. */
export interface TailReader {
  /** The next offset it will ask for. */
  readonly offset: number;
  /** The high watermark moved, or the partition cannot be read any more. */
  wake(): void;
}

export class Partition implements PartitionNumbers, TailOwner, LogOwner {
  readonly topic: TopicConfig;
  readonly index: number;
  readonly tail: Tail;
  readonly log: LogHandle;
  readonly #context: PartitionContext;
  readonly #acks: PendingAcks<Partition>;
  #logStartOffset: number;
  #logEndOffset: number;
  #highWatermark: number;
  #leaderEpoch: number;
  /** Requests that wait for the log to open or for room in the worker's queue. */
  #queued: number[] = [];
  /** The log is being opened for them. */
  #isOpening = false;
  /** Requests that were given to the worker and have no outcome. */
  #submitted = 0;
  #whenQuiet: (() => void)[] = [];
  readonly #readers = new Set<TailReader>();
  #lastUsedMs: number;

  /** @param worker the log worker that writes it */
  constructor(topic: TopicConfig, index: number, worker: number, context: PartitionContext, found: FoundLog) {
    this.topic = topic;
    this.index = index;
    this.tail = new Tail(context.pool, this);
    this.log = new LogHandle(topic, index, worker, context, this, found);
    this.#context = context;
    this.#acks = new PendingAcks(context.requests);
    this.#leaderEpoch = context.incarnation;
    this.#lastUsedMs = context.monotonicMs();
    this.#logStartOffset = found.expected?.logStartOffset ?? 0;
    this.#logEndOffset = found.expected?.synced.end ?? 0;
    this.#highWatermark = this.#logEndOffset;
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

  get isMemory(): boolean {
    return this.topic.logSettings.durability === "memory";
  }

  /** The memory of such a topic is all there is of it. */
  get bytesKept(): number {
    return this.isMemory ? this.topic.settings["retention.bytes"] : 0;
  }

  /** By the monotonic clock. */
  get lastUsedMs(): number {
    return this.#lastUsedMs;
  }

  enter(): Promise<number> {
    return this.#context.open.enter(this);
  }

  leave(entry: number): void {
    this.#context.open.leave(entry);
  }

  /** Opens the log unless it is open. @throws BrokerError LOG_DAMAGED, STORAGE_ERROR, BUSY */
  open(): Promise<void> {
    this.#lastUsedMs = this.#context.monotonicMs();
    return this.log.open();
  }

  /** LogHandle.read on this partition's log. */
  read<Result>(run: (entry: number) => Promise<Result>): Promise<Result> {
    this.#lastUsedMs = this.#context.monotonicMs();
    return this.log.read(run);
  }

  /** Opens the log if its numbers are not known exactly. */
  async ensureCertain(): Promise<void> {
    if (!this.log.isCertain) await this.open();
  }

  /** Nothing is on its way and nobody used it since. One in memory is never: it would forget its producers. */
  isIdle(sinceMs: number): boolean {
    if (this.isMemory) return false;
    const isWaiting = this.#queued.length > 0 || this.#submitted > 0 || !this.#acks.isEmpty || this.log.isPinned;
    return this.log.isOpen && !isWaiting && this.#lastUsedMs < sinceMs;
  }

  /** Resolves when none of the batches that were given to the worker is without an outcome. */
  quiet(): Promise<void> {
    return this.#submitted === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenQuiet.push(resolve));
  }

  /** The topic is deleted: what was on its way is refused, readers are told, the folder goes. */
  async delete(): Promise<void> {
    const deleted = this.log.delete();
    this.#refuseQueued(topicDeleted());
    try {
      await deleted;
    } finally {
      this.tail.clear();
      this.#wakeReaders();
    }
  }

  /**
   * Takes memory for a batch. The caller copies the batch there and calls `append` with the same address before anything else
   * happens to the partition.
   *
   * @param length bytes, at least 1
   * @returns the address, -1: no memory now
   */
  reserve(length: number): number {
    return this.tail.reserve(length);
  }

  /** Hands over a batch in a block of the pool that it has to itself. The owner hears of it later. */
  appendBlock(address: number, length: number, owner: ProduceOwner, token: number): void {
    this.tail.adopt(address, length);
    this.append(address, length, owner, token);
  }

  /** Hands over a batch that lies at a reserved address. The owner hears of it later. */
  append(address: number, length: number, owner: ProduceOwner, token: number): void {
    const request = this.#context.requests.add(this, owner, token, address, length);
    if (this.log.isOpen && this.#queued.length === 0 && this.#submit(request)) return;
    this.#queued.push(request);
    if (this.log.isOpen) this.#context.waits(this);
    else this.#openForQueued();
  }

  appended(request: number, baseOffset: number, end: number, duplicate: boolean): void {
    const { requests } = this.#context;
    const address = requests.addressOf(request);
    if (duplicate) {
      this.tail.drop(address);
    } else {
      this.tail.add(baseOffset, end, address, requests.lengthOf(request));
      this.#logEndOffset = end;
    }
    this.#acks.add(request, baseOffset, end, duplicate);
    if (this.topic.logSettings.durability !== "disk") this.#highWatermark = this.#logEndOffset;
    this.#settled();
  }

  refused(request: number, error: BrokerError): void {
    this.#refuse(request, error);
    this.#settled();
  }

  durable(end: number): void {
    if (end > this.#highWatermark) this.#highWatermark = end;
    this.#context.moved(this);
  }

  /** A round of results is complete: acknowledgements go out and readers wake. */
  announce(): void {
    this.#lastUsedMs = this.#context.monotonicMs();
    this.#acks.acknowledge(this);
    this.#wakeReaders();
    this.#trimTail();
  }

  /** The worker's queue may have room again. */
  submitQueued(): void {
    if (!this.log.isOpen) return;
    let submitted = 0;
    while (submitted < this.#queued.length && this.#submit(this.#queued[submitted]!)) submitted++;
    this.#queued.splice(0, submitted);
    if (this.#queued.length > 0) this.#context.waits(this);
  }

  /** Contract D4 and H1: nothing at or above `end` is in the log. */
  lost(end: number, error: BrokerError): void {
    this.#acks.acknowledge(this);
    this.#acks.refuseAll(error);
    this.tail.truncate(end);
    this.#logEndOffset = Math.min(this.#logEndOffset, end);
  }

  /** Of these requests, those that were given to the worker have no outcome: it died. */
  failSubmitted(requests: readonly number[], error: BrokerError): void {
    const queued = new Set(this.#queued);
    for (const request of requests) {
      if (queued.has(request)) continue;
      this.#refuse(request, error);
      this.#settled();
    }
  }

  /** The log worker died; the log ends at `end`. */
  workerDied(end: SyncedPoint): void {
    // In memory nothing is left of what the worker had published and not told: the log goes on behind what was told.
    if (!this.isMemory) this.#logEndOffset = end.end;
    this.log.workerDied(end);
    // What was written and not synced is made durable by recovery; nothing shows it before (contract A2).
    if (this.#logEndOffset > this.#highWatermark) this.#openForQueued();
  }

  opened(recovered: RecoveredLog | null): void {
    if (recovered !== null) {
      const { incarnation } = this.#context;
      const last = recovered.epochs.at(-1)?.epoch ?? -1;
      this.#leaderEpoch = last === incarnation ? incarnation : Math.max(incarnation, last + 1);
      this.#logStartOffset = recovered.logStartOffset;
      this.#logEndOffset = recovered.end.end;
      this.#highWatermark = recovered.end.end;
      this.#wakeReaders();
    }
    this.submitQueued();
  }

  closed(): void {
    // Of a deleted log nothing becomes durable any more.
    if (this.log.isDeleted) this.#acks.refuseAll(topicDeleted());
    // After a worker's death batches may be in the log that the tail was never told of, so it begins anew.
    if (!this.isMemory) this.tail.shrink(0);
    this.#wakeReaders();
    if (this.#queued.length > 0) this.#openForQueued();
  }

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
    return first < 0 ? Number.POSITIVE_INFINITY : this.tail.bytesBetween(first, this.#highWatermark);
  }

  evicted(end: number): void {
    if (this.isMemory) this.#logStartOffset = end;
  }

  #openForQueued(): void {
    if (this.#isOpening) return;
    this.#isOpening = true;
    this.open().then(
      () => {
        this.#isOpening = false;
        // It may have closed again already.
        if (this.#queued.length > 0 && !this.log.isOpen) this.#openForQueued();
      },
      (error: unknown) => {
        this.#isOpening = false;
        this.#refuseQueued(asBrokerError(error));
      },
    );
  }

  /** @returns false: the worker's queue is full */
  #submit(request: number): boolean {
    const { store, requests } = this.#context;
    const { worker, entry } = this.log;
    if (!store.submit(worker, entry, request, requests.addressOf(request), requests.lengthOf(request))) return false;
    this.#submitted++;
    return true;
  }

  /** One of the requests that were given to the worker has its outcome. */
  #settled(): void {
    this.#context.moved(this);
    if (--this.#submitted > 0 || this.#whenQuiet.length === 0) return;
    const waiting = this.#whenQuiet;
    this.#whenQuiet = [];
    for (const tell of waiting) tell();
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

  #wakeReaders(): void {
    for (const reader of this.#readers) reader.wake();
  }

  /** A tail that readers are still in may grow; one that nobody reads is kept small, for the cache's sake. */
  #trimTail(): void {
    const { tail } = this;
    if (this.isMemory) return tail.shrinkToNewest(this.bytesKept);
    const { tailBytes, tailBytesMax } = this.#context;
    if (tail.bytes <= tailBytes) return;
    let needed = Number.POSITIVE_INFINITY;
    for (const reader of this.#readers) if (reader.offset >= tail.start) needed = Math.min(needed, reader.offset);
    tail.shrinkBelow(needed, tailBytes);
    tail.shrink(tailBytesMax);
  }
}

function topicDeleted(): BrokerError {
  return new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", "the topic was deleted");
}
