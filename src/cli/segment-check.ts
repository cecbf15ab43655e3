/**
 * Holds a segment's seal and index files against its batches (`cambium dump --verify`). Index files are caches, so what is
 * wrong there loses nothing; it is told all the same.
 */
import type { FileHandle } from "../storage/disk.ts";
import { INDEX_HEADER_SIZE, segmentFileName } from "../storage/segment-files.ts";
import type { ScanEnvironment, ScannedBatch } from "../storage/segment-scan.ts";
import { type SegmentView, SLOT_SIZE } from "./data-folder-view.ts";

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

  constructor(environment: ScanEnvironment, segment: SegmentView) {
    const { disk } = environment;
    const folder = segment.path.slice(0, segment.path.lastIndexOf("/"));
    this.#environment = environment;
    this.#segment = segment;
    this.#nextOffset = segment.base;
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
    this.#nextOffset = batch.nextOffset;
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
}
