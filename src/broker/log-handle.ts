/**
 * A partition's log as an object that is open or closed. Closed it costs nothing but its checkpoint: no file, no memory, no
 * place among the published numbers. Opening recovers what the last stop left behind; one opening at a time.
 *
 *   closed -> opening -> open -> closing -> closed       a worker's death leads from open and closing to closed
 *   any -> deleted, for good, once what was under way has ended
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import type { TopicId } from "../base/topic-id.ts";
import type { LogCheckpoint, SyncedPoint } from "../storage/partition-log.ts";
import type { RecoveredLog } from "../storage/recovery.ts";
import type { LogEnd, LogStore } from "./log-store.ts";
import type { TopicConfig } from "./topic-config.ts";

/** What is known of a log before it is opened. */
export interface FoundLog {
  /** What the checkpoint or the clean mark says; null: the log was never written. */
  readonly expected: LogCheckpoint | null;
  /** The machine was not restarted since the log was last written. */
  readonly sameBoot: boolean;
  /** After a clean stop `expected` is exact. */
  readonly certain: boolean;
  /** What lies behind was never acknowledged, and is still to be cut; null: nothing is known to. */
  readonly cutTo: SyncedPoint | null;
}

/** What logs share. */
export interface LogContext {
  readonly store: LogStore;
  /** This start of the node (contract A4). */
  readonly incarnation: number;
  readonly folders: { readonly topics: string; readonly quarantine: string };
  recovered(folderName: string, recovered: RecoveredLog): void;
  /** A read met a damaged batch, which may have been told before. */
  corrupt(folderName: string, topicId: TopicId, error: BrokerError): void;
  removePartition(folder: string): Promise<void>;
  /** The disk refused a read, which may have been told before (null: it did not, this time). */
  readEnded(folderName: string, error: BrokerError | null): void;
  /** The log cannot be opened since its files are damaged; told once, until it was open again. */
  damaged(folderName: string, error: BrokerError): void;
}

/** The partition around the log. */
export interface LogOwner {
  /** @returns an address for the log's published numbers, once there is a place for one more open log */
  enter(): Promise<number>;
  /** The place is free again. */
  leave(entry: number): void;
  /** Offset at which a log of durability `memory` goes on. */
  readonly logEndOffset: number;
  /** The log is open; `recovered` is null at durability `memory`. */
  opened(recovered: RecoveredLog | null): void;
  /** Resolves when none of the batches that were given to the worker is without an outcome. */
  quiet(): Promise<void>;
  /** The log is closed, by whomever; it may be opened again. */
  closed(): void;
}

/** Name of a partition's folder. */
export function partitionFolder(topic: string, index: number): string {
  return `${topic}-${index}`;
}

type State = "closed" | "opening" | "open" | "closing" | "deleted";

export class LogHandle {
  readonly folderName: string;
  readonly worker: number;
  readonly #topic: TopicConfig;
  readonly #context: LogContext;
  readonly #owner: LogOwner;
  #state: State = "closed";
  #entry = 0;
  #checkpoint: LogCheckpoint | null;
  #cutTo: SyncedPoint | null;
  #sameBoot: boolean;
  #certain: boolean;
  #lacksRoom = false;
  #opening: Promise<void> | null = null;
  #whenClosed: (() => void)[] = [];
  #error: BrokerError | null = null;
  /** The topic is deleted: nothing begins any more. */
  #isDoomed = false;
  #pins = 0;
  /** Entries of the closed log that somebody still reads by. */
  readonly #entriesLeft: number[] = [];
  #whenReleased: (() => void)[] = [];

  constructor(
    topic: TopicConfig,
    index: number,
    worker: number,
    context: LogContext,
    owner: LogOwner,
    found: FoundLog,
  ) {
    this.folderName = partitionFolder(topic.name, index);
    this.worker = worker;
    this.#topic = topic;
    this.#context = context;
    this.#owner = owner;
    this.#checkpoint = found.expected;
    this.#sameBoot = found.sameBoot;
    this.#certain = found.certain;
    this.#cutTo = found.cutTo;
  }

  get entry(): number {
    return this.#entry;
  }

  get folder(): string {
    return `${this.#context.folders.topics}/${this.folderName}`;
  }

  /** Batches can be given to the worker. */
  get isOpen(): boolean {
    return this.#state === "open" && !this.#isDoomed;
  }

  get isDeleted(): boolean {
    return this.#isDoomed;
  }

  /** Is anybody reading by the log's entry? */
  get isPinned(): boolean {
    return this.#pins > 0;
  }

  /** Open for reading only: the disk was too full to recover it whole. Closed and opened again, it may find room. */
  get lacksRoom(): boolean {
    return this.#state === "open" && this.#lacksRoom;
  }

  /**
   * The log's end is known, and is that of the checkpoint: false after an unclean stop, and where the disk or the worker failed
   * before the log was closed, until it was recovered.
   */
  get isCertain(): boolean {
    return this.#certain;
  }

  /**
   * Where the closed log is cut when it is opened again: at the end that it had published when its worker died (contract H1),
   * or behind which a failed write or sync left what was refused (D4). null: nothing is to be cut.
   */
  get cutTo(): SyncedPoint | null {
    return this.#cutTo;
  }

  /** Its files are not what the marks promise: nobody can use it (contract E2). */
  get isDamaged(): boolean {
    return this.#error?.code === "LOG_DAMAGED";
  }

  /** Why it cannot be opened, null: nothing is wrong with it. */
  get error(): BrokerError | null {
    return this.#error;
  }

  /** What the checkpoint and the clean mark keep; null: the log has no files. */
  get checkpoint(): LogCheckpoint | null {
    if (this.#isMemory) return null;
    return this.#state === "open" || this.#state === "closing" ? this.#published() : this.#checkpoint;
  }

  /** Opens the log unless it is open. @throws BrokerError LOG_DAMAGED, STORAGE_ERROR, BUSY */
  async open(): Promise<void> {
    while (this.#state === "closing" && !this.#isDoomed) await this.#closed();
    if (this.#isDoomed) throw new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", "the topic was deleted");
    if (this.#state === "open") return;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  /** Closes the log; what is on its way is finished first, and so are reads and a deletion. */
  async close(): Promise<void> {
    await this.#opening?.catch(() => {});
    if (this.#state === "closing") await this.#closed();
    else if (this.isOpen) await this.#close();
    while (this.#entriesLeft.length > 0 || (this.#isDoomed && this.#entry !== 0))
      await new Promise<void>((resolve) => this.#whenReleased.push(resolve));
  }

  /** The topic is deleted: nothing is written any more, and the folder may go. */
  async delete(): Promise<void> {
    this.#isDoomed = true;
    await this.#opening?.catch(() => {});
    if (this.#state === "closing") await this.#closed();
    const wasOpen = this.#state === "open";
    this.#state = "deleted";
    if (wasOpen) await this.#closedBy(this.#context.store.abandon(this.worker, this.#entry));
    if (!this.#isMemory) await this.#context.removePartition(this.folder);
  }

  /** The log goes by its topic's settings as they are now. */
  async configure(): Promise<void> {
    await this.#opening?.catch(() => {});
    if (!this.isOpen) return;
    // A log that loses its worker takes the settings when it is opened again.
    await this.#context.store.configure(this.worker, this.#entry, this.#topic.logSettings).catch(() => {});
  }

  /**
   * Runs a read that names the log by its entry; once more where the log was closed meanwhile.
   *
   * @throws BrokerError what `open` or the read throws
   */
  async read<Result>(run: (entry: number) => Promise<Result>): Promise<Result> {
    for (;;) {
      await this.open();
      const entry = this.#entry;
      if (entry === 0) continue;
      this.#pins++;
      try {
        const result = await run(entry);
        this.#context.readEnded(this.folderName, null);
        return result;
      } catch (error) {
        if (error instanceof BrokerError && error.code === "STORAGE_ERROR" && !this.#isDoomed)
          this.#context.readEnded(this.folderName, error);
        // The files of a topic that is being deleted are missing rightly.
        if (error instanceof BrokerError && error.code === "CORRUPT_BATCH" && !this.#isDoomed)
          this.#context.corrupt(this.folderName, this.#topic.id, error);
        // A log that is being closed may be so already, where it was read.
        if (this.#entry === entry && this.#state === "open" && !this.#isDoomed) throw error;
      } finally {
        this.#unpin();
      }
    }
  }

  /** The worker has closed the log. */
  wasClosed(): void {
    if (this.#state !== "deleted") {
      this.#checkpoint = this.checkpoint;
      this.#state = "closed";
      if (!this.#isMemory && !this.#lacksRoom) this.#noteEnd(this.#context.store.endOf(this.#entry));
    }
    this.#leave();
  }

  /** A log whose last sync failed ends behind its checkpoint. */
  #noteEnd({ written, isReadOnly }: LogEnd): void {
    const synced = this.#checkpoint?.synced.end ?? written.end;
    this.#certain = synced === written.end && !isReadOnly;
    if (isReadOnly) this.#cutTo = written;
  }

  /** The worker died; the log ends at `end` and is cut there when it is opened again (contract H1). */
  workerDied(end: SyncedPoint): void {
    if (this.#state === "open" || this.#state === "closing") {
      this.#checkpoint = this.checkpoint;
      this.#cutTo = this.#isMemory ? null : end;
      this.#certain = this.#isMemory;
      this.#state = "closed";
    }
    this.#leave();
  }

  get #isMemory(): boolean {
    return this.#topic.logSettings.durability === "memory";
  }

  async #close(): Promise<void> {
    this.#state = "closing";
    await this.#owner.quiet();
    // A worker that died meanwhile has closed the log, and so has one that dies now.
    if (this.#state === "closing") await this.#closedBy(this.#context.store.close(this.worker, this.#entry));
  }

  async #open(): Promise<void> {
    const { store, folders, incarnation } = this.#context;
    let entry = 0;
    this.#state = "opening";
    try {
      entry = await this.#owner.enter();
      const recovered = this.#isMemory ? null : await this.#recover();
      await store.open({
        worker: this.worker,
        entry,
        topicId: this.#topic.id,
        parent: folders.topics,
        folder: this.folder,
        settings: this.#topic.logSettings,
        incarnation,
        recovered: recovered ?? this.#owner.logEndOffset,
      });
      this.#entry = entry;
      this.#state = "open";
      this.#error = null;
      this.#lacksRoom = recovered?.lacksRoom ?? false;
      if (!this.#lacksRoom) {
        this.#cutTo = null;
        this.#sameBoot = true;
        this.#certain = true;
      }
      this.#owner.opened(recovered);
    } catch (error) {
      if (entry !== 0) this.#owner.leave(entry);
      this.#state = "closed";
      const wasDamaged = this.isDamaged;
      this.#error = asBrokerError(error);
      if (this.isDamaged && !wasDamaged) this.#context.damaged(this.folderName, this.#error);
      if (this.#error.code === "STORAGE_ERROR") this.#context.readEnded(this.folderName, this.#error);
      throw this.#error;
    }
  }

  async #recover(): Promise<RecoveredLog> {
    const recovered = await this.#context.store.recover({
      topicId: this.#topic.id,
      folder: this.folder,
      quarantine: this.#context.folders.quarantine,
      expected: this.#checkpoint,
      sameBoot: this.#sameBoot,
      cutTo: this.#cutTo,
      slotsMax: this.#topic.logSettings.segmentSlots,
    });
    // One that finds no room is tried again and again.
    if (!recovered.lacksRoom || !this.#lacksRoom) this.#context.recovered(this.folderName, recovered);
    return recovered;
  }

  /** What the log published last, the older checkpoint where it is changing right now. */
  #published(): LogCheckpoint | null {
    if (this.#lacksRoom) return this.#checkpoint; // The next recovery begins where this one did.
    const checkpoint = this.#context.store.checkpointOf(this.#entry);
    if (checkpoint === null) return this.#checkpoint;
    const hasFiles = this.#checkpoint !== null || checkpoint.synced.end > 0 || this.#owner.logEndOffset > 0;
    return hasFiles ? checkpoint : null;
  }

  #closed(): Promise<void> {
    return new Promise((resolve) => this.#whenClosed.push(resolve));
  }

  /** @param asked the worker; where it dies instead, its death closes the log */
  async #closedBy(asked: Promise<void>): Promise<void> {
    await Promise.all([this.#closed(), asked.catch(() => {})]);
  }

  #unpin(): void {
    this.#pins--;
    if (this.#pins > 0) return;
    for (const entry of this.#entriesLeft) this.#owner.leave(entry);
    this.#entriesLeft.length = 0;
    this.#tellReleased();
  }

  #leave(): void {
    if (this.#pins > 0) this.#entriesLeft.push(this.#entry);
    else this.#owner.leave(this.#entry);
    this.#entry = 0;
    const waiting = this.#whenClosed;
    this.#whenClosed = [];
    for (const tell of waiting) tell();
    this.#tellReleased();
    this.#owner.closed();
  }

  #tellReleased(): void {
    const waiting = this.#whenReleased;
    this.#whenReleased = [];
    for (const tell of waiting) tell();
  }
}
