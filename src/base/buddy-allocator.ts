/**
 * A buddy allocator over a range of addresses: blocks are powers of two, a freed block merges with its buddy.
 *
 * It keeps its books outside the range, so the range may be shared memory that others read and write. One owner; allocation
 * and release are O(log(size / blockSizeMin)) and allocate nothing. The block released last is handed out first, so that a
 * light load stays in the processor's cache.
 */
import { assert } from "./assert.ts";

const NONE = -1;
/** `#state` of the first unit of a free block is its order; of an allocated one its order + ALLOCATED; else INNER. */
const ALLOCATED = 64;
const INNER = 255;

export class BuddyAllocator {
  readonly start: number;
  readonly size: number;
  readonly blockSizeMin: number;
  readonly blockSizeMax: number;
  readonly #unitShift: number;
  readonly #orders: number;
  readonly #state: Uint8Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #heads: Int32Array;
  #freeBytes = 0;

  /**
   * @param start address of the first byte
   * @param size bytes; a multiple of blockSizeMax
   * @param blockSizeMin smallest block, a power of two
   * @param blockSizeMax largest block, a power of two
   */
  constructor(start: number, size: number, blockSizeMin: number, blockSizeMax: number) {
    assert(isPowerOfTwo(blockSizeMin) && isPowerOfTwo(blockSizeMax), "block sizes are powers of two");
    assert(blockSizeMin <= blockSizeMax, "the smallest block is not above the largest");
    assert(size > 0 && size % blockSizeMax === 0, "the range is a multiple of the largest block");
    this.start = start;
    this.size = size;
    this.blockSizeMin = blockSizeMin;
    this.blockSizeMax = blockSizeMax;
    this.#unitShift = Math.log2(blockSizeMin);
    this.#orders = Math.log2(blockSizeMax / blockSizeMin) + 1;
    const units = size / blockSizeMin;
    this.#state = new Uint8Array(units).fill(INNER);
    this.#next = new Int32Array(units);
    this.#previous = new Int32Array(units);
    this.#heads = new Int32Array(this.#orders).fill(NONE);
    const unitsOfLargest = blockSizeMax / blockSizeMin;
    // Backwards, so that low addresses are handed out first and memory never touched stays untouched.
    for (let unit = units - unitsOfLargest; unit >= 0; unit -= unitsOfLargest) this.#push(unit, this.#orders - 1);
    this.#freeBytes = size;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Is there a block of the largest size? Then anything can be allocated. */
  get hasLargest(): boolean {
    return this.#heads[this.#orders - 1] !== NONE;
  }

  /** Bytes that a request for `size` really takes. */
  blockSize(size: number): number {
    return this.blockSizeMin * 2 ** this.#orderOf(size);
  }

  /** @returns address of a block of at least `size` bytes, aligned to its own size within the range; -1: no room */
  allocate(size: number): number {
    const order = this.#orderOf(size);
    if (order >= this.#orders) return NONE;
    let from = order;
    while (from < this.#orders && this.#heads[from] === NONE) from++;
    if (from === this.#orders) return NONE;
    const unit = this.#heads[from]!;
    this.#remove(unit, from);
    while (from > order) {
      from--;
      this.#push(unit + 2 ** from, from);
    }
    this.#state[unit] = order + ALLOCATED;
    this.#freeBytes -= this.blockSizeMin * 2 ** order;
    return this.start + unit * this.blockSizeMin;
  }

  /** Gives a block back. `address` is what `allocate` returned. */
  release(address: number): void {
    let unit = (address - this.start) >>> this.#unitShift;
    let order = this.#state[unit]! - ALLOCATED;
    assert(order >= 0 && order < this.#orders, "only an allocated block is released");
    this.#freeBytes += this.blockSizeMin * 2 ** order;
    this.#state[unit] = INNER;
    while (order < this.#orders - 1) {
      const buddy = unit ^ (2 ** order);
      if (this.#state[buddy] !== order) break;
      this.#remove(buddy, order);
      this.#state[buddy] = INNER;
      unit = Math.min(unit, buddy);
      order++;
    }
    this.#push(unit, order);
  }

  #orderOf(size: number): number {
    if (size <= this.blockSizeMin) return 0;
    return 32 - Math.clz32(Math.ceil(size / this.blockSizeMin) - 1);
  }

  #push(unit: number, order: number): void {
    const head = this.#heads[order]!;
    this.#state[unit] = order;
    this.#next[unit] = head;
    this.#previous[unit] = NONE;
    if (head !== NONE) this.#previous[head] = unit;
    this.#heads[order] = unit;
  }

  #remove(unit: number, order: number): void {
    const next = this.#next[unit]!;
    const previous = this.#previous[unit]!;
    if (next !== NONE) this.#previous[next] = previous;
    if (previous === NONE) this.#heads[order] = next;
    else this.#next[previous] = next;
  }
}

function isPowerOfTwo(value: number): boolean {
  return value >= 1 && Number.isInteger(Math.log2(value));
}
