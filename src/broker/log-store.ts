/**
 * What the broker asks of the threads that keep the logs. src/workers implements it; a test may do so in one thread.
 *
 * Batches do not pass through these calls: they lie in the shared memory, and what crosses is where.
 */
import type { BrokerError } from "../base/errors.ts";
import type { TopicId } from "../base/topic-id.ts";
import type { LogMemory } from "../storage/log-memory.ts";
import type { LogCheckpoint, LogSettings, SyncedPoint } from "../storage/partition-log.ts";
import type { RecoveredLog } from "../storage/recovery.ts";

/** Outcomes of appends, in the order in which they happened. `entry` names the open log. */
export interface LogResults {
  /** Written and published at `baseOffset`; durable when `durable` or, for logs that are not synced, at once. */
  appended(entry: number, request: number, baseOffset: number, end: number, duplicate: boolean): void;
  /** Not in the log. */
  refused(entry: number, request: number, error: BrokerError): void;
  durable(entry: number, end: number): void;
  /** Everything at or above `end` is gone: a sync failed, or the worker died. */
  lost(entry: number, end: number, error: BrokerError): void;
  closed(entry: number): void;
  /** All that happened so far was told; now is the time to answer. */
  settled(): void;
  /**
   * The worker died (contract H1). What it had not published is lost; of these logs, what is below `end` is good. They can be
   * opened again, cut there, once the worker is replaced.
   */
  workerDied(worker: number, ends: ReadonlyMap<number, SyncedPoint>, error: BrokerError): void;
  /** @param ms since the death was noticed */
  workerReplaced(worker: number, ms: number): void;
  warned(entry: number, message: string): void;
}

/** The partition's folder and settings, with all that is needed to take it up. */
export interface OpenLog {
  readonly worker: number;
  readonly entry: number;
  readonly topicId: TopicId;
  readonly parent: string;
  readonly folder: string;
  readonly settings: LogSettings;
  readonly incarnation: number;
  /** At durability `memory` the offset to begin at. */
  readonly recovered: RecoveredLog | number;
}

export interface RecoverLog {
  readonly topicId: TopicId;
  readonly folder: string;
  readonly quarantine: string;
  readonly expected: LogCheckpoint | null;
  readonly sameBoot: boolean;
  readonly cutTo: SyncedPoint | null;
  readonly slotsMax: number;
}

export interface ReadLog {
  readonly entry: number;
  readonly folder: string;
  readonly offset: number;
  readonly limit: number;
  readonly address: number;
  readonly capacity: number;
}

export interface ReadOutcome {
  /** Base offset and bytes of each batch, in order; they lie one behind the other. None: see `sizeNeeded`. */
  readonly baseOffsets: Float64Array;
  readonly sizes: Uint32Array;
  /** Offset after the last of them. */
  readonly nextOffset: number;
  /** The capacity that the first batch needs, where it does not fit. */
  readonly sizeNeeded: number;
}

/** A deleted partition's folder, under its last name. */
export interface Leftover {
  readonly folder: string;
  /** Why it is still there. */
  readonly error: string;
}

export interface LogEnd {
  readonly written: SyncedPoint;
  /** Its files may hold more than that, which was refused (contract D4). */
  readonly isReadOnly: boolean;
}

/** Every promise rejects with a BrokerError. */
export interface LogStore {
  readonly memory: LogMemory;
  /** The range of memory that holds batches; the broker's to hand out. */
  readonly pool: {
    readonly address: number;
    readonly size: number;
    readonly blockMin: number;
    readonly blockMax: number;
  };
  readonly workers: number;
  /** How many logs may be open. */
  readonly entriesMax: number;
  /** Address of the nth partition's published numbers; the broker's to hand out. */
  entryAt(index: number): number;
  /** What recovery would need to know of a log, as it published it last; null: it is changing right now. */
  checkpointOf(entry: number): LogCheckpoint | null;
  /** Where a log ended that is closed, by its worker's last word. */
  endOf(entry: number): LogEnd;

  /** @returns false: the worker's queue is full, or it is being replaced; try again when results have come */
  submit(worker: number, entry: number, request: number, address: number, length: number): boolean;
  /** May batches be given to this worker now? `stalled`: a file call has not returned for long (contract H1). */
  stateOf(worker: number): "running" | "replacing" | "stalled";

  recover(log: RecoverLog): Promise<RecoveredLog>;
  open(log: OpenLog): Promise<void>;
  /** `closed` follows. */
  close(worker: number, entry: number): Promise<void>;
  /** The log's files are about to be removed; `closed` follows. */
  abandon(worker: number, entry: number): Promise<void>;
  configure(worker: number, entry: number, settings: LogSettings): Promise<void>;
  /** @returns what of it could not be removed, though it is out of the way */
  removePartition(folder: string): Promise<Leftover | null>;

  read(read: ReadLog): Promise<ReadOutcome>;
  /** @returns the first offset below `limit` whose record is not earlier, -1: none */
  findByTime(entry: number, folder: string, timestamp: number, limit: number): Promise<number>;
  /** Largest timestamp of the batch at an address of the pool. */
  maxTimestampAt(address: number): number;
}
