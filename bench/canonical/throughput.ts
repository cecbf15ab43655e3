/** Rows of sustained throughput: a producer process, the broker, and mostly a consumer process at the same time. */
import { monotonicNs } from "../../src/bench/monotonic.ts";
import { gainOf } from "../../src/bench/sampler.ts";
import type { Sample } from "../../src/bench/task.ts";
import { connect } from "../../src/client/index.ts";
import type { ConsumeReport, ConsumeTask } from "./consume-task.ts";
import { BrokerProcess, ClientProcess, makeFolder, removeFolder } from "./processes.ts";
import type { ProduceReport, ProduceTask } from "./produce-task.ts";
import { type Goal, median, type Row, rowOf } from "./row.ts";

export interface Workload {
  readonly durability: "disk" | "os";
  /** Bytes of a value. */
  readonly size: number;
  readonly consumes: boolean;
  readonly batchBytes: number;
}

export interface RunLength {
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** What one run showed, over its measured part. */
export interface Throughput {
  /** Per second: consumed where there is a consumer, else acknowledged. */
  readonly records: number;
  /** CPU microseconds per record. */
  readonly brokerCpu: number;
  readonly producerCpu: number;
  readonly consumerCpu: number;
}

const PARTITIONS = 2;
const TOPIC = "load";

/** @throws Error a record was lost, doubled, reordered or damaged */
export async function runThroughput(workload: Workload, length: RunLength): Promise<Throughput> {
  const data = makeFolder();
  const broker = await BrokerProcess.start(data);
  try {
    const client = await connect({ server: broker.server });
    await client.topics.create({ name: TOPIC, partitions: PARTITIONS, settings: { durability: workload.durability } });
    await client.close();
    return await measure(broker, workload, length);
  } finally {
    await broker.kill();
    removeFolder(data);
  }
}

async function measure(broker: BrokerProcess, workload: Workload, length: RunLength): Promise<Throughput> {
  const { server } = broker;
  const { size, batchBytes } = workload;
  const common = { server, topic: TOPIC, partitions: PARTITIONS, size };
  const consumer = workload.consumes ? new ClientProcess<ConsumeTask, ConsumeReport>("consume-task.ts", common) : null;
  const seconds = length.warmUpSeconds + length.seconds;
  const producer = new ClientProcess<ProduceTask, ProduceReport>("produce-task.ts", { ...common, batchBytes, seconds });
  const brokerSamples: Sample[] = [];
  const timer = setInterval(() => {
    brokerSamples.push({ atNs: monotonicNs(), count: 0, cpu: broker.cpu() });
  }, 50);
  const produced = await producer.report;
  clearInterval(timer);
  const total = produced.acked.reduce((sum, count) => sum + count, 0);
  consumer?.tell({ records: total });
  const consumed = consumer === null ? null : await consumer.report;
  if (consumed !== null) audit(produced, consumed);
  const begin = produced.beganNs + length.warmUpSeconds * 1e9;
  const end = begin + length.seconds * 1e9;
  const delta = (samples: ProduceReport["samples"], field: "count" | "cpu"): number =>
    gainOf(samples, field, begin, end);
  const records = delta((consumed ?? produced).samples, "count");
  return {
    records: records / length.seconds,
    brokerCpu: (delta(brokerSamples, "cpu") / records) * 1e6,
    producerCpu: (delta(produced.samples, "cpu") / records) * 1e6,
    consumerCpu: consumed === null ? 0 : (delta(consumed.samples, "cpu") / records) * 1e6,
  };
}

function audit({ acked }: ProduceReport, { consumed, bad }: ConsumeReport): void {
  const equal = acked.every((count, partition) => count === consumed[partition]);
  if (bad === 0 && equal) return;
  throw new Error(`the audit failed: acknowledged ${acked}, consumed in order and whole ${consumed}, bad ${bad}`);
}

/** Runs a workload a few times and makes a row of it. */
export async function throughputRow(
  goal: Goal,
  workload: Workload,
  length: RunLength,
  repetitions: number,
): Promise<{ row: Row; runs: readonly Throughput[] }> {
  const runs: Throughput[] = [];
  for (let run = 0; run < repetitions; run++) runs.push(await runThroughput(workload, length));
  const scale = goal.unit === "MB/s" ? workload.size / 1e6 : 1;
  const of = (field: keyof Throughput): number => median(runs.map((run) => run[field]));
  const details = {
    "broker us/record": of("brokerCpu"),
    "producer us/record": of("producerCpu"),
    ...(workload.consumes && { "consumer us/record": of("consumerCpu") }),
    "broker ns/byte": (of("brokerCpu") * 1000) / workload.size,
  };
  return {
    row: rowOf(
      goal,
      runs.map((run) => run.records * scale),
      details,
    ),
    runs,
  };
}
