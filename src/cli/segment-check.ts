/**
 * Holds a segment's seal and index files against its batches (`cambium dump --verify`). Index files are caches, so what is
 * wrong there loses nothing; it is told all the same.
 */
import type { FileHandle } from "../storage/disk.ts";
import { type LeaderEpoch, LeaderEpochs } from "../storage/leader-epochs.ts";
import { INDEX_HEADER_SIZE, segmentFileName } from "../storage/segment-files.ts";
import type { ScanEnvironment, ScannedBatch } from "../storage/segment-scan.ts";
import { TIMES_ENTRY_SIZE } from "../storage/time-index.ts";
import { type SegmentView, SLOT_SIZE } from "./data-folder-view.ts";

export interface SegmentFacts {
  /** Of the partition; none: not known. */
  readonly epochs: readonly LeaderEpoch[];
  /** A crash may have left, or a broker may be writing, entries of batches that are not there. */
  readonly isUnsettled: boolean;
}

export class SegmentCheck {
  readonly #environment: ScanEnvironment;
  readonly #segment: SegmentView;
  readonly #slots: FileHandle | null;
  readonly #problems: string[] = [];
  #headersCrc = 0;
  #nextOffset: number;
  #nextPosition = 0;
  #maxTimestamp = -1;
  #wrongSlot = -1;
  readonly #facts: SegmentFacts;
  readonly #epochs: LeaderEpochs;
  #wrongEpochAt = -1;
  /** Entries of the `.times` file. */
  readonly #times: DataView;
  #timesSeen = 0;
  /** Up to here every batch was good. */
  #goodBytes = 0;
  #wrongTime = -1;

  constructor(environment: ScanEnvironment, segment: SegmentView, facts: SegmentFacts) {
    const { disk } = environment;
    const folder = segment.path.slice(0, segment.path.lastIndexOf("/"));
    this.#environment = environment;
    this.#segment = segment;
    this.#nextOffset = segment.base;
    this.#facts = facts;
    this.#epochs = new LeaderEpochs(facts.epochs);
    const times =
      segment.timesState === "ok" ? disk.readFile(`${folder}/${segmentFileName(segment.base, "times")}`) : null;
    const entries = times?.subarray(INDEX_HEADER_SIZE) ?? new Uint8Array();
    this.#times = new DataView(entries.buffer, entries.byteOffset, entries.byteLength);
    this.#slots =
      segment.slotsState === "ok" ? disk.open(`${folder}/${segmentFileName(segment.base, "slots")}`, "read") : null;
    if (segment.sealState === "BAD") this.#problems.push("the seal is damaged");
    if (segment.slotsState === "BAD") this.#problems.push("the .slots file is damaged; it will be rebuilt");
    if (segment.timesState === "BAD") this.#problems.push("the .times file is damaged; it will be rebuilt");
  }

  /** Told of every good batch in order, while its bytes lie in memory. */
  batch(batch: ScannedBatch): void {
    this.#headersCrc = this.#environment.core.headersCrc(this.#headersCrc, batch.address);
    this.#maxTimestamp = Math.max(this.#maxTimestamp, batch.maxTimestamp);
    this.#checkSlots(batch);
    this.#checkTimes(batch);
    this.#checkEpoch(batch);
    this.#nextOffset = batch.nextOffset;
    if (this.#goodBytes === batch.position) this.#goodBytes += batch.size;
    this.#nextPosition = batch.position + batch.size;
  }

  /**
   * @param whole every batch was good
   * @returns what is wrong
   */
  finish(whole: boolean): readonly string[] {
    const { seal, size } = this.#segment;
    if (this.#slots !== null) this.#environment.disk.close(this.#slots);
    if (this.#wrongSlot >= 0) this.#problems.push(`the .slots file leads astray from offset ${this.#wrongSlot} on`);
    this.#finishIndexes(whole);
    if (this.#wrongEpochAt >= 0) {
      this.#problems.push(
        `the leader epoch of the batch at offset ${this.#wrongEpochAt} and leader-epoch-checkpoint disagree; no cache: one of them is damaged`,
      );
    }
    if (seal !== null) {
      if (seal.size !== size) this.#problems.push(`the seal says ${seal.size} bytes, the .log has ${size}`);
      if (seal.nextOffset !== this.#nextOffset) {
        this.#problems.push(
          `the seal says offsets up to ${seal.nextOffset - 1}, the batches end at ${this.#nextOffset - 1}`,
        );
      }
      if (whole && seal.headersCrc !== this.#headersCrc)
        this.#problems.push("the batches' headers are not those that were sealed");
      if (whole && seal.maxTimestamp !== this.#maxTimestamp)
        this.#problems.push("the seal's largest timestamp is another");
    }
    return this.#problems;
  }

  /**
   * Every offset up to and with this batch's last must lead to it; those before it are missing ones. Only behind damage they
   * are unknown.
   */
  #checkSlots(batch: ScannedBatch): void {
    if (this.#slots === null || this.#wrongSlot >= 0) return;
    const { base, slots } = this.#segment;
    const isBehindDamage = batch.position !== this.#nextPosition;
    const first = (isBehindDamage ? batch.baseOffset : this.#nextOffset) - base;
    const count = Math.min(batch.nextOffset - base, slots) - first;
    if (count <= 0) return;
    const bytes = new Uint8Array(count * SLOT_SIZE);
    this.#environment.disk.read(this.#slots, bytes, INDEX_HEADER_SIZE + first * SLOT_SIZE);
    const view = new DataView(bytes.buffer);
    for (let index = 0; index < count; index++) {
      if (view.getUint32(index * SLOT_SIZE, true) === batch.position) continue;
      this.#wrongSlot = base + first + index;
      return;
    }
  }

  /**
   * An entry names a batch, its first offset and the largest timestamp up to and with it. Of batches that are damaged now the
   * entries cannot be held against anything.
   */
  #checkTimes({ position, baseOffset, maxTimestamp }: ScannedBatch): void {
    const { base } = this.#segment;
    while (this.#wrongTime < 0 && this.#timesSeen < this.#timesCount) {
      const at = this.#timesSeen * TIMES_ENTRY_SIZE;
      const entryPosition = this.#times.getUint32(at + 12, true);
      if (entryPosition > position) return;
      const isDamaged = entryPosition >= this.#nextPosition && entryPosition < position;
      const largest = this.#times.getFloat64(at, true);
      const slot = this.#times.getUint32(at + 8, true);
      const isWhole = this.#goodBytes === position;
      const isRight =
        entryPosition === position &&
        // Offsets missing before a batch are part of its place in the index.
        (slot === baseOffset - base || slot === this.#nextOffset - base) &&
        (isWhole ? largest === this.#maxTimestamp : largest >= maxTimestamp);
      if (isDamaged || isRight) this.#timesSeen++;
      else this.#wrongTime = this.#timesSeen;
    }
  }

  get #timesCount(): number {
    return Math.floor(this.#times.byteLength / TIMES_ENTRY_SIZE);
  }

  /** What can be said of the index files once the batches are known. */
  #finishIndexes(whole: boolean): void {
    const { base, seal, slotsState, slots, size } = this.#segment;
    const isComplete = seal !== null && whole;
    if (isComplete && slotsState === "ok" && slots !== this.#nextOffset - base) {
      this.#problems.push(`the .slots file has ${slots} entries for ${this.#nextOffset - base} offsets`);
    }
    if (isComplete && this.#times.byteLength % TIMES_ENTRY_SIZE !== 0) {
      this.#problems.push("the .times file ends within an entry");
    }
    if (this.#wrongTime < 0 && this.#timesSeen < this.#timesCount) {
      const position = this.#times.getUint32(this.#timesSeen * TIMES_ENTRY_SIZE + 12, true);
      const isBehind = position >= size;
      const isInDamage = !whole && position >= this.#nextPosition && !isBehind;
      if (!isInDamage && !(isBehind && this.#facts.isUnsettled)) this.#wrongTime = this.#timesSeen;
    }
    if (this.#wrongTime >= 0) {
      this.#problems.push(
        `the .times file leads astray from entry ${this.#wrongTime} on; a cache: only look-ups by time suffer`,
      );
    }
  }

  /** The batch's epoch lies outside its CRC. */
  #checkEpoch({ baseOffset, nextOffset, leaderEpoch }: ScannedBatch): void {
    if (this.#wrongEpochAt >= 0 || this.#facts.epochs.length === 0) return;
    const isWithin = ({ startOffset }: LeaderEpoch): boolean => startOffset > baseOffset && startOffset < nextOffset;
    const isRight = leaderEpoch === this.#epochs.epochOf(baseOffset) && !this.#facts.epochs.some(isWithin);
    if (!isRight) this.#wrongEpochAt = baseOffset;
  }
}
