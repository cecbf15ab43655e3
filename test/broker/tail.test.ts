import fc from "fast-check";
import { expect, test } from "vitest";
import { AssertionFailure } from "../../src/base/assert.ts";
import { BlockPool } from "../../src/broker/block-pool.ts";
import { Tail, type TailOwner } from "../../src/broker/tail.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const POOL = { address: 4096, size: 32 * MIB, blockMin: 16 * KIB, blockMax: 32 * MIB };

class Owner implements TailOwner {
  highWatermark = 0;
  bytesKept = 0;
  readonly evictedEnds: number[] = [];

  evicted(end: number): void {
    this.evictedEnds.push(end);
  }
}

interface ModelBatch {
  readonly base: number;
  readonly end: number;
  readonly address: number;
  readonly length: number;
}

interface OnItsWay {
  readonly address: number;
  readonly length: number;
}

/** A tail and what must be true of it, kept in the plainest way. */
class Bench {
  readonly pool = new BlockPool(POOL);
  readonly owner = new Owner();
  readonly tail = new Tail(this.pool, this.owner);
  /** Put in, and their outcome is not known. */
  readonly onTheirWay: OnItsWay[] = [];
  /** In the log, from the first on that may still be in memory. */
  batches: ModelBatch[] = [];
  end = 0;

  reserve(length: number): void {
    const address = this.tail.reserve(length);
    if (address >= 0) this.onTheirWay.push({ address, length });
  }

  adopt(length: number): void {
    const address = this.pool.allocate(length);
    if (address < 0) return;
    this.tail.adopt(address, length);
    this.onTheirWay.push({ address, length });
  }

  append(count: number): void {
    const batch = this.onTheirWay.shift();
    if (batch === undefined) return;
    this.tail.add(this.end, this.end + count, batch.address, batch.length);
    this.batches.push({ base: this.end, end: this.end + count, ...batch });
    this.end += count;
  }

  drop(): void {
    const batch = this.onTheirWay.shift();
    if (batch !== undefined) this.tail.drop(batch.address);
  }

  sync(): void {
    this.owner.highWatermark = this.end;
  }

  truncate(): void {
    this.end = this.owner.highWatermark;
    this.batches = this.batches.filter(({ end }) => end <= this.end);
    this.tail.truncate(this.end);
  }

  check(): void {
    const { tail } = this;
    // What is in memory is the end of the log, without a hole.
    expect(tail.count).toBeLessThanOrEqual(this.batches.length);
    const held = this.batches.slice(this.batches.length - tail.count);
    const lost = this.batches.slice(0, this.batches.length - tail.count);
    for (const { end } of lost) expect(end).toBeLessThanOrEqual(this.owner.highWatermark);
    expect(tail.start).toBe(held[0]?.base ?? -1);
    expect(tail.end).toBe(held.at(-1)?.end ?? -1);
    let bytes = 0;
    held.forEach(({ base, end, address, length }, index) => {
      expect([tail.baseAt(index), tail.endAt(index), tail.addressAt(index), tail.lengthAt(index)]).toEqual([
        base,
        end,
        address,
        length,
      ]);
      expect(tail.find(base)).toBe(index);
      expect(tail.find(end - 1)).toBe(index);
      bytes += length;
    });
    expect(tail.bytesBetween(0, this.end)).toBe(bytes);
    const belowWatermark = held.filter(({ end }) => end <= this.owner.highWatermark).slice(1);
    const sum = belowWatermark.reduce((total, { length }) => total + length, 0);
    if (tail.count > 0) expect(tail.bytesBetween(1, this.owner.highWatermark)).toBe(sum);
    if (held.length > 0) expect(tail.find(held[0]!.base - 1)).toBe(-1);
    expect(tail.find(this.end)).toBe(-1);
    // No byte has two owners, and the pool misses exactly the tail's blocks.
    const ranges = [...held, ...this.onTheirWay].sort((left, right) => left.address - right.address);
    ranges.forEach(({ address, length }, index) => {
      const next = ranges[index + 1];
      if (next !== undefined) expect(address + length).toBeLessThanOrEqual(next.address);
    });
    expect(this.pool.freeBytes).toBe(POOL.size - tail.bytes);
    expect(tail.bytes).toBeGreaterThanOrEqual(bytes);
  }

  /** Everything that can be let go is. */
  finish(): void {
    while (this.onTheirWay.length > 0) this.drop();
    this.sync();
    this.tail.shrink(0);
    expect(this.pool.freeBytes).toBe(POOL.size);
    expect(this.tail.count).toBe(0);
  }
}

type Step =
  | { readonly do: "reserve" | "adopt"; readonly length: number }
  | { readonly do: "append"; readonly count: number }
  | { readonly do: "shrink"; readonly bytes: number }
  | { readonly do: "shrinkBelow"; readonly needed: number; readonly bytes: number }
  | { readonly do: "drop" | "sync" | "truncate" | "pressure" };

const length = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.constantFrom(16 * KIB, 16 * KIB - 1, 16 * KIB + 1, 32 * KIB),
  fc.integer({ min: 1, max: 3 * MIB }),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("reserve"), length }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("adopt"), length }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("append"), count: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("drop", "sync", "truncate", "pressure") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("shrink"), bytes: fc.nat(2 * MIB) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("shrinkBelow"), needed: fc.nat(500), bytes: fc.nat(2 * MIB) }),
  },
) as fc.Arbitrary<Step>;

function take(bench: Bench, next: Step): void {
  if (next.do === "reserve" || next.do === "adopt") bench[next.do](next.length);
  else if (next.do === "append") bench.append(next.count);
  else if (next.do === "shrink") bench.tail.shrink(next.bytes);
  else if (next.do === "shrinkBelow") bench.tail.shrinkBelow(next.needed, next.bytes);
  else if (next.do === "pressure") {
    // Somebody else wants all that there is.
    const address = bench.pool.allocate(POOL.blockMax);
    if (address >= 0) bench.pool.release(address);
  } else bench[next.do]();
}

test("a tail is the end of the log without a hole, whatever happens, and evicts only what is durable and not on its way", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const bench = new Bench();
      for (const next of steps) {
        take(bench, next);
        bench.check();
      }
      bench.finish();
    }),
    { numRuns: 300 },
  );
});

test("a batch with a block of its own goes in its turn, and what came before it goes first", () => {
  const bench = new Bench();
  bench.reserve(100);
  bench.adopt(5 * MIB);
  bench.reserve(100);
  for (let batch = 0; batch < 3; batch++) bench.append(1);
  bench.sync();
  bench.tail.shrink(bench.tail.bytes - 1);
  bench.check();
  expect(bench.tail.start).toBe(1);
  bench.tail.shrink(bench.tail.bytes - 1);
  bench.check();
  expect(bench.tail.start).toBe(2);
  bench.finish();
});

test("a batch that fills a block to its last byte has a next one with another address", () => {
  const bench = new Bench();
  bench.reserve(16 * KIB);
  bench.reserve(1);
  bench.check();
  bench.finish();
});

test("an empty batch is a bug of the caller", () => {
  expect(() => new Bench().tail.reserve(0)).toThrow(AssertionFailure);
});

test("a refused batch leaves no block behind where nothing else is in it", () => {
  const bench = new Bench();
  bench.reserve(100);
  bench.drop();
  expect(bench.pool.freeBytes).toBe(POOL.size);
});

test("a topic in memory keeps what it may keep, whatever others need", () => {
  const bench = new Bench();
  bench.owner.bytesKept = MIB;
  for (let batch = 0; batch < 40; batch++) {
    bench.reserve(100 * KIB);
    bench.append(1);
  }
  bench.sync();
  const before = bench.tail.bytes;
  expect(bench.pool.allocate(POOL.blockMax)).toBe(-1);
  expect(bench.tail.bytes).toBeGreaterThanOrEqual(MIB);
  expect(bench.tail.bytes).toBeLessThan(before); // What lies beyond gave way.
  bench.check();
  bench.finish();
});

test("the newest block stays where a topic in memory is cut down to its bound", () => {
  const bench = new Bench();
  bench.owner.bytesKept = MIB;
  bench.reserve(4 * MIB);
  bench.append(1);
  bench.sync();
  bench.tail.shrinkToNewest(MIB);
  expect(bench.tail.start).toBe(0);
  bench.reserve(100);
  bench.append(1);
  bench.sync();
  bench.tail.shrinkToNewest(MIB);
  expect(bench.tail.start).toBe(1);
  expect(bench.owner.evictedEnds).toEqual([1]);
  bench.finish();
});

test("the tail of a deleted log is gone at once, but for what is on its way", () => {
  const bench = new Bench();
  for (let batch = 0; batch < 5; batch++) bench.reserve(10 * KIB);
  for (let batch = 0; batch < 3; batch++) bench.append(1); // Not durable.
  bench.tail.clear();
  bench.batches = [];
  expect(bench.tail.count).toBe(0);
  expect(bench.pool.freeBytes).toBeLessThan(POOL.size);
  bench.drop();
  bench.drop();
  expect(bench.pool.freeBytes).toBe(POOL.size);
});
