/** Rows of what the broker costs when it starts, when it idles, after a kill and with a consumer that does not read. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, connect } from "../../src/client/index.ts";
import type { ConsumeReport, ConsumeTask } from "./consume-task.ts";
import { BrokerProcess, ClientProcess, makeFolder, removeFolder } from "./processes.ts";
import type { ProduceReport, ProduceTask } from "./produce-task.ts";
import { type Row, rowOf } from "./row.ts";

const MB = 1e6;
const TOPIC = "backlog";
/** What the runtime does once after a start, compiling and collecting, is over by then. */
const SETTLE_SECONDS = 15;
const IDLE_SECONDS = 20;
/** What a broker keeps in memory at most: the pool for batches (256 MiB by default) on top of what it idles with. */
const RSS_MAX_MB = 120 + 256 * 1.048576;

export async function startRows(repetitions: number): Promise<Row[]> {
  const ready: number[] = [];
  const memory: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < repetitions; run++) {
    const data = makeFolder();
    const broker = await BrokerProcess.start(data);
    ready.push(broker.readyMs);
    await sleep(SETTLE_SECONDS * 1000);
    const cpuBefore = broker.cpu();
    await sleep(IDLE_SECONDS * 1000);
    cpu.push(((broker.cpu() - cpuBefore) / IDLE_SECONDS) * 100);
    memory.push(broker.memory("now") / MB);
    await broker.stop();
    removeFolder(data);
  }
  return [
    rowOf({ name: "start to ready", unit: "ms", target: 500, better: "lower" }, ready),
    rowOf({ name: "idle memory", unit: "MB", target: 120, better: "lower" }, memory),
    rowOf({ name: "idle CPU", unit: "%", target: 0.5, better: "lower" }, cpu, {
      "seconds after the start": SETTLE_SECONDS,
    }),
  ];
}

/** 5 GB go in while a subscriber takes nothing; then the broker is killed, started again, and all of it is read and audited. */
export async function backlogRows(bytes: number): Promise<Row[]> {
  const data = makeFolder();
  const size = 1024;
  let broker = await BrokerProcess.start(data);
  try {
    const client = await connect({ server: broker.server });
    await client.topics.create({ name: TOPIC, partitions: 2, settings: { durability: "os" } });
    const stalled = await stallConsumer(client);
    const task = { server: broker.server, topic: TOPIC, partitions: 2, size, batchBytes: 256 * 1024 };
    const records = Math.floor(bytes / size);
    const produced = await new ClientProcess<ProduceTask, ProduceReport>("produce-task.ts", {
      ...task,
      seconds: 600,
      records,
    }).report;
    const memory = broker.memory("most") / MB;
    await stalled.stop();
    await client.close();
    await broker.kill();
    broker = await BrokerProcess.start(data);
    const { readyMs } = broker;
    await auditAll({ ...task, server: broker.server }, produced, records);
    return [
      rowOf(
        { name: "memory, consumer stalled, 5 GB behind it", unit: "MB", target: RSS_MAX_MB, better: "lower" },
        [memory],
        {
          "bounded by": "pool of 256 MiB + idle memory",
        },
      ),
      rowOf({ name: "ready after kill -9 with 5 GB", unit: "ms", target: 2000, better: "lower" }, [readyMs], {
        "records audited": records,
      }),
    ];
  } finally {
    await broker.kill();
    removeFolder(data);
  }
}

/** Subscribes, takes one batch and then nothing more. */
async function stallConsumer(client: Client): Promise<{ stop(): Promise<void> }> {
  const consumer = await client.consumer({ topic: TOPIC, from: "earliest" });
  const iterator = consumer.batches()[Symbol.asyncIterator]();
  const first = iterator.next().catch(() => {});
  return {
    stop: async () => {
      await consumer.close();
      await first;
    },
  };
}

async function auditAll(task: ConsumeTask, { acked }: ProduceReport, records: number): Promise<void> {
  const consumer = new ClientProcess<ConsumeTask, ConsumeReport>("consume-task.ts", task);
  consumer.tell({ records });
  const { consumed, bad } = await consumer.report;
  const equal = acked.every((count, partition) => count === consumed[partition]);
  if (bad > 0 || !equal)
    throw new Error(`the audit after the kill failed: acknowledged ${acked}, found ${consumed}, bad ${bad}`);
}
