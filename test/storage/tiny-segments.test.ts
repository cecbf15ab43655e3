/**
 * Segments of the least size that a topic may ask for, so that every batch rolls: thousands of files in many partitions at
 * once. What was acknowledged is there after a restart, and the files that wait for a sync stay few.
 */

import { readdirSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { MIB } from "../../src/base/units.ts";
import { type Client, connect } from "../../src/client/index.ts";
import { type RunningBroker, startBroker } from "../../src/index.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../../src/storage/temporary-folder.ts";
import { openFiles } from "../helpers/open-files.ts";

/** 10 makes thousands of segments of it, in some minutes. */
const SCALE = Number(process.env["CAMBIUM_TEST_SCALE"] ?? 1);
const PARTITIONS = 64;
const SEGMENT_BYTES_MIN = 1024;
/** Two such records fit neither a segment nor a batch. */
const VALUE_SIZE = 3000;
const BATCH_BYTES = 4096;

let broker: RunningBroker | null = null;
let client: Client | null = null;
const folders: string[] = [];

afterEach(async () => {
  await stop();
  for (const folder of folders.splice(0)) removeTemporaryFolder(folder);
});

test.each([
  { durability: "os", batches: 8 * SCALE },
  { durability: "disk", batches: 3 * SCALE },
  { durability: "memory", batches: 8 * SCALE },
] as const)("every batch rolls in 64 partitions at once at durability $durability", async ({ durability, batches }) => {
  const folder = makeTemporaryFolder();
  folders.push(folder);
  const started = await start(folder);
  const retention = durability === "memory" ? { "retention.bytes": String(MIB) } : {};
  const settings = { durability, "segment.bytes": String(SEGMENT_BYTES_MIN), ...retention };
  await started.topics.create({ name: "tiny", partitions: PARTITIONS, settings });
  const producer = await started.producer({ topic: "tiny", batchBytes: BATCH_BYTES, lingerMs: 0 });
  let filesMost = 0;
  for (let number = 0; number < batches; number++) {
    const acks = Array.from({ length: PARTITIONS }, (_, partition) =>
      producer.send({ partition, value: valueFor(partition, number) }),
    );
    for (const [partition, ack] of acks.entries()) expect(await ack).toMatchObject({ partition, offset: number });
    filesMost = Math.max(filesMost, openFiles());
  }
  await producer.close();
  if (durability !== "memory") {
    expect(readdirSync(`${folder}/topics/tiny-63`).filter((name) => name.endsWith(".log"))).toHaveLength(batches);
    await stop();
    await start(folder);
  }
  await expectAll(batches);
  // Three files of each active segment, what a log may let wait, and its folder; never one for each segment.
  expect(filesMost).toBeLessThan(PARTITIONS * 110 + 200);
});

test("a single partition rolls as fast as it is told to, and waits for its syncs", async () => {
  const folder = makeTemporaryFolder();
  folders.push(folder);
  const started = await start(folder);
  await started.topics.create({
    name: "tiny",
    partitions: 1,
    settings: { durability: "os", "segment.bytes": String(SEGMENT_BYTES_MIN) },
  });
  const before = openFiles();
  const producer = await started.producer({ topic: "tiny", batchBytes: BATCH_BYTES, lingerMs: 0 });
  const batches = 100 * SCALE;
  let filesMost = 0;
  const acks = Array.from({ length: batches }, (_, number) =>
    producer.send({ partition: 0, value: valueFor(0, number) }),
  );
  for (const [number, ack] of acks.entries()) {
    expect(await ack).toMatchObject({ offset: number });
    filesMost = Math.max(filesMost, openFiles());
  }
  expect(filesMost - before).toBeLessThan(150);
  await stop();
  await start(folder);
  await expectAll(batches, 1);
});

test("hundreds of partitions that begin with one batch each are one group or several, and all are acknowledged", async () => {
  const folder = makeTemporaryFolder();
  folders.push(folder);
  const started = await start(folder);
  const partitions = 100 * SCALE;
  await started.topics.create({ name: "tiny", partitions, settings: { durability: "disk" } });
  const producer = await started.producer({ topic: "tiny", lingerMs: 0 });
  const acks = Array.from({ length: partitions }, (_, partition) =>
    producer.send({ partition, value: valueFor(partition, 0) }),
  );
  for (const [partition, ack] of acks.entries()) expect(await ack).toMatchObject({ partition, offset: 0 });
  await stop();
  await start(folder);
  await expectAll(1, partitions);
});

async function start(data: string): Promise<Client> {
  broker = await startBroker({ data, port: 0 });
  client = await connect({ server: `127.0.0.1:${broker.port}` });
  return client;
}

async function stop(): Promise<void> {
  await client?.close();
  await broker?.close();
  client = null;
  broker = null;
}

async function expectAll(batches: number, partitions: number = PARTITIONS): Promise<void> {
  const next = new Array<number>(partitions).fill(0);
  let records = 0;
  let altered = 0;
  const consumer = client!.consumer({ topic: "tiny", from: "earliest", until: "end" });
  await consumer.forEach((record) => {
    const number = next[record.partition]!++;
    records++;
    if (record.offset !== number || valueFor(record.partition, number).compare(record.value()!) !== 0) altered++;
  });
  expect({ records, altered }).toEqual({ records: batches * partitions, altered: 0 });
}

function valueFor(partition: number, number: number): Buffer {
  const value = Buffer.alloc(VALUE_SIZE, number & 0xff);
  value.writeUInt32BE(partition, 0);
  value.writeUInt32BE(number, 4);
  return value;
}
