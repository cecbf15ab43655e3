/**
 * The memory of a producer's batches, one block for each, from its first record until it is acknowledged. It is bounded;
 * that is what makes a producer wait.
 *
 * It is the memory of an instance of the log core, so that checksums need no copy:
 *
 *   the core's tables | a window for checksums of what lies elsewhere | the blocks
 */

import { BuddyAllocator } from "../base/buddy-allocator.ts";
import { BrokerError } from "../base/errors.ts";
import { KIB } from "../base/units.ts";
import { Core } from "../wasm/core.ts";
import { type Crc32c, crc32cOf } from "../wasm/crc32c.ts";
import { CRC_TABLES_SIZE } from "../wasm/layout.ts";

const BLOCK_SIZE_MIN: number = 4 * KIB;
const PAGE_SIZE: number = 64 * KIB;
const BLOCKS_AT: number = PAGE_SIZE;

export class BatchMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly blockSizeMax: number;
  /** Of any bytes; those of a block are read where they lie. */
  readonly crc32c: Crc32c;
  readonly #blocks: BuddyAllocator;
  readonly #bytesMax: number;
  /** Bytes of batches that are too large for a block and lie elsewhere. */
  #largeBytes = 0;

  /**
   * @param module       the core for memory that is not shared
   * @param bytesMax     bytes of all batches; rounded up to whole largest blocks
   * @param blockSizeMax bytes of the largest block; a power of two, at least 4 KiB
   * @throws BrokerError INVALID_OPTION  the runtime does not have so much memory
   */
  constructor(module: WebAssembly.Module, bytesMax: number, blockSizeMax: number) {
    this.#bytesMax = Math.ceil(bytesMax / blockSizeMax) * blockSizeMax;
    this.blockSizeMax = blockSizeMax;
    this.#blocks = new BuddyAllocator(BLOCKS_AT, this.#bytesMax, BLOCK_SIZE_MIN, blockSizeMax);
    const memory = allocateMemory(BLOCKS_AT + this.#bytesMax);
    const core = new Core(module, memory, 0);
    core.initCrc32c();
    this.crc32c = crc32cOf(core, CRC_TABLES_SIZE, BLOCKS_AT - CRC_TABLES_SIZE);
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
  }

  /** Bytes that are not taken. Below 0 while a large batch takes more than there is. */
  get freeBytes(): number {
    return this.#blocks.freeBytes - this.#largeBytes;
  }

  get usedBytes(): number {
    return this.#bytesMax - this.freeBytes;
  }

  /**
   * Not whatever comes next may be taken. While it is not full there is a block of the largest size, and a batch that is too
   * large for one is taken, too: so what is exceeded is exceeded by one batch.
   */
  get isFull(): boolean {
    return this.freeBytes < this.blockSizeMax || !this.#blocks.hasLargest;
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

  /** Counts a batch that lies elsewhere. */
  takeLarge(size: number): void {
    this.#largeBytes += size;
  }

  releaseLarge(size: number): void {
    this.#largeBytes -= size;
  }
}

function allocateMemory(size: number): WebAssembly.Memory {
  const pages = Math.ceil(size / PAGE_SIZE);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    throw new BrokerError("INVALID_OPTION", `bufferBytes is more memory than there is: ${size} bytes`, { cause });
  }
}
