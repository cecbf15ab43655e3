import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Partition } from "../../src/broker/partition.ts";
import { BrokerBench, Reading, turns } from "../helpers/broker-bench.ts";

const KIB = 1024;

/** Puts batches of these sizes into the log, all durable. @returns their bytes, with the base offset of each */
function fill(bench: BrokerBench, partition: Partition, sizes: readonly number[]): { base: number; size: number }[] {
  let base = partition.logEndOffset;
  return sizes.map((size, index) => {
    const count = 1 + (index % 4);
    bench.produce(partition, { count, size, fill: index % 256 });
    bench.store.step();
    base += count;
    return { base: base - count, size };
  });
}

function bytesOf(bench: BrokerBench, from: number): Uint8Array {
  const { batches } = bench.store.stored.get("topics/t-0")!;
  return new Uint8Array(Buffer.concat(batches.filter(({ end }) => end > from).map(({ bytes }) => bytes)));
}

/** Lets all happen that waits for nothing but turns of the event loop. */
async function untilQuiet(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

describe("reading", () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 3, max: 400 }), fc.integer({ min: 3, max: 40 * KIB })), {
    minLength: 1,
    maxLength: 40,
  });

  test("gives every byte of the log once, in whole batches or parts of one, wherever they lie meanwhile", async () => {
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.nat(),
        fc.array(
          fc.record({
            bytesMax: fc.integer({ min: 1, max: 64 * KIB }),
            partMax: fc.integer({ min: 100, max: 64 * KIB }),
          }),
          { minLength: 1, maxLength: 5 },
        ),
        fc.array(fc.constantFrom("evict", "append", "close", "nothing"), { maxLength: 60 }),
        async (all, from, limits, events) => {
          const bench = new BrokerBench({ poolBytes: 4 << 20, tailBytes: 4 << 20 });
          const partition = await bench.openTopic("t");
          fill(bench, partition, all);
          const offset = from % partition.highWatermark;
          const reading = new Reading(bench, partition, offset);
          for (let turn = 0; ; turn++) {
            const event = events[turn];
            if (event === "evict") partition.tail.shrink(partition.tail.bytes / 2);
            if (event === "append") fill(bench, partition, [200, 3000]);
            const closing = event === "close" ? partition.log.close() : null;
            await turns(4);
            bench.store.step();
            await closing;
            const { bytesMax, partMax } = limits[turn % limits.length]!;
            const step = reading.next(bytesMax, partMax);
            if (step === "end" && turn >= events.length) break;
            if (step === "pending") await turns();
            if (step !== "slice") continue;
            const slice = reading.slices.at(-1)!;
            const batches = slice.bytes.length;
            expect(batches).toBeLessThanOrEqual(Math.max(bytesMax, partMax));
          }
          expect(reading.failure).toBe(null);
          expect(isSame(reading.bytes, bytesOf(bench, offset))).toBe(true);
          expect(reading.reader.offset).toBe(partition.highWatermark);
          reading.reader.close();
          await bench.broker.close();
          expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("slices name the batch they begin in, and what of it came before", async () => {
    const bench = new BrokerBench({ poolBytes: 4 << 20 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, [100, 1000, 100]);
    const reading = new Reading(bench, partition, 0);
    await reading.toEnd(300, 300);
    expect(
      reading.slices.map(({ baseOffset, batchPosition, bytes }) => [baseOffset, batchPosition, bytes.length]),
    ).toEqual([
      [0, 0, 100],
      [1, 0, 300],
      [1, 300, 300],
      [1, 600, 300],
      [1, 900, 100],
      [3, 0, 100],
    ]);
  });

  test("an offset inside a batch gives the whole batch", async () => {
    const bench = new BrokerBench({ poolBytes: 4 << 20 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, [100, 100, 100]);
    const reading = new Reading(bench, partition, 2); // The second batch holds 1 and 2.
    await reading.toEnd();
    expect(reading.slices[0]!.baseOffset).toBe(1);
    expect(reading.slices.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(200);
  });

  test("goes on from the disk in the middle of a batch whose memory was taken meanwhile", async () => {
    const bench = new BrokerBench({ poolBytes: 4 << 20 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, [200 * KIB]);
    const reading = new Reading(bench, partition, 0);
    expect(reading.next(64 * KIB, 64 * KIB)).toBe("slice");
    expect(reading.reader.insideBatch).toBe(true);
    partition.tail.shrink(0);
    await reading.toEnd(64 * KIB, 64 * KIB);
    expect(isSame(reading.bytes, bytesOf(bench, 0))).toBe(true);
  });

  test("a batch larger than what is read at a time is read at its own size", async () => {
    const bench = new BrokerBench({ poolBytes: 16 << 20 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, [3 << 20, 100]);
    partition.tail.shrink(0);
    const reading = new Reading(bench, partition, 0);
    await reading.toEnd(256 * KIB, 256 * KIB);
    expect(bench.store.reads.map(({ capacity }) => capacity)).toEqual([256 * KIB, 4 << 20]);
    expect(isSame(reading.bytes, bytesOf(bench, 0))).toBe(true);
  });

  test("a point read takes little from the disk, and reading on takes ever more, up to a bound", async () => {
    const bench = new BrokerBench({ poolBytes: 16 << 20 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, new Array<number>(800).fill(4 * KIB));
    partition.tail.shrink(0);
    const reading = new Reading(bench, partition, 0);
    await reading.toEnd(1, 256 * KIB);
    const capacities = bench.store.reads.map(({ capacity }) => capacity / KIB);
    expect(capacities).toEqual([16, 32, 64, 128, 256, 512, 1024, 1024, 1024].slice(0, capacities.length));
    expect(capacities.length).toBeGreaterThan(7);
    expect(isSame(reading.bytes, bytesOf(bench, 0))).toBe(true);
  });

  test("what was read and is not sent gives way to others, and is read again", async () => {
    const bench = new BrokerBench({ poolBytes: 2 << 20, blockMax: 2 << 20 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, [100 * KIB, 300 * KIB, 100]);
    partition.tail.shrink(0);
    const stalled = Array.from({ length: 50 }, () => new Reading(bench, partition, 0));
    for (const reading of stalled) reading.next(64 * KIB, 64 * KIB);
    await untilQuiet();
    expect(stalled.every(({ wakes }) => wakes === 1)).toBe(true); // Though all of them do not fit.
    expect(bench.broker.pool.allocate(2 << 20)).toBeGreaterThanOrEqual(0);
    expect(bench.broker.pool.freeBytes).toBe(0);
    bench.broker.pool.release(bench.store.pool.address);
    for (const reading of stalled.slice(0, 3)) {
      await reading.toEnd(64 * KIB, 64 * KIB);
      expect(isSame(reading.bytes, bytesOf(bench, 0))).toBe(true);
    }
    for (const { reader } of stalled) reader.close();
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
  });

  test("few reads are under way at a time, and those who wait for theirs hold no memory", async () => {
    const bench = new BrokerBench({ poolBytes: 8 << 20 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, [100]);
    partition.tail.shrink(0);
    bench.store.hold("read");
    const readings = Array.from({ length: 100 }, () => new Reading(bench, partition, 0));
    for (const reading of readings) reading.next(1, 1 << 20);
    await turns();
    const held = bench.store.held("read");
    expect(held).toBeLessThan(10);
    expect(bench.broker.pool.size - bench.broker.pool.freeBytes).toBe(held * 16 * KIB);
    readings[held + 1]!.reader.close(); // It never had its turn.
    bench.store.let("read");
    await untilQuiet();
    expect(readings.filter(({ wakes }) => wakes === 1).length).toBe(99);
    for (const { reader } of readings) reader.close();
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
  });

  test("waits where there is no memory, and goes on when there is", async () => {
    const bench = new BrokerBench({ poolBytes: 2 << 20, blockMax: 2 << 20 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, [100]);
    partition.tail.shrink(0);
    const { pool } = bench.broker;
    const taken = [pool.allocate(1 << 20), pool.allocate(1 << 20)];
    const reading = new Reading(bench, partition, 0);
    expect(reading.next()).toBe("pending");
    await turns();
    expect(bench.store.reads).toEqual([]);
    pool.release(taken[0]!);
    await turns();
    expect(reading.next()).toBe("slice");
  });

  test("a reader that is closed while it waits or reads gives everything back", async () => {
    const bench = new BrokerBench({ poolBytes: 2 << 20, blockMax: 2 << 20, idleMs: 1 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, [100]);
    partition.tail.shrink(0);
    const { pool } = bench.broker;
    const taken = pool.allocate(2 << 20);
    const waiting = new Reading(bench, partition, 0);
    waiting.next();
    await turns();
    waiting.reader.close();
    pool.release(taken);
    await turns();
    expect(pool.freeBytes).toBe(pool.size);
    expect(bench.store.reads).toEqual([]);
    bench.store.hold("read");
    const reading = new Reading(bench, partition, 0);
    reading.next();
    await turns();
    expect(bench.store.held("read")).toBe(1);
    reading.reader.close();
    bench.store.let("read");
    await turns();
    expect(pool.freeBytes).toBe(pool.size);
    expect(reading.wakes).toBe(0);
    bench.nowMs = 1000;
    bench.broker.closeIdle();
    await turns();
    expect(partition.log.isOpen).toBe(false); // No read pins it any more.
  });

  test("what cannot be read is told with its error, and the memory is back", async () => {
    const bench = new BrokerBench({ poolBytes: 2 << 20 });
    const partition = await bench.openTopic("t");
    fill(bench, partition, [100]);
    partition.tail.shrink(0);
    bench.store.hold("read");
    const reading = new Reading(bench, partition, 0);
    reading.next();
    await turns();
    bench.store.fail("read");
    await turns();
    expect(reading.failure).toMatchObject({ code: "STORAGE_ERROR" });
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
  });

  test("a topic in memory whose oldest batches are gone says so in the middle of one", async () => {
    const bench = new BrokerBench({ poolBytes: 4 << 20 });
    const partition = await bench.openTopic("t", { durability: "memory", "retention.bytes": String(1 << 20) });
    fill(bench, partition, [100 * KIB]);
    const reading = new Reading(bench, partition, 0);
    expect(reading.next(64 * KIB, 64 * KIB)).toBe("slice");
    fill(
      bench,
      partition,
      Array.from({ length: 30 }, () => 100 * KIB),
    );
    reading.next(64 * KIB, 64 * KIB);
    await turns();
    expect(reading.failure).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
    expect(reading.failure!.details).toMatchObject({ logStartOffset: partition.logStartOffset });
  });
});
