/** Partitions of a consumer that are paused and resumed. */

import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { KIB } from "../../src/base/units.ts";
import { PullQueue } from "../../src/client/pull-queue.ts";
import { collectGarbage } from "../helpers/garbage.ts";
import { until } from "../helpers/until.ts";
import { Random } from "../protocol/random.ts";
import { plainBatch, writeBatch } from "../wasm/batch-writer.ts";
import type { FakePartition } from "./fake-partition.ts";
import { connectTo, startFakeBroker } from "./harness.ts";
import { modes, readWith } from "./reading.ts";

function fill(partitions: readonly FakePartition[], batches: number, valueSize = 10): void {
  const records = Array.from({ length: 10 }, () => ({
    timestamp: 0,
    key: null,
    value: new Uint8Array(valueSize),
    headers: [],
  }));
  for (const partition of partitions)
    for (let index = 0; index < batches; index++) partition.append(writeBatch(records));
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, index) => index);

describe.each(modes)("%s", (mode) => {
  test("a paused partition hands out nothing while the others go on, and then the rest, once and in order", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t", 2).partitions, 20);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
    const offsets: number[][] = [[], []];
    const reading = readWith(consumer, mode, ({ partition, offset }) => {
      offsets[partition]!.push(offset);
      if (partition === 0 && offset === 54) consumer.pause([0]);
    });
    await until(() => offsets[1]!.length === 200);
    await sleep(20);
    // Who has a batch in his hands has its rest.
    expect(offsets[0]!.length).toBe(mode === "batches" ? 60 : 55);
    const { partition, offset, paused } = consumer.positions[0]!;
    expect({ partition, paused }).toEqual({ partition: 0, paused: true });
    if (mode !== "batches") expect(offset).toBe(55);
    expect(consumer.positions[1]!.paused).toBe(false);
    consumer.resume([0]);
    await reading;
    expect(offsets).toEqual([upTo(200), upTo(200)]);
  });

  test("pausing and resuming at random moments, and cuts, lose, repeat and reorder nothing", async () => {
    const random = new Random(7);
    const broker = await startFakeBroker();
    broker.sliceMax = 2000;
    const { partitions } = broker.topic("t", 3);
    fill(partitions, 300);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
    const offsets: number[][] = [[], [], []];
    let count = 0;
    const reading = readWith(consumer, mode, ({ partition, offset }) => {
      offsets[partition]!.push(offset);
      if (++count % 1000 === 0) broker.cut();
      if (random.below(20) === 0) consumer.pause(random.below(4) === 0 ? undefined : [random.below(3)]);
      if (random.below(40) === 0) consumer.resume([random.below(3)]);
      return random.below(100) === 0 ? sleep(1) : undefined;
    });
    const resuming = setInterval(() => consumer.resume(), 1);
    await reading.finally(() => clearInterval(resuming));
    expect(offsets).toEqual([upTo(3000), upTo(3000), upTo(3000)]);
  });

  test("the signal, and close, end a consumer of which all is paused", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions, 5);
    const client = await connectTo(broker);
    for (const how of ["signal", "close"]) {
      const controller = new AbortController();
      const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", signal: controller.signal });
      consumer.pause();
      let count = 0;
      const reading = readWith(consumer, mode, () => void count++);
      const outcome = reading.catch((error: unknown) => error);
      await until(() => consumer.positions[0]?.highWatermark === 50);
      await sleep(5);
      if (how === "signal") controller.abort("enough");
      else await consumer.close();
      expect(await outcome).toBe(how === "signal" ? "enough" : undefined);
      expect(count).toBe(0);
    }
  });
});

test.each(modes)("a pause and a close, within %s or from outside, end it", async (mode) => {
  for (let round = 0; round < 20; round++) {
    const broker = await startFakeBroker();
    fill(broker.topic("t", 2).partitions, 20);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest", ...(round % 2 === 0 && { until: "end" }) });
    let count = 0;
    let isClosed = false;
    const end = (): void => {
      consumer.pause();
      void consumer.close();
      isClosed = true;
    };
    const reading = readWith(consumer, mode, () => {
      // Who has a batch in his hands has its rest.
      if (mode !== "batches") expect(isClosed).toBe(false);
      if (++count === 10 * round && round % 4 < 2) end();
    });
    if (round % 4 >= 2) {
      for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve));
      end();
    }
    await reading;
    await broker.close();
  }
});

test.each(["close", "pause", "abort"] as const)(
  "forEach calls back no more after %s, however soon that comes",
  async (end) => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions, 2);
    const client = await connectTo(broker);
    for (let turns = 0; turns < 16; turns++) {
      const abort = new AbortController();
      const consumer = client.consumer({ topic: "t", from: "earliest", signal: abort.signal });
      consumer.pause();
      let isEnded = false;
      const seen: number[] = [];
      const reading = consumer.forEach(({ offset }) => {
        expect(isEnded).toBe(false);
        seen.push(offset);
      });
      const outcome = reading.then(
        () => "ended",
        (error: Error) => error.message,
      );
      await until(() => (consumer.positions[0]?.highWatermark ?? 0) > 0);
      await sleep(2);
      consumer.resume();
      for (let turn = 0; turn < turns; turn++) await null;
      isEnded = true;
      if (end === "close") void consumer.close();
      else if (end === "pause") consumer.pause();
      else abort.abort(new Error("enough"));
      if (end === "pause") {
        await sleep(2);
        isEnded = false;
        consumer.resume();
        await until(() => seen.length === 20);
        await consumer.close();
        expect(seen).toEqual(upTo(20));
      }
      expect(await outcome).toBe(end === "abort" ? "enough" : "ended");
    }
  },
);

test("what is paused is sent no more than its credit, also over several connections", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 2);
  fill([partitions[0]!], 100, 1000);
  const client = await connectTo(broker);
  const consumer = client.consumer({ topic: "t", from: "earliest", bufferBytes: 512 * KIB });
  consumer.pause([0]);
  let count = 0;
  const reading = consumer.forEach(() => void count++);
  const paused = () => [...broker.connections].flatMap(({ subscriptions }) => [...subscriptions.values()])[0];
  await until(() => (paused()?.offset ?? 0) > 200);
  for (let round = 0; round < 3; round++) {
    const { welcomes } = broker;
    broker.cut();
    await until(() => broker.welcomes > welcomes && paused() !== undefined);
    await sleep(10);
    expect(paused()!.offset).toBeLessThan(300);
  }
  partitions[1]!.append(plainBatch(5));
  broker.appended();
  await until(() => count === 5);
  consumer.resume();
  await until(() => count === 1005);
  await consumer.close();
  await reading;
});

test("all but one: pause and resume add up, whatever was known", async () => {
  const broker = await startFakeBroker();
  fill(broker.topic("t", 3).partitions, 1);
  const client = await connectTo(broker);
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
  consumer.pause();
  consumer.resume([1, 2]);
  consumer.pause([2]);
  const seen: number[] = [];
  const reading = consumer.forEach(({ partition }) => void seen.push(partition));
  await until(() => consumer.positions.every(({ highWatermark }) => highWatermark === 10) && seen.length >= 10);
  expect(consumer.positions.map(({ paused }) => paused)).toEqual([true, false, true]);
  expect(new Set(seen)).toEqual(new Set([1]));
  consumer.resume();
  await reading;
  expect(seen.length).toBe(30);
  expect(() => consumer.pause([-1])).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  expect(() => consumer.resume(1 as never)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
});

test("a queue that is never empty keeps nothing of what was pulled", async () => {
  const queue = new PullQueue<{ index: number }>(() => false);
  const pulled: WeakRef<object>[] = [];
  queue.push({ index: 0 });
  for (let index = 1; index < 1000; index++) {
    queue.push({ index });
    const item = await queue.pull();
    expect(item!.index).toBe(index - 1);
    pulled.push(new WeakRef(item!));
  }
  await sleep(0);
  collectGarbage();
  expect(pulled.filter((item) => item.deref() !== undefined).length).toBeLessThan(10);
});
