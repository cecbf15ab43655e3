/**
 * The memory of a producer's batches, one block for each, from its first record until it is acknowledged. It is bounded;
 * that is what makes a producer wait.
 */
import { BuddyAllocator } from "../base/buddy-allocator.ts";
import { KIB } from "../base/units.ts";

const BLOCK_SIZE_MIN: number = 4 * KIB;

export class BatchMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly blockSizeMax: number;
  readonly #blocks: BuddyAllocator;
  readonly #bytesMax: number;
  /** Bytes of batches that are too large for a block and lie elsewhere. */
  #largeBytes = 0;

  /**
   * @param bytesMax     bytes of all batches; rounded up to whole largest blocks
   * @param blockSizeMax bytes of the largest block; a power of two, at least 4 KiB
   */
  constructor(bytesMax: number, blockSizeMax: number) {
    this.#bytesMax = Math.ceil(bytesMax / blockSizeMax) * blockSizeMax;
    this.blockSizeMax = blockSizeMax;
    this.#blocks = new BuddyAllocator(0, this.#bytesMax, BLOCK_SIZE_MIN, blockSizeMax);
    this.bytes = new Uint8Array(this.#bytesMax);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Bytes that are not taken. Below 0 while a large batch takes more than there is. */
  get freeBytes(): number {
    return this.#blocks.freeBytes - this.#largeBytes;
  }

  get usedBytes(): number {
    return this.#bytesMax - this.freeBytes;
  }

  /** Bytes that a block for `size` bytes really has. */
  blockSize(size: number): number {
    return this.#blocks.blockSize(size);
  }

  /** @returns position in `bytes` of a block of blockSize(size) bytes; -1: there is none now */
  allocate(size: number): number {
    return this.freeBytes < size ? -1 : this.#blocks.allocate(size);
  }

  release(block: number): void {
    this.#blocks.release(block);
  }

  /**
   * Counts a batch that lies elsewhere. One alone may be larger than all the memory.
   *
   * @returns whether there is room
   */
  takeLarge(size: number): boolean {
    if (this.freeBytes < size && this.#largeBytes > 0) return false;
    this.#largeBytes += size;
    return true;
  }

  releaseLarge(size: number): void {
    this.#largeBytes -= size;
  }
}
