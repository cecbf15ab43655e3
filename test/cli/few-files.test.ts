import fs from "node:fs";
import { afterAll, expect, test } from "vitest";
import { connect } from "../../src/client/index.ts";
import { requireThat } from "../helpers/require.ts";
import { startBroker, temporaryFolder } from "./cambium.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

/** Little more than the least that is enough whatever the number of log workers: what a Node has open differs by a few. */
const FILES_MAX = 264;
const TOPICS = 100;
/** Every second record begins a segment. */
const SEGMENT_BYTES = 16_384;
const ROUNDS = 4;

test("more topics are written and read than files may be open", { timeout: 90_000 }, async (context) => {
  requireThat(context, process.platform === "linux", "/proc");
  const broker = await startBroker(folder.path, [], 0, { filesMax: FILES_MAX });
  const client = await connect({ server: `127.0.0.1:${broker.port}` });
  const topics = Array.from({ length: TOPICS }, (_, index) => `t${index}`);
  await Promise.all(
    topics.map((name, index) =>
      client.topics.create({
        name,
        partitions: 1,
        settings: { durability: index % 2 === 0 ? "disk" : "os", "segment.bytes": String(SEGMENT_BYTES) },
      }),
    ),
  );
  const producer = await client.producer();
  const textOf = (topic: string, round: number): string => `${topic} ${round} `.padEnd(SEGMENT_BYTES / 2);
  for (let round = 0; round < ROUNDS; round++) {
    const acks = await Promise.all(topics.map((topic) => producer.send({ topic, value: textOf(topic, round) })));
    expect(acks.map(({ offset }) => offset)).toEqual(topics.map(() => round));
    expect(fs.readdirSync(`/proc/${broker.process.pid}/fd`).length).toBeLessThan(FILES_MAX);
  }
  for (const topic of topics) {
    const { records } = await client.fetch({ topic, partition: 0, from: "earliest" });
    expect(records.map((record) => record.valueText())).toEqual(
      Array.from({ length: ROUNDS }, (_, round) => textOf(topic, round)),
    );
  }
  await client.topics.create({ name: "wide", partitions: TOPICS, settings: { durability: "os" } });
  for (let partition = 0; partition < TOPICS; partition++)
    await producer.send({ topic: "wide", partition, value: "one" });
  for (let round = 0; round < 2; round++) {
    const read = new Set<number>();
    const everything = { topic: "wide", from: { time: 1 }, until: "end" } as const;
    for await (const record of client.consumer(everything)) read.add(record.partition);
    expect(read.size).toBe(TOPICS);
  }
  await client.close();
  expect(await broker.stop()).toBe(0);
  // After a kill there are more logs to recover than may be open, too.
  const killed = await startBroker(folder.path, [], 0, { filesMax: FILES_MAX });
  expect(await killed.stop("SIGKILL")).toBe(null);
  const last = await startBroker(folder.path, [], 0, { filesMax: FILES_MAX });
  const reader = await connect({ server: `127.0.0.1:${last.port}` });
  const ends = await Promise.all(topics.map((topic) => reader.fetch({ topic, partition: 0, from: "earliest" })));
  expect(ends.map(({ highWatermark }) => highWatermark)).toEqual(topics.map(() => ROUNDS));
  await reader.close();
  expect(await last.stop()).toBe(0);
  expect(last.stderr()).not.toContain("EMFILE");
});
