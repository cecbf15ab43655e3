/** Where a consumer goes on that is given the offsets of an earlier one. */
import { expect, test } from "vitest";
import { assembleBatch } from "../wasm/batch-writer.ts";
import { connectTo, startFakeBroker } from "./harness.ts";
import { fill, modes, numberOf, range, read, readWith } from "./reading.ts";

test.each(["records", "batches"])(
  "its offsets are where another one goes on, after a close within the loop over %s",
  async (mode) => {
    const broker = await startFakeBroker();
    const topic = broker.topic("t", 2);
    for (const partition of topic.partitions) fill(partition, 20, 10);
    const client = await connectTo(broker);
    const seen: string[] = [];
    const note = ({ partition, offset }: { partition: number; offset: number }): number =>
      seen.push(`${partition}/${offset}`);
    let offsets: Record<number, number> = {};
    for (let round = 0; round < 3; round++) {
      const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", offsets });
      if (mode === "batches") {
        for await (const batch of consumer.batches()) {
          for (const record of batch) note(record);
          if (round < 2) void consumer.close();
        }
      } else {
        let isClosed = false;
        for await (const record of consumer) {
          expect(isClosed).toBe(false);
          note(record);
          isClosed = round < 2 && record.offset % 10 === 4;
          if (isClosed) void consumer.close();
        }
      }
      offsets = consumer.offsets;
    }
    expect(seen.length).toBe(40);
    expect(new Set(seen).size).toBe(40);
    expect(offsets).toEqual({ 0: 20, 1: 20 });
    // What never began knows nothing, and is not made to look as if it did.
    expect(client.consumer({ topic: "t" }).offsets).toEqual({});
  },
);

test.each([
  ["forEach", 14],
  ["records", 14],
  ["batches", 10],
] as const)(
  "what fails in %s comes again with its offsets, and so does what a loop is left with",
  async (mode, first) => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 20, 10);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest" });
    const failing = readWith(consumer, mode, ({ offset }) => {
      if (offset === 14) throw new Error("mine");
    });
    await expect(failing).rejects.toThrow("mine");
    expect(consumer.offsets).toEqual({ 0: first });
    const left = client.consumer({ topic: "t", from: "earliest" });
    for await (const { offset } of left) if (offset === 14) break;
    expect(left.offsets).toEqual({ 0: 14 });
    expect(left.positions[0]!.offset).toBe(15);
    const rest = await read(client, { offsets: consumer.offsets }, mode);
    expect(rest.map(numberOf)).toEqual(range(first, 20));
  },
);

test("the offsets that a consumer was given are its offsets until it knows better, also without a broker", async () => {
  const broker = await startFakeBroker();
  fill(broker.topic("t", 2).partitions[0]!, 20, 10);
  const client = await connectTo(broker);
  const given = { 0: 5, 1: 0 };
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", offsets: given });
  expect(consumer.offsets).toEqual(given);
  await broker.close();
  const reading = consumer.forEach(() => {});
  expect(consumer.offsets).toEqual(given);
  await consumer.close();
  await reading;
  expect(consumer.offsets).toEqual(given);
});

test("within forEach the offset of the record at hand is the one to go on at", async () => {
  const broker = await startFakeBroker();
  fill(broker.topic("t").partitions[0]!, 20, 10);
  const client = await connectTo(broker);
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
  await consumer.forEach(({ offset }) => {
    expect([consumer.offsets[0], consumer.positions[0]!.offset]).toEqual([offset, offset + 1]);
  });
  expect(consumer.offsets).toEqual({ 0: 20 });
});

test("several calls of next at a time get one record after the other", async () => {
  const broker = await startFakeBroker();
  fill(broker.topic("t").partitions[0]!, 20, 3);
  const client = await connectTo(broker);
  const records = client.consumer({ topic: "t", from: "earliest", until: "end" })[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 25 }, () => records.next()));
  expect(results.flatMap(({ value }) => (value === undefined ? [] : [value.offset]))).toEqual(range(0, 20));
});

test("null is a reason to end, too", async () => {
  const broker = await startFakeBroker();
  fill(broker.topic("t").partitions[0]!, 20, 10);
  const client = await connectTo(broker);
  const abort = new AbortController();
  const aborted = client.consumer({ topic: "t", from: "earliest", signal: abort.signal });
  const reading = readWith(aborted, "records", () => abort.abort(null));
  await expect(reading).rejects.toMatchObject({ code: "CLOSED" });
});

test.each(["forEach", "records"] as const)("%s aborted within the last batch is told the reason", async (mode) => {
  const broker = await startFakeBroker();
  fill(broker.topic("t").partitions[0]!, 10, 10);
  const client = await connectTo(broker);
  const abort = new AbortController();
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", signal: abort.signal });
  const seen: number[] = [];
  const reading = readWith(consumer, mode, ({ offset }) => {
    seen.push(offset);
    if (offset === 4) abort.abort(new Error("enough"));
  });
  await expect(reading).rejects.toThrow("enough");
  expect(seen).toEqual(range(0, 5));
  expect(consumer.offsets).toEqual({ 0: 5 });
});

test.each(modes)(
  "offsets without records, and what is skipped, are done with when they are passed: %s",
  async (mode) => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 15, 5);
    const { bytes } = partition.batches[2]!;
    bytes[bytes.length - 3]! ^= 1;
    // As compaction leaves it: offsets without records.
    partition.put(assembleBatch([], { baseOffset: 15n, count: 0, lastOffsetDelta: 3 }), 4);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", onCorrupt: "skip" });
    const seen: number[] = [];
    await readWith(consumer, mode, ({ offset }) => void seen.push(offset));
    expect(seen).toEqual(range(0, 10));
    expect(consumer.offsets).toEqual({ 0: 19 });
    expect(consumer.positions).toMatchObject([{ offset: 19, highWatermark: 19 }]);
  },
);

test("what is passed is not done with before what was handed out before it", async () => {
  const broker = await startFakeBroker();
  const partition = broker.topic("t").partitions[0]!;
  fill(partition, 5, 5);
  partition.put(assembleBatch([], { baseOffset: 5n, count: 0, lastOffsetDelta: 3 }), 4);
  const client = await connectTo(broker);
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
  for await (const { offset } of consumer) if (offset === 4) break;
  expect(consumer.offsets).toEqual({ 0: 4 });
});

test("the offsets that are given are those of that moment", async () => {
  const broker = await startFakeBroker();
  fill(broker.topic("t").partitions[0]!, 20, 10);
  const client = await connectTo(broker);
  const offsets: Record<number, number> = { 0: 15 };
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", offsets });
  offsets[0] = 3;
  offsets[9] = 1;
  const seen: number[] = [];
  await consumer.forEach(({ offset }) => void seen.push(offset));
  expect(seen).toEqual(range(15, 20));
});
