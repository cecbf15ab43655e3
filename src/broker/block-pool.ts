/**
 * The memory for all batch bytes: blocks from 16 KiB to 32 MiB, handed out by the main thread alone.
 *
 * Blocks that only cache what is also on disk are registered with a way to evict them; when memory runs short the oldest that
 * may go are evicted. Whoever still finds none waits in line and is told when a block comes free.
 */
import { BuddyAllocator } from "../base/buddy-allocator.ts";

/** A block that gives way when memory is short. */
export interface Evictable {
  /** Releases the block, if nothing needs it now. @returns whether it did */
  evict(): boolean;
}

export class BlockPool {
  readonly #allocator: BuddyAllocator;
  /** Oldest first. */
  readonly #evictable = new Set<Evictable>();
  #waiting: (() => void)[] = [];

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
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) queueMicrotask(tell);
  }

  /** `tell` is called once, when a block has come free or one may be evicted. */
  whenFree(tell: () => void): void {
    this.#waiting.push(tell);
  }

  /** Something became evictable: whoever waits may try again. */
  nudge(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) queueMicrotask(tell);
  }

  register(block: Evictable): void {
    this.#evictable.add(block);
  }

  unregister(block: Evictable): void {
    this.#evictable.delete(block);
  }
}
