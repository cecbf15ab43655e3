import { setTimeout as sleep } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { KIB } from "../../src/base/units.ts";
import type { ConsumerOptions, SkippedOffsets } from "../../src/client/index.ts";
import { BATCH_LAST_OFFSET_DELTA_AT } from "../../src/wasm/layout.ts";
import { until } from "../helpers/until.ts";
import { Random } from "../protocol/random.ts";
import { assembleBatch, plainBatch, recordBytes, type TestRecord, text, writeBatch } from "../wasm/batch-writer.ts";
import { codeOf, connectTo, startFakeBroker } from "./harness.ts";
import { BASE_TIME, fill, modes, numberOf, range, read, readAll } from "./reading.ts";

describe.each(modes)("%s", (mode) => {
  test("reads every record of every partition, in order", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t", 3);
    for (const [index, partition] of partitions.entries()) fill(partition, 100 * index, 7);
    const client = await connectTo(broker);
    const records = await read(client, {}, mode);
    for (const partition of [0, 1, 2]) {
      const own = records.filter((record) => record.partition === partition);
      expect(own.map(numberOf)).toEqual(range(0, 100 * partition));
      expect(own.map(({ offset }) => offset)).toEqual(range(0, 100 * partition));
      expect(own.every(({ topic, timestamp, offset }) => topic === "t" && timestamp === BASE_TIME + 1000 * offset));
    }
  });

  test("hands out keys, values, headers and null as they are", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const written: TestRecord[] = [
      { timestamp: BASE_TIME, key: null, value: null, headers: [] },
      { timestamp: BASE_TIME - 5000, key: text.encode("k"), value: text.encode("\ufeffä"), headers: [["a", null]] },
      { timestamp: BASE_TIME + 1e12, key: new Uint8Array(0), value: new Uint8Array(100_000).fill(7), headers: [] },
      {
        timestamp: BASE_TIME,
        key: new Uint8Array(20_000).fill(1),
        value: text.encode("v"),
        headers: [
          ["same", text.encode("1")],
          ["same", new Uint8Array(10_000).fill(2)],
        ],
      },
    ];
    partitions[0]!.append(writeBatch(written, { maxTimestamp: BigInt(BASE_TIME + 1e12) }));
    const client = await connectTo(broker);
    const records = await read(client, {}, mode);
    expect(records.map(({ timestamp, key, value, headers }) => ({ timestamp, key, value, headers }))).toEqual(written);
    expect(records[1]!.keyText()).toBe("k");
    expect(records[1]!.valueText()).toBe("\ufeffä");
    expect(records[0]!.keyText()).toBe(null);
  });

  test("begins where it is told, also in the middle of a batch", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 50, 20);
    const client = await connectTo(broker);
    const numbers = async (options: Partial<ConsumerOptions>) => (await read(client, options, mode)).map(numberOf);
    expect(await numbers({ from: { offset: 33 } })).toEqual(range(33, 50));
    expect(await numbers({ from: { offset: 50 } })).toEqual([]);
    expect(await numbers({ from: "latest" })).toEqual([]);
    expect(await numbers({ from: { time: BASE_TIME + 30_500 } })).toEqual(range(31, 50));
    expect(await numbers({ from: { time: BASE_TIME * 2 } })).toEqual([]);
    expect(await numbers({ offsets: { 0: 48 } })).toEqual([48, 49]);
  });

  test("goes on with what is appended later, and ends with close", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest" });
    const reading = readAll(consumer, mode);
    for (let round = 0; round < 5; round++) {
      await sleep(5);
      partition.append(plainBatch(2));
      broker.appended();
    }
    await until(() => (consumer.positions[0]?.offset ?? 0) >= (mode === "records" ? 9 : 8));
    await sleep(10);
    await consumer.close();
    expect((await reading).map(({ offset }) => offset)).toEqual(range(0, 10));
    await until(() => broker.connections.size === 1);
  });

  test.each([
    ["gzip", 1, (bytes: Uint8Array) => gzipSync(bytes)],
    ["zstd", 4, (bytes: Uint8Array) => zstdCompressSync(bytes)],
  ])("reads %s in its place among the others", async (_name, codec, compress) => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    for (let round = 0; round < 5; round++) {
      const value = { timestamp: BASE_TIME, key: null, headers: [] };
      const records = range(0, 3).map((index) => ({ ...value, value: text.encode(`${6 * round + index}`) }));
      const fields = { count: 3, lastOffsetDelta: 2, attributes: codec, maxTimestamp: BigInt(BASE_TIME) };
      partition.append(assembleBatch(compress(Uint8Array.from(recordBytes(records))), fields));
      const plain = range(3, 6).map((index) => ({ ...value, value: text.encode(`${6 * round + index}`) }));
      partition.append(writeBatch(plain));
    }
    const client = await connectTo(broker);
    expect((await read(client, {}, mode)).map(numberOf)).toEqual(range(0, 30));
  });

  test("a codec that is not there fails with its name", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 5, 5);
    partition.append(assembleBatch(new Uint8Array(10), { count: 1, attributes: 3 }));
    const client = await connectTo(broker);
    expect(await codeOf(read(client, {}, mode))).toBe("UNSUPPORTED_COMPRESSION");
  });

  test("what is decompressed is bounded", async () => {
    const broker = await startFakeBroker();
    const bomb = gzipSync(new Uint8Array(100_000));
    broker.topic("t").partitions[0]!.append(assembleBatch(bomb, { count: 1, attributes: 1 }));
    const client = await connectTo(broker);
    expect(await codeOf(read(client, { decompressedBytesMax: 10_000 }, mode))).toBe("MESSAGE_TOO_LARGE");
  });

  test("what cannot be decompressed is damage, which stops reading or is skipped", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 3, 3);
    partition.append(assembleBatch(text.encode("no gzip"), { count: 2, lastOffsetDelta: 1, attributes: 1 }));
    fill(partition, 1, 1);
    const client = await connectTo(broker);
    const details = { topic: "t", partition: 0, offset: 3, nextOffset: 5 };
    const error = await read(client, {}, mode).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CORRUPT_BATCH", message: expect.stringContaining("t-0"), details });
    const skipped: SkippedOffsets[] = [];
    const records = await read(client, { onCorrupt: "skip", onSkip: (one) => skipped.push(one) }, mode);
    expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 5]);
    expect(skipped).toMatchObject([details]);
  });

  test("control batches and gaps are passed over", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 3, 3);
    partition.append(writeBatch([{ timestamp: BASE_TIME, key: null, value: null, headers: [] }], { attributes: 0x20 }));
    partition.highWatermark += 10;
    partition.append(plainBatch(2));
    // As compaction leaves it at the end: offsets without records.
    partition.put(assembleBatch([], { baseOffset: 16n, count: 0, lastOffsetDelta: 3 }), 4);
    const client = await connectTo(broker);
    const records = await read(client, {}, mode);
    expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 14, 15]);
  });

  test("batches in parts are put together, whatever the slices are", async () => {
    const broker = await startFakeBroker();
    broker.sliceMax = 1000;
    const partition = broker.topic("t").partitions[0]!;
    const random = new Random(3);
    for (let round = 0; round < 30; round++) {
      const value = text.encode("x".repeat(random.below(5000)));
      partition.append(writeBatch([{ timestamp: BASE_TIME + round, key: null, value, headers: [] }]));
    }
    const client = await connectTo(broker);
    for (const sliceMax of [1000, 50, 7]) {
      broker.sliceMax = sliceMax;
      const records = await read(client, {}, mode);
      expect(records.map(({ offset }) => offset)).toEqual(range(0, 30));
      expect(records.map(({ timestamp }) => timestamp)).toEqual(range(BASE_TIME, BASE_TIME + 30));
    }
  });

  test("cuts lose, repeat and reorder nothing", async () => {
    const broker = await startFakeBroker();
    const partitions = broker.topic("t", 2).partitions;
    const random = new Random(11);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest" });
    const reading = readAll(consumer, mode);
    for (let round = 0; round < 200; round++) {
      for (const partition of partitions) {
        broker.sliceMax = 100 + random.below(3000);
        fill(partition, 1 + random.below(20), 5, 100);
        broker.appended();
      }
      await sleep(random.below(3));
      if (random.below(5) === 0) broker.cut();
    }
    const isRead = () =>
      consumer.positions.every(({ partition, offset }) => offset >= partitions[partition]!.highWatermark - 5);
    await until(isRead);
    await sleep(20);
    await consumer.close();
    const records = await reading;
    for (const index of [0, 1]) {
      const offsets = records.filter(({ partition }) => partition === index).map(({ offset }) => offset);
      expect(offsets).toEqual(range(0, partitions[index]!.highWatermark));
    }
  });

  test("a batch that came damaged stops reading, or is skipped", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 15, 5);
    const { bytes } = partition.batches[1]!;
    bytes[bytes.length - 3]! ^= 1;
    const client = await connectTo(broker);
    const seen: number[] = [];
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
    const error = await consumer.forEach(({ offset }) => void seen.push(offset)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CORRUPT_BATCH", details: { nextOffset: 10 } });
    expect(seen).toEqual(range(0, 5));
    const skipped: SkippedOffsets[] = [];
    const records = await read(client, { onCorrupt: "skip", onSkip: (one) => skipped.push(one) }, mode);
    expect(skipped).toMatchObject([
      { topic: "t", partition: 0, offset: 5, nextOffset: 10, error: { code: "CORRUPT_BATCH" } },
    ]);
    expect(records.map(({ offset }) => offset)).toEqual([...range(0, 5), ...range(10, 15)]);
  });

  test("skipping a damaged batch at the end ends there; one whose header is nonsense cannot be skipped", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 10, 5);
    const { bytes } = partition.batches[1]!;
    const client = await connectTo(broker);
    bytes[bytes.length - 3]! ^= 1;
    const records = await read(client, { onCorrupt: "skip" }, mode);
    expect(records.map(({ offset }) => offset)).toEqual(range(0, 5));
    new DataView(bytes.buffer, bytes.byteOffset).setInt32(BATCH_LAST_OFFSET_DELTA_AT, 1_000_000);
    expect(await codeOf(read(client, { onCorrupt: "skip" }, mode))).toBe("CORRUPT_BATCH");
  });

  test("an intact batch whose bytes are no records stops reading, or what is left of it is skipped", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 2, 2);
    const good = recordBytes([{ timestamp: BASE_TIME, key: null, value: text.encode("2"), headers: [] }]);
    partition.append(
      assembleBatch([...good, 0x7e, 0, 0, 0], { count: 2, lastOffsetDelta: 1, baseTimestamp: BigInt(BASE_TIME) }),
    );
    fill(partition, 2, 2);
    const client = await connectTo(broker);
    expect(await codeOf(read(client, {}, mode))).toBe("CORRUPT_BATCH");
    if (mode === "batches") return; // Who walks a batch alone is told.
    const skipped: SkippedOffsets[] = [];
    const records = await read(client, { onCorrupt: "skip", onSkip: (one) => skipped.push(one) }, mode);
    expect(skipped).toMatchObject([{ topic: "t", partition: 0, offset: 3, nextOffset: 4 }]);
    expect(records.map(({ offset }) => offset)).toEqual([0, 1, 2, 4, 5]);
  });

  test("the signal ends reading with its reason", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 5, 5);
    const client = await connectTo(broker);
    const controller = new AbortController();
    const consumer = client.consumer({ topic: "t", from: "earliest", signal: controller.signal });
    const reading = readAll(consumer, mode);
    await until(() => (consumer.positions[0]?.offset ?? -1) >= 0);
    await sleep(5);
    controller.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    const late = client.consumer({ topic: "t", signal: controller.signal });
    await expect(readAll(late, mode)).rejects.toThrow("enough");
  });

  test("a consumer is read once", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
    await readAll(consumer, mode);
    expect(await codeOf(readAll(consumer, mode))).toBe("INVALID_REQUEST");
  });

  test("a topic or partition that is not there", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    const client = await connectTo(broker);
    expect(await codeOf(read(client, { topic: "nowhere" }, mode))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect(await codeOf(read(client, { partitions: [0, 1] }, mode))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  });
});

describe("back-pressure", () => {
  test("a reader that does not read is sent no more than its credit", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 2000, 1, 1000);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", bufferBytes: 300 * KIB });
    const batches = consumer.batches();
    await batches.next();
    await sleep(50);
    const subscription = [...broker.connections].flatMap(({ subscriptions }) => [...subscriptions.values()])[0]!;
    expect(subscription.offset).toBeLessThan(300);
    const before = subscription.offset;
    let count = 1;
    for await (const batch of batches) count += batch.count;
    expect(count).toBe(2000);
    expect(before).toBeGreaterThan(200);
  });

  test("nor is it where batches come in parts", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 12, 1, 300 * KIB);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", bufferBytes: 1 });
    const batches = consumer.batches();
    await batches.next();
    await sleep(50);
    const subscription = [...broker.connections].flatMap(({ subscriptions }) => [...subscriptions.values()])[0]!;
    // One is read, one is kept, and one is on its way.
    expect(subscription.offset).toBeLessThan(4);
    let count = 1;
    for await (const batch of batches) count += batch.count;
    expect(count).toBe(12);
  });

  test("the credit is not given twice when the connection is cut", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 2000, 1, 1000);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest", bufferBytes: 300 * KIB });
    const batches = consumer.batches();
    await batches.next();
    for (let round = 0; round < 5; round++) {
      await sleep(20);
      broker.cut();
    }
    const subscriptions = (): { readonly offset: number }[] =>
      [...broker.connections].flatMap((connection) => [...connection.subscriptions.values()]);
    await expect.poll(() => subscriptions().length).toBe(1);
    await sleep(50);
    expect(subscriptions()[0]!.offset).toBeLessThan(300);
    await consumer.close();
  });

  test("a slow reader holds up nobody else", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 1000, 1, 1000);
    const client = await connectTo(broker);
    const slow = client.consumer({ topic: "t", from: "earliest", bufferBytes: 300 * KIB });
    await slow.batches().next();
    expect((await read(client, {}, "forEach")).length).toBe(1000);
    await slow.close();
  });
});

test("a consumed record, or a copy of it with another topic, takes its headers along; null is no headers", async () => {
  const broker = await startFakeBroker();
  broker.topic("t");
  broker.topic("u");
  const client = await connectTo(broker);
  const producer = await client.producer();
  await producer.send({ topic: "t", value: "v", key: "k", headers: { a: "1", b: null } });
  await producer.send({ topic: "t", value: "w", headers: null });
  for await (const record of client.consumer({ topic: "t", from: "earliest", until: "end" }))
    await producer.send({ ...record, topic: "u" });
  const copies: unknown[] = [];
  for await (const { headers, offset } of client.consumer({ topic: "u", from: "earliest", until: "end" }))
    copies.push([
      offset,
      headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value).toString()]),
    ]);
  expect(copies).toEqual([
    [
      0,
      [
        ["a", "1"],
        ["b", null],
      ],
    ],
    [1, []],
  ]);
});

describe("forEach", () => {
  test("what the callback throws ends reading, and tells where it stood", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 20, 10);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest" });
    const mine = new BrokerError("BUSY", "mine");
    const reading = consumer.forEach(({ offset }) => {
      if (offset === 13) throw mine;
    });
    await expect(reading).rejects.toBe(mine);
    expect(consumer.positions).toEqual([{ partition: 0, offset: 13, highWatermark: 20, paused: false }]);
    expect(broker.welcomes).toBe(2);
  });

  test("an asynchronous callback is refused, for nobody would wait for it", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 20, 10);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest" });
    const reading = consumer.forEach((() => Promise.reject(new Error("unheard"))) as () => void);
    await expect(reading).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("for await"),
    });
    expect(consumer.offsets).toEqual({ 0: 0 });
    // Promises that are not ours, too.
    const promise = runInNewContext("Promise.resolve()");
    const other = client.consumer({ topic: "t", from: "earliest" });
    expect(await codeOf(other.forEach((() => promise) as () => void))).toBe("INVALID_OPTION");
  });

  test("ends with close in the middle of a batch, and another consumer goes on there", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 20, 10);
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest" });
    const seen: number[] = [];
    await consumer.forEach(({ offset }) => {
      seen.push(offset);
      if (offset === 13) void consumer.close();
    });
    const [{ partition, offset } = { partition: -1, offset: -1 }] = consumer.positions;
    const rest = await read(client, { offsets: { [partition]: offset } });
    expect([...seen, ...rest.map(numberOf)]).toEqual(range(0, 20));
  });

  test("an offset for a partition that is not there is an error", async () => {
    const broker = await startFakeBroker();
    broker.topic("t", 2);
    const client = await connectTo(broker);
    expect(await codeOf(read(client, { offsets: { 2: 0 } }))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("the cursor gives ranges, views and text", async () => {
    const broker = await startFakeBroker();
    const record = {
      timestamp: BASE_TIME,
      key: text.encode("k"),
      value: null,
      headers: [["h", text.encode("1")]] as const,
    };
    broker.topic("t").partitions[0]!.append(writeBatch([{ ...record, headers: [["h", text.encode("1")]] }]));
    const client = await connectTo(broker);
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
    let count = 0;
    await consumer.forEach((cursor) => {
      count++;
      expect(cursor.bytes.slice(cursor.keyStart, cursor.keyEnd)).toEqual(record.key);
      expect([cursor.valueStart, cursor.valueEnd, cursor.value(), cursor.valueText()]).toEqual([-1, -1, null, null]);
      expect([cursor.key(), cursor.keyText()]).toEqual([record.key, "k"]);
      expect(cursor.headers()).toEqual(record.headers);
    });
    expect(count).toBe(1);
  });
});

describe("out of range", () => {
  test("fails, or goes on at the beginning or the end", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    fill(partition, 20, 5);
    partition.batches.splice(0, 2);
    partition.logStartOffset = 10;
    const client = await connectTo(broker);
    const from = { offset: 3 };
    const error = await read(client, { from }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "OFFSET_OUT_OF_RANGE", details: { logStartOffset: 10, highWatermark: 20 } });
    expect((await read(client, { from, onOutOfRange: "earliest" })).map(numberOf)).toEqual(range(10, 20));
    expect(await read(client, { from, onOutOfRange: "latest" })).toEqual([]);
  });
});

describe("one partition of several", () => {
  test("only those asked for", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t", 3);
    for (const partition of partitions) fill(partition, 3, 3);
    const client = await connectTo(broker);
    const records = await read(client, { partitions: [2, 0] });
    expect(new Set(records.map(({ partition }) => partition))).toEqual(new Set([0, 2]));
  });

  test.each([
    { partitions: [] },
    { partitions: [0, 0] },
    { partitions: [-1] },
    { from: "middle" as unknown as "latest" },
    { from: { offset: -1 } },
    { from: { time: 0.5 } },
    { offsets: { 0: -1 } },
    { bufferBytes: 0 },
    { onCorrupt: "cry" as unknown as "skip" },
  ])("an option that makes no sense is refused: %j", async (options) => {
    const broker = await startFakeBroker();
    const client = await connectTo(broker);
    expect(() => client.consumer({ topic: "t", ...options })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
  });
});

describe("fetch and listOffset", () => {
  test("fetch reads once", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 50, 10);
    const client = await connectTo(broker);
    const one = await client.fetch({ topic: "t", partition: 0, from: { offset: 23 }, bytesMax: 1 });
    expect(one.records.map(numberOf)).toEqual(range(23, 30));
    expect([one.nextOffset, one.logStartOffset, one.highWatermark]).toEqual([30, 0, 50]);
    const all = await client.fetch({ topic: "t", partition: 0, from: "earliest" });
    expect(all.records.map(numberOf)).toEqual(range(0, 50));
    const end = await client.fetch({ topic: "t", partition: 0, from: "latest" });
    expect(end).toEqual({ records: [], nextOffset: 50, logStartOffset: 0, highWatermark: 50 });
    const late = await client.fetch({ topic: "t", partition: 0, from: { time: BASE_TIME + 15_000 }, bytesMax: 1 });
    expect(late.records.map(numberOf)).toEqual(range(15, 20));
    expect(await codeOf(client.fetch({ topic: "t", partition: 0, from: { offset: 51 } }))).toBe("OFFSET_OUT_OF_RANGE");
    expect(await codeOf(client.fetch({ topic: "t", partition: 1, from: "latest" }))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("listOffset tells where reading would begin", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 50, 10);
    const client = await connectTo(broker);
    const numbers = { logStartOffset: 0, highWatermark: 50, leaderEpoch: 1 };
    expect(await client.listOffset("t", 0, "latest")).toEqual({ offset: 50, ...numbers });
    expect(await client.listOffset("t", 0, "earliest")).toEqual({ offset: 0, ...numbers });
  });

  test("a topic that was made again is found again", async () => {
    const broker = await startFakeBroker();
    fill(broker.topic("t").partitions[0]!, 5, 5);
    const client = await connectTo(broker);
    await client.fetch({ topic: "t", partition: 0, from: "earliest" });
    broker.topics.delete("t");
    broker.topic("t").id.fill(1);
    expect((await client.fetch({ topic: "t", partition: 0, from: "earliest" })).records).toEqual([]);
    expect((await client.listOffset("t", 0, "latest")).offset).toBe(0);
  });
});
