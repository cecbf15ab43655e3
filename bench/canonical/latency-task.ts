/** A producer process that measures acknowledgements: one record in flight, or on a fixed schedule whatever comes back. */
import { connect, type Producer } from "../../src/client/index.ts";
import { Payloads } from "./payload.ts";

export interface LatencyTask {
  readonly server: string;
  readonly topic: string;
  readonly size: number;
  readonly warmUp: number;
  readonly seconds: number;
  /** Records per second, sent on schedule; 0: one in flight at a time. */
  readonly rate: number;
  readonly batchBytes: number;
}

export interface LatencyReport {
  /** ms from the time at which a record was due to its acknowledgement. */
  readonly latencies: readonly number[];
  readonly achievedRate: number;
}

/** Records between two looks at the producer's memory. */
const BURST = 256;

process.once("message", async (task: LatencyTask) => {
  const client = await connect({ server: task.server });
  const producer = await client.producer({ topic: task.topic, batchBytes: task.batchBytes });
  const report = task.rate === 0 ? await oneInFlight(producer, task) : await onSchedule(producer, task);
  await producer.close();
  await client.close();
  process.send!(report, () => process.exit());
});

async function oneInFlight(producer: Producer, task: LatencyTask): Promise<LatencyReport> {
  const payloads = new Payloads(task.size);
  const latencies: number[] = [];
  let number = 0;
  for (; number < task.warmUp; number++) await producer.send({ value: payloads.value(number) });
  const begin = performance.now();
  while (performance.now() - begin < task.seconds * 1000) {
    const sentMs = performance.now();
    await producer.send({ value: payloads.value(number++) });
    latencies.push(performance.now() - sentMs);
  }
  return { latencies, achievedRate: latencies.length / task.seconds };
}

/**
 * Open loop: a record's latency counts from when it was due, so a stall is charged to every record that it delayed. They are
 * kept in one array made before, or its growth would be part of what is measured.
 */
async function onSchedule(producer: Producer, task: LatencyTask): Promise<LatencyReport> {
  const { rate, warmUp } = task;
  const payloads = new Payloads(task.size);
  const total = warmUp + rate * task.seconds;
  const latencies = new Float64Array(total);
  let last: Promise<void> | null = null;
  let sent = 0;
  const begin = performance.now();
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - begin) * rate) / 1000));
    for (; sent < due; sent++) {
      // Where the producer's memory is full records wait here; they were due all the same.
      if (sent % BURST === 0) await producer.ready();
      const number = sent;
      last = producer.send({ value: payloads.value(number) }).then(() => {
        latencies[number] = performance.now() - (begin + (number * 1000) / rate);
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const achievedRate = (sent * 1000) / (performance.now() - begin);
  await producer.flush();
  await last;
  return { latencies: [...latencies.subarray(warmUp)], achievedRate };
}
