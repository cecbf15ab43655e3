/**
 * A broker under load whose first log worker is made to fail again and again, and an audit of contract H1: what was
 * acknowledged is there, once, in order and unaltered; the worker is replaced; partitions of the other worker go on; no file
 * and no memory stays behind.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { crc32c } from "@node-rs/crc32";
import { type Client, connect, type Producer } from "../../src/client/index.ts";
import { type RunningBroker, startBroker } from "../../src/index.ts";
import type { Fault, FaultPoint } from "../../src/workers/faults.ts";
import { openFiles } from "../helpers/open-files.ts";
import { until } from "../helpers/until.ts";

export interface PlannedDeath {
  readonly fault: Fault;
  readonly point: FaultPoint;
}

export interface FaultRunOptions {
  readonly deaths: readonly PlannedDeath[];
  readonly durability: "disk" | "os";
}

export interface Death extends PlannedDeath {
  /** From when it was noticed until there was a new log worker, in ms. */
  readonly replacedMs: number;
  /** Records of the other worker's partitions that were acknowledged while this one was dead. */
  readonly othersAcked: number;
}

export interface FaultReport {
  readonly deaths: readonly Death[];
  readonly records: number;
  /** Batches that had been written when their worker died, were sent again and recognised. */
  readonly duplicatesRecognised: number;
  readonly failures: readonly string[];
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly altered: number;
  /** Offsets of acknowledgements that are not those of the records. */
  readonly misplaced: number;
  /** Files open at the end and not after the first death. */
  readonly filesLeaked: number;
  /** Bytes of the pool for batches that are in use when no log is open. */
  readonly poolBytesLeaked: number;
}

const MAIN = "faults";
/** Partitions go to the workers in turn: even ones to the first. */
const PARTITIONS = 4;
const WORKERS = 2;
const VALUE_SIZE = 700;
const IDLE_MS = 400;

/** Points that the load alone does not come to. */
const needsSide: readonly FaultPoint[] = ["opening", "closing", "maintenance"];
/** What the broker says when it is not the log worker that died. */
const signs: Partial<Record<FaultPoint, string>> = {
  "sync thread": "a sync thread died",
  maintenance: "a maintenance worker died",
};

interface Logged {
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** @returns what the audit found */
export async function runFaults({ deaths, durability }: FaultRunOptions): Promise<FaultReport> {
  const logged: Logged[] = [];
  const broker = await startBroker({
    data: "temporary",
    port: 0,
    logWorkers: WORKERS,
    idleMs: IDLE_MS,
    log: (_level, message, facts = {}) => logged.push({ message, facts }),
  });
  const run = new FaultRun(broker, durability, logged);
  try {
    await run.begin();
    for (const death of deaths) await run.kill(death);
    return await run.end();
  } finally {
    await run.close();
    await broker.close();
  }
}

class FaultRun {
  readonly #broker: RunningBroker;
  readonly #durability: "disk" | "os";
  readonly #logged: readonly Logged[];
  readonly #audit = new Audit();
  readonly #clients: Client[] = [];
  readonly #deaths: Death[] = [];
  #loads: Load[] = [];
  #follower: Reader | null = null;
  #sides = 0;
  #files = 0;

  constructor(broker: RunningBroker, durability: "disk" | "os", logged: readonly Logged[]) {
    this.#broker = broker;
    this.#durability = durability;
    this.#logged = logged;
  }

  async begin(): Promise<void> {
    const client = await this.#connect();
    await client.topics.create({ name: MAIN, partitions: PARTITIONS, settings: { durability: this.#durability } });
    this.#loads = await Promise.all(
      Array.from({ length: PARTITIONS }, async (_, partition) => {
        // A connection each: one that waits for the dead worker must not hold up the others.
        const own = await this.#connect();
        return new Load(await own.producer({ topic: MAIN, batchBytes: 16 * 1024 }), partition, this.#audit);
      }),
    );
    this.#follower = new Reader(await this.#connect(), MAIN);
    await until(() => this.#loads.every(({ acked }) => acked > 0), "no load");
  }

  async kill({ fault, point }: PlannedDeath): Promise<void> {
    const first = this.#logged.length;
    const others = this.#loads.filter((_, partition) => partition % WORKERS === 1);
    const ackedByOthers = (): number => others.reduce((sum, { acked }) => sum + acked, 0);
    await this.#broker.injectFault(fault, point);
    const ackedBefore = ackedByOthers();
    const side = needsSide.includes(point) ? this.#openAndClose() : Promise.resolve();
    const sign = signs[point] ?? "the log worker was replaced";
    const replaced = (): Logged | undefined =>
      this.#logged.slice(first).find(({ message }) => message.startsWith(sign));
    await until(() => replaced() !== undefined, `not replaced after ${fault} at ${point}`);
    const othersAcked = ackedByOthers() - ackedBefore;
    const replacedMs = Number(replaced()!.facts["ms"] ?? 0);
    this.#deaths.push({ fault, point, replacedMs, othersAcked });
    await side;
    // All of them are served again.
    const acked = this.#loads.map((load) => load.acked);
    await until(
      () => this.#loads.every((load, index) => load.acked > acked[index]!),
      `no load after ${fault} at ${point}`,
    );
    if (this.#files === 0) this.#files = openFiles();
  }

  async end(): Promise<FaultReport> {
    for (const load of this.#loads) await load.stop();
    const client = this.#clients[0]!;
    const { partitions } = await client.topics.describe(MAIN);
    const ends = partitions.map(({ highWatermark }) => highWatermark);
    const again = new Reader(client, MAIN);
    const readers = [this.#follower!, again];
    for (const reader of readers) await reader.readTo(ends);
    const sides: Reader[] = [];
    for (let side = 0; side < this.#sides; side++) {
      const reader = new Reader(client, sideName(side));
      await reader.readTo([1]);
      sides.push(reader);
    }
    await until(() => this.#stats("partitionsOpen") === 0, "logs that nobody uses stay open");
    const filesLeaked = Math.max(0, openFiles() - this.#files);
    const poolBytesLeaked = this.#stats("poolBytes") - this.#stats("poolBytesFree");
    return { deaths: this.#deaths, ...this.#audit.report(readers, sides), filesLeaked, poolBytesLeaked };
  }

  async close(): Promise<void> {
    for (const load of this.#loads) await load.stop().catch(() => {});
    for (const client of this.#clients) await client.close().catch(() => {});
  }

  /** A topic whose log is opened for one record and closed when it was idle for a while. */
  async #openAndClose(): Promise<void> {
    const topic = sideName(this.#sides++);
    const client = this.#clients[0]!;
    const settings = { durability: this.#durability };
    // As many partitions as workers, so that the next topic's first one is the first worker's again.
    await client.topics.create({ name: topic, partitions: WORKERS, settings });
    const producer = await client.producer({ topic });
    const number = this.#sides;
    const { offset } = await producer.send({ partition: 0, value: payloadOf({ partition: 0, number }) });
    this.#audit.acknowledged(topic, { partition: 0, number }, offset, false);
    await producer.close();
  }

  #stats(name: string): number {
    return Number(this.#broker.stats()[name]);
  }

  async #connect(): Promise<Client> {
    const client = await connect({ server: `127.0.0.1:${this.#broker.port}` });
    this.#clients.push(client);
    return client;
  }
}

interface Sent {
  readonly partition: number;
  readonly number: number;
}

/** Produces to one partition, as fast as it is acknowledged. */
class Load {
  acked = 0;
  readonly #producer: Producer;
  readonly #partition: number;
  readonly #audit: Audit;
  readonly #running: Promise<void>;
  #isOver = false;

  constructor(producer: Producer, partition: number, audit: Audit) {
    this.#producer = producer;
    this.#partition = partition;
    this.#audit = audit;
    this.#running = this.#run();
    this.#running.catch(() => {});
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    await this.#producer.close();
  }

  async #run(): Promise<void> {
    const partition = this.#partition;
    let unacked = 0;
    for (let number = 0; !this.#isOver; ) {
      for (let burst = 0; burst < 20 && unacked < 200; burst++) {
        const sent = { partition, number: number++ };
        unacked++;
        this.#producer.send({ partition, value: payloadOf(sent) }).then(
          ({ offset, duplicate }) => {
            unacked--;
            this.acked++;
            this.#audit.acknowledged(MAIN, sent, offset, duplicate);
          },
          (error: unknown) => {
            unacked--;
            this.#audit.failed(error);
          },
        );
      }
      await sleep(2);
    }
  }
}

/** What was acknowledged, by place. */
class Audit {
  readonly #placed = new Map<string, string>();
  readonly #failures: string[] = [];
  #duplicatesRecognised = 0;
  #misplaced = 0;

  acknowledged(topic: string, sent: Sent, offset: number, duplicate: boolean): void {
    const place = placeOf(topic, sent.partition, offset);
    // Two acknowledgements that name one place.
    if (this.#placed.has(place)) this.#misplaced++;
    this.#placed.set(place, nameOf(sent));
    if (duplicate) this.#duplicatesRecognised++;
  }

  failed(error: unknown): void {
    this.#failures.push(String(error));
  }

  report(
    mains: readonly Reader[],
    sides: readonly Reader[],
  ): Omit<FaultReport, "deaths" | "filesLeaked" | "poolBytesLeaked"> {
    const readers = [...mains, ...sides];
    const sum = (count: (reader: Reader) => number): number =>
      readers.reduce((total, reader) => total + count(reader), 0);
    const placed = [...this.#placed];
    const of = (reader: Reader): [string, string][] => placed.filter(([place]) => place.startsWith(`${reader.topic}:`));
    return {
      records: placed.length,
      duplicatesRecognised: this.#duplicatesRecognised,
      failures: this.#failures,
      lost: sum((reader) => of(reader).filter(([place]) => !reader.places.has(place)).length),
      duplicated: sum(({ duplicated }) => duplicated),
      reordered: sum(({ reordered }) => reordered),
      altered: sum(({ altered }) => altered),
      misplaced:
        this.#misplaced +
        sum((reader) => of(reader).filter(([place, name]) => (reader.places.get(place) ?? name) !== name).length),
    };
  }
}

/** A consumer of all partitions from their beginning, and what it found. */
class Reader {
  readonly topic: string;
  /** What was read, by place. */
  readonly places = new Map<string, string>();
  duplicated = 0;
  reordered = 0;
  altered = 0;
  readonly #names = new Set<string>();
  readonly #nextOffsets = new Map<number, number>();
  readonly #lastNumbers = new Map<number, number>();
  readonly #reading: Promise<void>;
  readonly #stop: () => Promise<void>;

  constructor(client: Client, topic: string) {
    this.topic = topic;
    const consumer = client.consumer({ topic, from: "earliest" });
    this.#stop = () => consumer.close();
    this.#reading = consumer.forEach((cursor) => {
      this.#take(cursor.partition, cursor.offset, cursor.value()!);
    });
    this.#reading.catch(() => {});
  }

  async readTo(ends: readonly number[]): Promise<void> {
    const isThere = (): boolean => ends.every((end, partition) => (this.#nextOffsets.get(partition) ?? 0) >= end);
    await Promise.race([until(isThere, `${this.topic} cannot be read to its end`), this.#reading]);
    await this.#stop();
    await this.#reading;
  }

  #take(partition: number, offset: number, value: Uint8Array): void {
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    if (crc32c(value.subarray(0, -4)) !== view.getUint32(value.length - 4)) this.altered++;
    const sent = { partition: view.getUint32(0), number: view.getUint32(4) };
    const name = nameOf(sent);
    if (this.#names.has(name)) this.duplicated++;
    this.#names.add(name);
    // Nothing is missing between two offsets, and what was sent first comes first.
    if (offset !== (this.#nextOffsets.get(partition) ?? 0)) this.reordered++;
    if (sent.number <= (this.#lastNumbers.get(partition) ?? -1)) this.reordered++;
    this.#nextOffsets.set(partition, offset + 1);
    this.#lastNumbers.set(partition, sent.number);
    this.places.set(placeOf(this.topic, partition, offset), name);
  }
}

function payloadOf({ partition, number }: Sent): Uint8Array {
  const value = new Uint8Array(VALUE_SIZE).fill(number);
  const view = new DataView(value.buffer);
  view.setUint32(0, partition);
  view.setUint32(4, number);
  view.setUint32(value.length - 4, crc32c(value.subarray(0, -4)));
  return value;
}

function sideName(number: number): string {
  return `side-${number}`;
}

function nameOf({ partition, number }: Sent): string {
  return `${partition} ${number}`;
}

function placeOf(topic: string, partition: number, offset: number): string {
  return `${topic}:${partition}:${offset}`;
}

/** Regular files only: what the runtime has open for itself comes and goes. */
