/** D3 in a real broker: what only the journal has made durable is there after a crash that took the rest. */
import fs from "node:fs";
import { crc32c } from "@node-rs/crc32";
import { afterAll, expect, test } from "vitest";
import { uuidBytes } from "../../src/base/uuid.ts";
import type { Client } from "../../src/client/index.ts";
import { GROUP_ALIGNMENT, type JournalFrame, readGroup } from "../../src/storage/journal-group.ts";
import { segmentFileName } from "../../src/storage/segment-files.ts";
import { connected, startBroker, temporaryFolder } from "./cambium.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const PARTITIONS = 4;

/** One record to each partition, all of which are acknowledged before the next. */
async function produce(client: Client, rounds: number): Promise<void> {
  const producer = await client.producer({ topic: "t", lingerMs: 0 });
  for (let round = 0; round < rounds; round++) {
    const sent = Array.from({ length: PARTITIONS }, (_, partition) => producer.send({ partition, value: `${round}` }));
    await Promise.all(sent);
  }
}

/** What the journal holds, by the partition's folder. */
function framesIn(data: string): Map<string, JournalFrame[]> {
  const meta = fs.readFileSync(`${data}/cambium.meta`, "utf8");
  const folderId = uuidBytes(/"folderId":"([^"]+)"/.exec(meta)![1]!);
  const frames = new Map<string, JournalFrame[]>();
  for (const name of fs.readdirSync(`${data}/journal`)) {
    const bytes = new Uint8Array(fs.readFileSync(`${data}/journal/${name}`));
    for (let at = 0; at < bytes.length; at += GROUP_ALIGNMENT) {
      for (const frame of readGroup(bytes, at, folderId, crc32c)?.frames ?? [])
        frames.set(frame.folderName, [...(frames.get(frame.folderName) ?? []), frame]);
    }
  }
  return frames;
}

/** Takes from each log what the journal can bring back, as a power cut may. @returns bytes that were taken */
function cutLogs(data: string): number {
  let cut = 0;
  for (const [name, frames] of framesIn(data)) {
    const path = `${data}/topics/${name}/${segmentFileName(0, "log")}`;
    const { size } = fs.statSync(path);
    let from = size;
    for (const { position, batches } of frames.toReversed()) if (position + batches.length === from) from = position;
    fs.truncateSync(path, from);
    cut += size - from;
  }
  return cut;
}

test("what a power cut took from the logs is written again from the journal", async () => {
  const data = `${folder.path}/cut`;
  const rounds = 50;
  const broker = await startBroker(data, ["--journal"]);
  await connected(broker, async (client) => {
    await client.topics.create({ name: "t", partitions: PARTITIONS });
    await produce(client, rounds);
  });
  await broker.stop("SIGKILL");
  expect(cutLogs(data)).toBeGreaterThan(0);
  const again = await startBroker(data);
  expect(again.stderr()).toContain("the journal was replayed");
  const counts = await connected(again, async (client) => {
    const seen = Array.from({ length: PARTITIONS }, () => 0);
    const consumer = client.consumer({ topic: "t", from: "earliest", until: "end" });
    for await (const { partition, value } of consumer)
      expect(new TextDecoder().decode(value!)).toBe(String(seen[partition]!++));
    return seen;
  });
  expect(counts).toEqual(Array.from({ length: PARTITIONS }, () => rounds));
  expect(await again.stop()).toBe(0);
  expect(fs.readdirSync(`${data}/journal`)).toEqual([]);
});
