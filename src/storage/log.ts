/**
 * One partition's log on disk: a list of segments, the last of which is active.
 *
 * Promises
 * - Offsets are given in order and never again once they were readable (contract A3).
 * - What readers may see is published only after it is written, and at durability `disk` only after it is synced (A2).
 * - A write that fails leaves no trace: file, index, producers and offsets are as before it (D5, B7).
 * - After a failed sync nothing above the durable end exists any more, and the log goes on in a new segment file (D4).
 *
 * A batch's way: `stage` checks it, stamps it in place and indexes it; `submit` writes all staged batches, which lie one
 * behind the other in memory, by one write; `writeCompleted` publishes them; a sync group makes them durable. At most one
 * write and one sync are in flight. Where many logs have little to sync, the worker's journal is synced instead (D3).
 *
 * Four points follow one another: synced <= syncing <= written <= staged. Files are opened by the first append.
 */
import { topicIdToBytes } from "../base/topic-id.ts";
import { diskCode } from "./active-segment.ts";
import { Admission } from "./admission.ts";
import {
  appendError,
  REFUSED_CLOSED,
  REFUSED_NO_MEMORY,
  REFUSED_NO_SPACE,
  REFUSED_READ_ONLY,
  REFUSED_STORAGE,
  refusalOf,
} from "./append-result.ts";
import { DiskError, type FileHandle, NO_FAILURES, NO_FILE, type SyncCollector, type SyncFailures } from "./disk.ts";
import { type Journal, type JournaledLog, SMALL_SYNC_BYTES } from "./journal.ts";
import { JournalPart } from "./journal-part.ts";
import { LeaderEpochs } from "./leader-epochs.ts";
import { LogPoint } from "./log-point.ts";
import { LogSegments } from "./log-segments.ts";
import { type LogIdentity, PartitionFiles } from "./partition-files.ts";
import type { LogCheckpoint, LogEnvironment, LogSettings, PartitionLog } from "./partition-log.ts";
import { Producers } from "./producers.ts";
import { PublishedLog } from "./published-log.ts";
import type { RecoveredLog } from "./recovery.ts";
import { createDirectory } from "./segment-directory.ts";
import { SyncProgress } from "./sync-progress.ts";
import { UnsyncedFiles } from "./unsynced-files.ts";
import { WriteRun } from "./write-run.ts";

/** Kafka's tools read positions as signed 32-bit integers. */
const SEGMENT_BYTES_MAX = 2 ** 31 - 1;

export class Log implements PartitionLog, JournaledLog {
  readonly entry: number;
  readonly topicIdBytes: Uint8Array;
  readonly folderName: Uint8Array;
  readonly #environment: LogEnvironment;
  #settings: LogSettings;
  readonly #published: PublishedLog;
  readonly #unsynced: UnsyncedFiles;
  readonly #files: PartitionFiles;
  readonly #segments: LogSegments;
  readonly #producers = new Producers();
  readonly #admission: Admission;
  readonly #epochs: LeaderEpochs;
  /** Of this start; -1: nothing was appended since. */
  #epoch = -1;

  readonly #run: WriteRun;
  readonly #staged: LogPoint;
  readonly #flying = new LogPoint();
  #flyingAddress = 0;
  readonly #written: LogPoint;
  /** How often a write was taken back. */
  #undone = 0;
  #rollForced = false;
  #readOnly = false;
  /** Its files are not complete: nothing is appended until it is recovered again. */
  readonly #lacksRoom: boolean;
  /** The disk refused the last batch, and that was told. */
  #isRefused = false;

  readonly #sync: SyncProgress;
  readonly #journal: Journal | null;
  readonly #journalPart: JournalPart | null;
  /** The next sync is one of the log itself: the journal needs its room, or failed. */
  #fileSyncWanted = false;
  /** Files of the last due sync could not be opened: it is tried again. */
  #syncDeferred = false;
  /** The index files could not be completed or synced. */
  #indexFailed = false;
  /** A sync failed while a write was in flight: the cut waits for its end. */
  #failedCode = "";

  #closing = false;
  #abandoned = false;
  #closed = false;

  /**
   * Takes up a log as recovery left it; no file is opened yet.
   *
   * @throws BrokerError BUSY no memory for the directory
   */
  constructor(environment: LogEnvironment, identity: LogIdentity, settings: LogSettings, recovered: RecoveredLog) {
    const { memory, arena, crc32c, disk, events, publisher, unsyncedFiles } = environment;
    const { bases, end, epochs, logStartOffset, lacksRoom } = recovered;
    this.entry = identity.entry;
    this.topicIdBytes = topicIdToBytes(identity.topicId);
    this.folderName = new TextEncoder().encode(identity.folder.slice(identity.folder.lastIndexOf("/") + 1));
    this.#environment = environment;
    this.#settings = settings;
    this.#lacksRoom = lacksRoom;
    if (recovered.producers !== null) this.#producers.decodeSnapshot(recovered.producers, crc32c);
    this.#admission = new Admission(environment, this.#producers);
    this.#epochs = new LeaderEpochs(epochs);
    this.#unsynced = new UnsyncedFiles(disk, unsyncedFiles);
    this.#files = new PartitionFiles(environment, identity, this.#unsynced);
    this.#published = new PublishedLog(memory, publisher, identity.entry, settings.durability);
    const isBegun = bases.length > 0;
    const directory = createDirectory(memory, arena, isBegun ? bases : [end.base]);
    if (directory < 0) throw appendError(REFUSED_NO_MEMORY);
    this.#segments = new LogSegments(
      environment,
      identity,
      this.#published,
      this.#files,
      this.#unsynced,
      directory,
      isBegun,
    );
    this.#run = new WriteRun(identity.entry, events);
    this.#staged = LogPoint.from(end);
    this.#written = LogPoint.from(end);
    this.#sync = new SyncProgress(end, this.#unsynced);
    this.#journal = environment.journal;
    this.#journalPart = environment.journal === null ? null : new JournalPart(environment.journal, this);
    this.#published.opened(logStartOffset, this.#epochs.last, directory, this.#written);
  }

  get syncsInBackground(): boolean {
    return this.#settings.durability !== "disk";
  }

  get isSyncPressing(): boolean {
    return !this.#closed && (this.#closing || this.#syncDeferred || this.#fileSyncWanted || this.#unsynced.isPressing);
  }

  get isSmallSync(): boolean {
    return !this.syncsInBackground && this.#unsynced.isEmpty && this.#sync.unsyncedBytes <= SMALL_SYNC_BYTES;
  }

  get isInJournal(): boolean {
    if (this.#journalPart === null || this.#closing || this.#abandoned || this.#failedCode !== "") return false;
    if (this.#fileSyncWanted || this.#syncDeferred || !this.isSmallSync || this.#sync.isIndexedPointDue()) return false;
    return this.#sync.isDirty(this.#written) && this.#journalPart.covers(this.#sync.synced, this.#written);
  }

  requestFileSync(): void {
    this.#fileSyncWanted = true;
  }

  get unindexedBytes(): number {
    return this.#sync.unindexedBytes;
  }

  configure(settings: LogSettings): void {
    this.#settings = settings;
  }

  requestIndexedPoint(): void {
    this.#sync.indexedPointWanted = true;
  }

  stage(request: number, address: number, length: number, nowMs: number): boolean {
    if (this.#failedCode !== "") return false;
    if (this.#closing || this.#abandoned) return this.#refuse(request, REFUSED_CLOSED);
    if (this.#readOnly) return this.#refuse(request, REFUSED_READ_ONLY);
    if (this.#lacksRoom) return this.#refuse(request, REFUSED_NO_SPACE);
    const admission = this.#admission;
    const refusal = admission.check(address, length, this.#settings, nowMs);
    if (refusal < 0) return this.#refuse(request, refusal);
    if (admission.duplicateOf >= 0) {
      this.#environment.events.appended(this.entry, request, admission.duplicateOf, admission.duplicateEnd, true);
      return true;
    }
    const slots = admission.lastOffsetDelta + 1;
    try {
      if (this.#segments.active === null) {
        if (this.#unsynced.isFull) return false;
        this.#segments.open(this.#written, this.#settings.segmentSlots);
      }
      const rolls = this.#mustRoll(length, slots, nowMs);
      if (rolls && this.#unsynced.isFull) return false;
      if (rolls || !this.#run.reaches(address)) {
        const undone = this.#undone;
        this.submit();
        if (this.#run.inFlight) return false;
        // Its place and what came before it are not what they were.
        if (undone !== this.#undone) return this.stage(request, address, length, nowMs);
      }
      if (rolls) this.#roll();
      if (this.#epoch < 0) this.#beginEpoch();
      this.#append(request, address, length, slots, nowMs);
    } catch (error) {
      return this.#refuse(request, refusalOf(diskCode(error)));
    }
    return true;
  }

  submit(): void {
    const run = this.#run;
    const { address, length } = run;
    if (length === 0 || run.inFlight) return;
    this.#flying.copyFrom(this.#staged);
    this.#flyingAddress = address;
    run.launch();
    // May complete before it returns.
    const { log } = this.#segments.active!;
    this.#environment.disk.submitWrite(this.entry, log, address, length, this.#written.position);
  }

  writeCompleted(_written: number, code: string): void {
    this.#run.landed();
    if (this.#failedCode !== "") this.#cutToSynced();
    else if (code !== "") this.#undoWrite(code);
    else this.#publishRun();
    this.#finishClosing();
  }

  #publishRun(): void {
    const length = this.#flying.position - this.#written.position;
    this.#sync.wrote(length, this.#flying.lastAppendMs);
    if (!this.syncsInBackground) this.#journalPart?.wrote(this.#written, this.#flyingAddress, length);
    this.#written.copyFrom(this.#flying);
    this.#published.written(this.#written);
    if (this.syncsInBackground) this.#producers.commit(this.#written.end);
    this.#run.tellAppended();
    if (!this.#isRefused) return;
    this.#isRefused = false;
    this.#warn("batches are taken again");
  }

  /** Says once that the disk refuses; `#publishRun` says when it does so no more. */
  #noteRefusal(code: number): void {
    if (this.#isRefused || this.#readOnly || (code !== REFUSED_NO_SPACE && code !== REFUSED_STORAGE)) return;
    this.#isRefused = true;
    this.#warn(`batches are refused: ${appendError(code).message}`);
  }

  #refuse(request: number, code: number): true {
    this.#noteRefusal(code);
    this.#environment.events.refused(this.entry, request, code);
    return true;
  }

  #mustRoll(length: number, slots: number, nowMs: number): boolean {
    const { position, firstAppendMs } = this.#staged;
    if (position === 0) return false;
    const { segmentBytes, segmentMs } = this.#settings;
    return (
      this.#rollForced ||
      position + length > Math.min(segmentBytes, SEGMENT_BYTES_MAX) ||
      this.#staged.slots + slots > this.#segments.active!.slotsMax ||
      nowMs - firstAppendMs > segmentMs
    );
  }

  /** The staged run is empty. @throws DiskError the active segment goes on */
  #roll(): void {
    this.#files.writeSnapshot(this.#producers, this.#written.end);
    this.#segments.roll(this.#written, this.#settings.segmentSlots, () => {
      this.#staged.reset(this.#written.end);
      this.#written.reset(this.#written.end);
      this.#published.written(this.#written);
    });
    this.#rollForced = false;
    this.#sync.indexedPointWanted = true; // The sealed files are synced next anyway.
  }

  /** Contract A4: the first append after a start takes an epoch above all before it. @throws DiskError */
  #beginEpoch(): void {
    const { incarnation } = this.#environment;
    const epoch = this.#epochs.last === incarnation ? incarnation : Math.max(incarnation, this.#epochs.last + 1);
    if (epoch !== this.#epochs.last) {
      const epochs = new LeaderEpochs(this.#epochs.entries);
      epochs.begin(epoch, this.#written.end);
      this.#files.writeEpochs(epochs);
      this.#epochs.begin(epoch, this.#written.end);
    }
    this.#epoch = epoch;
    this.#published.leaderEpoch(epoch);
  }

  /** @throws DiskError nothing changed */
  #append(request: number, address: number, length: number, slots: number, nowMs: number): void {
    const { core } = this.#environment;
    const staged = this.#staged;
    const base = staged.end;
    const maxTimestamp = Math.max(staged.maxTimestamp, this.#admission.maxTimestamp);
    const segment = this.#segments.active!;
    try {
      segment.addToIndexes(staged.slots, slots, staged.position, maxTimestamp);
    } catch (error) {
      this.#cutBack(() => segment.truncateIndexes(staged.slots));
      throw error;
    }
    core.stampBatch(address, base, this.#epoch);
    staged.headersCrc = core.headersCrc(staged.headersCrc, address);
    staged.maxTimestamp = maxTimestamp;
    if (staged.firstAppendMs < 0) staged.firstAppendMs = nowMs;
    staged.lastAppendMs = nowMs;
    staged.end += slots;
    staged.position += length;
    this.#admission.stage(base);
    this.#run.add(request, base, staged.end, address, length);
  }

  /** A write failed: everything from it on is taken back and refused. */
  #undoWrite(code: string): void {
    this.#undone++;
    this.#staged.copyFrom(this.#written);
    this.#producers.rollback(this.#written.end);
    this.#cutBack(() => this.#segments.active!.truncate(this.#written));
    this.#noteRefusal(refusalOf(code));
    this.#run.refuseAll(refusalOf(code));
  }

  /** Takes back what a failure left in the active segment. Where even that fails, nothing more may be written. */
  #cutBack(cut: () => void): void {
    this.#published.begin();
    try {
      cut();
      this.#published.firstSlotInPage(this.#segments.active!.firstSlotInPage);
    } catch (error) {
      this.#stopWrites(`a failed write could not be cut back (${diskCode(error)})`);
    } finally {
      this.#published.end();
    }
  }

  #stopWrites(reason: string): void {
    this.#readOnly = true;
    this.#published.readOnly();
    this.#environment.events.warned(this.entry, `${reason}; the partition is read-only`);
  }

  collectSync(collector: SyncCollector, nowMs: number): boolean {
    const segment = this.#segments.active;
    if (segment === null || this.#abandoned || this.#failedCode !== "" || !this.#isSyncDue(nowMs)) return false;
    const indexFiles = this.#completeIndex();
    try {
      this.#unsynced.collect(collector);
      this.#syncDeferred = false;
    } catch (error) {
      // Without its folder's entry a file is not durable, so nothing is.
      if (!this.#syncDeferred) this.#warn(`a sync is put off: ${diskCode(error)}`);
      this.#syncDeferred = true;
      return false;
    }
    collector.addFile(segment.log);
    for (const file of indexFiles) collector.addFile(file);
    this.#sync.begin(this.#written, segment.log, indexFiles);
    return true;
  }

  collectJournaled(): void {
    this.#sync.begin(this.#written, NO_FILE, []);
  }

  #isSyncDue(nowMs: number): boolean {
    if (this.#fileSyncWanted || (this.#closing && this.#journal?.holds(this))) return true;
    const isDirty = this.#sync.isDirty(this.#written);
    if (this.#closing)
      return isDirty || !(this.#indexFailed || this.#sync.isFrozen || this.#sync.isIndexed(this.#written));
    return this.syncsInBackground
      ? this.#sync.isBackgroundSyncDue(this.#written, nowMs)
      : isDirty || this.#sync.indexedPointWanted;
  }

  /**
   * Makes the point that is about to be synced one from which recovery can begin, if that is due.
   *
   * @returns the files that have to be synced for it; none: it is no such point
   */
  #completeIndex(): readonly FileHandle[] {
    const isDue = this.#closing || this.#sync.isIndexedPointDue();
    this.#sync.indexedPointWanted = false;
    if (!isDue || this.#sync.isIndexed(this.#written) || this.#segments.hasDoubtfulIndex) return [];
    const segment = this.#segments.active!;
    try {
      segment.flushIndexes();
      this.#files.writeSnapshot(this.#producers, this.#written.end);
      this.#indexFailed = false;
      return segment.indexFiles;
    } catch (error) {
      // The log itself can still be synced; recovery would scan a little more.
      this.#indexFailed = true;
      this.#warn(`index files could not be completed: ${diskCode(error)}`);
      return [];
    }
  }

  journalCompleted(isDurable: boolean): void {
    this.#sync.end(NO_FAILURES);
    if (this.#abandoned) return this.#finishClosing();
    if (isDurable) this.#confirmSync();
    else this.#fileSyncWanted = true;
    this.#finishClosing();
  }

  syncCompleted(failures: SyncFailures): void {
    const { failure, indexFailed } = this.#sync.end(failures);
    this.#fileSyncWanted = false;
    if (failure === "") this.#journal?.release(this);
    this.#unsynced.end(failure === "");
    if (indexFailed) {
      this.#warn("index files could not be synced; they are made anew from the log");
      this.#segments.doubtIndex();
      this.#indexFailed = true;
      this.#rollForced = true;
    }
    if (this.#abandoned) return this.#finishClosing();
    if (failure === "") this.#confirmSync();
    else if (this.syncsInBackground) this.#freezeSynced(failure);
    else this.#failedCode = failure;
    if (this.#failedCode !== "" && !this.#run.inFlight) this.#cutToSynced();
    this.#finishClosing();
  }

  #confirmSync(): void {
    if (!this.#sync.confirm()) return;
    const { synced, indexed } = this.#sync;
    this.#published.synced(synced, indexed);
    if (this.syncsInBackground) return;
    this.#producers.commit(synced.end);
    this.#environment.events.durable(this.entry, synced.end);
  }

  /** At durability `os` nothing was promised beyond the kernel: the log goes on in a new file, and says so. */
  #freezeSynced(code: string): void {
    this.#sync.freeze();
    this.#unsynced.forgetFolders();
    this.#journal?.lost(this);
    this.#rollForced = true;
    this.#warn(`a background sync failed (${code}); data since the last one may not survive a power failure`);
  }

  /** Contract D4: what was not durable is gone, and the log goes on in a new segment file. */
  #cutToSynced(): void {
    const { synced } = this.#sync;
    const refusal = refusalOf(this.#failedCode);
    this.#failedCode = "";
    this.#producers.rollback(synced.end);
    this.#unsynced.abandon();
    this.#sync.cut();
    this.#written.copyFrom(synced);
    this.#staged.copyFrom(synced);
    this.#published.begin();
    try {
      if (this.#journal?.lost(this)) throw new DiskError("EIO", "sync what only the journal holds");
      this.#segments.replaceAbove(synced, this.#settings.segmentSlots);
      this.#written.reset(synced.end);
      this.#staged.reset(synced.end);
      this.#rollForced = false;
      this.#files.writeAgain(this.#epochs);
    } catch (error) {
      this.#stopWrites(`no new segment could be begun after a failed sync (${diskCode(error)})`);
    } finally {
      this.#published.written(this.#written);
      this.#published.end();
    }
    // A log that is being closed needs no other try of a disk that fails.
    if (this.#closing) this.#readOnly = true;
    this.#run.refuseAll(refusal);
    this.#environment.events.lost(this.entry, synced.end, refusal);
  }

  #warn(message: string): void {
    this.#environment.events.warned(this.entry, message);
  }

  close(): void {
    this.#closing = true;
    this.submit();
    this.#finishClosing();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#finishClosing();
  }

  #finishClosing(): void {
    if (this.#closed || this.#run.inFlight || this.#sync.inFlight) return;
    if (!this.#abandoned && !(this.#closing && this.#isSettled)) return;
    this.#closed = true;
    this.#journal?.leave(this, this.#abandoned);
    this.#run.refuseAll(REFUSED_CLOSED);
    this.#unsynced.abandon();
    this.#segments.close();
    this.#published.closed();
    this.#segments.release();
    const hasFiles = this.#segments.isBegun && !this.#abandoned;
    this.#environment.events.closed(this.entry, hasFiles ? this.#checkpoint() : null);
  }

  /** Nothing more can be made durable. */
  get #isSettled(): boolean {
    return this.#segments.active === null || this.#readOnly || !this.#isSyncDue(Number.POSITIVE_INFINITY);
  }

  #checkpoint(): LogCheckpoint {
    const { base, position, end } = this.#sync.synced;
    return {
      logStartOffset: this.#published.logStartOffset,
      indexed: this.#sync.indexed.toJSON(),
      synced: { base, position, end },
    };
  }
}
