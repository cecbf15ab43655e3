/** A consumer process: reads every record by the cursor, audits each, and reports once it has as many as it was told. */
import { sampled } from "../../src/bench/sampler.ts";
import type { Sample } from "../../src/bench/task.ts";
import { connect } from "../../src/client/index.ts";
import { Payloads } from "./payload.ts";

export interface ConsumeTask {
  readonly server: string;
  readonly topic: string;
  readonly partitions: number;
  readonly size: number;
}

/** Told when the producer is done. */
export interface ConsumeUntil {
  readonly records: number;
}

export interface ConsumeReport {
  /** Good records by partition. */
  readonly consumed: readonly number[];
  /** Records that were not the next one of their partition, byte for byte. */
  readonly bad: number;
  readonly samples: readonly Sample[];
}

process.once("message", async (task: ConsumeTask) => {
  let until = Number.POSITIVE_INFINITY;
  const client = await connect({ server: task.server });
  const consumer = await client.consumer({ topic: task.topic, from: "earliest" });
  const payloads = new Payloads(task.size);
  const consumed = new Array<number>(task.partitions).fill(0);
  let total = 0;
  let bad = 0;
  const stop = sampled(() => total);
  const finish = (): void => void consumer.close();
  process.on("message", ({ records }: ConsumeUntil) => {
    until = records;
    if (total >= until) finish();
  });
  let bytes: Uint8Array = new Uint8Array(0);
  let view = new DataView(bytes.buffer);
  await consumer.forEach((record) => {
    if (record.bytes !== bytes) {
      bytes = record.bytes;
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    const { partition, valueStart } = record;
    const number = consumed[partition]!;
    if (payloads.matches(number, view, valueStart, record.valueEnd - valueStart) && record.offset === number) {
      consumed[partition] = number + 1;
    } else {
      bad++;
    }
    if (++total >= until) finish();
  });
  const report: ConsumeReport = { consumed, bad, samples: stop() };
  await client.close();
  process.send!(report, () => process.exit());
});
