/**
 * Takes up a partition's folder as it is found (contract E): from the indexed point of the checkpoint on, reads what is
 * there, keeps the longest run of valid, consecutive batches, and leaves files that a Log can go on with.
 *
 * What may happen to bytes
 * - Below the synced point nothing is ever cut. A bad batch there is corruption: it stays, and so do the batches behind it.
 * - Above it a bad batch with good ones behind it, on the same boot of the machine, is corruption too: a kill tears nothing.
 * - So are last batches on the same boot that are all there and fail their checks.
 * - Any other bad end is a torn tail: copied to the quarantine folder, then cut.
 * - After a worker's death the log is cut to what had been published (contract H1); that was never acknowledged.
 * - On a full disk, where a copy, an index or a name finds no room, files stay as they are; the log can be read (contract D5).
 *
 * Corruption is reported and left in place; readers of those offsets get CORRUPT_BATCH with the next good offset.
 */
import { BrokerError } from "../base/errors.ts";
import type { TopicId } from "../base/topic-id.ts";
import {
  BATCH_HEADER_SIZE,
  BATCH_LAST_OFFSET_DELTA_AT,
  BATCH_LENGTH_AT,
  BATCH_LENGTH_OVERHEAD,
  BATCH_RECORDS_COUNT_AT,
} from "../wasm/layout.ts";
import { removeSegment } from "./active-segment.ts";
import { isFull } from "./ballast.ts";
import { DiskError, type FileHandle, replaceFile } from "./disk.ts";
import { syncNames } from "./folder-names.ts";
import {
  buildIndex,
  extendIndexFiles,
  hasWholeIndex,
  IndexBuilder,
  type IndexedSegment,
  replaceIndexFiles,
} from "./index-builder.ts";
import { LEADER_EPOCH_FILE, type LeaderEpoch, LeaderEpochs } from "./leader-epochs.ts";
import { isEmptySegment, leftoverSegments } from "./leftover-segments.ts";
import { LogPoint } from "./log-point.ts";
import type { IndexedPoint, LogCheckpoint, SyncedPoint } from "./partition-log.ts";
import { readPartitionTopic } from "./partition-metadata.ts";
import { Producers } from "./producers.ts";
import { parseSegmentFileName, segmentFileName } from "./segment-files.ts";
import { findNextBatch, type ScanEnvironment, type ScannedBatch, scanSegment } from "./segment-scan.ts";

/** File systems take 255 bytes, and a copy's number is put behind. */
const QUARANTINE_NAME_MAX = 245;

export interface RecoveryTask {
  readonly topicId: TopicId;
  /** The partition's folder. */
  readonly folder: string;
  /** Where bytes go before they are cut; made when needed. */
  readonly quarantine: string;
  /** What the checkpoint or the clean mark says of the log; null: nothing is known of it. */
  readonly expected: LogCheckpoint | null;
  /** The machine was not restarted since the log was last written. */
  readonly sameBoot: boolean;
  /** After a worker's death: the end that it had published; null otherwise. */
  readonly cutTo: SyncedPoint | null;
  /** Most offsets a segment may hold, where its files do not say. */
  readonly slotsMax: number;
  /** For index files that have to be made anew. */
  readonly segmentId: bigint;
}

/** A region of a segment that holds no readable batch. */
export interface Corruption {
  readonly base: number;
  readonly position: number;
  /** First offset that is lost, and the first that can be read behind it. */
  readonly offset: number;
  readonly nextOffset: number;
}

export interface RecoveryReport {
  readonly scannedBytes: number;
  readonly cutBytes: number;
  /** Files in the quarantine folder that this recovery made. */
  readonly quarantined: readonly string[];
  readonly corruptions: readonly Corruption[];
}

/** A log that is ready to be opened. Everything in it is durable. Crosses threads as it is. */
export interface RecoveredLog {
  readonly logStartOffset: number;
  readonly end: IndexedPoint;
  /** Base offsets of the segments; empty: the partition has no files. */
  readonly bases: readonly number[];
  readonly epochs: readonly LeaderEpoch[];
  /** A snapshot of the producers' state; null: there are none. */
  readonly producers: Uint8Array | null;
  /**
   * The disk was too full to complete the index files or to put a torn tail aside. The log can be read, slowly; before it is
   * written it has to be recovered again, with what was expected of it this time.
   */
  readonly lacksRoom: boolean;
  readonly report: RecoveryReport;
}

/**
 * @throws BrokerError LOG_DAMAGED the log is another topic's, or shorter than what was durable; nothing was changed
 * @throws DiskError
 */
export function recoverLog(environment: ScanEnvironment, task: RecoveryTask): RecoveredLog {
  return new Recovery(environment, task).run();
}

class Recovery {
  readonly #environment: ScanEnvironment;
  readonly #task: RecoveryTask;
  readonly #folderName: string;
  #bases: number[];
  readonly #hasOwnFiles: boolean;
  #epochs: LeaderEpochs;
  readonly #epochsFound: boolean;
  readonly #producers = new Producers();
  readonly #point = new LogPoint();
  #builder: IndexBuilder;
  #scannedBytes = 0;
  #cutBytes = 0;
  #lacksRoom = false;
  readonly #quarantined: string[] = [];
  readonly #corruptions: Corruption[] = [];

  constructor(environment: ScanEnvironment, task: RecoveryTask) {
    this.#environment = environment;
    this.#task = task;
    const { disk } = environment;
    this.#folderName = task.folder.slice(task.folder.lastIndexOf("/") + 1);
    const files = disk.list(task.folder).map(parseSegmentFileName);
    this.#bases = files
      .flatMap((file) => (file?.kind === "log" ? [file.base] : []))
      .sort((left, right) => left - right);
    this.#hasOwnFiles = files.some((file) => file !== null && file.kind !== "log");
    const epochs = disk.readFile(`${task.folder}/${LEADER_EPOCH_FILE}`);
    const decoded = epochs === null ? null : LeaderEpochs.decode(epochs);
    this.#epochs = decoded ?? new LeaderEpochs();
    this.#epochsFound = decoded !== null;
    this.#builder = new IndexBuilder(0, 0, 0);
  }

  run(): RecoveredLog {
    const { expected } = this.#task;
    this.#refuseOtherTopic();
    this.#dropUnpublishedSegments();
    if (!this.#isForeign)
      this.#drop(leftoverSegments(this.#environment.disk, this.#task.folder, this.#bases, expected));
    this.#remakeEmptySegment();
    this.#refuseShortLog();
    if (this.#bases.length === 0) return this.#empty();
    this.#start();
    const from = this.#bases.indexOf(this.#point.base);
    for (let index = from; index < this.#bases.length; index++) {
      if (!this.#continueWith(this.#bases[index]!)) break;
      this.#scan(this.#bases[index]!, this.#nextBase(index));
    }
    const { base, end } = this.#point;
    const isIndexed = expected?.indexed.end === end && expected.indexed.base === base;
    const changed = this.#scannedBytes > 0 || this.#cutBytes > 0 || !isIndexed;
    if (changed || !hasWholeIndex(this.#environment.disk, this.#segment(), this.#point.slots, this.#environment.crc32c))
      this.#withRoom(() => this.#makeDurable(from));
    this.#withRoom(() => this.#makeNamesDurable());
    return {
      logStartOffset: Math.max(expected?.logStartOffset ?? 0, this.#bases[0]!),
      end: this.#point.toJSON(),
      bases: this.#bases,
      epochs: this.#epochs.entries,
      producers: this.#producers.encodeSnapshot(this.#point.end, this.#environment.crc32c),
      lacksRoom: this.#lacksRoom,
      report: this.#report(),
    };
  }

  /** Of the segment behind; null: there is none, or none that this one was sealed for. */
  #nextBase(index: number): number | null {
    const { disk } = this.#environment;
    const { folder } = this.#task;
    const next = this.#bases[index + 1] ?? null;
    if (next === null || this.#isForeign || !isEmptySegment(disk, folder, next)) return next;
    return disk.status(`${folder}/${segmentFileName(this.#bases[index]!, "seal")}`) === null ? null : next;
  }

  #drop(bases: readonly number[]): void {
    for (const base of bases) removeSegment(this.#environment.disk, this.#task.folder, base);
    this.#bases = this.#bases.filter((base) => !bases.includes(base));
  }

  #empty(): RecoveredLog {
    const logStartOffset = this.#task.expected?.logStartOffset ?? 0;
    const end = new LogPoint();
    end.reset(logStartOffset);
    return {
      logStartOffset,
      end: end.toJSON(),
      bases: [],
      epochs: this.#epochs.entries,
      producers: null,
      lacksRoom: false,
      report: this.#report(),
    };
  }

  /** Runs what needs room on the disk, and goes on without it: nothing of what is acknowledged hangs on it. */
  #withRoom(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isFull(error)) throw error;
      this.#lacksRoom = true;
    }
  }

  #report(): RecoveryReport {
    const counts = { scannedBytes: this.#scannedBytes, cutBytes: this.#cutBytes };
    return { ...counts, quarantined: this.#quarantined, corruptions: this.#corruptions };
  }

  /**
   * A topic does not take over what one of the same name left behind. A file that is missing or not whole says nothing: its
   * first sync is the log's, so a power cut may take it and keep a segment; and another program may have left it out.
   */
  #refuseOtherTopic(): void {
    const { folder, topicId } = this.#task;
    const found = readPartitionTopic(this.#environment.disk, folder);
    if (found === null || found === topicId) return;
    throw new BrokerError(
      "LOG_DAMAGED",
      `${this.#folderName}: its files are those of topic id ${found}, and the topic of this name has id ${topicId}; move ${folder} away`,
      { details: { found, topicId } },
    );
  }

  /** Segments that a dead worker had begun and not published. */
  #dropUnpublishedSegments(): void {
    const { cutTo } = this.#task;
    if (cutTo !== null) this.#drop(this.#bases.filter((base) => base > cutTo.base));
  }

  /** After a failed sync the log may have begun its empty last segment anew, and a power cut taken the name. */
  #remakeEmptySegment(): void {
    const { expected, folder } = this.#task;
    const last = this.#bases.at(-1);
    if (expected === null || last === undefined) return;
    const { base, position } = expected.synced;
    if (position > 0 || last >= base) return;
    this.#withRoom(() => {
      const { disk } = this.#environment;
      disk.close(disk.open(`${folder}/${segmentFileName(base, "log")}`, "create"));
      this.#bases.push(base);
    });
  }

  /** Contract E2: a log shorter than what a sync covered stops its partition loudly. */
  #refuseShortLog(): void {
    const { expected, folder } = this.#task;
    if (expected === null || expected.synced.end === expected.logStartOffset) return;
    const { base, position } = expected.synced;
    const first = this.#bases[0] ?? base;
    if (first > expected.logStartOffset) {
      const { logStartOffset } = expected;
      throw this.#damage(`offsets ${logStartOffset} to ${first} were durable, and their segments are missing`, {
        logStartOffset,
        first,
      });
    }
    const status = this.#environment.disk.status(`${folder}/${segmentFileName(base, "log")}`);
    const size = status?.size ?? -1;
    // An empty segment that there was no room to make anew held nothing.
    if (size >= position || (position === 0 && this.#lacksRoom)) return;
    const found = status === null ? "is missing" : `has ${size} bytes`;
    throw this.#damage(`segment ${base} ${found}, but ${position} bytes of it were durable`, { base, position, size });
  }

  /** A loss that no recovery mends, and that nothing was changed for. */
  #damage(what: string, details: Readonly<Record<string, number>>): BrokerError {
    const wayOut = "restore its files from a backup; what is left is shown by cambium dump --records";
    return new BrokerError("LOG_DAMAGED", `${this.#folderName}: ${what}; ${wayOut}`, { details });
  }

  /** Sets the point to begin at: the expected indexed one where all that belongs to it is there, else further back. */
  #start(): void {
    const { expected } = this.#task;
    const wanted = expected?.indexed ?? null;
    const snapshots = this.#snapshots();
    if (
      wanted !== null &&
      this.#epochsFound &&
      this.#bases.includes(wanted.base) &&
      this.#load(snapshots, wanted.end)
    ) {
      this.#point.copyFrom(wanted);
    } else {
      // A snapshot at the beginning of a segment is the next best, where a sync covered all before it; else all is read.
      const durable = (offset: number): boolean => expected !== null && offset <= expected.synced.base;
      const base = this.#epochsFound
        ? snapshots.find((offset) => durable(offset) && this.#bases.includes(offset) && this.#load(snapshots, offset))
        : undefined;
      this.#point.reset(base ?? this.#bases[0]!);
    }
    this.#builder = new IndexBuilder(this.#point.base, this.#point.slots, this.#point.position);
  }

  /** Offsets of the snapshots, newest first. */
  #snapshots(): number[] {
    const files = this.#environment.disk.list(this.#task.folder).map(parseSegmentFileName);
    return files.flatMap((file) => (file?.kind === "producers" ? [file.base] : [])).sort((left, right) => right - left);
  }

  #load(snapshots: readonly number[], offset: number): boolean {
    if (!snapshots.includes(offset)) return false;
    const { disk, crc32c } = this.#environment;
    const bytes = disk.readFile(`${this.#task.folder}/${segmentFileName(offset, "producers")}`);
    try {
      return bytes !== null && this.#producers.decodeSnapshot(bytes, crc32c) === offset;
    } catch {
      return false; // Damaged: there is an older one, or the log itself.
    }
  }

  /** @returns false: this segment and those behind it cannot follow what was found, and were put aside */
  #continueWith(base: number): boolean {
    if (base === this.#point.base) return true;
    if (base === this.#point.end || this.#isForeign) {
      this.#point.reset(base);
      this.#builder = new IndexBuilder(base, 0, 0);
      return true;
    }
    const { expected, folder } = this.#task;
    const isLast = base === this.#bases.at(-1);
    if (isLast && base < this.#point.end && isEmptySegment(this.#environment.disk, folder, base)) {
      this.#drop([base]);
      return false;
    }
    if (expected !== null && base <= expected.synced.base) {
      throw this.#damage(`offsets ${this.#point.end} to ${base} are missing between segments`, { base });
    }
    this.#withRoom(() => {
      for (const lost of this.#bases.filter((candidate) => candidate >= base)) this.#quarantineSegment(lost);
    });
    this.#bases = this.#bases.filter((candidate) => candidate < base);
    return false;
  }

  /** A folder that another program wrote may have gaps between its batches. */
  get #isForeign(): boolean {
    return !this.#hasOwnFiles && this.#task.expected === null;
  }

  #scan(base: number, nextBase: number | null): void {
    const { disk } = this.#environment;
    const file = disk.open(`${this.#task.folder}/${segmentFileName(base, "log")}`, "write");
    try {
      const size = disk.size(file);
      const { cutTo } = this.#task;
      const end = cutTo !== null && cutTo.base === base ? Math.min(cutTo.position, size) : size;
      const before = this.#point.position;
      while (this.#point.position < end && !this.#scanRun(file, end, nextBase)) {
        // Corruption was stepped over: the next run begins behind it.
      }
      this.#scannedBytes += this.#point.position - before;
      if (this.#point.position < size) {
        // What was published and cannot be read is kept; what a dead worker had not published is nobody's.
        this.#withRoom(() => {
          this.#quarantineTail(file, base, this.#point.position, end);
          this.#cutBytes += size - this.#point.position;
          disk.truncate(file, this.#point.position);
        });
      }
      // After a sync that failed, the kernel takes for written what it still shows, and the dead process could not say so
      // (contract D4): only what is written again will be synced.
      const synced = this.#syncedPositionIn(base);
      if (this.#task.sameBoot) this.#withRoom(() => this.#copy(file, synced, this.#point.position, file, synced));
      // A segment that the log has left gets no other sync; an earlier life may have cut it back behind its last one.
      if (this.#scannedBytes > 0 || this.#cutBytes > 0 || base !== this.#bases.at(-1))
        this.#withRoom(() => disk.sync(file));
    } finally {
      disk.close(file);
    }
  }

  /** Reads on until the end or the next bad place. @returns whether the segment ends at the point */
  #scanRun(file: FileHandle, end: number, nextBase: number | null): boolean {
    const point = this.#point;
    const range = {
      position: point.position,
      end,
      expectedOffset: this.#isForeign ? -1 : point.end,
      gaps: this.#isForeign,
    };
    const outcome = scanSegment(this.#environment, file, range, (batch) => this.#take(batch, nextBase));
    if (outcome.stop === "end" || point.end === nextBase) return true;
    // A sync covered it; or a kill came, which tears nothing, and the log had gone on in another segment.
    const wasWhole = point.position < this.#syncedPositionIn(point.base) || (this.#task.sameBoot && nextBase !== null);
    if (!wasWhole && outcome.stop === "zeros" && this.#isZero(file, point.position, end)) return true;
    const next = findNextBatch(this.#environment, file, { position: point.position + 1, end }, point.end);
    const isDamage = wasWhole || (this.#task.sameBoot && next !== null);
    if (isDamage && next !== null) this.#stepOver(next.position, next.baseOffset);
    else if (isDamage) this.#stepOverRest(end, nextBase);
    else if (!this.#task.sameBoot || outcome.stop !== "bad" || !this.#stepOverWholeBatches(file, end)) return true; // Torn.
    return false;
  }

  /**
   * Of a write that a kill cut short a beginning is left. So where headers follow one another right to the end of the file, what
   * fails its checks is damage, and may have been acknowledged.
   *
   * @returns false: they do not, so it is a torn tail
   */
  #stepOverWholeBatches(file: FileHandle, end: number): boolean {
    let { position, end: offset } = this.#point;
    const header = new Uint8Array(BATCH_HEADER_SIZE);
    const view = new DataView(header.buffer);
    while (position < end) {
      const read = this.#environment.disk.read(file, header, position);
      const length = view.getInt32(BATCH_LENGTH_AT);
      const count = view.getInt32(BATCH_RECORDS_COUNT_AT);
      const isPlausible =
        read === header.length &&
        view.getBigInt64(0) === BigInt(offset) &&
        length >= BATCH_HEADER_SIZE - BATCH_LENGTH_OVERHEAD &&
        count > 0 &&
        count === view.getInt32(BATCH_LAST_OFFSET_DELTA_AT) + 1;
      if (!isPlausible) return false;
      position += BATCH_LENGTH_OVERHEAD + length;
      offset += count;
    }
    if (position === end) this.#stepOver(end, offset);
    return position === end;
  }

  /** No good batch follows in this segment, which was whole up to its end or to the synced point. */
  #stepOverRest(end: number, nextBase: number | null): void {
    const synced = this.#task.expected?.synced;
    const isSealed = nextBase !== null && (this.#task.sameBoot || this.#point.base !== synced?.base);
    if (isSealed) this.#stepOver(end, nextBase);
    else this.#stepOver(synced!.position, synced!.end);
  }

  #take(batch: ScannedBatch, nextBase: number | null): boolean {
    if (nextBase !== null && batch.baseOffset >= nextBase) return false;
    const known = this.#epochs.epochOf(batch.baseOffset);
    const startsEpoch = batch.leaderEpoch > this.#epochs.last && this.#mayHoldNewEpochs(batch.position);
    if (batch.leaderEpoch !== known && !startsEpoch) return false;
    if (startsEpoch) this.#epochs.begin(batch.leaderEpoch, batch.baseOffset);
    const point = this.#point;
    point.maxTimestamp = Math.max(point.maxTimestamp, batch.maxTimestamp);
    point.headersCrc = this.#environment.core.headersCrc(point.headersCrc, batch.address);
    point.end = batch.nextOffset;
    point.position = batch.position + batch.size;
    this.#builder.add(point.end, batch.position, point.maxTimestamp);
    const { producerId, producerEpoch, baseSequence, recordsCount, baseOffset } = batch;
    if (producerId >= 0)
      this.#producers.replay(producerId, producerEpoch, baseSequence, recordsCount, baseOffset, point.end - 1);
    return true;
  }

  /**
   * An epoch's entry is in the checkpoint file before its first batch is in the log, and durable no later; only a power cut
   * may keep the batch and take the entry. Elsewhere an unknown epoch is damage: the field lies outside the CRC.
   */
  #mayHoldNewEpochs(position: number): boolean {
    if (!this.#epochsFound) return true;
    return !this.#task.sameBoot && position >= this.#syncedPositionIn(this.#point.base);
  }

  #stepOver(position: number, nextOffset: number): void {
    const { base, end } = this.#point;
    this.#corruptions.push({ base, position: this.#point.position, offset: end, nextOffset });
    this.#builder.fill(nextOffset, this.#point.position);
    this.#point.position = position;
    this.#point.end = nextOffset;
  }

  /** How much of a segment a sync covered. */
  #syncedPositionIn(base: number): number {
    const synced = this.#task.expected?.synced;
    if (synced === undefined || base > synced.base) return 0;
    return base < synced.base ? Number.POSITIVE_INFINITY : synced.position;
  }

  #isZero(file: FileHandle, position: number, end: number): boolean {
    const bytes = new Uint8Array(256 * 1024);
    for (let at = position; at < end; ) {
      const read = this.#environment.disk.read(file, bytes.subarray(0, Math.min(bytes.length, end - at)), at);
      if (bytes.subarray(0, read).some((byte) => byte !== 0)) return false;
      at += read;
    }
    return true;
  }

  #quarantineTail(file: FileHandle, base: number, position: number, size: number): void {
    const { disk } = this.#environment;
    if (this.#isZero(file, position, size)) return;
    const to = this.#quarantineFile(`${base}-${position}`);
    try {
      const copy = disk.open(to, "create");
      try {
        this.#copy(file, position, size, copy, 0);
        disk.sync(copy);
      } finally {
        disk.close(copy);
      }
    } catch (error) {
      // Half a copy is none, and on a full disk it takes the room.
      if (error instanceof DiskError) disk.remove(to);
      this.#quarantined.pop();
      throw error;
    }
    disk.syncDirectory(this.#task.quarantine);
  }

  /** Copies bytes `position` to `end` of one file to `at` of another, or over themselves. */
  #copy(from: FileHandle, position: number, end: number, to: FileHandle, at: number): void {
    const { disk } = this.#environment;
    const bytes = new Uint8Array(256 * 1024);
    for (let done = 0; position + done < end; ) {
      const wanted = Math.min(bytes.length, end - position - done);
      const read = disk.read(from, bytes.subarray(0, wanted), position + done);
      disk.write(to, bytes.subarray(0, read), at + done);
      done += read;
    }
  }

  #quarantineSegment(base: number): void {
    const { disk } = this.#environment;
    const { folder } = this.#task;
    const path = `${folder}/${segmentFileName(base, "log")}`;
    this.#cutBytes += disk.status(path)?.size ?? 0;
    disk.rename(path, this.#quarantineFile(`${base}.log`));
    removeSegment(disk, folder, base);
    disk.syncDirectory(this.#task.quarantine);
  }

  /** A name in the quarantine folder that is not taken. */
  #quarantineFile(suffix: string): string {
    const { disk } = this.#environment;
    const { quarantine } = this.#task;
    disk.makeDirectory(quarantine);
    const full = `${this.#folderName}-${suffix}`;
    // With anything behind it, a partition's name might be too long for a file's.
    const index = this.#folderName.slice(this.#folderName.lastIndexOf("-"));
    const name = full.length <= QUARANTINE_NAME_MAX ? full : `${this.#task.topicId}${index}-${suffix}`;
    let path = `${quarantine}/${name}`;
    for (let copy = 2; disk.status(path) !== null; copy++) path = `${quarantine}/${name}.${copy}`;
    this.#quarantined.push(path);
    return path;
  }

  /** The last segment, which the log will go on writing. */
  #segment(): IndexedSegment {
    const { folder, slotsMax, segmentId } = this.#task;
    return { folder, base: this.#point.base, slotsMax, segmentId };
  }

  #syncFile(path: string): void {
    const { disk } = this.#environment;
    const file = disk.open(path, "write");
    try {
      disk.sync(file);
    } finally {
      disk.close(file);
    }
  }

  /** A kill may have come before the first sync of the log, or after one that failed, which was for its files' names and its folder's. */
  #makeNamesDurable(): void {
    const { disk } = this.#environment;
    const { expected, folder } = this.#task;
    if (expected !== null && expected.synced.end > expected.logStartOffset) return;
    syncNames(disk, folder);
    syncNames(disk, folder.slice(0, folder.lastIndexOf("/")));
  }

  /** Index files, producers' snapshot and epochs as the scan found them; then nothing has to be scanned again. */
  #makeDurable(from: number): void {
    const { disk, crc32c } = this.#environment;
    const { folder, sameBoot } = this.#task;
    for (const sealed of this.#bases.slice(from, -1)) {
      for (const kind of ["slots", "times"] as const) {
        const path = `${folder}/${segmentFileName(sealed, kind)}`;
        // Good on the same boot, if not yet durable; after a power cut they may hold anything, and are rebuilt when first read.
        if (!sameBoot) disk.remove(path);
        else if (disk.status(path) !== null) this.#syncFile(path);
      }
    }
    const segment = this.#segment();
    if (!extendIndexFiles(disk, segment, this.#builder, crc32c)) {
      replaceIndexFiles(disk, segment, buildIndex(this.#environment, segment, this.#point), crc32c);
    }
    if (this.#point.position > 0) {
      const status = disk.status(`${folder}/${segmentFileName(segment.base, "log")}`);
      this.#point.lastAppendMs = status?.modifiedMs ?? -1;
      if (this.#point.firstAppendMs < 0) this.#point.firstAppendMs = this.#point.lastAppendMs;
    }
    const snapshot = this.#producers.encodeSnapshot(this.#point.end, crc32c);
    replaceFile(disk, folder, segmentFileName(this.#point.end, "producers"), snapshot);
    replaceFile(disk, folder, LEADER_EPOCH_FILE, this.#epochs.encode());
  }
}
