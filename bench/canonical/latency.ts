/** Rows of acknowledgement latency. */
import { connect } from "../../src/client/index.ts";
import type { LatencyReport, LatencyTask } from "./latency-task.ts";
import { BrokerProcess, ClientProcess, makeFolder, removeFolder } from "./processes.ts";
import { type Goal, percentile, type Row, rowOf } from "./row.ts";

const TOPIC = "latency";

export async function latencyRow(
  goal: Goal,
  durability: "disk" | "os",
  quantile: number,
  task: Omit<LatencyTask, "server" | "topic">,
  repetitions: number,
): Promise<Row> {
  const reports: LatencyReport[] = [];
  for (let run = 0; run < repetitions; run++) reports.push(await runLatency(durability, task));
  const scale = goal.unit === "us" ? 1000 : 1;
  const at = (q: number): number[] => reports.map(({ latencies }) => percentile(latencies, q) * scale);
  const details = {
    p50: percentile(at(0.5), 0.5),
    p99: percentile(at(0.99), 0.5),
    "p99.9": percentile(at(0.999), 0.5),
    samples: reports.reduce((sum, { latencies }) => sum + latencies.length, 0),
    "records/s": percentile(
      reports.map(({ achievedRate }) => achievedRate),
      0.5,
    ),
  };
  return rowOf(goal, at(quantile), details);
}

async function runLatency(
  durability: "disk" | "os",
  task: Omit<LatencyTask, "server" | "topic">,
): Promise<LatencyReport> {
  const data = makeFolder();
  const broker = await BrokerProcess.start(data);
  try {
    const client = await connect({ server: broker.server });
    await client.topics.create({ name: TOPIC, partitions: task.rate === 0 ? 1 : 2, settings: { durability } });
    await client.close();
    const { server } = broker;
    return await new ClientProcess<LatencyTask, LatencyReport>("latency-task.ts", { server, topic: TOPIC, ...task })
      .report;
  } finally {
    await broker.kill();
    removeFolder(data);
  }
}
