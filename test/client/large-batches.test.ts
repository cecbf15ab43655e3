/** Batches that are larger than their partition's share of a consumer's memory. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { KIB, MIB } from "../../src/base/units.ts";
import { LargeTurns, type TurnTaker } from "../../src/client/large-turns.ts";
import { until } from "../helpers/until.ts";
import { Random } from "../protocol/random.ts";
import { writeBatch } from "../wasm/batch-writer.ts";
import type { FakeBroker } from "./fake-broker.ts";
import type { FakePartition } from "./fake-partition.ts";
import { connectTo, startFakeBroker } from "./harness.ts";
import { modes, readWith } from "./reading.ts";

const SHARE = 256 * KIB;
const LARGE = 1 * MIB;

const batches = new Map<number, Uint8Array>();

/** Appends a batch of one record. @returns its size */
function append(partition: FakePartition, valueSize: number): number {
  const value = new Uint8Array(valueSize);
  const batch = batches.get(valueSize) ?? writeBatch([{ timestamp: 0, key: null, value, headers: [] }]);
  batches.set(valueSize, batch);
  partition.append(batch);
  return batch.length;
}

const bytesSent = (broker: FakeBroker): number =>
  [...broker.connections].reduce((sum, { dataBytesSent }) => sum + dataBytesSent, 0);

/** Waits until nothing more is sent. */
async function quiet(broker: FakeBroker): Promise<number> {
  for (let before = -1; ; await sleep(300)) {
    const sent = bytesSent(broker);
    if (sent === before && sent > 0) return sent;
    before = sent;
  }
}

test.each(["batches", "records"] as const)("%s: who stalls holds the shares and one of them", async (mode) => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 6);
  let size = 0;
  for (const partition of partitions) for (let round = 0; round < 2; round++) size = append(partition, LARGE);
  const client = await connectTo(broker);
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", bufferBytes: 1 });
  let read = 0;
  // What was read before, and then what may be held: also what the reader has in his hands.
  const bound = (): number => (read - 1) * size + partitions.length * SHARE + size;
  await readWith(consumer, mode, () => {
    read++;
    if (read % 4 !== 1) return;
    return quiet(broker).then((sent) => expect(sent).toBeLessThanOrEqual(bound()));
  });
  expect(read).toBe(12);
});

test("paused from the start, partitions get their shares and no more", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 4);
  for (const partition of partitions) append(partition, LARGE);
  const client = await connectTo(broker);
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", bufferBytes: 1 });
  consumer.pause();
  let read = 0;
  const reading = consumer.forEach(() => void read++);
  expect(await quiet(broker)).toBeLessThanOrEqual(4 * SHARE);
  consumer.resume();
  await reading;
  expect(read).toBe(4);
});

test("a paused partition that has one keeps no other waiting", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 3);
  for (const partition of partitions) for (let round = 0; round < 3; round++) append(partition, LARGE);
  const client = await connectTo(broker);
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", bufferBytes: 1 });
  const counts = [0, 0, 0];
  let paused = -1;
  const reading = (async () => {
    for await (const batch of consumer.batches()) {
      counts[batch.partition]!++;
      if (paused >= 0) continue;
      paused = batch.partition;
      consumer.pause([paused]);
    }
  })();
  const others = (): number => counts.reduce((sum, count, partition) => sum + (partition === paused ? 0 : count), 0);
  await until(() => others() === 6);
  expect(counts[paused]).toBe(1);
  consumer.resume();
  await reading;
  expect(counts).toEqual([3, 3, 3]);
});

test.each(modes)("%s: batches of any size, pauses and cuts lose, repeat and reorder nothing", async (mode) => {
  const random = new Random(3);
  const broker = await startFakeBroker();
  broker.sliceMax = 64 * KIB;
  const { partitions } = broker.topic("t", 4);
  const sizes = [10, 100, 50 * KIB, SHARE - 100, SHARE, SHARE + 100, 700 * KIB];
  for (const partition of partitions)
    for (let count = 0; count < 30; count++) append(partition, sizes[random.below(sizes.length)]!);
  const client = await connectTo(broker);
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", bufferBytes: 1 });
  const offsets: number[][] = partitions.map(() => []);
  let count = 0;
  const reading = readWith(consumer, mode, ({ partition, offset }) => {
    offsets[partition]!.push(offset);
    if (++count % 25 === 0) broker.cut();
    if (random.below(10) === 0) consumer.pause([random.below(4)]);
    if (random.below(10) === 0) consumer.resume([random.below(4)]);
  });
  const resuming = setInterval(() => consumer.resume(), 5);
  await reading.finally(() => clearInterval(resuming));
  const all = Array.from({ length: 30 }, (_, offset) => offset);
  expect(offsets).toEqual(partitions.map(() => all));
});

describe("turns", () => {
  class Taker implements TurnTaker {
    readonly partition: number;
    turns = 0;

    constructor(partition: number) {
      this.partition = partition;
    }

    turned(): void {
      this.turns++;
    }
  }

  test("are taken one after the other, in the order in which they were asked for", () => {
    const turns = new LargeTurns(() => false);
    const [a, b, c, d] = [0, 1, 2, 3].map((partition) => new Taker(partition)) as [Taker, Taker, Taker, Taker];
    const all = (): number[] => [a, b, c, d].map((taker) => taker.turns);
    for (const taker of [a, b, a, c, d, b]) turns.ask(taker);
    expect(all()).toEqual([1, 0, 0, 0]);
    turns.leave(c);
    turns.leave(a);
    expect(all()).toEqual([1, 1, 0, 0]);
    turns.ask(a);
    turns.leave(b);
    expect(all()).toEqual([1, 1, 0, 1]);
    turns.leave(d);
    expect(all()).toEqual([2, 1, 0, 1]);
  });

  test("are not given to who is paused, nor kept from others by him", () => {
    const paused = new Set([0]);
    const turns = new LargeTurns((partition) => paused.has(partition));
    const [a, b, c] = [0, 1, 2].map((partition) => new Taker(partition)) as [Taker, Taker, Taker];
    for (const taker of [a, b, c]) turns.ask(taker);
    expect([a.turns, b.turns, c.turns]).toEqual([0, 1, 0]);
    paused.add(1);
    turns.wake();
    expect([a.turns, b.turns, c.turns]).toEqual([0, 1, 1]);
    paused.clear();
    turns.leave(c);
    expect(a.turns).toBe(0);
    turns.leave(b);
    expect(a.turns).toBe(1);
  });
});
