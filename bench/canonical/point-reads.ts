/** Random point reads in logs of the same data and ever more segments: the cost must not grow (contract B4). */
import { type Client, connect, type Producer } from "../../src/client/index.ts";
import { Payloads } from "./payload.ts";
import { BrokerProcess, makeFolder, removeFolder } from "./processes.ts";
import { median, type Row, rowOf } from "./row.ts";

const SEGMENTS = [10, 1000, 10_000] as const;
const RECORD_SIZE = 1024;
/** Records of a batch, and batches: every log holds the same. */
const BATCH_RECORDS = 4;
const BATCHES = 20_000;
const BATCH_BYTES = 61 + BATCH_RECORDS * (RECORD_SIZE + 10);

export async function pointReadRow(reads: number): Promise<Row> {
  const data = makeFolder();
  const broker = await BrokerProcess.start(data);
  try {
    const client = await connect({ server: broker.server });
    for (const segments of SEGMENTS) await fill(client, segments);
    const latencies = new Map<number, number[]>(SEGMENTS.map((segments) => [segments, []]));
    // In turn, so that a change of the machine's pace falls on all of them.
    for (let read = 0; read < reads; read++) {
      for (const segments of SEGMENTS) {
        const offset = Math.floor(Math.random() * BATCHES * BATCH_RECORDS);
        const begun = performance.now();
        const { records } = await client.fetch({
          topic: nameOf(segments),
          partition: 0,
          from: { offset },
          bytesMax: 1,
        });
        latencies.get(segments)!.push((performance.now() - begun) * 1000);
        if (records[0]?.offset !== offset) throw new Error(`asked for offset ${offset}, got ${records[0]?.offset}`);
      }
    }
    await client.close();
    const medians = SEGMENTS.map((segments) => median(latencies.get(segments)!));
    const spread = (Math.max(...medians) / Math.min(...medians) - 1) * 100;
    const details = Object.fromEntries(SEGMENTS.map((segments, index) => [`us at ${segments}`, medians[index]!]));
    const goal = { name: "point reads: medians apart", unit: "%", target: 20, better: "lower" } as const;
    return rowOf(goal, [spread], details);
  } finally {
    await broker.kill();
    removeFolder(data);
  }
}

const nameOf = (segments: number): string => `segments-${segments}`;

async function fill(client: Client, segments: number): Promise<void> {
  const topic = nameOf(segments);
  const segmentBytes = Math.ceil(BATCHES / segments) * BATCH_BYTES;
  await client.topics.create({
    name: topic,
    partitions: 1,
    settings: { durability: "os", "segment.bytes": String(segmentBytes) },
  });
  const producer = await client.producer({ topic, batchBytes: 8192 });
  const payloads = new Payloads(RECORD_SIZE);
  for (let batch = 0; batch < BATCHES; batch++) await fillBatch(producer, payloads, batch);
  await producer.flush();
  await producer.close();
}

async function fillBatch(producer: Producer, payloads: Payloads, batch: number): Promise<void> {
  for (let record = 0; record < BATCH_RECORDS; record++) {
    if (!producer.enqueue({ value: payloads.value(batch * BATCH_RECORDS + record), partition: 0 }))
      await producer.ready();
  }
  if (batch % 64 === 0) await producer.flush();
}
