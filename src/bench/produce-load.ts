/** The process of producers that load a broker (task.ts). */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { LatenciesBySecond } from "./latencies-by-second.ts";
import type { ConnectLoadClient, LoadClient, LoadProducer } from "./load-client.ts";
import { monotonicNs } from "./monotonic.ts";
import { sampled } from "./sampler.ts";
import { SentTimes } from "./sent-times.ts";
import { StampedPayloads } from "./stamped-payload.ts";
import { type ProduceReport, type ProduceTask, parseBegin, parseTask, topicsOf, type Window } from "./task.ts";

/** Records between two looks at the clock. */
const BURST = 256;

/** The records of one connection. */
class Records {
  readonly #payloads: StampedPayloads;
  readonly #numbers: number[];
  readonly #first: number;
  sent = 0;

  constructor({ size, partitions }: ProduceTask, lane: number) {
    this.#payloads = new StampedPayloads(size);
    this.#numbers = new Array<number>(partitions).fill(0);
    this.#first = lane * partitions;
  }

  /** Whose turn it is, where all have one. */
  get partition(): number {
    return this.sent % this.#numbers.length;
  }

  /** @returns the value of the partition's next record, until another one is asked for */
  next(partition: number, dueNs: number): Uint8Array {
    this.sent++;
    return this.#payloads.value(this.#first + partition, this.#numbers[partition]!++, dueNs);
  }
}

async function asFastAsItIsLet(producer: LoadProducer, records: Records, endNs: number): Promise<void> {
  for (let nowNs = monotonicNs(); nowNs < endNs; nowNs = monotonicNs()) {
    for (let burst = 0; burst < BURST; burst++) {
      const { partition } = records;
      const full = producer.enqueue(partition, records.next(partition, nowNs));
      if (full !== null) {
        await full;
        break; // The clock has gone on.
      }
    }
  }
}

/** One record at a time in each of these partitions in turn: none finds another one to share a batch with. */
async function oneInFlight(
  { producer, records }: Lane,
  partitions: readonly number[],
  { endNs }: Window,
): Promise<void> {
  for (let turn = 0, nowNs = monotonicNs(); nowNs < endNs; turn++, nowNs = monotonicNs()) {
    const partition = partitions[turn % partitions.length]!;
    await producer.send(partition, records.next(partition, nowNs));
    const latency = monotonicNs() - nowNs;
    timing.response.record(nowNs - warmNs, latency);
    timing.service.record(nowNs - warmNs, latency);
  }
}

/**
 * Open loop: what is due is sent, and counts from when it was due, whatever came back meanwhile. Where the client's memory is
 * full, what is due waits, as in an app it would, and goes on counting.
 */
async function onSchedule(
  { producer, records, waiting }: Lane,
  rate: number,
  { beginNs, endNs }: Window,
): Promise<void> {
  const total = Math.floor(((endNs - beginNs) / 1e9) * rate);
  while (records.sent < total) {
    const due = Math.min(total, Math.floor(((monotonicNs() - beginNs) / 1e9) * rate) + 1);
    while (records.sent < due) {
      const { partition } = records;
      const dueNs = beginNs + (records.sent * 1e9) / rate;
      waiting[partition]!.push(dueNs, monotonicNs());
      const full = producer.enqueue(partition, records.next(partition, dueNs));
      if (full !== null) await full;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A connection, and its sequences. */
interface Lane {
  readonly producer: LoadProducer;
  readonly records: Records;
  readonly acked: number[];
  /** By partition, on a schedule. */
  readonly waiting: readonly SentTimes[];
}

const task = parseTask<ProduceTask>(process.argv.slice(2));
const { connectLoadClient } = (await import(task.client)) as { readonly connectLoadClient: ConnectLoadClient };
let total = 0;

let warmNs = Number.POSITIVE_INFINITY;
const timing = { response: new LatenciesBySecond(), service: new LatenciesBySecond() };

async function laneOf(client: LoadClient, lane: number): Promise<Lane> {
  const acked = new Array<number>(task.partitions).fill(0);
  const waiting = task.rate > 0 ? acked.map(() => new SentTimes()) : [];
  const producer = await client.producer({
    batchBytes: task.batchBytes,
    lingerMs: task.lingerMs,
    acknowledged: (partition, count) => {
      acked[partition]! += count;
      total += count;
      if (task.rate <= 0) return;
      const nowNs = monotonicNs();
      waiting[partition]!.shift(count, (dueNs, sentNs) => {
        timing.response.record(dueNs - warmNs, nowNs - dueNs);
        timing.service.record(dueNs - warmNs, nowNs - sentNs);
      });
    },
  });
  return { producer, records: new Records(task, lane), acked, waiting };
}

function send(lane: Lane, window: Window): Promise<unknown> {
  const { producer, records } = lane;
  if (task.rate === 0) return asFastAsItIsLet(producer, records, window.endNs);
  if (task.rate > 0) return onSchedule(lane, task.rate, window);
  const all = Array.from({ length: task.partitions }, (_, partition) => partition);
  const loops = Array.from({ length: task.inFlight }, (_, loop) =>
    all.filter((partition) => partition % task.inFlight === loop),
  );
  return Promise.all(loops.map((partitions) => oneInFlight(lane, partitions, window)));
}

const connecting = Array.from({ length: task.connections }, () =>
  connectLoadClient({ server: task.server, topics: topicsOf(task) }),
);
const clients = await Promise.all(connecting);
const lanes = await Promise.all(clients.map((client, connection) => laneOf(client, task.lane + connection)));
const stop = sampled(() => total);
const input = createInterface(process.stdin);
process.stdout.write("ready\n");
const [line] = (await once(input, "line")) as [string];
input.close();
const window = parseBegin(line)!;
warmNs = window.warmNs;
await new Promise((resolve) => setTimeout(resolve, (window.beginNs - monotonicNs()) / 1e6));
await Promise.all(lanes.map((lane) => send(lane, window)));
await Promise.all(lanes.map(({ producer }) => producer.flush()));
const report: ProduceReport = {
  acked: lanes.flatMap(({ acked }) => acked),
  samples: stop(),
  ...(task.rate !== 0 && { response: timing.response.encoded(), service: timing.service.encoded() }),
};
await Promise.all(lanes.map(({ producer }) => producer.close()));
await Promise.all(clients.map((client) => client.close()));
process.stdout.write(`${JSON.stringify(report)}\n`);
