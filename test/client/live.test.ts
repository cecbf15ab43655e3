/** The client with the broker it is for: what needs both to be shown. */

import { writeFileSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MIB } from "../../src/base/units.ts";
import { type Client, connect, type FetchResult } from "../../src/client/index.ts";
import { type RunningBroker, startBroker } from "../../src/index.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../../src/storage/temporary-folder.ts";
import { until } from "../helpers/until.ts";
import { codeOf } from "./harness.ts";

const root = path.join(import.meta.dirname, "../..");
let broker: RunningBroker;
let client: Client;

beforeAll(async () => {
  broker = await startBroker({ data: "temporary", port: 0 });
  client = await connect({ server: `127.0.0.1:${broker.port}` });
});

afterAll(async () => {
  await client.close();
  await broker.close();
});

test("a record of 16 MB goes there and back in parts, in its place among small ones", async () => {
  await client.topics.create({ name: "large", settings: { "max.message.bytes": 17 * MIB } });
  const large = new Uint8Array(16_000_000).map((_, index) => index * 7 + (index >> 11));
  const producer = await client.producer({ topic: "large" });
  const acks = await Promise.all(["before", large, "after"].map((value) => producer.send({ value })));
  expect(acks.map(({ offset }) => offset)).toEqual([0, 1, 2]);
  const values: Uint8Array[] = [];
  const consumer = client.consumer({ topic: "large", from: "earliest", until: "end" });
  for await (const { value } of consumer) values.push(value!);
  expect(values.map(({ length }) => length)).toEqual([6, 16_000_000, 5]);
  expect(Buffer.compare(values[1]!, large)).toBe(0);
  await producer.close();
});

test("of thousands of requests at once the broker gets as many as it takes, and each is answered", async () => {
  const names = Array.from({ length: 1500 }, (_, index) => `many-${index}`);
  await Promise.all(names.map((name) => client.topics.create({ name })));
  const described = await Promise.all(names.map((name) => client.topics.describe(name)));
  expect(described.map(({ name }) => name)).toEqual(names);
  const refused = names.map((name) => codeOf(client.topics.create({ name })));
  expect(new Set(await Promise.all(refused))).toEqual(new Set(["TOPIC_ALREADY_EXISTS"]));
});

test("fetches that wait do so side by side, as many as the broker takes, and those beyond after them", async () => {
  await client.topics.create({ name: "empty" });
  await client.topics.create({ name: "filled" });
  const producer = await client.producer({ topic: "filled" });
  await producer.send({ value: "x" });
  await producer.close();
  const fetch = (topic: string, waitMs: number): Promise<FetchResult> =>
    client.fetch({ topic, partition: 0, from: "earliest", waitMs });
  await Promise.all([fetch("empty", 1), fetch("filled", 1)]); // So that the topics' ids are known.
  const waiting = Array.from({ length: 990 }, () => fetch("empty", 2000));
  const behind = fetch("filled", 2000);
  const beyond = Array.from({ length: 500 }, () => fetch("empty", 10));
  expect(await Promise.race([behind, ...waiting, ...beyond])).toMatchObject({ nextOffset: 1 });
  for (const { nextOffset } of await Promise.all([...waiting, ...beyond])) expect(nextOffset).toBe(0);
});

test("a topic that is deleted ends its consumer with a typed error; made again, it is produced to and read anew", async () => {
  await client.topics.create({ name: "again" });
  const producer = await client.producer({ topic: "again" });
  await producer.send({ value: "old" });
  const consumer = client.consumer({ topic: "again", from: "earliest" });
  let count = 0;
  const reading = codeOf(consumer.forEach(() => void count++));
  await until(() => count === 1);
  await client.topics.delete("again");
  expect(["UNKNOWN_TOPIC_ID", "UNKNOWN_TOPIC_OR_PARTITION"]).toContain(await reading);
  await client.topics.create({ name: "again" });
  // The first one may still meet the old topic's id; it says so, and the next one finds the new topic.
  await producer.send({ value: "lost" }).catch(() => {});
  const { offset } = await producer.send({ value: "new" });
  const { records } = await client.fetch({ topic: "again", partition: 0, from: { offset } });
  expect(records.map((record) => record.valueText())).toEqual(["new"]);
  await producer.close();
});

test.each(["gzip", "zstd"] as const)("%s is checked by the broker and read back", async (compression) => {
  const topic = `compressed-${compression}`;
  await client.topics.create({ name: topic });
  const producer = await client.producer({ topic, compression });
  const sent = Array.from({ length: 500 }, (_, index) => `the same again and again, ${index}`);
  await Promise.all(sent.map((value) => producer.send({ value, headers: [["h", "v"]] })));
  const read: (string | null)[] = [];
  for await (const record of client.consumer({ topic, from: "earliest", until: "end" })) read.push(record.valueText());
  expect(read).toEqual(sent);
  await producer.close();
});

test("the browser's bundle talks to it, by the runtime's own WebSocket", async () => {
  const folder = makeTemporaryFolder();
  const outfile = path.join(folder, "client.mjs");
  try {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: ["src/client/index.ts"],
      bundle: true,
      format: "esm",
      platform: "browser",
      write: false,
      outfile,
    });
    writeFileSync(outfile, outputFiles[0]!.contents);
    const bundled = (await import(outfile)) as { connect: typeof connect };
    const page = await bundled.connect({ server: `127.0.0.1:${broker.port}` });
    await page.topics.create({ name: "page", partitions: 2 });
    const producer = await page.producer({ topic: "page" });
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) => producer.send({ key: `${index}`, value: `${index}` })),
    );
    const numbers: number[] = [];
    const consumer = page.consumer({ topic: "page", from: "earliest", until: "end" });
    await consumer.forEach((record) => void numbers.push(Number(record.valueText())));
    numbers.sort((left, right) => left - right);
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    await page.close();
  } finally {
    removeTemporaryFolder(folder);
  }
});

test("partitions that are added are produced to and read; paused ones are not", async () => {
  await client.topics.create({ name: "grown" });
  const producer = await client.producer({ topic: "grown" });
  const consumer = client.consumer({ topic: "grown", from: "earliest", metadataMaxAgeMs: 50 });
  const read: string[] = [];
  consumer.pause([2]);
  const reading = consumer.forEach((record) => void read.push(`${record.partition} ${record.valueText()}`));
  await producer.send({ value: "a" });
  await client.topics.alter("grown", { partitions: 3 });
  await producer.send({ value: "c", partition: 2 });
  await producer.send({ value: "b", partition: 1 });
  await until(() => consumer.positions.length === 3 && read.length === 2);
  expect(read.toSorted()).toEqual(["0 a", "1 b"]);
  consumer.resume([2]);
  await until(() => read.length === 3);
  expect(read.at(-1)).toBe("2 c");
  await consumer.close();
  await reading;
  await producer.close();
});
