/** Partitions that are added to a topic while it is produced to and read. */

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Client } from "../../src/client/index.ts";
import { until } from "../helpers/until.ts";
import { plainBatch, writeBatch } from "../wasm/batch-writer.ts";
import { codeOf, connectTo, startFakeBroker } from "./harness.ts";
import { valuesIn } from "./records.ts";

const grow = (client: Client, partitions: number): Promise<void> => client.topics.alter("t", { partitions });

test("a producer in use finds them, and uses them for records that name none", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 1);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", keyless: "round-robin", metadataMaxAgeMs: 1 });
  await producer.send({ value: "before" });
  await grow(client, 3);
  while (partitions.length < 3 || partitions.some(({ batches }) => batches.length === 0)) {
    producer.enqueue({ value: "after" });
    await sleep(5);
  }
  await producer.flush();
});

test("a producer that is not used asks nothing", async () => {
  const broker = await startFakeBroker();
  broker.topic("t", 1);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", metadataMaxAgeMs: 1 });
  await producer.send({ value: "a" });
  await until(() => broker.descriptions === 2);
  // Two sweeps later.
  await sleep(600);
  expect(broker.descriptions).toBe(2);
});

test("after a reconnect a producer asks, however young its metadata is", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 1);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", keyless: "round-robin" });
  await grow(client, 2);
  broker.cut();
  while (partitions[1]!.batches.length === 0) {
    producer.enqueue({ value: "after" });
    await sleep(5);
  }
});

test("send to a partition that is not known asks for it; what is sent meanwhile comes in order", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 1);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t" });
  await grow(client, 3);
  const values = Array.from({ length: 100 }, (_, index) => `${index}`);
  const acks = await Promise.all(values.map((value) => producer.send({ value, partition: 2 })));
  expect(acks.map(({ offset }) => offset)).toEqual(values.map(Number));
  expect(valuesIn(partitions[2]!)).toEqual(values);
  expect(await codeOf(producer.send({ value: "a", partition: 3 }))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  expect(await codeOf(producer.send({ value: "a", partition: -1 }))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  const asked = broker.descriptions;
  await producer.send({ value: "b", partition: 1 });
  expect(broker.descriptions).toBe(asked);
});

test("enqueue refuses a partition that is not known, and takes it soon after it was added", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 1);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t" });
  await grow(client, 2);
  const enqueue = async (): Promise<void> => void producer.enqueue({ value: "a", partition: 1 });
  expect(await codeOf(enqueue())).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  while ((await codeOf(enqueue())) !== "none") await sleep(5);
  await producer.flush();
  expect(valuesIn(partitions[1]!)).toEqual(["a"]);
});

test("a producer learns that larger records are taken now", async () => {
  const broker = await startFakeBroker();
  const topic = broker.topic("t", 1);
  topic.maxMessageBytes = 1000;
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", metadataMaxAgeMs: 1 });
  const value = new Uint8Array(2000);
  expect(await codeOf(producer.send({ value }))).toBe("MESSAGE_TOO_LARGE");
  topic.maxMessageBytes = 10_000;
  do await producer.send({ value: "small" });
  while ((await codeOf(producer.send({ value }))) === "MESSAGE_TOO_LARGE");
});

test.each(["age", "reconnect"])("a consumer of all reads them from their start: %s", async (cause) => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 1);
  const client = await connectTo(broker);
  const consumer = client.consumer({ topic: "t", ...(cause === "age" && { metadataMaxAgeMs: 20 }) });
  const read: string[] = [];
  const reading = consumer.forEach(({ partition, offset }) => void read.push(`${partition}:${offset}`));
  await until(() => consumer.positions[0]?.offset === 0);
  await grow(client, 3);
  for (const partition of partitions) partition.append(plainBatch(2));
  broker.appended();
  if (cause === "reconnect") broker.cut();
  await until(() => read.length >= 6);
  for (const partition of partitions) partition.append(plainBatch(1));
  broker.appended();
  await until(() => read.length >= 9);
  expect(read.toSorted()).toEqual(["0:0", "0:1", "0:2", "1:0", "1:1", "1:2", "2:0", "2:1", "2:2"]);
  await consumer.close();
  await reading;
});

test("consumers of some partitions, and those that read to the end, do not ask", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 1);
  partitions[0]!.append(plainBatch(1));
  const client = await connectTo(broker);
  const some = client.consumer({ topic: "t", partitions: [0], metadataMaxAgeMs: 10 });
  const toEnd = client.consumer({ topic: "t", until: "end", from: "earliest", metadataMaxAgeMs: 10 });
  const reading = some.forEach(() => {});
  for await (const _ of toEnd) await sleep(100);
  expect(broker.descriptions).toBe(2);
  await some.close();
  await reading;
});

test("the credit is divided anew: all partitions together are sent no more than bufferBytes", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 1);
  const client = await connectTo(broker);
  const bufferBytes = 1024 * 1024;
  const consumer = client.consumer({ topic: "t", from: "earliest", bufferBytes, metadataMaxAgeMs: 10 });
  let count = 0;
  const reading = consumer.forEach(() => void count++);
  await until(() => consumer.positions.length === 1);
  await grow(client, 4);
  await until(() => consumer.positions.length === 4);
  const credits = (): number[] =>
    [...broker.connections].flatMap(({ subscriptions }) => [...subscriptions.values()].map(({ credit }) => credit));
  await until(() => credits().length === 4);
  // The first one has what it was given, until that is used.
  expect(credits()).toEqual([bufferBytes, bufferBytes / 4, bufferBytes / 4, bufferBytes / 4]);
  const record = { timestamp: 0, key: null, value: new Uint8Array(100_000), headers: [] };
  for (let index = 0; index < 10; index++) partitions[0]!.append(writeBatch([record]));
  broker.appended();
  await until(() => count === 10 && credits()[0]! === bufferBytes / 4);
  await consumer.close();
  await reading;
});
