/**
 * What a drain needs of a partition's log, whatever its durability, and what a log tells of its batches.
 * All of it is steps: nothing here waits (contract H3).
 */
import type { Core } from "../wasm/core.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import type { Disk, FileHandle, SyncCollector, SyncFailures } from "./disk.ts";
import type { Journal } from "./journal.ts";
import type { LogMemory, Publisher } from "./log-memory.ts";
import type { DirectoryAllocator } from "./segment-directory.ts";
import type { UnsyncedCount } from "./unsynced-count.ts";

export type Durability = "disk" | "os" | "memory";

/** A topic's settings as its logs obey them. */
export interface LogSettings {
  readonly durability: Durability;
  /** A segment rolls before it would exceed this. */
  readonly segmentBytes: number;
  /** A segment rolls when its first append is older than this. */
  readonly segmentMs: number;
  /** A segment rolls at this many offsets. */
  readonly segmentSlots: number;
  readonly messageBytesMax: number;
  /** A record's timestamp may be this far ahead of the broker's clock (contract C4). */
  readonly timestampAheadMaxMs: number;
}

/** A point that a sync covered: the log of `base` is durable up to `position`, where offset `end` begins. */
export interface SyncedPoint {
  readonly base: number;
  readonly position: number;
  readonly end: number;
}

/**
 * A point from which the log can be taken up without reading what lies before it: index files, producers' snapshot and the
 * numbers below are durable and cover everything before it. Recovery scans from here (contract E3).
 */
export interface IndexedPoint extends SyncedPoint {
  /** CRC-32C chained over the segment's batch headers before the point. */
  readonly headersCrc: number;
  /** Largest timestamp of the segment before the point, -1: none. */
  readonly maxTimestamp: number;
  readonly firstAppendMs: number;
  readonly lastAppendMs: number;
}

/** What the checkpoint and the clean mark keep of a log. */
export interface LogCheckpoint {
  readonly logStartOffset: number;
  readonly indexed: IndexedPoint;
  readonly synced: SyncedPoint;
}

/** Outcomes, told as they happen. `entry` is the address of the partition's published numbers. */
export interface LogEvents {
  /** The batch of `request` lies at `baseOffset`: written, published, and durable once DURABLE_END reaches `end`. */
  appended(entry: number, request: number, baseOffset: number, end: number, duplicate: boolean): void;
  /** The batch of `request` is not in the log. `code` is a negative result code (append-result.ts). */
  refused(entry: number, request: number, code: number): void;
  /** DURABLE_END moved. */
  durable(entry: number, durableEnd: number): void;
  /** Everything at or above `end` is gone: a sync failed (contract D4). */
  lost(entry: number, end: number, code: number): void;
  /** The log is closed and its files are; `checkpoint` is null where it has no files or was abandoned. */
  closed(entry: number, checkpoint: LogCheckpoint | null): void;
  /** Something that an operator should know. */
  warned(entry: number, message: string): void;
}

/** Files that must survive the worker that opened them (contract D2). */
export interface OpenFiles {
  opened(file: FileHandle, entry: number): void;
}

/** Everything a log takes from outside. */
export interface LogEnvironment {
  readonly disk: Disk;
  readonly memory: LogMemory;
  readonly core: Core;
  readonly crc32c: Crc32c;
  /** For index pages and directories. */
  readonly arena: DirectoryAllocator;
  readonly publisher: Publisher;
  readonly events: LogEvents;
  readonly openFiles: OpenFiles;
  /** Of all logs of this worker. */
  readonly unsyncedFiles: UnsyncedCount;
  /** Of this worker; null: every log is synced itself. */
  readonly journal: Journal | null;
  /** This start of the node (contract A4). */
  readonly incarnation: number;
  /** A number that no other segment has. */
  newSegmentId(): bigint;
}

export interface PartitionLog {
  readonly entry: number;
  /** Nobody waits for this log's syncs. */
  readonly syncsInBackground: boolean;
  /** All the same one is wanted soon: the log is being closed, or rolls faster than it is synced. */
  readonly isSyncPressing: boolean;
  /**
   * Checks a batch and gives it its place. The outcome follows by an event, at once or later.
   *
   * @param request the caller's name for it
   * @param address where the batch lies; stamped in place, and not to be changed until its outcome is told
   * @returns false: not now, an earlier write or sync must end first; nothing happened
   */
  stage(request: number, address: number, length: number, nowMs: number): boolean;
  /** Submits the write of what is staged. */
  submit(): void;
  writeCompleted(written: number, code: string): void;
  /** Its next sync covers few bytes of its active segment and nothing else: the journal could take them. */
  readonly isSmallSync: boolean;
  /** They are staged in the journal, all of them. */
  readonly isInJournal: boolean;
  /** The group syncs the journal, which was just written, for this log. */
  collectJournaled(): void;
  /** @param isDurable false: the journal could not be synced, so the log has to be synced itself */
  journalCompleted(isDurable: boolean): void;
  /** Adds what should be synced to the group. @returns true when this log takes part and waits for `syncCompleted` */
  collectSync(collector: SyncCollector, nowMs: number): boolean;
  /** @param failures of the whole group */
  syncCompleted(failures: SyncFailures): void;
  /** Makes the next sync an indexed point, so that recovery would begin there. */
  requestIndexedPoint(): void;
  /** Bytes that recovery would have to scan. */
  readonly unindexedBytes: number;
  configure(settings: LogSettings): void;
  /** Takes no more batches; `closed` follows when everything is durable. */
  close(): void;
  /** Takes no more batches and forgets the files, which are about to be deleted; `closed` follows. */
  abandon(): void;
}
