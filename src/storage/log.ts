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
 * write and one sync are in flight.
 *
 * Four points follow one another: synced <= syncing <= written <= staged. Files are opened by the first append.
 */
import { assert } from "../base/assert.ts";
import type { TopicId } from "../base/topic-id.ts";
import { MIB } from "../base/units.ts";
import { ActiveSegment, diskCode, type PageOwner, removeSegment } from "./active-segment.ts";
import { Admission } from "./admission.ts";
import { appendError, REFUSED_CLOSED, REFUSED_NO_MEMORY, REFUSED_READ_ONLY, refusalOf } from "./append-result.ts";
import { DiskError, type FailedSync } from "./disk.ts";
import { LEADER_EPOCH_FILE, LeaderEpochs } from "./leader-epochs.ts";
import * as field from "./log-memory.ts";
import { LogPoint } from "./log-point.ts";
import { PAGE_SIZE } from "./offset-index.ts";
import type { LogCheckpoint, LogEnvironment, LogSettings, PartitionLog, SyncCollector } from "./partition-log.ts";
import { encodePartitionMetadata, PARTITION_METADATA_FILE } from "./partition-metadata.ts";
import { Producers } from "./producers.ts";
import type { RecoveredLog } from "./recovery.ts";
import { appendBase, createDirectory, segmentBase, segmentCount } from "./segment-directory.ts";
import { parseSegmentFileName, segmentFileName } from "./segment-files.ts";
import { UnsyncedFiles } from "./unsynced-files.ts";

/** Whose log it is, and where. */
export interface LogIdentity {
  /** Address of the published numbers. */
  readonly entry: number;
  readonly topicId: TopicId;
  /** The folder that holds all partitions' folders. */
  readonly parent: string;
  readonly folder: string;
}

/** An indexed point is taken after this many bytes, so that recovery never scans much more. */
const INDEXED_INTERVAL = 64 * MIB;
/** At durability `os`, files are synced in the background after this much or this long (contract B, `checkpoint`). */
const BACKGROUND_SYNC_BYTES = 64 * MIB;
const BACKGROUND_SYNC_MS = 5000;
/** Kafka's tools read positions as signed 32-bit integers. */
const SEGMENT_BYTES_MAX = 2 ** 31 - 1;
/** Snapshots of the producers that are kept: the newest, and one before it in case the newest is torn. */
const SNAPSHOTS_KEPT = 2;

/** Batches that share a write, in order. The arrays are reused, so that a batch costs no allocation. */
class PendingBatches {
  readonly requests: number[] = [];
  readonly bases: number[] = [];
  readonly ends: number[] = [];
  count = 0;

  add(request: number, base: number, end: number): void {
    this.requests[this.count] = request;
    this.bases[this.count] = base;
    this.ends[this.count] = end;
    this.count++;
  }
}

export class Log implements PartitionLog, PageOwner {
  readonly entry: number;
  page = 0;

  readonly #environment: LogEnvironment;
  readonly #identity: LogIdentity;
  #settings: LogSettings;
  readonly #numbers: Float64Array;
  readonly #producers = new Producers();
  readonly #admission: Admission;
  readonly #epochs: LeaderEpochs;
  #epoch = -1;

  #segment: ActiveSegment | null = null;
  #hasSegments: boolean;
  #directory: number;
  #readOnly = false;
  #rollForced = false;

  readonly #staged: LogPoint;
  readonly #written: LogPoint;
  readonly #synced: LogPoint;
  readonly #indexed: LogPoint;

  /** The staged run: bytes that lie one behind the other in memory, and where they go. */
  #runAddress = 0;
  #runLength = 0;
  #stagedBatches = new PendingBatches();
  #flyingBatches = new PendingBatches();
  readonly #flying = new LogPoint();
  #writeInFlight = false;

  readonly #syncing = new LogPoint();
  #syncInFlight = false;
  /** The sync in flight also covers the index files and a snapshot of the producers. */
  #indexing = false;
  #indexedPointWanted = false;
  #indexingFailed = false;
  readonly #unsynced: UnsyncedFiles;
  #unindexedBytes = 0;
  #unsyncedBytes = 0;
  #unsyncedSinceMs = 0;
  #unindexedBytesSyncing = 0;
  #unsyncedBytesSyncing = 0;
  /** Offsets of the producers' snapshots in the folder; null: not looked at yet. */
  #snapshots: readonly number[] | null = null;
  /** A background sync failed: what it covers is never again taken for durable. */
  #syncedFrozen = false;
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
    this.entry = identity.entry;
    this.#environment = environment;
    this.#identity = identity;
    this.#settings = settings;
    const { memory, arena, crc32c, publisher } = environment;
    const first = identity.entry >>> 3;
    this.#numbers = memory.f64.subarray(first, first + field.ENTRY_SIZE / 8);
    if (recovered.producers !== null) this.#producers.decodeSnapshot(recovered.producers, crc32c);
    this.#admission = new Admission(environment, this.#producers);
    this.#epochs = new LeaderEpochs(recovered.epochs);
    this.#unsynced = new UnsyncedFiles(environment.disk, environment.openFiles);
    this.#hasSegments = recovered.bases.length > 0;
    this.#staged = LogPoint.from(recovered.end);
    this.#written = LogPoint.from(recovered.end);
    this.#synced = LogPoint.from(recovered.end);
    this.#indexed = LogPoint.from(recovered.end);
    this.#directory = createDirectory(memory, arena, this.#hasSegments ? recovered.bases : [recovered.end.base]);
    if (this.#directory < 0) throw appendError(REFUSED_NO_MEMORY);
    publisher.begin(this.entry);
    this.#numbers.fill(0, 1);
    this.#numbers[field.LOG_START] = recovered.logStartOffset;
    this.#numbers[field.LEADER_EPOCH] = this.#epochs.last;
    this.#publishWritten();
    this.#publishSynced();
    publisher.end(this.entry);
  }

  get syncsInBackground(): boolean {
    return this.#settings.durability !== "disk";
  }

  get unindexedBytes(): number {
    return this.#unindexedBytes;
  }

  configure(settings: LogSettings): void {
    this.#settings = settings;
  }

  requestIndexedPoint(): void {
    this.#indexedPointWanted = true;
  }

  // ---- appending

  stage(request: number, address: number, length: number, nowMs: number): boolean {
    if (this.#failedCode !== "") return false;
    if (this.#closing || this.#abandoned) return this.#refuse(request, REFUSED_CLOSED);
    if (this.#readOnly) return this.#refuse(request, REFUSED_READ_ONLY);
    const admission = this.#admission;
    const refusal = admission.check(address, length, this.#settings, nowMs);
    if (refusal < 0) return this.#refuse(request, refusal);
    if (admission.duplicateOf >= 0) {
      this.#environment.events.appended(this.entry, request, admission.duplicateOf, admission.duplicateEnd, true);
      return true;
    }
    const slots = admission.lastOffsetDelta + 1;
    const rolls = this.#mustRoll(length, slots, nowMs);
    if (rolls || (this.#runLength > 0 && address !== this.#runAddress + this.#runLength)) {
      this.submit();
      if (this.#writeInFlight) return false;
    }
    try {
      this.#makeReady(rolls);
      this.#append(address, length, slots, nowMs);
    } catch (error) {
      return this.#refuse(request, refusalOf(diskCode(error)));
    }
    const base = this.#staged.end - slots;
    admission.stage(base);
    this.#stagedBatches.add(request, base, this.#staged.end);
    return true;
  }

  submit(): void {
    if (this.#runLength === 0 || this.#writeInFlight) return;
    const address = this.#runAddress;
    const length = this.#runLength;
    const batches = this.#flyingBatches;
    this.#flyingBatches = this.#stagedBatches;
    this.#stagedBatches = batches;
    this.#flying.copyFrom(this.#staged);
    this.#runLength = 0;
    this.#writeInFlight = true;
    // May complete before it returns.
    this.#environment.disk.submitWrite(this.entry, this.#segment!.log, address, length, this.#written.position);
  }

  writeCompleted(_written: number, code: string): void {
    assert(this.#writeInFlight, "a completion follows a submission");
    this.#writeInFlight = false;
    if (this.#failedCode !== "") return this.#cutToSynced();
    if (code !== "") return this.#undoWrite(code);
    const { publisher, events } = this.#environment;
    const length = this.#flying.position - this.#written.position;
    if (this.#unsyncedBytes === 0) this.#unsyncedSinceMs = this.#flying.lastAppendMs;
    this.#unsyncedBytes += length;
    this.#unindexedBytes += length;
    this.#written.copyFrom(this.#flying);
    publisher.begin(this.entry);
    this.#publishWritten();
    publisher.end(this.entry);
    if (this.#settings.durability !== "disk") this.#producers.commit(this.#written.end);
    const batches = this.#flyingBatches;
    const { count } = batches;
    batches.count = 0;
    for (let index = 0; index < count; index++) {
      events.appended(this.entry, batches.requests[index]!, batches.bases[index]!, batches.ends[index]!, false);
    }
  }

  /** Called by the index before a page that went to the file is overwritten. */
  pageMoved(firstSlot: number): void {
    const { publisher } = this.#environment;
    publisher.begin(this.entry);
    this.#numbers[field.PAGE_FIRST_SLOT] = firstSlot;
    publisher.end(this.entry);
  }

  #refuse(request: number, code: number): true {
    this.#environment.events.refused(this.entry, request, code);
    return true;
  }

  #mustRoll(length: number, slots: number, nowMs: number): boolean {
    const { position, firstAppendMs } = this.#staged;
    if (position === 0) return false;
    const { segmentBytes, segmentMs } = this.#settings;
    const slotsMax = this.#segment?.slotsMax ?? this.#settings.segmentSlots;
    return (
      this.#rollForced ||
      position + length > Math.min(segmentBytes, SEGMENT_BYTES_MAX) ||
      this.#staged.slots + slots > slotsMax ||
      nowMs - firstAppendMs > segmentMs
    );
  }

  /** Files, memory and epoch for the next append. @throws DiskError nothing changed that a later call would not do again */
  #makeReady(rolls: boolean): void {
    if (this.#segment === null) this.#activate();
    if (rolls) this.#roll();
    if (this.#epoch < 0) this.#beginEpoch();
  }

  #append(address: number, length: number, slots: number, nowMs: number): void {
    const { core } = this.#environment;
    const staged = this.#staged;
    const { maxTimestamp } = this.#admission;
    const segmentMaxTimestamp = Math.max(staged.maxTimestamp, maxTimestamp);
    try {
      this.#segment!.addToIndexes(staged.slots, slots, staged.position, segmentMaxTimestamp);
    } catch (error) {
      this.#truncateSegment(staged);
      throw error;
    }
    core.stampBatch(address, staged.end, this.#epoch);
    staged.headersCrc = core.headersCrc(staged.headersCrc, address);
    staged.maxTimestamp = segmentMaxTimestamp;
    if (staged.firstAppendMs < 0) staged.firstAppendMs = nowMs;
    staged.lastAppendMs = nowMs;
    staged.end += slots;
    staged.position += length;
    if (this.#runLength === 0) this.#runAddress = address;
    this.#runLength += length;
  }

  /** A write failed: everything from it on is taken back and refused. */
  #undoWrite(code: string): void {
    const refusal = refusalOf(code);
    this.#staged.copyFrom(this.#written);
    this.#producers.rollback(this.#written.end);
    this.#runLength = 0;
    this.#truncateSegment(this.#written);
    this.#refuseAll(this.#flyingBatches, refusal);
    this.#refuseAll(this.#stagedBatches, refusal);
  }

  /** Cuts file and indexes back. Where even that fails, the segment is given up: the next append begins another. */
  #truncateSegment(point: LogPoint): void {
    const { publisher, events } = this.#environment;
    publisher.begin(this.entry);
    try {
      this.#segment!.truncate(point);
      this.#numbers[field.PAGE_FIRST_SLOT] = this.#segment!.firstSlotInPage;
    } catch (error) {
      this.#readOnly = true;
      this.#numbers[field.STATE] = field.STATE_READ_ONLY;
      events.warned(
        this.entry,
        `a failed write could not be cut back (${diskCode(error)}); the partition is read-only`,
      );
    } finally {
      publisher.end(this.entry);
    }
  }

  #refuseAll(batches: PendingBatches, code: number): void {
    const { count } = batches;
    batches.count = 0;
    for (let index = 0; index < count; index++) this.#refuse(batches.requests[index]!, code);
  }

  // ---- segments

  /** Opens the active segment, or makes the partition's folder and its first one. */
  #activate(): void {
    const { arena, disk, openFiles } = this.#environment;
    const { folder, parent, topicId } = this.#identity;
    if (this.page === 0) {
      const page = arena.allocate(PAGE_SIZE);
      if (page < 0) throw new DiskError("ENOMEM", "allocate an index page");
      this.page = page;
    }
    if (this.#hasSegments) {
      this.#segment = ActiveSegment.open(this.#environment, folder, this.#written, this);
    } else {
      disk.makeDirectory(folder);
      this.#unsynced.changed(parent);
      this.#writeSmallFile(PARTITION_METADATA_FILE, encodePartitionMetadata(topicId));
      this.#segment = this.#createSegment(this.#written.end);
      this.#hasSegments = true;
    }
    for (const file of this.#segment.files) openFiles.opened(file, this.entry);
    this.#publishSegment();
  }

  #createSegment(base: number): ActiveSegment {
    const segment = ActiveSegment.create(
      this.#environment,
      this.#identity.folder,
      base,
      this.#settings.segmentSlots,
      this,
    );
    this.#unsynced.changed(this.#identity.folder);
    return segment;
  }

  /** Seals the active segment and begins the next. The staged run is empty. @throws DiskError the active one goes on */
  #roll(): void {
    const sealed = this.#segment!;
    const end = this.#written.end;
    this.#unsynced.retire(sealed.seal(this.#written));
    this.#writeSnapshot(end);
    const next = this.#createSegment(end);
    if (!this.#addToDirectory(end)) {
      for (const file of next.files) this.#environment.disk.close(file);
      removeSegment(this.#environment.disk, this.#identity.folder, end);
      throw new DiskError("ENOMEM", "grow the segment directory");
    }
    this.#unsynced.retire(...sealed.files);
    this.#indexedPointWanted = true; // The sealed files are synced next anyway.
    this.#beginSegment(next);
  }

  /** @returns false: no memory; nothing changed */
  #addToDirectory(base: number): boolean {
    const { memory, arena, publisher } = this.#environment;
    publisher.begin(this.entry);
    const directory = appendBase(memory, arena, this.#directory, base);
    if (directory >= 0) this.#replaceDirectory(directory);
    publisher.end(this.entry);
    return directory >= 0;
  }

  /** Readers may still follow the old one; they see that the version moved and read again. */
  #replaceDirectory(directory: number): void {
    if (directory !== this.#directory) this.#environment.arena.release(this.#directory);
    this.#directory = directory;
    this.#numbers[field.DIRECTORY] = directory;
  }

  #beginSegment(segment: ActiveSegment): void {
    const { openFiles, publisher } = this.#environment;
    for (const file of segment.files) openFiles.opened(file, this.entry);
    this.#segment = segment;
    this.#rollForced = false;
    this.#staged.reset(segment.base);
    this.#written.reset(segment.base);
    publisher.begin(this.entry);
    this.#publishWritten();
    publisher.end(this.entry);
    this.#publishSegment();
  }

  #publishSegment(): void {
    const { publisher } = this.#environment;
    publisher.begin(this.entry);
    this.#numbers[field.PAGE_ADDRESS] = this.page;
    this.#numbers[field.PAGE_FIRST_SLOT] = this.#segment!.firstSlotInPage;
    this.#numbers[field.SLOTS_MAX] = this.#segment!.slotsMax;
    publisher.end(this.entry);
  }

  /** Contract A4: the first append after a start takes an epoch above all before it. */
  #beginEpoch(): void {
    const { incarnation, publisher } = this.#environment;
    const epoch = this.#epochs.last === incarnation ? incarnation : Math.max(incarnation, this.#epochs.last + 1);
    if (epoch !== this.#epochs.last) {
      const epochs = new LeaderEpochs(this.#epochs.entries);
      epochs.begin(epoch, this.#written.end);
      this.#writeSmallFile(LEADER_EPOCH_FILE, epochs.encode());
      this.#epochs.begin(epoch, this.#written.end);
    }
    this.#epoch = epoch;
    publisher.begin(this.entry);
    this.#numbers[field.LEADER_EPOCH] = epoch;
    publisher.end(this.entry);
  }

  /** Replaces a small file; the next sync makes it durable, before anything that needs it is acknowledged. */
  #writeSmallFile(name: string, bytes: Uint8Array): void {
    const { disk } = this.#environment;
    const { folder } = this.#identity;
    const temporary = `${folder}/${name}.tmp`;
    disk.remove(temporary);
    const file = disk.open(temporary, "create");
    try {
      disk.write(file, bytes, 0);
      disk.rename(temporary, `${folder}/${name}`);
    } catch (error) {
      disk.close(file);
      throw error;
    }
    this.#unsynced.retire(file);
    this.#unsynced.changed(folder);
  }

  /** Contract G2. */
  #writeSnapshot(end: number): void {
    const { disk, crc32c } = this.#environment;
    const { folder } = this.#identity;
    this.#writeSmallFile(segmentFileName(end, "producers"), this.#producers.encodeSnapshot(end, crc32c));
    // Listed once: a folder of many segments is slow to list.
    this.#snapshots ??= disk.list(folder).flatMap((name) => {
      const file = parseSegmentFileName(name);
      return file?.kind === "producers" && file.base < end ? [file.base] : [];
    });
    const older = this.#snapshots.filter((offset) => offset !== end).sort((left, right) => right - left);
    this.#snapshots = [end, ...older.slice(0, SNAPSHOTS_KEPT - 1)];
    for (const offset of older.slice(SNAPSHOTS_KEPT - 1))
      disk.remove(`${folder}/${segmentFileName(offset, "producers")}`);
  }

  // ---- durability

  collectSync(collector: SyncCollector, nowMs: number): boolean {
    if (this.#segment === null || !this.#syncDue(nowMs)) return false;
    this.#indexing = false;
    try {
      if (this.#indexedPointDue()) this.#prepareIndexedPoint(collector);
      this.#unsynced.collect(collector);
    } catch (error) {
      // The log itself can still be synced; index files and folders are tried again with the next group.
      this.#indexing = false;
      this.#indexingFailed = true;
      this.#environment.events.warned(this.entry, `index files could not be completed: ${diskCode(error)}`);
    }
    collector.addFile(this.#segment.log);
    this.#syncing.copyFrom(this.#written);
    this.#unsyncedBytesSyncing = this.#unsyncedBytes;
    this.#unindexedBytesSyncing = this.#unindexedBytes;
    this.#syncInFlight = true;
    return true;
  }

  syncCompleted(failed: readonly FailedSync[]): void {
    assert(this.#syncInFlight, "a completion follows a submission");
    this.#syncInFlight = false;
    const code = this.#failureOf(failed);
    this.#unsynced.closeCollected();
    if (code === "") this.#confirmSync();
    else if (this.#settings.durability === "disk") this.#failedCode = code;
    else this.#freezeSynced(code);
    if (this.#failedCode !== "" && !this.#writeInFlight) this.#cutToSynced();
    this.#finishClosing();
  }

  #confirmSync(): void {
    const { publisher, events } = this.#environment;
    this.#unsyncedBytes -= this.#unsyncedBytesSyncing;
    this.#unsyncedSinceMs = this.#syncing.lastAppendMs;
    if (this.#syncedFrozen) return;
    this.#synced.copyFrom(this.#syncing);
    if (this.#indexing) {
      this.#unindexedBytes -= this.#unindexedBytesSyncing;
      this.#indexed.copyFrom(this.#syncing);
    }
    publisher.begin(this.entry);
    this.#publishSynced();
    publisher.end(this.entry);
    if (this.#settings.durability !== "disk") return;
    this.#producers.commit(this.#synced.end);
    events.durable(this.entry, this.#synced.end);
  }

  #syncDue(nowMs: number): boolean {
    const dirty = this.#written.end > this.#synced.end || !this.#unsynced.isEmpty;
    if (this.#closing) return dirty || this.#indexedPointDue();
    if (this.#settings.durability === "disk") return dirty || this.#indexedPointWanted;
    const overdue = this.#unsyncedBytes >= BACKGROUND_SYNC_BYTES || nowMs - this.#unsyncedSinceMs >= BACKGROUND_SYNC_MS;
    return (dirty && overdue) || this.#indexedPointWanted;
  }

  #indexedPointDue(): boolean {
    if (this.#indexed.end === this.#written.end && this.#indexed.base === this.#written.base) return false;
    if (this.#closing && this.#indexingFailed) return false; // Recovery will scan a little more.
    return this.#closing || this.#indexedPointWanted || this.#unindexedBytes >= INDEXED_INTERVAL;
  }

  /** From here on recovery need not look at what lies before: index files and producers' state are on disk. */
  #prepareIndexedPoint(collector: SyncCollector): void {
    this.#indexedPointWanted = false;
    this.#indexingFailed = false;
    const segment = this.#segment!;
    segment.flushIndexes();
    this.#writeSnapshot(this.#written.end);
    for (const file of segment.indexFiles) collector.addFile(file);
    this.#indexing = true;
  }

  /** @returns errno name of the failure that concerns the log's own bytes, "": none */
  #failureOf(failed: readonly FailedSync[]): string {
    if (failed.length === 0) return "";
    const files = new Set(failed.map(({ file }) => file));
    const segment = this.#segment!;
    if (segment.indexFiles.some((file) => files.has(file))) this.#indexing = false;
    if (!files.has(segment.log) && !this.#unsynced.collectedAny(files)) return "";
    return failed[0]!.code;
  }

  /** At durability `os` nothing was promised beyond the kernel: the log goes on in a new file, and says so. */
  #freezeSynced(code: string): void {
    this.#syncedFrozen = true;
    this.#rollForced = true;
    this.#unsyncedBytes = 0;
    this.#environment.events.warned(
      this.entry,
      `a background sync failed (${code}); data since the last one may not survive a power failure`,
    );
  }

  /** Contract D4: what was not durable is gone, and the log goes on in a new segment file. */
  #cutToSynced(): void {
    const { events, publisher } = this.#environment;
    const refusal = refusalOf(this.#failedCode);
    this.#failedCode = "";
    this.#runLength = 0;
    this.#producers.rollback(this.#synced.end);
    this.#unsynced.abandon();
    publisher.begin(this.entry);
    try {
      this.#written.copyFrom(this.#synced);
      this.#staged.copyFrom(this.#synced);
      this.#replaceCutSegments();
    } catch (error) {
      this.#readOnly = true;
      this.#numbers[field.STATE] = field.STATE_READ_ONLY;
      events.warned(
        this.entry,
        `no new segment could be begun after a failed sync (${diskCode(error)}); the partition is read-only`,
      );
    } finally {
      this.#publishWritten();
      publisher.end(this.entry);
    }
    this.#unsyncedBytes = 0;
    this.#refuseAll(this.#flyingBatches, refusal);
    this.#refuseAll(this.#stagedBatches, refusal);
    events.lost(this.entry, this.#synced.end, refusal);
  }

  /** Removes segments above the synced point, cuts the one that holds it, and begins a new one there. */
  #replaceCutSegments(): void {
    const { disk, memory, arena, openFiles } = this.#environment;
    const { folder, topicId } = this.#identity;
    const { base, position, end } = this.#synced;
    this.#closeSegment();
    const kept: number[] = [];
    for (let index = 0; index < segmentCount(memory, this.#directory); index++) {
      const candidate = segmentBase(memory, this.#directory, index);
      if (candidate < base || (candidate === base && position > 0)) kept.push(candidate);
      else removeSegment(disk, folder, candidate);
    }
    if (position > 0) {
      // Its index files are rebuilt by the first reader that wants them; without a seal the file's own times count.
      for (const kind of ["slots", "times", "seal"] as const) disk.remove(`${folder}/${segmentFileName(base, kind)}`);
      const file = disk.open(`${folder}/${segmentFileName(base, "log")}`, "write");
      try {
        disk.truncate(file, position);
      } finally {
        disk.close(file);
      }
    }
    this.#segment = this.#createSegment(end);
    for (const file of this.#segment.files) openFiles.opened(file, this.entry);
    const directory = createDirectory(memory, arena, [...kept, end]);
    if (directory < 0) throw new DiskError("ENOMEM", "build the segment directory");
    this.#replaceDirectory(directory);
    this.#staged.reset(end);
    this.#written.reset(end);
    this.#numbers[field.PAGE_FIRST_SLOT] = 0;
    // These may have been among the files that were not synced.
    this.#writeSmallFile(PARTITION_METADATA_FILE, encodePartitionMetadata(topicId));
    this.#writeSmallFile(LEADER_EPOCH_FILE, this.#epochs.encode());
  }

  // ---- the end

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
    if (this.#closed || this.#writeInFlight || this.#syncInFlight) return;
    const settled = this.#segment === null || this.#readOnly || !this.#syncDue(Number.POSITIVE_INFINITY);
    if (!this.#abandoned && !(this.#closing && settled)) return;
    const { arena, events, publisher } = this.#environment;
    this.#closed = true;
    this.#refuseAll(this.#stagedBatches, REFUSED_CLOSED);
    this.#unsynced.abandon();
    this.#closeSegment();
    publisher.begin(this.entry);
    this.#numbers[field.PAGE_ADDRESS] = 0;
    this.#numbers[field.DIRECTORY] = 0;
    publisher.end(this.entry);
    if (this.page !== 0) arena.release(this.page);
    arena.release(this.#directory);
    events.closed(this.entry, this.#abandoned || !this.#hasSegments ? null : this.#checkpoint());
  }

  #checkpoint(): LogCheckpoint {
    const { base, position, end } = this.#synced;
    return {
      logStartOffset: this.#numbers[field.LOG_START]!,
      indexed: this.#indexed.toJSON(),
      synced: { base, position, end },
    };
  }

  #closeSegment(): void {
    const { disk, openFiles } = this.#environment;
    for (const file of this.#segment?.files ?? []) {
      openFiles.closed(file);
      disk.close(file);
    }
    this.#segment = null;
  }

  // ---- published numbers; the caller holds readers off

  #publishWritten(): void {
    const numbers = this.#numbers;
    const { base, position, end, headersCrc, maxTimestamp, firstAppendMs, lastAppendMs } = this.#written;
    numbers[field.LOG_END] = end;
    numbers[field.ACTIVE_BASE] = base;
    numbers[field.END_POSITION] = position;
    numbers[field.HEADERS_CRC] = headersCrc;
    numbers[field.MAX_TIMESTAMP] = maxTimestamp;
    numbers[field.FIRST_APPEND_MS] = firstAppendMs;
    numbers[field.LAST_APPEND_MS] = lastAppendMs;
    numbers[field.DIRECTORY] = this.#directory;
    if (this.#settings.durability !== "disk") {
      numbers[field.DURABLE_END] = end;
      numbers[field.LAST_STABLE] = end;
    }
  }

  #publishSynced(): void {
    const numbers = this.#numbers;
    numbers[field.SYNCED_END] = this.#synced.end;
    numbers[field.SYNCED_BASE] = this.#synced.base;
    numbers[field.SYNCED_POSITION] = this.#synced.position;
    const { base, position, end, headersCrc, maxTimestamp, firstAppendMs, lastAppendMs } = this.#indexed;
    numbers[field.INDEXED_BASE] = base;
    numbers[field.INDEXED_POSITION] = position;
    numbers[field.INDEXED_END] = end;
    numbers[field.INDEXED_HEADERS_CRC] = headersCrc;
    numbers[field.INDEXED_MAX_TIMESTAMP] = maxTimestamp;
    numbers[field.INDEXED_FIRST_APPEND_MS] = firstAppendMs;
    numbers[field.INDEXED_LAST_APPEND_MS] = lastAppendMs;
    if (this.#settings.durability === "disk") {
      numbers[field.DURABLE_END] = this.#synced.end;
      numbers[field.LAST_STABLE] = this.#synced.end;
    }
  }
}
