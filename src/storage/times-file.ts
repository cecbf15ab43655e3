/** The entries of a segment's `.times` file, as they were read: {f64 maxTimestamp, u32 slot, u32 position}, in order of all three. */
import { INDEX_HEADER_SIZE } from "./segment-files.ts";
import { TIMES_ENTRY_SIZE } from "./time-index.ts";

export class TimesFile {
  readonly count: number;
  readonly #view: DataView;

  /** @param bytes the whole file; one that is missing or short has no entries */
  constructor(bytes: Uint8Array) {
    this.count = Math.max(0, Math.floor((bytes.length - INDEX_HEADER_SIZE) / TIMES_ENTRY_SIZE));
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Unix ms: the latest of the segment up to and with the entry's batch. */
  timestampAt(index: number): number {
    return this.#view.getFloat64(this.#at(index), true);
  }

  slotAt(index: number): number {
    return this.#view.getUint32(this.#at(index) + 8, true);
  }

  positionAt(index: number): number {
    return this.#view.getUint32(this.#at(index) + 12, true);
  }

  /** False: something in it is not true. */
  get isOrdered(): boolean {
    for (let index = 1; index < this.count; index++) {
      const isLater =
        this.timestampAt(index) >= this.timestampAt(index - 1) &&
        this.slotAt(index) > this.slotAt(index - 1) &&
        this.positionAt(index) > this.positionAt(index - 1);
      if (!isLater) return false;
    }
    return true;
  }

  /** @returns index of the first entry that is not earlier, `count`: none */
  firstNotBefore(timestamp: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timestampAt(middle) < timestamp) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #at(index: number): number {
    return INDEX_HEADER_SIZE + index * TIMES_ENTRY_SIZE;
  }
}
