/**
 * How far a log is durable, what has gathered since, and what the sync in flight will cover.
 *
 * Three points: what a sync covered (`synced`); from where recovery would read (`indexed`: index files and a producers'
 * snapshot are durable too); and where the sync in flight will bring the log.
 */
import { assert } from "../base/assert.ts";
import { MIB } from "../base/units.ts";
import { type FileHandle, NO_FILE, type SyncFailures } from "./disk.ts";
import { LogPoint } from "./log-point.ts";
import type { IndexedPoint } from "./partition-log.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

/** An indexed point is taken after this many bytes, so that recovery never scans much more. */
const INDEXED_INTERVAL = 64 * MIB;
/** At durability `os`, files are synced in the background after this much or this long (contract B, `checkpoint`). */
const BACKGROUND_SYNC_BYTES = 64 * MIB;
const BACKGROUND_SYNC_MS = 5000;

/** How a sync ended for one log. */
interface SyncOutcome {
  /** Errno name of what failed of the log's own bytes; "": nothing. */
  readonly failure: string;
  /** Index files failed. They are a cache, so the point is just no indexed one. */
  readonly indexFailed: boolean;
}

export class SyncProgress {
  readonly synced: LogPoint;
  readonly indexed: LogPoint;
  readonly #unsynced: UnsyncedFiles;
  readonly #target = new LogPoint();
  #inFlight = false;
  /** Files of the sync in flight. A roll may have changed the active segment since. */
  #log: FileHandle = NO_FILE;
  /** Empty: the sync in flight is no indexed point. */
  #indexFiles: readonly FileHandle[] = [];
  /** An indexed point was asked for. */
  indexedPointWanted = false;
  /** Bytes since the last sync, and since the last indexed point; with what the sync in flight covers of them. */
  #unsyncedBytes = 0;
  #unsyncedBytesCovered = 0;
  #unsyncedSinceMs = 0;
  #unindexedBytes = 0;
  #unindexedBytesCovered = 0;
  /** A background sync failed: what it covers is never again taken for durable. */
  #isFrozen = false;

  constructor(point: IndexedPoint, unsynced: UnsyncedFiles) {
    this.synced = LogPoint.from(point);
    this.indexed = LogPoint.from(point);
    this.#unsynced = unsynced;
  }

  get inFlight(): boolean {
    return this.#inFlight;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Written, and covered by no sync that ended. */
  get unsyncedBytes(): number {
    return this.#unsyncedBytes;
  }

  get unindexedBytes(): number {
    return this.#isFrozen ? 0 : this.#unindexedBytes;
  }

  wrote(length: number, nowMs: number): void {
    if (this.#unsyncedBytes === 0) this.#unsyncedSinceMs = nowMs;
    this.#unsyncedBytes += length;
    this.#unindexedBytes += length;
  }

  /** Is there anything that a sync up to `written` would make durable? */
  isDirty(written: LogPoint): boolean {
    if (!this.#unsynced.isEmpty) return true;
    return this.#isFrozen ? this.#unsyncedBytes > 0 : written.end > this.synced.end;
  }

  isBackgroundSyncDue(written: LogPoint, nowMs: number): boolean {
    if (this.indexedPointWanted || this.#unsynced.isPressing) return true;
    const isOverdue =
      this.#unsyncedBytes >= BACKGROUND_SYNC_BYTES || nowMs - this.#unsyncedSinceMs >= BACKGROUND_SYNC_MS;
    return isOverdue && this.isDirty(written);
  }

  isIndexedPointDue(): boolean {
    return !this.#isFrozen && (this.indexedPointWanted || this.#unindexedBytes >= INDEXED_INTERVAL);
  }

  isIndexed(written: LogPoint): boolean {
    return this.indexed.end === written.end && this.indexed.base === written.base;
  }

  /**
   * @param log        the file to be synced; NO_FILE: the journal is, instead of it
   * @param indexFiles of an indexed point; none: it is just a sync
   */
  begin(written: LogPoint, log: FileHandle, indexFiles: readonly FileHandle[]): void {
    assert(!this.#inFlight, "one sync is in flight");
    this.#inFlight = true;
    this.#target.copyFrom(written);
    this.#log = log;
    this.#indexFiles = indexFiles;
    this.#unsyncedBytesCovered = this.#unsyncedBytes;
    this.#unindexedBytesCovered = this.#unindexedBytes;
  }

  /**
   * The sync in flight has ended.
   *
   * @param failures of the whole group, which other logs share
   */
  end(failures: SyncFailures): SyncOutcome {
    assert(this.#inFlight, "a completion follows a submission");
    this.#inFlight = false;
    const indexFailed = failures.files.some(({ file }) => this.#indexFiles.includes(file));
    if (indexFailed) this.#indexFiles = [];
    const ofLog = failures.files.find(({ file }) => file === this.#log)?.code;
    return { failure: ofLog ?? this.#unsynced.failureIn(failures), indexFailed };
  }

  /** The sync that ended went well. @returns false: an earlier one did not, so nothing is known to be durable */
  confirm(): boolean {
    this.#unsyncedBytes -= this.#unsyncedBytesCovered;
    this.#unsyncedSinceMs = this.#target.lastAppendMs;
    if (this.#isFrozen) return false;
    this.synced.copyFrom(this.#target);
    if (this.#indexFiles.length > 0) {
      this.#unindexedBytes -= this.#unindexedBytesCovered;
      this.indexed.copyFrom(this.#target);
    }
    return true;
  }

  /** The sync that ended failed and nobody waits for it: the log goes on, and no point moves any more. */
  freeze(): void {
    this.#isFrozen = true;
    this.#unsyncedBytes = 0;
  }

  /** The log was cut to the synced point. */
  cut(): void {
    this.#unsyncedBytes = 0;
  }
}
