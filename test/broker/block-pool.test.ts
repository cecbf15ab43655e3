import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../src/base/assert.ts";
import { BuddyAllocator } from "../../src/base/buddy-allocator.ts";
import { BlockPool, type Evictable, type MemoryWaiter } from "../../src/broker/block-pool.ts";
import { turns } from "../helpers/broker-bench.ts";

const UNIT = 1024;
const LARGEST = 16 * UNIT;
const START = 3 * UNIT;
const SIZE = 4 * LARGEST;

function powerOfTwo(size: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(size, UNIT)));
}

describe("the buddy allocator", () => {
  type Step = { readonly take: number } | { readonly giveBack: number };
  const steps = fc.array(
    fc.oneof(
      fc.record({ take: fc.integer({ min: 1, max: LARGEST }) }),
      fc.record({ giveBack: fc.nat() }),
    ) as fc.Arbitrary<Step>,
    { maxLength: 200 },
  );

  test("no byte has two owners, and the books agree with a model after every step", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const allocator = new BuddyAllocator(START, SIZE, UNIT, LARGEST);
        const blocks = new Map<number, number>();
        for (const step of all) {
          if ("take" in step) {
            const size = powerOfTwo(step.take);
            const address = allocator.allocate(step.take);
            const free = freeAligned(blocks, size);
            // A buddy allocator serves whenever an aligned stretch is free, because free buddies are merged at once.
            expect(address >= 0).toBe(free);
            if (address < 0) continue;
            expect((address - START) % size).toBe(0);
            expect(address - START + size).toBeLessThanOrEqual(SIZE);
            for (const [other, otherSize] of blocks)
              expect(address + size <= other || other + otherSize <= address).toBe(true);
            blocks.set(address, size);
          } else if (blocks.size > 0) {
            const address = [...blocks.keys()][step.giveBack % blocks.size]!;
            allocator.release(address);
            blocks.delete(address);
          }
          expect(allocator.freeBytes).toBe(SIZE - [...blocks.values()].reduce((sum, size) => sum + size, 0));
        }
        for (const address of blocks.keys()) allocator.release(address);
        for (let block = 0; block < SIZE / LARGEST; block++)
          expect(allocator.allocate(LARGEST)).toBeGreaterThanOrEqual(0);
        expect(allocator.freeBytes).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  /** Is there an aligned stretch of this size that no block touches? */
  function freeAligned(blocks: ReadonlyMap<number, number>, size: number): boolean {
    for (let at = 0; at + size <= SIZE; at += size) {
      const end = START + at + size;
      if ([...blocks].every(([other, otherSize]) => end <= other || other + otherSize <= START + at)) return true;
    }
    return false;
  }

  test("what is larger than the largest block is not there", () => {
    expect(new BuddyAllocator(START, SIZE, UNIT, LARGEST).allocate(LARGEST + 1)).toBe(-1);
  });

  test("a block that was given back, or never was one, is not taken back again", () => {
    const allocator = new BuddyAllocator(START, SIZE, UNIT, LARGEST);
    const address = allocator.allocate(UNIT);
    allocator.release(address);
    expect(() => allocator.release(address)).toThrow(AssertionFailure);
    expect(() => allocator.release(allocator.allocate(LARGEST) + UNIT)).toThrow(AssertionFailure);
  });
});

describe("the block pool", () => {
  /** A block that may be evicted or not. */
  class Cached implements Evictable {
    readonly address: number;
    readonly #pool: BlockPool;
    readonly #evicted: Cached[];
    isNeeded = false;

    constructor(pool: BlockPool, size: number, evicted: Cached[]) {
      this.#pool = pool;
      this.#evicted = evicted;
      this.address = pool.allocate(size);
      pool.register(this);
    }

    evict(): boolean {
      if (this.isNeeded) return false;
      this.#pool.unregister(this);
      this.#pool.release(this.address);
      this.#evicted.push(this);
      return true;
    }
  }

  const makePool = (): BlockPool => new BlockPool({ address: START, size: SIZE, blockMin: UNIT, blockMax: LARGEST });

  /** Wants one block, and notes when it has it. */
  class Waiter implements MemoryWaiter {
    readonly size: number;
    readonly #pool: BlockPool;
    readonly #served: Waiter[];
    address = -1;
    asked = 0;

    constructor(pool: BlockPool, size: number, served: Waiter[]) {
      this.#pool = pool;
      this.size = size;
      this.#served = served;
    }

    retry(): boolean {
      this.asked++;
      this.address = this.#pool.allocate(this.size);
      if (this.address >= 0) this.#served.push(this);
      return this.address >= 0;
    }
  }

  test("evicts the oldest that may go, and no more than it needs", () => {
    const pool = makePool();
    const evicted: Cached[] = [];
    const [first, second, third] = Array.from({ length: 4 }, () => new Cached(pool, LARGEST, evicted));
    first!.isNeeded = true;
    expect(pool.allocate(LARGEST)).toBe(second!.address);
    expect(evicted).toEqual([second]);
    expect(pool.allocate(UNIT)).toBe(third!.address);
    expect(evicted).toEqual([second, third]);
  });

  test("finds none where nothing may go", () => {
    const pool = makePool();
    const blocks = Array.from({ length: 4 }, () => new Cached(pool, LARGEST, []));
    for (const block of blocks) block.isNeeded = true;
    expect(pool.allocate(UNIT)).toBe(-1);
    expect(pool.freeBytes).toBe(0);
  });

  test("those who wait are served in the order in which they came, once memory comes free", async () => {
    const pool = makePool();
    const blocks = Array.from({ length: 4 }, () => pool.allocate(LARGEST));
    const served: Waiter[] = [];
    const waiters = [LARGEST, UNIT, LARGEST, UNIT].map((size) => new Waiter(pool, size, served));
    for (const waiter of waiters) pool.whenFree(waiter);
    pool.release(blocks[0]!);
    expect(served).toEqual([]); // Not in the middle of whatever gave the memory back.
    await turns();
    expect(served).toEqual([waiters[0]]);
    pool.release(blocks[1]!);
    await turns();
    expect(served).toEqual([waiters[0], waiters[1], waiters[3]]); // A small one passes a large one that cannot be served.
    pool.release(blocks[2]!);
    await turns();
    expect(served).toEqual([waiters[0], waiters[1], waiters[3], waiters[2]]);
  });

  test("ten thousand who wait for what is not there cost one search when something comes free", async () => {
    const pool = makePool();
    const blocks = Array.from({ length: SIZE / UNIT }, () => pool.allocate(UNIT));
    const served: Waiter[] = [];
    const waiters = Array.from({ length: 10_000 }, () => new Waiter(pool, LARGEST, served));
    for (const waiter of waiters) pool.whenFree(waiter);
    pool.release(blocks[0]!);
    await turns();
    expect(waiters.reduce((sum, { asked }) => sum + asked, 0)).toBe(1);
  });

  test("memory that becomes evictable is told of by a nudge", async () => {
    const pool = makePool();
    const blocks = Array.from({ length: 4 }, () => new Cached(pool, LARGEST, []));
    for (const block of blocks) block.isNeeded = true;
    const served: Waiter[] = [];
    const waiter = new Waiter(pool, UNIT, served);
    pool.whenFree(waiter);
    blocks[2]!.isNeeded = false;
    pool.nudge();
    await turns();
    expect(waiter.address).toBe(blocks[2]!.address);
  });

  test("one who wants nothing any more is not asked", async () => {
    const pool = makePool();
    const block = pool.allocate(LARGEST);
    const waiter = new Waiter(pool, UNIT, []);
    pool.whenFree(waiter);
    pool.forget(waiter);
    pool.release(block);
    await turns();
    expect(waiter.asked).toBe(0);
  });
});
