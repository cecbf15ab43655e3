/**
 * The time index of the active segment (contract B2): one entry per 16 KiB of log, {largest timestamp so far, offset - base
 * of the batch that begins there, its position}. Entries gather in memory and go to the `.times` file 64 at a time; a reader
 * that finds the last ones missing scans the log from the one before.
 */
import type { Disk, FileHandle } from "./disk.ts";
import { INDEX_HEADER_SIZE } from "./segment-files.ts";

export const TIMES_INTERVAL = 16384;
export const TIMES_ENTRY_SIZE = 16;
const ENTRIES_BUFFERED = 64;

export class TimeIndex {
  readonly #disk: Disk;
  readonly #buffer = new DataView(new ArrayBuffer(ENTRIES_BUFFERED * TIMES_ENTRY_SIZE));
  readonly file: FileHandle;
  #buffered = 0;
  #written = 0;
  #nextPosition = 0;

  constructor(disk: Disk, file: FileHandle) {
    this.#disk = disk;
    this.file = file;
  }

  /**
   * Takes up a file.
   *
   * @param entries how many it holds
   * @param position end of the log
   */
  load(entries: number, position: number): void {
    this.#written = entries;
    this.#buffered = 0;
    this.#nextPosition = entries === 0 ? 0 : position;
  }

  /**
   * Told of every batch before it is appended.
   *
   * @param maxTimestamp largest timestamp of the segment, this batch included
   * @throws DiskError the buffered entries could not be written; they stay
   */
  append(maxTimestamp: number, slot: number, position: number): void {
    if (position < this.#nextPosition) return;
    if (this.#buffered === ENTRIES_BUFFERED) this.flush();
    const at = this.#buffered * TIMES_ENTRY_SIZE;
    this.#buffer.setFloat64(at, maxTimestamp, true);
    this.#buffer.setUint32(at + 8, slot, true);
    this.#buffer.setUint32(at + 12, position, true);
    this.#buffered++;
    this.#nextPosition = position + TIMES_INTERVAL;
  }

  /** Takes back the entries of batches at or above `slot`, after a failed write. @throws DiskError */
  truncate(slot: number): void {
    while (this.#buffered > 0 && this.#buffer.getUint32((this.#buffered - 1) * TIMES_ENTRY_SIZE + 8, true) >= slot)
      this.#buffered--;
    if (this.#buffered > 0) return;
    const entry = new DataView(new ArrayBuffer(TIMES_ENTRY_SIZE));
    let kept = this.#written;
    while (kept > 0) {
      this.#disk.read(this.file, new Uint8Array(entry.buffer), INDEX_HEADER_SIZE + (kept - 1) * TIMES_ENTRY_SIZE);
      if (entry.getUint32(8, true) < slot) break;
      kept--;
    }
    if (kept === this.#written) return;
    this.#disk.truncate(this.file, INDEX_HEADER_SIZE + kept * TIMES_ENTRY_SIZE);
    this.#written = kept;
  }

  /** @throws DiskError */
  flush(): void {
    if (this.#buffered === 0) return;
    const bytes = new Uint8Array(this.#buffer.buffer, 0, this.#buffered * TIMES_ENTRY_SIZE);
    this.#disk.write(this.file, bytes, INDEX_HEADER_SIZE + this.#written * TIMES_ENTRY_SIZE);
    this.#written += this.#buffered;
    this.#buffered = 0;
  }
}
