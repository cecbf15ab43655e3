/** The process of a producer that loads a broker (task.ts). */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { LatenciesBySecond } from "./latencies-by-second.ts";
import type { ConnectLoadClient, LoadProducer } from "./load-client.ts";
import { monotonicNs } from "./monotonic.ts";
import { sampled } from "./sampler.ts";
import { StampedPayloads } from "./stamped-payload.ts";
import { type ProduceReport, type ProduceTask, parseBegin, parseTask, type Window } from "./task.ts";

/** Records between two looks at the clock. */
const BURST = 256;

/** The records of one producer: the next one of each partition in turn. */
class Records {
  readonly #payloads: StampedPayloads;
  readonly #numbers: number[];
  readonly #first: number;
  sent = 0;

  constructor({ size, partitions, producer }: ProduceTask) {
    this.#payloads = new StampedPayloads(size);
    this.#numbers = new Array<number>(partitions).fill(0);
    this.#first = producer * partitions;
  }

  /** The partition of the next record. */
  get partition(): number {
    return this.sent % this.#numbers.length;
  }

  /** @returns the next record's value, until the one after it is asked for */
  next(dueNs: number): Uint8Array {
    const { partition } = this;
    this.sent++;
    return this.#payloads.value(this.#first + partition, this.#numbers[partition]!++, dueNs);
  }
}

interface Timing {
  readonly response: LatenciesBySecond;
  readonly service: LatenciesBySecond;
}

async function asFastAsItIsLet(producer: LoadProducer, records: Records, endNs: number): Promise<void> {
  for (let nowNs = monotonicNs(); nowNs < endNs; nowNs = monotonicNs()) {
    for (let burst = 0; burst < BURST; burst++) {
      const { partition } = records;
      const full = producer.enqueue(partition, records.next(nowNs));
      if (full !== null) {
        await full;
        break; // The clock has gone on.
      }
    }
  }
}

async function oneInFlight(
  producer: LoadProducer,
  records: Records,
  { response, service }: Timing,
  { warmNs, endNs }: Window,
): Promise<void> {
  for (let nowNs = monotonicNs(); nowNs < endNs; nowNs = monotonicNs()) {
    const { partition } = records;
    await producer.send(partition, records.next(nowNs));
    const latency = monotonicNs() - nowNs;
    response.record(nowNs - warmNs, latency);
    service.record(nowNs - warmNs, latency);
  }
}

/** Open loop: what is due is sent, and counts from when it was due, whatever came back meanwhile. */
async function onSchedule(
  producer: LoadProducer,
  records: Records,
  { response, service }: Timing,
  rate: number,
  { beginNs, warmNs, endNs }: Window,
): Promise<void> {
  const total = Math.floor(((endNs - beginNs) / 1e9) * rate);
  const dueOf = (number: number): number => beginNs + (number * 1e9) / rate;
  while (records.sent < total) {
    const due = Math.min(total, Math.floor(((monotonicNs() - beginNs) / 1e9) * rate) + 1);
    while (records.sent < due) {
      const { partition, sent } = records;
      const dueNs = dueOf(sent);
      const sentNs = monotonicNs();
      void producer.send(partition, records.next(dueNs)).then(() => {
        const nowNs = monotonicNs();
        response.record(dueNs - warmNs, nowNs - dueNs);
        service.record(dueNs - warmNs, nowNs - sentNs);
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const task = parseTask<ProduceTask>(process.argv.slice(2));
const { connectLoadClient } = (await import(task.client)) as { readonly connectLoadClient: ConnectLoadClient };
const client = await connectLoadClient({ server: task.server, topic: task.topic });
const acked = new Array<number>(task.partitions).fill(0);
let total = 0;
const producer = await client.producer({
  batchBytes: task.batchBytes,
  lingerMs: task.lingerMs,
  acknowledged: (partition, count) => {
    acked[partition]! += count;
    total += count;
  },
});
const records = new Records(task);
const timing: Timing = { response: new LatenciesBySecond(), service: new LatenciesBySecond() };
const stop = sampled(() => total);
const input = createInterface(process.stdin);
process.stdout.write("ready\n");
const [line] = (await once(input, "line")) as [string];
input.close();
const window = parseBegin(line)!;
await new Promise((resolve) => setTimeout(resolve, (window.beginNs - monotonicNs()) / 1e6));
if (task.rate === 0) await asFastAsItIsLet(producer, records, window.endNs);
else if (task.rate < 0) await oneInFlight(producer, records, timing, window);
else await onSchedule(producer, records, timing, task.rate, window);
await producer.flush();
const report: ProduceReport = {
  acked,
  samples: stop(),
  ...(task.rate !== 0 && { response: timing.response.encoded(), service: timing.service.encoded() }),
};
await producer.close();
await client.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
