/**
 * The dense offset index of the active segment (contract B2): entry `offset - base` is the position of the batch that holds
 * the offset. The entries of the last page lie in shared memory; a full page is appended to the `.slots` file and its memory
 * taken for the next one.
 *
 * Entries may run ahead of the log by the batches that are staged; `truncate` takes them back. What lies in the file above
 * the log's end is cut by recovery.
 */
import { assert } from "../base/assert.ts";
import type { Core } from "../wasm/core.ts";
import { SLOT_SIZE } from "../wasm/layout.ts";
import type { Disk, FileHandle } from "./disk.ts";
import type { LogMemory } from "./log-memory.ts";
import { INDEX_HEADER_SIZE } from "./segment-files.ts";

export const PAGE_SIZE = 16384;
const SLOTS_PER_PAGE: number = PAGE_SIZE / SLOT_SIZE;

/** What an index page needs from the log around it. */
export interface PageOwner {
  /** Address of the page. */
  readonly page: number;
  /** The page was written to the file and is about to be overwritten; `firstSlot` is the next page's. */
  pageMoved(firstSlot: number): void;
}

export class OffsetIndex {
  readonly #memory: LogMemory;
  readonly #core: Core;
  readonly #disk: Disk;
  readonly #owner: PageOwner;
  readonly file: FileHandle;
  #firstSlot = 0;
  #count = 0;

  constructor(memory: LogMemory, core: Core, disk: Disk, file: FileHandle, owner: PageOwner) {
    this.#memory = memory;
    this.#core = core;
    this.#disk = disk;
    this.#owner = owner;
    this.file = file;
  }

  /** First slot that lies in the page; those before lie in the file. */
  get firstSlot(): number {
    return this.#firstSlot;
  }

  /**
   * Takes up a file that holds `count` good entries: those of the last, partly filled page come into memory.
   *
   * @throws DiskError
   */
  load(count: number): void {
    const used = count % SLOTS_PER_PAGE;
    this.#count = count;
    this.#firstSlot = count - used;
    if (used === 0) return;
    const { page } = this.#owner;
    const bytes = this.#memory.bytes.subarray(page, page + used * SLOT_SIZE);
    const read = this.#disk.read(this.file, bytes, INDEX_HEADER_SIZE + this.#firstSlot * SLOT_SIZE);
    assert(read === used * SLOT_SIZE, "the slots file holds every entry");
  }

  /**
   * Adds the entries of one batch.
   *
   * @param count offsets from the index's end to the batch's last offset
   * @throws DiskError a page could not be written; the entries before it stand
   */
  append(count: number, position: number): void {
    let left = count;
    while (left > 0) {
      const used = this.#count - this.#firstSlot;
      if (used === SLOTS_PER_PAGE) {
        this.#writePage(used);
        this.#firstSlot = this.#count;
        this.#owner.pageMoved(this.#firstSlot);
        continue;
      }
      const room = Math.min(left, SLOTS_PER_PAGE - used);
      this.#core.fillSlots(this.#owner.page + used * SLOT_SIZE, room, position);
      this.#count += room;
      left -= room;
    }
  }

  /** Takes entries back after a failed write. The page may change: the caller holds readers off. @throws DiskError */
  truncate(count: number): void {
    assert(count <= this.#count, "an index is cut, not extended");
    if (count < this.#firstSlot) this.load(count);
    else this.#count = count;
  }

  /** Writes the entries of the page, so that the file holds all; the page stays. @throws DiskError */
  flush(): void {
    this.#writePage(this.#count - this.#firstSlot);
  }

  #writePage(used: number): void {
    if (used === 0) return;
    const { page } = this.#owner;
    const bytes = this.#memory.bytes.subarray(page, page + used * SLOT_SIZE);
    this.#disk.write(this.file, bytes, INDEX_HEADER_SIZE + this.#firstSlot * SLOT_SIZE);
  }
}
