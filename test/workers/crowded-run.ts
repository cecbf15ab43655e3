/**
 * A broker in a process that has many files open itself: as many as it is told. Many topics are written, with a new segment at
 * every second record, and read again.
 */
import fs from "node:fs";
import { connect } from "../../src/client/index.ts";
import { startBroker } from "../../src/index.ts";

export interface Report {
  readonly acknowledged: number;
  readonly read: number;
}

const TOPICS = 60;
const ROUNDS = 4;
const SEGMENT_BYTES = 16_384;

for (let own = 0; own < Number(process.argv[2]); own++) fs.openSync("/dev/null", "r");
const broker = await startBroker({ data: "temporary", port: 0, logWorkers: 1 });
const client = await connect({ server: `127.0.0.1:${broker.port}` });
const topics = Array.from({ length: TOPICS }, (_, index) => `t${index}`);
const settings = { durability: "os", "segment.bytes": SEGMENT_BYTES };
await Promise.all(topics.map((name) => client.topics.create({ name, settings })));
const producer = await client.producer();
const value = "x".repeat(SEGMENT_BYTES / 2);
let acknowledged = 0;
let read = 0;
for (let round = 0; round < ROUNDS; round++)
  acknowledged += (await Promise.all(topics.map((topic) => producer.send({ topic, value })))).length;
for (const topic of topics) read += (await client.fetch({ topic, partition: 0, from: "earliest" })).records.length;
await client.close();
await broker.close();
process.stdout.write(JSON.stringify({ acknowledged, read } satisfies Report));
