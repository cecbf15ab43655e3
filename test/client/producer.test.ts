import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { KIB, MIB } from "../../src/base/units.ts";
import type { BatchAck, FailedBatch, ProducerRecord } from "../../src/client/index.ts";
import { collectGarbage } from "../helpers/garbage.ts";
import { until } from "../helpers/until.ts";
import { Random } from "../protocol/random.ts";
import type { Arrival } from "./fake-broker-state.ts";
import { closeLater, codeOf, connectTo, startFakeBroker } from "./harness.ts";
import { recordsIn, textOf, valuesIn } from "./records.ts";

describe("send", () => {
  test("tells where the record is", async () => {
    const broker = await startFakeBroker();
    broker.topic("t", 2);
    const client = await connectTo(broker);
    const producer = await client.producer();
    const before = Date.now();
    const ack = await producer.send({ topic: "t", partition: 1, value: "hello" });
    expect(ack).toEqual({
      topic: "t",
      partition: 1,
      offset: 0,
      timestamp: expect.any(Number),
      durability: "os",
      duplicate: false,
    });
    expect(ack.timestamp).toBeGreaterThanOrEqual(before - 1);
    expect(ack.timestamp).toBeLessThanOrEqual(Date.now());
    expect((await producer.send({ topic: "t", partition: 1, value: "again", timestamp: 17 })).timestamp).toBe(17);
  });

  test("takes text, bytes, null and headers", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t" });
    const headers = [["trace", "é"] as const, ["raw", Uint8Array.of(0, 255)] as const, ["none", null] as const];
    await producer.send({ key: "schlüssel", value: "wört", headers });
    await producer.send({ key: Uint8Array.of(1, 2), value: null, headers: new Map([["a", "b"]]) });
    await producer.send({ key: null, value: new Uint8Array(0) });
    const [first, second, third] = recordsIn(partitions[0]!);
    expect([textOf(first!.key), textOf(first!.value)]).toEqual(["schlüssel", "wört"]);
    expect(first!.headers).toEqual([
      ["trace", new TextEncoder().encode("é")],
      ["raw", Uint8Array.of(0, 255)],
      // A client of Kafka's reads a header without a value so.
      ["none", expect.toSatisfy((value: Uint8Array | null) => value === null || value.length === 0)],
    ]);
    expect([second!.key, second!.value]).toEqual([Uint8Array.of(1, 2), null]);
    expect([third!.key, third!.value?.length]).toEqual([null, 0]);
  });

  test("puts what is sent in one turn into one batch", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t" });
    await Promise.all(Array.from({ length: 100 }, (_, index) => producer.send({ value: `${index}` })));
    expect(partitions[0]!.batches.length).toBe(1);
    expect(valuesIn(partitions[0]!)).toEqual(Array.from({ length: 100 }, (_, index) => `${index}`));
  });

  test("waits with the next batch until the one before is acknowledged, and then sends all there is", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    broker.fate = ({ index }) => (index === 1 ? "take and hold" : "take");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t" });
    await producer.send({ value: "first" });
    const sends = [];
    for (let index = 0; index < 10; index++) {
      sends.push(producer.send({ value: `${index}` }));
      await sleep(1);
    }
    expect(partitions[0]!.batches.length).toBe(2);
    broker.release();
    await Promise.all(sends);
    expect(partitions[0]!.batches.length).toBe(3);
  });

  test("lingers when it is told to", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", lingerMs: 100 });
    const sends = [producer.send({ value: "a" })];
    await sleep(20);
    sends.push(producer.send({ value: "b" }));
    expect(partitions[0]!.batches.length).toBe(0);
    await Promise.all(sends);
    expect(partitions[0]!.batches.length).toBe(1);
  });

  test("splits what exceeds batchBytes, and sends a larger record alone", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", batchBytes: 8 * KIB });
    const sizes = [3000, 3000, 3000, 100_000, 3000];
    const acks = await Promise.all(sizes.map((size) => producer.send({ value: new Uint8Array(size) })));
    expect(acks.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
    expect(recordsIn(partitions[0]!).map(({ value }) => value!.length)).toEqual(sizes);
    const batchSizes = partitions[0]!.batches.map(({ bytes }) => bytes.length);
    expect(batchSizes.filter((size) => size > 8 * KIB).length).toBe(1);
  });

  test("sends a record above the inline limit in parts, in its place among the others", async () => {
    const broker = await startFakeBroker();
    broker.inlineMax = 64 * KIB;
    const topic = broker.topic("t");
    topic.maxMessageBytes = 32 * MIB;
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", bufferBytes: 1 * MIB });
    const large = Uint8Array.from({ length: 10 * MIB }, (_, index) => index * 7);
    const sends = [
      producer.send({ value: "before" }),
      producer.send({ value: large }),
      producer.send({ value: "after" }),
    ];
    expect((await Promise.all(sends)).map(({ offset }) => offset)).toEqual([0, 1, 2]);
    const [before, middle, after] = recordsIn(topic.partitions[0]!);
    expect([textOf(before!.value), textOf(after!.value)]).toEqual(["before", "after"]);
    expect(Buffer.compare(middle!.value!, large)).toBe(0);
  });

  test.each([
    ["UNKNOWN_TOPIC_OR_PARTITION", { topic: "nowhere", value: "" }],
    ["UNKNOWN_TOPIC_OR_PARTITION", { topic: "t", partition: 1, value: "" }],
    ["MESSAGE_TOO_LARGE", { topic: "t", value: new Uint8Array(2 * MIB) }],
    ["INVALID_TIMESTAMP", { topic: "t", value: "", timestamp: -1 }],
    ["INVALID_TIMESTAMP", { topic: "t", value: "", timestamp: 1.5 }],
    ["INVALID_RECORD", { topic: "t", value: 5 as unknown as string }],
    ["INVALID_RECORD", { topic: "t", value: "", headers: [[5 as unknown as string, "a"] as const] }],
    ["INVALID_RECORD", { value: "no topic" }],
  ])("a record that cannot be sent is refused alone: %s (%#)", async (code, record) => {
    const broker = await startFakeBroker();
    broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer();
    expect(await codeOf(producer.send(record))).toBe(code);
    // Nothing is broken by it.
    expect((await producer.send({ topic: "t", value: "good" })).offset).toBe(0);
  });

  test("what waits for memory comes before what would have room", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    broker.fate = () => "take and hold";
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", batchBytes: 4 * KIB, bufferBytes: 64 * KIB });
    const sends = ["a", "b"].map((letter) => producer.send({ value: letter.repeat(40 * KIB) }));
    sends.push(producer.send({ value: "c" }));
    await until(() => partitions[0]!.batches.length === 1);
    broker.fate = () => "take";
    broker.release();
    await Promise.all(sends);
    expect(valuesIn(partitions[0]!).map((value) => value[0])).toEqual(["a", "b", "c"]);
  });

  test("a record that is no record is refused alone", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t" });
    const bad: [unknown, RegExp][] = [
      [undefined, /a record is an object/],
      [null, /a record is an object/],
      [{}, /the value .* missing/],
      [{ value: { a: 1 } }, /the value .* JSON.stringify/],
      [{ key: 5, value: "x" }, /the key .* number/],
      [{ value: "x", headers: { a: 5 } }, /header a .* number/],
      [{ value: "x", header: { a: "1" } }, /no field header; did you mean headers/],
      [{ value: "x", time: 5 }, /no field time/],
    ];
    for (const [record, message] of bad) {
      const refusal = expect.objectContaining({ code: "INVALID_RECORD", message: expect.stringMatching(message) });
      await expect(producer.send(record as ProducerRecord)).rejects.toEqual(refusal);
      expect(() => producer.enqueue(record as ProducerRecord)).toThrow(refusal);
    }
    await producer.send({ value: "good", offset: 7, meta: undefined } as ProducerRecord);
    expect(valuesIn(partitions[0]!)).toEqual(["good"]);
  });

  test("a record that the broker refuses for good fails with its error", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    broker.fate = () => new BrokerError("PARTITION_READ_ONLY", "no");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t" });
    expect(await codeOf(producer.send({ value: "a" }))).toBe("PARTITION_READ_ONLY");
  });

  test("a topic that was deleted and made again is found again", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer();
    await producer.send({ topic: "t", value: "a" });
    broker.topics.delete("t");
    const { partitions } = broker.topic("t");
    partitions[0]!.highWatermark = 5;
    broker.topics.get("t")!.id.fill(9);
    expect(await codeOf(producer.send({ topic: "t", value: "b" }))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect((await producer.send({ topic: "t", value: "c" })).offset).toBe(5);
  });

  test("what a deleted topic was still given is settled, too", async () => {
    const broker = await startFakeBroker();
    broker.topic("t", 2);
    const client = await connectTo(broker);
    const producer = await client.producer({ lingerMs: 60_000 });
    const first = codeOf(producer.send({ topic: "t", value: "a", partition: 0 }));
    const second = codeOf(producer.send({ topic: "t", value: "b", partition: 1 }));
    await until(() => producer.bufferedBytes > 0);
    broker.topics.delete("t");
    broker.topic("t", 2).id.fill(9);
    await codeOf(producer.send({ topic: "t", value: new Uint8Array(500_000), partition: 0 }));
    expect(await first).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    // The other partition's batch still lingers, and the topic's name leads to another one now.
    const third = producer.send({ topic: "t", value: "c", partition: 1 });
    await producer.close();
    expect(await second).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect((await third).offset).toBe(0);
  });

  test("gives up after deliveryTimeoutMs, also what the broker never answers", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    broker.fate = () => new BrokerError("BUSY", "never");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", deliveryTimeoutMs: 300 });
    const error = await producer.send({ value: "a" }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "REQUEST_TIMED_OUT", cause: { code: "BUSY" } });
    expect((error as Error).message).toContain("the last try ended with BUSY");
    broker.fate = () => "ignore";
    expect(await codeOf(producer.send({ value: "b" }))).toBe("REQUEST_TIMED_OUT");
    broker.fate = () => "take";
    expect((await producer.send({ value: "c" })).offset).toBe(0);
  });
});

describe("enqueue", () => {
  test("is acknowledged batch by batch", async () => {
    const broker = await startFakeBroker();
    broker.topic("t", 2);
    const acks: BatchAck[] = [];
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", onAck: (ack) => acks.push(ack) });
    for (let index = 0; index < 10; index++) expect(producer.enqueue({ value: "x", partition: index & 1 })).toBe(true);
    await producer.flush();
    const expected = [0, 1].map((partition) => ({
      topic: "t",
      partition,
      baseOffset: 0,
      count: 5,
      durability: "os",
      duplicate: false,
    }));
    expect(acks.toSorted((left, right) => left.partition - right.partition)).toEqual(expected);
  });

  test("says when the memory is full, and memory stays bounded however fast it is called", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t", 4);
    broker.ackDelayMs = 1;
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", batchBytes: 16 * KIB, bufferBytes: 128 * KIB });
    const value = new Uint8Array(1000);
    let full = 0;
    let most = 0;
    for (let index = 0; index < 3000; index++) {
      const hasRoom = producer.enqueue({ value, partition: index & 3 });
      most = Math.max(most, producer.bufferedBytes);
      if (hasRoom) continue;
      full++;
      await producer.ready();
    }
    await producer.flush();
    expect(full).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(128 * KIB);
    expect(producer.bufferedBytes).toBe(0);
    expect(partitions.map(({ highWatermark }) => highWatermark)).toEqual([750, 750, 750, 750]);
  });

  test("refuses a record when it was not waited for, and takes none of it", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    broker.fate = () => "take and hold";
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", batchBytes: 4 * KIB, bufferBytes: 16 * KIB });
    let taken = 0;
    const fill = (): void => {
      for (;;) {
        producer.enqueue({ value: new Uint8Array(1000) });
        taken++;
      }
    };
    expect(fill).toThrow(expect.objectContaining({ code: "BUSY" }));
    broker.fate = () => "take";
    broker.release();
    await producer.flush();
    expect(partitions[0]!.highWatermark).toBe(taken);
  });

  test.each([1, 2, 3, 4, 5])(
    "seed %i: what was waited for is taken, whatever its size and its partition",
    async (seed) => {
      const random = new Random(seed);
      const broker = await startFakeBroker();
      const { partitions } = broker.topic("t", 32);
      const client = await connectTo(broker);
      const producer = await client.producer({ topic: "t", batchBytes: 16 * KIB, bufferBytes: 256 * KIB });
      for (let index = 0; index < 2000; index++) {
        const size = random.below(100) < 80 ? random.below(1000) : random.below(random.pick([16, 16, 40]) * KIB);
        const hasRoom = producer.enqueue({ key: `${random.below(1000)}`, value: new Uint8Array(size) });
        // By one record more at most.
        expect(producer.bufferedBytes).toBeLessThan(256 * KIB + 41 * KIB);
        if (!hasRoom) await producer.ready();
      }
      await producer.flush();
      expect(partitions.reduce((sum, { highWatermark }) => sum + highWatermark, 0)).toBe(2000);
      expect(producer.bufferedBytes).toBe(0);
    },
  );

  test("needs to know its topic", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer();
    const enqueue = () => producer.enqueue({ topic: "t", value: "a" });
    expect(enqueue).toThrow(expect.objectContaining({ code: "UNKNOWN_TOPIC_OR_PARTITION" }));
    await producer.prepare("t");
    expect(enqueue()).toBe(true);
    expect(await codeOf(producer.prepare("nowhere"))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("what is lost is told by onError and by the next flush", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    broker.fate = () => new BrokerError("INVALID_RECORD", "no");
    const lost: [string, FailedBatch][] = [];
    const client = await connectTo(broker);
    const producer = await client.producer({
      topic: "t",
      onError: ({ code }, batch) => lost.push([code, batch]),
    });
    producer.enqueue({ value: "a" });
    producer.enqueue({ value: "b" });
    const error = await producer.flush().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "INVALID_RECORD", details: { records: 2 } });
    expect(lost).toEqual([["INVALID_RECORD", { topic: "t", partition: 0, count: 2 }]]);
    await producer.flush();
  });

  test("what send was given before comes before", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    broker.fate = () => "take and hold";
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", batchBytes: 4 * KIB, bufferBytes: 8 * KIB });
    const sends = ["a", "b", "c", "d"].map((letter) => producer.send({ value: letter.repeat(3000) }));
    expect(() => producer.enqueue({ value: "z" })).toThrow(expect.objectContaining({ code: "BUSY" }));
    broker.fate = () => "take";
    broker.release();
    await producer.ready();
    producer.enqueue({ value: "z" });
    await Promise.all(sends);
    await producer.flush();
    expect(valuesIn(partitions[0]!).map((value) => value[0])).toEqual(["a", "b", "c", "d", "z"]);
  });
});

describe("on the wire", () => {
  test("the first batch goes alone, then at most five are in flight", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    const arrivals: Arrival[] = [];
    broker.fate = (arrival) => {
      arrivals.push(arrival);
      return "take and hold";
    };
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", batchBytes: 4 * KIB });
    for (let index = 0; index < 100; index++) producer.enqueue({ value: new Uint8Array(1000) });
    await until(() => arrivals.length === 1);
    await sleep(20);
    expect(arrivals.length).toBe(1);
    broker.release();
    await until(() => arrivals.length === 6);
    await sleep(20);
    expect(arrivals.length).toBe(6);
    broker.fate = () => "take";
    broker.release();
    await producer.flush();
  });

  test("the window is never exceeded, and a smaller one is answered", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t", 8);
    broker.window = 16 * KIB;
    broker.ackDelayMs = 1;
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", batchBytes: 4 * KIB, windowBytes: 16 * KIB });
    const send = async (): Promise<void> => {
      for (let index = 0; index < 400; index++) {
        if (!producer.enqueue({ value: new Uint8Array(500), partition: index & 7 })) await producer.ready();
      }
      await producer.flush();
    };
    await send();
    const connection = [...broker.connections].find(({ unacknowledgedMax }) => unacknowledgedMax > 0)!;
    expect(connection.unacknowledgedMax).toBeGreaterThan(8 * KIB);
    connection.send("Window", 0, { window: 8 * KIB });
    await until(() => connection.windowAcks.length > 0);
    expect(connection.windowAcks).toEqual([8 * KIB]);
    // What exceeds it fails in the fake broker; a batch that is larger asks for more.
    await send();
    expect(partitions.map(({ highWatermark }) => highWatermark)).toEqual(new Array(8).fill(100));
  });

  test("a batch that is larger than the window asks for a larger one", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    broker.window = 1 * KIB;
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", windowBytes: 1 * KIB });
    expect((await producer.send({ value: new Uint8Array(100_000) })).offset).toBe(0);
  });

  test("batches carry producer id, epoch and sequence, or none", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t" });
    await producer.send({ value: "a" });
    await Promise.all([producer.send({ value: "b" }), producer.send({ value: "c" })]);
    await producer.send({ value: "d" });
    const anonymous = await client.producer({ topic: "t", idempotent: false });
    await anonymous.send({ value: "e" });
    const fields = partitions[0]!.batches.map(({ bytes }) => {
      const view = new DataView(bytes.buffer);
      return [view.getBigInt64(43), view.getInt16(51), view.getInt32(53)];
    });
    expect(fields).toEqual([
      [1000n, 0, 0],
      [1000n, 0, 1],
      [1000n, 0, 3],
      [-1n, -1, -1],
    ]);
  });

  test("with acks 0 nobody waits, and nothing is sent twice", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    broker.fate = ({ index }) => (index === 0 ? new BrokerError("BUSY", "no") : "take");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", acks: 0 });
    expect(await producer.send({ value: "a" })).toMatchObject({ offset: -1, durability: null });
    await until(() => broker.arrivals === 1);
    expect(await producer.send({ value: "b" })).toMatchObject({ offset: -1 });
    await producer.flush();
    expect(valuesIn(partitions[0]!)).toEqual(["b"]);
  });

  test.each(["gzip", "zstd"] as const)("%s", async (compression) => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", compression });
    const values = Array.from({ length: 1000 }, (_, index) => `value ${index} `.repeat(10));
    for (const value of values) producer.enqueue({ value });
    await producer.flush();
    // Random bytes do not shrink, and go as they are.
    const noise = crypto.getRandomValues(new Uint8Array(1000));
    await producer.send({ value: noise });
    const [compressed, plain] = partitions[0]!.batches;
    expect(compressed!.bytes[22]! & 7).toBe(compression === "gzip" ? 1 : 4);
    expect(compressed!.bytes.length).toBeLessThan(20_000);
    expect(plain!.bytes[22]! & 7).toBe(0);
    const read: string[] = [];
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
    for await (const record of consumer) read.push(record.valueText()!);
    expect(read.slice(0, 1000)).toEqual(values);
  });
});

describe("the end", () => {
  test("close waits for what was given", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    broker.ackDelayMs = 20;
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", lingerMs: 1000 });
    for (let index = 0; index < 100; index++) producer.enqueue({ value: `${index}` });
    const send = producer.send({ value: "last" });
    await producer.close();
    expect((await send).offset).toBe(100);
    expect(partitions[0]!.highWatermark).toBe(101);
    expect(await codeOf(producer.send({ value: "late" }))).toBe("CLOSED");
    expect(() => producer.enqueue({ value: "late" })).toThrow(expect.objectContaining({ code: "CLOSED" }));
    expect(await codeOf(producer.ready())).toBe("CLOSED");
    await until(() => broker.connections.size === 1);
  });

  test("abort fails what is not acknowledged", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    broker.fate = () => "ignore";
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t" });
    const send = codeOf(producer.send({ value: "a" }));
    await until(() => broker.arrivals === 1);
    await producer.abort();
    expect(await send).toBe("CLOSED");
    await producer.close();
  });

  test("a closed producer's memory goes before its client does", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    const client = await connectTo(broker);
    const use = async (): Promise<WeakRef<object>> => {
      const producer = await client.producer({ topic: "t", bufferBytes: 64 * MIB });
      await producer.send({ value: "a" });
      await producer.close();
      return new WeakRef(producer);
    };
    const used = await use();
    await until(() => {
      collectGarbage();
      return used.deref() === undefined;
    });
  });

  test("what a callback throws is its own affair", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    const client = await connectTo(broker);
    const thrown: unknown[] = [];
    const vitests = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => thrown.push(error));
    const mine = new BrokerError("BUSY", "mine");
    const producer = await client.producer({
      topic: "t",
      onAck: () => {
        throw mine;
      },
    });
    await producer.send({ value: "a" });
    await producer.send({ value: "b" });
    await sleep(5);
    process.removeAllListeners("uncaughtException");
    for (const listener of vitests) process.on("uncaughtException", listener);
    expect(thrown).toEqual([mine, mine]);
    expect(broker.welcomes).toBe(2);
  });

  test("a broker that comes back finds everything where it was", async () => {
    const broker = closeLater(await startFakeBroker());
    const { partitions } = broker.topic("t");
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t" });
    await producer.send({ value: "a" });
    const { port } = broker;
    await broker.close();
    const send = producer.send({ value: "b" });
    await sleep(50);
    await broker.listen(port);
    expect((await send).offset).toBe(1);
    expect(valuesIn(partitions[0]!)).toEqual(["a", "b"]);
  });
});
