/** A producer process: sends records through the public per-record call as fast as it is let, and reports. */
import { monotonicNs } from "../../src/bench/monotonic.ts";
import { sampled } from "../../src/bench/sampler.ts";
import type { Sample } from "../../src/bench/task.ts";
import { connect } from "../../src/client/index.ts";
import { Payloads } from "./payload.ts";

export interface ProduceTask {
  readonly server: string;
  readonly topic: string;
  readonly partitions: number;
  readonly size: number;
  readonly batchBytes: number;
  /** Stop after this long, or after so many records. */
  readonly seconds: number;
  readonly records?: number;
}

export interface ProduceReport {
  /** Acknowledged records by partition. */
  readonly acked: readonly number[];
  readonly samples: readonly Sample[];
  /** monotonicNs. */
  readonly beganNs: number;
}

/** Records between two looks at the clock. */
const BURST = 256;

process.once("message", async (task: ProduceTask) => {
  const client = await connect({ server: task.server });
  const acked = new Array<number>(task.partitions).fill(0);
  let total = 0;
  const producer = await client.producer({
    topic: task.topic,
    batchBytes: task.batchBytes,
    onAck: ({ partition, count }) => {
      acked[partition]! += count;
      total += count;
    },
    onError: (error) => {
      throw error;
    },
  });
  const payloads = new Payloads(task.size);
  const numbers = new Array<number>(task.partitions).fill(0);
  const record: { value: Uint8Array; partition: number } = { value: payloads.value(0), partition: 0 };
  const stop = sampled(() => total);
  const beganNs = monotonicNs();
  const endsAt = performance.now() + task.seconds * 1000;
  const recordsMax = task.records ?? Number.POSITIVE_INFINITY;
  let sent = 0;
  while (performance.now() < endsAt && sent < recordsMax) {
    for (let burst = 0; burst < BURST && sent < recordsMax; burst++) {
      const partition = sent++ % task.partitions;
      record.partition = partition;
      record.value = payloads.value(numbers[partition]!++);
      if (!producer.enqueue(record)) await producer.ready();
    }
  }
  await producer.flush();
  const report: ProduceReport = { acked, samples: stop(), beganNs };
  await producer.close();
  await client.close();
  process.send!(report, () => process.exit());
});
