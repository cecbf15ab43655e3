/**
 * The broker: topics and their partitions over a LogStore, whatever door a request came through. It knows no socket and does
 * no I/O of its own.
 *
 * Doors look a partition up in `topics`, hand batches to `intake`, read by PartitionReaders, and are told by `onSettled` when
 * a round of results is complete and answers should go out.
 */
import { BrokerError } from "../base/errors.ts";
import type { TopicId } from "../base/topic-id.ts";
import { MIB } from "../base/units.ts";
import type { LogCheckpoint, SyncedPoint } from "../storage/partition-log.ts";
import type { RecoveredLog } from "../storage/recovery.ts";
import { BlockPool } from "./block-pool.ts";
import { CorruptBatches } from "./corrupt-batches.ts";
import { Intake } from "./intake.ts";
import { partitionFolder } from "./log-handle.ts";
import type { Leftover, LogResults, LogStore } from "./log-store.ts";
import type { MetaStore } from "./meta-store.ts";
import { OpenLogs } from "./open-logs.ts";
import { Partition, type PartitionContext } from "./partition.ts";
import { PartitionReader, type ReaderContext, type ReaderOwner } from "./partition-reader.ts";
import { ProducerIds } from "./producer-ids.ts";
import { ReadErrors } from "./read-errors.ts";
import { ReadGate } from "./read-gate.ts";
import { RequestTable } from "./request-table.ts";
import { TopicCatalog } from "./topic-catalog.ts";
import type { TopicConfig } from "./topic-config.ts";

/** Where every log that has files stands, by folder name. */
export type Checkpoints = Record<string, LogCheckpoint & { readonly topicId: TopicId; readonly cutTo?: SyncedPoint }>;

export interface BrokerOptions {
  /** This start of the node (contract A4). */
  readonly incarnation: number;
  readonly folders: { readonly topics: string; readonly quarantine: string };
  /** What the last run left behind. */
  readonly expected: Readonly<Checkpoints>;
  /** The last run ended cleanly, so `expected` is exact. */
  readonly clean: boolean;
  /** Folders of partitions that it left behind, where it did not: some may be younger than `expected`. */
  readonly left?: readonly string[];
  /** The machine was not restarted since the last run. */
  readonly sameBoot: boolean;
  /** Topics are of durability `memory`, all of them. */
  readonly onlyMemory?: boolean;
  /** Memory that a partition's tail may take while nobody reads in it. */
  readonly tailBytes?: number;
  readonly partitionsMax?: number;
  /** Most logs that may be open at a time. */
  readonly logsOpenMax?: number;
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
const RECOVERIES_AT_A_TIME = 256;
const IDLE_MS = 60_000;
/** Cold reads under way; more would only wait in the maintenance workers' queue, with memory in hand. */
const READS_AT_A_TIME = 4;

export class Broker implements LogResults {
  readonly store: LogStore;
  readonly pool: BlockPool;
  readonly intake: Intake;
  readonly topics: TopicCatalog;
  readonly producerIds: ProducerIds;
  readonly #options: BrokerOptions;
  readonly #requests = new RequestTable<Partition>();
  readonly #context: PartitionContext;
  readonly #readers: ReaderContext;
  readonly #open: OpenLogs<Partition>;
  /** Partitions with something to announce in this round of results. */
  readonly #moved = new Set<Partition>();
  /** Partitions with batches for which a worker's queue had no room. */
  readonly #waiting = new Set<Partition>();
  readonly #left: ReadonlySet<string>;
  readonly #corruptBatches: CorruptBatches;
  readonly #readErrors: ReadErrors;
  readonly #settledListeners = new Set<() => void>();
  #nextWorker = 0;

  constructor(store: LogStore, meta: MetaStore, options: BrokerOptions) {
    this.store = store;
    this.#options = options;
    this.#left = new Set(options.left);
    this.#corruptBatches = new CorruptBatches(options.log);
    this.#readErrors = new ReadErrors(options.log, options.monotonicMs);
    this.pool = new BlockPool(store.pool);
    this.intake = new Intake(store.memory.bytes, this.pool, SPILL_BYTES_MAX);
    this.producerIds = new ProducerIds(meta);
    this.#readers = { store, pool: this.pool, gate: new ReadGate(READS_AT_A_TIME) };
    this.#open = new OpenLogs(store, options.logsOpenMax ?? store.entriesMax);
    const tailBytes = options.tailBytes ?? TAIL_BYTES;
    this.#context = {
      store,
      pool: this.pool,
      requests: this.#requests,
      incarnation: options.incarnation,
      tailBytes,
      tailBytesMax: tailBytes * TAIL_GROWTH,
      folders: options.folders,
      open: this.#open,
      moved: (partition) => this.#moved.add(partition),
      waits: (partition) => this.#waiting.add(partition),
      monotonicMs: options.monotonicMs,
      recovered: (folderName, recovered) => this.#recovered(folderName, recovered),
      corrupt: (folderName, topicId, error) => this.#corruptBatches.met(folderName, topicId, error),
      removePartition: (folder) => this.#removePartition(folder),
      readEnded: (folderName, error) =>
        error === null ? this.#readErrors.succeeded(folderName) : this.#readErrors.failed(folderName, error),
      damaged: (folderName, error) => this.#cannotOpen(folderName, error),
    };
    this.topics = new TopicCatalog(meta, {
      partitionsMax: options.partitionsMax ?? PARTITIONS_MAX,
      memoryBytesMax: this.pool.size / 2,
      onlyMemory: options.onlyMemory ?? false,
      random: options.random,
      makePartition: (topic, index, isNew) => this.#makePartition(topic, index, isNew),
    });
  }

  get incarnation(): number {
    return this.#options.incarnation;
  }

  /** `listener` is called after each round of results: answers go out, readers go on. */
  onSettled(listener: () => void): void {
    this.#settledListeners.add(listener);
  }

  reader(partition: Partition, offset: number, owner: ReaderOwner, readCommitted: boolean): PartitionReader {
    return new PartitionReader(partition, offset, this.#readers, owner, readCommitted);
  }

  appended(entry: number, request: number, baseOffset: number, end: number, duplicate: boolean): void {
    this.#open.get(entry)?.appended(request, baseOffset, end, duplicate);
  }

  refused(_entry: number, request: number, error: BrokerError): void {
    this.#requests.holderOf(request)?.refused(request, error);
  }

  durable(entry: number, end: number): void {
    this.#open.get(entry)?.durable(end);
  }

  lost(entry: number, end: number, error: BrokerError): void {
    const partition = this.#open.get(entry);
    if (partition === undefined) return;
    const facts = { partition: partition.log.folderName, end, error: error.code };
    this.#options.log("error", "what was not acknowledged yet is lost", facts);
    partition.lost(end, error);
  }

  closed(entry: number): void {
    this.#open.get(entry)?.log.wasClosed();
  }

  settled(): void {
    this.#announce();
    this.#submitWaiting();
    this.pool.nudge();
    for (const listener of this.#settledListeners) listener();
  }

  workerDied(worker: number, ends: ReadonlyMap<number, SyncedPoint>, error: BrokerError): void {
    this.#options.log("error", "a log worker died and is replaced", { worker, reason: error.details["reason"] });
    this.#announce(); // What was told before it died is answered as it was told.
    const submitted = new Map<Partition, number[]>();
    for (const request of this.#requests.select(({ log }) => log.worker === worker)) {
      const partition = this.#requests.holderOf(request)!;
      const requests = submitted.get(partition);
      if (requests === undefined) submitted.set(partition, [request]);
      else requests.push(request);
    }
    for (const [partition, requests] of submitted) partition.failSubmitted(requests, error);
    for (const [entry, end] of ends) this.#open.get(entry)?.workerDied(end);
  }

  workerReplaced(worker: number, ms: number): void {
    this.#options.log("info", "the log worker was replaced", { worker, ms });
  }

  warned(entry: number, message: string): void {
    this.#options.log("warn", message, { partition: this.#open.get(entry)?.log.folderName });
  }

  /**
   * Ends the deletions that the last run began, and opens the logs that it may not have closed, so that damage is told now.
   *
   * @returns false: some log could not be recovered
   */
  async recover(): Promise<boolean> {
    const { clean, folders } = this.#options;
    await this.topics.finishDeletions(
      (topic, index) => this.#removePartition(`${folders.topics}/${partitionFolder(topic, index)}`),
      (topic, { message }) =>
        this.#options.log("error", "a deleted topic could not be removed", { topic, error: message }),
    );
    if (clean) return true;
    let recovered = true;
    const dirty = [...this.topics.partitions()].filter(({ log }) => !log.isCertain);
    for (let first = 0; first < dirty.length; first += RECOVERIES_AT_A_TIME) {
      const group = dirty.slice(first, first + RECOVERIES_AT_A_TIME);
      const opened = await Promise.all(group.map((partition) => this.#tryToOpen(partition)));
      recovered &&= opened.every(Boolean);
      // As many as there may be, they need not all be open.
      if (dirty.length > RECOVERIES_AT_A_TIME) await Promise.all(group.map(({ log }) => log.close()));
    }
    return recovered;
  }

  /** Closes partitions that nobody used for a while, and those that may find room on the disk when they are opened again. */
  closeIdle(): void {
    const sinceMs = this.#options.monotonicMs() - (this.#options.idleMs ?? IDLE_MS);
    for (const partition of this.#open.holders())
      if (partition.log.lacksRoom || partition.isIdle(sinceMs)) void partition.log.close();
  }

  /** Closes every log: all that was accepted is written, synced and answered. Nothing new may come. */
  async close(): Promise<void> {
    do {
      // A log with batches that wait opens again for them.
      await Promise.all(this.#open.holders().map(({ log }) => log.close()));
      // Tails are gone: what was kept aside finds memory now or never.
      this.intake.retry();
      // Whatever is left ends by what comes to the event loop: a result, a signal.
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#open.size > 0);
    this.intake.refuseAll(new BrokerError("SHUTTING_DOWN", "the broker is shutting down"));
  }

  /** Every log's end is known: a clean mark may say so. */
  get isCertain(): boolean {
    for (const { log } of this.topics.partitions()) if (!log.isCertain) return false;
    return true;
  }

  /**
   * For the checkpoint and the clean mark.
   *
   * @param isLast nothing is written any more, so it holds where logs are still to be cut
   */
  checkpoints(isLast: boolean): Checkpoints {
    const table: Checkpoints = {};
    for (const { topic, log } of this.topics.partitions()) {
      const { checkpoint, cutTo } = log;
      if (checkpoint !== null)
        table[log.folderName] = { topicId: topic.id, ...checkpoint, ...(isLast && cutTo !== null && { cutTo }) };
    }
    return table;
  }

  /** Facts for operators. */
  stats(): Record<string, unknown> {
    let damagedLogs = 0;
    for (const { log } of this.topics.partitions()) if (log.isDamaged) damagedLogs++;
    return {
      topics: this.topics.size,
      partitions: this.topics.partitionCount,
      partitionsOpen: this.#open.size,
      poolBytes: this.pool.size,
      poolBytesFree: this.pool.freeBytes,
      spilledBytes: this.intake.spilledBytes,
      corruptBatches: this.#corruptBatches.count,
      readErrors: this.#readErrors.count,
      damagedLogs,
      logWorkers: Array.from({ length: this.store.workers }, (_, worker) => this.store.stateOf(worker)),
    };
  }

  async #tryToOpen(partition: Partition): Promise<boolean> {
    try {
      await partition.open();
      return !partition.log.lacksRoom;
    } catch (error) {
      // Damage, and what the disk refuses, was told where it was found, as it is when somebody opens the log later.
      const { log } = partition;
      if (!log.isDamaged && log.error?.code !== "STORAGE_ERROR") this.#cannotOpen(partition.log.folderName, error);
      return false;
    }
  }

  #cannotOpen(partition: string, error: unknown): void {
    this.#options.log("error", "a partition cannot be opened", { partition, error: String(error) });
  }

  #announce(): void {
    for (const partition of this.#moved) partition.announce();
    this.#moved.clear();
  }

  #submitWaiting(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const partition of waiting) partition.submitQueued();
  }

  #makePartition(topic: TopicConfig, index: number, isNew: boolean): Partition {
    const { expected, clean, sameBoot } = this.#options;
    const folder = partitionFolder(topic.name, index);
    const row = isNew ? undefined : expected[folder];
    const { topicId, cutTo = null, ...checkpoint } = row ?? {};
    return new Partition(topic, index, this.#nextWorker++ % this.store.workers, this.#context, {
      ...(topicId === topic.id ? { expected: checkpoint as LogCheckpoint, cutTo } : { expected: null, cutTo: null }),
      sameBoot,
      certain: clean || isNew || (row === undefined && !this.#left.has(folder)),
    });
  }

  async #removePartition(folder: string): Promise<void> {
    const leftover = await this.store.removePartition(folder);
    if (leftover !== null) this.leftOver(leftover);
  }

  /** The disk refused to remove what is left of a deleted partition. */
  leftOver({ folder, error }: Leftover): void {
    this.#options.log("warn", "a deleted partition's files could not be removed; the next start tries again", {
      folder,
      error,
    });
  }

  #recovered(partition: string, { lacksRoom, report }: RecoveredLog): void {
    const { scannedBytes, cutBytes, quarantined, corruptions } = report;
    const facts = { partition, scannedBytes, cutBytes };
    const { log } = this.#options;
    if (lacksRoom) log("warn", "the disk is too full to recover a log whole; it can be read and not written", facts);
    if (corruptions.length > 0) log("error", "corruption was found and left in place", { ...facts, corruptions });
    if (quarantined.length > 0)
      log("warn", "a torn tail was cut; it is kept in the quarantine folder", { ...facts, quarantined });
    else if (scannedBytes > 0 && !lacksRoom) log("info", "what a checkpoint did not know of a log was read", facts);
  }
}
