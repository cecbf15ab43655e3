/**
 * The memory for all batch bytes: blocks from 16 KiB to 32 MiB, handed out by the main thread alone.
 *
 * Blocks that only cache what is also on disk are registered with a way to evict them; when memory runs short the oldest that
 * may go are evicted. Whoever still finds none waits in line and is asked again when a block comes free.
 */
import { BuddyAllocator } from "../base/buddy-allocator.ts";

/** A block that gives way when memory is short. */
export interface Evictable {
  /** Releases the block, if nothing needs it now. @returns whether it did */
  evict(): boolean;
}

/** Someone who found no memory. */
export interface MemoryWaiter {
  /** Bytes wanted. */
  readonly size: number;
  /** Memory may have come free: try again. @returns false: there was still too little, ask again */
  retry(): boolean;
}

export class BlockPool {
  readonly #allocator: BuddyAllocator;
  /** Oldest first. */
  readonly #evictable = new Set<Evictable>();
  /** Longest waiting first. */
  readonly #waiting = new Set<MemoryWaiter>();
  #isServing = false;

  constructor(range: {
    readonly address: number;
    readonly size: number;
    readonly blockMin: number;
    readonly blockMax: number;
  }) {
    this.#allocator = new BuddyAllocator(range.address, range.size, range.blockMin, range.blockMax);
  }

  get size(): number {
    return this.#allocator.size;
  }

  get freeBytes(): number {
    return this.#allocator.freeBytes;
  }

  get blockSizeMax(): number {
    return this.#allocator.blockSizeMax;
  }

  /** Bytes that a block for `size` bytes has. */
  blockSize(size: number): number {
    return this.#allocator.blockSize(size);
  }

  /** @returns address of a block of at least `size` bytes, -1: none now, even after evicting what may go */
  allocate(size: number): number {
    let address = this.#allocator.allocate(size);
    if (address >= 0 || size > this.#allocator.blockSizeMax) return address;
    for (const block of this.#evictable) {
      if (!block.evict()) continue;
      address = this.#allocator.allocate(size);
      if (address >= 0) return address;
    }
    return -1;
  }

  release(address: number): void {
    this.#allocator.release(address);
    this.nudge();
  }

  /** The waiter is asked when a block has come free or one may be evicted, until it says that it needs no more. */
  whenFree(waiter: MemoryWaiter): void {
    this.#waiting.add(waiter);
  }

  /** The waiter wants nothing any more. */
  forget(waiter: MemoryWaiter): void {
    this.#waiting.delete(waiter);
  }

  /** Something came free or became evictable: whoever waits may try again, after whatever is under way. */
  nudge(): void {
    if (this.#isServing || this.#waiting.size === 0) return;
    this.#isServing = true;
    queueMicrotask(() => this.#serve());
  }

  register(block: Evictable): void {
    this.#evictable.add(block);
  }

  unregister(block: Evictable): void {
    this.#evictable.delete(block);
  }

  #serve(): void {
    this.#isServing = false;
    // Where one size cannot be had, no larger one can: each round costs few vain searches, however many wait.
    let hopelessSize = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiting) {
      if (waiter.size >= hopelessSize) continue;
      if (waiter.retry()) this.#waiting.delete(waiter);
      else hopelessSize = waiter.size;
    }
  }
}
