/** The process of producers that load a broker (task.ts). */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { MIB } from "../base/units.ts";
import { LatenciesBySecond } from "./latencies-by-second.ts";
import type { ConnectLoadClient, LoadClient, LoadProducer } from "./load-client.ts";
import { monotonicNs } from "./monotonic.ts";
import { sampled } from "./sampler.ts";
import { StampedPayloads } from "./stamped-payload.ts";
import { type ProduceReport, type ProduceTask, parseBegin, parseTask, topicsOf, type Window } from "./task.ts";

/** Records between two looks at the clock. */
const BURST = 256;
/** Of records on their way, on a schedule: half of what our client keeps by default. */
const WAITING_BYTES_MAX = 16 * MIB;

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

  /** Bytes of each. */
  get size(): number {
    return this.#payloads.size;
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

interface Timing {
  readonly response: LatenciesBySecond;
  readonly service: LatenciesBySecond;
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
  { response, service }: Timing,
  { warmNs, endNs }: Window,
): Promise<void> {
  for (let turn = 0, nowNs = monotonicNs(); nowNs < endNs; turn++, nowNs = monotonicNs()) {
    const partition = partitions[turn % partitions.length]!;
    await producer.send(partition, records.next(partition, nowNs));
    const latency = monotonicNs() - nowNs;
    response.record(nowNs - warmNs, latency);
    service.record(nowNs - warmNs, latency);
  }
}

/**
 * Open loop: what is due is sent, and counts from when it was due, whatever came back meanwhile. Where the client's memory is
 * full, what is due waits, as in an app it would, and goes on counting.
 */
async function onSchedule(
  producer: LoadProducer,
  records: Records,
  { response, service }: Timing,
  rate: number,
  { beginNs, warmNs, endNs }: Window,
): Promise<void> {
  const total = Math.floor(((endNs - beginNs) / 1e9) * rate);
  const waitingMax = Math.max(1, WAITING_BYTES_MAX / records.size);
  let waiting = 0;
  const dueOf = (number: number): number => beginNs + (number * 1e9) / rate;
  while (records.sent < total) {
    const due = Math.min(total, Math.floor(((monotonicNs() - beginNs) / 1e9) * rate) + 1);
    while (records.sent < due && waiting < waitingMax) {
      waiting++;
      const { partition, sent } = records;
      const dueNs = dueOf(sent);
      const sentNs = monotonicNs();
      void producer.send(partition, records.next(partition, dueNs)).then(() => {
        const nowNs = monotonicNs();
        waiting--;
        response.record(dueNs - warmNs, nowNs - dueNs);
        service.record(dueNs - warmNs, nowNs - sentNs);
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A connection, and its sequences. */
interface Lane {
  readonly producer: LoadProducer;
  readonly records: Records;
  readonly acked: number[];
}

const task = parseTask<ProduceTask>(process.argv.slice(2));
const { connectLoadClient } = (await import(task.client)) as { readonly connectLoadClient: ConnectLoadClient };
let total = 0;

async function laneOf(client: LoadClient, lane: number): Promise<Lane> {
  const acked = new Array<number>(task.partitions).fill(0);
  const producer = await client.producer({
    batchBytes: task.batchBytes,
    lingerMs: task.lingerMs,
    acknowledged: (partition, count) => {
      acked[partition]! += count;
      total += count;
    },
  });
  return { producer, records: new Records(task, lane), acked };
}

function send(lane: Lane, timing: Timing, window: Window): Promise<unknown> {
  const { producer, records } = lane;
  if (task.rate === 0) return asFastAsItIsLet(producer, records, window.endNs);
  if (task.rate > 0) return onSchedule(producer, records, timing, task.rate, window);
  const all = Array.from({ length: task.partitions }, (_, partition) => partition);
  const loops = Array.from({ length: task.inFlight }, (_, loop) =>
    all.filter((partition) => partition % task.inFlight === loop),
  );
  return Promise.all(loops.map((partitions) => oneInFlight(lane, partitions, timing, window)));
}

const connecting = Array.from({ length: task.connections }, () =>
  connectLoadClient({ server: task.server, topics: topicsOf(task) }),
);
const clients = await Promise.all(connecting);
const lanes = await Promise.all(clients.map((client, connection) => laneOf(client, task.lane + connection)));
const timing: Timing = { response: new LatenciesBySecond(), service: new LatenciesBySecond() };
const stop = sampled(() => total);
const input = createInterface(process.stdin);
process.stdout.write("ready\n");
const [line] = (await once(input, "line")) as [string];
input.close();
const window = parseBegin(line)!;
await new Promise((resolve) => setTimeout(resolve, (window.beginNs - monotonicNs()) / 1e6));
await Promise.all(lanes.map((lane) => send(lane, timing, window)));
await Promise.all(lanes.map(({ producer }) => producer.flush()));
const report: ProduceReport = {
  acked: lanes.flatMap(({ acked }) => acked),
  samples: stop(),
  ...(task.rate !== 0 && { response: timing.response.encoded(), service: timing.service.encoded() }),
};
await Promise.all(lanes.map(({ producer }) => producer.close()));
await Promise.all(clients.map((client) => client.close()));
process.stdout.write(`${JSON.stringify(report)}\n`);
