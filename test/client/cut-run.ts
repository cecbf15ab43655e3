/**
 * Producers and consumers under load, while their sockets are cut, and an audit: what was lost, what came twice, what came
 * in another order than it was sent, what was altered.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { crc32c } from "@node-rs/crc32";
import { type Client, type Consumer, connect } from "../../src/client/index.ts";
import { startBroker } from "../../src/index.ts";
import { Random } from "../protocol/random.ts";
import { CutProxy } from "./cut-proxy.ts";

export interface CutRunOptions {
  readonly cuts: number;
  readonly seed: number;
  readonly durability: "disk" | "os" | "memory";
}

export interface CutReport {
  readonly cuts: number;
  /** Records acknowledged, and batches of them that had to be sent again and were recognised. */
  readonly records: number;
  readonly duplicatesRecognised: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly altered: number;
  /** Offsets of acknowledgements that are not those of the records. */
  readonly misplaced: number;
}

const TOPIC = "cuts";
const PARTITIONS = 4;
const PRODUCERS = 2;
const KEYS = 40;
const PAUSE_MS_MAX = 60;
/** Producer, key, and which one of that key it is: u32 each; filling; CRC-32C of all before. */
const STAMP_SIZE = 12;

interface Sent {
  readonly producer: number;
  readonly key: number;
  readonly number: number;
}

/** @returns what the audit found */
export async function runCuts({ cuts, seed, durability }: CutRunOptions): Promise<CutReport> {
  const random = new Random(seed);
  const broker = await startBroker({ data: "temporary", port: 0 });
  const proxy = await CutProxy.start(broker.port, random);
  const client = await connect({ server: proxy.server, reconnectMinMs: 5, reconnectMaxMs: 50 });
  try {
    await client.topics.create({ name: TOPIC, partitions: PARTITIONS, settings: { durability } });
    const audit = new Audit();
    const readers = [new Reader(client, "forEach"), new Reader(client, "records")];
    let isOver = false;
    const producing = Promise.all(
      Array.from({ length: PRODUCERS }, (_, index) =>
        produce(client, index, audit, new Random(seed + index), () => isOver),
      ),
    );
    while (proxy.cuts < cuts) {
      proxy.cut();
      await sleep(random.below(PAUSE_MS_MAX));
    }
    isOver = true;
    await producing;
    // The end of each partition, over a connection that nobody cuts any more.
    const { partitions } = await client.topics.describe(TOPIC);
    const ends = partitions.map(({ highWatermark }) => highWatermark);
    for (const reader of readers) await reader.readTo(ends);
    return audit.report(proxy.cuts, readers);
  } finally {
    await client.close().catch(() => {});
    await proxy.close();
    await broker.close();
  }
}

async function produce(
  client: Client,
  producer: number,
  audit: Audit,
  random: Random,
  isOver: () => boolean,
): Promise<void> {
  const numbers = new Array<number>(KEYS).fill(0);
  const sender = await client.producer({ topic: TOPIC, batchBytes: 16 * 1024, bufferBytes: 512 * 1024 });
  while (!isOver()) {
    for (let index = random.below(200); index > 0; index--) {
      const key = random.below(KEYS);
      const sent = { producer, key, number: numbers[key]!++ };
      const send = sender.send({ key: `${producer} ${key}`, value: stampedValue(sent, random.below(600)) });
      send.then(
        ({ partition, offset, duplicate }) => audit.acknowledged(sent, partition, offset, duplicate),
        (error: unknown) => audit.failed(error),
      );
    }
    await sender.ready();
    await sleep(random.below(3));
  }
  await sender.close();
}

function stampedValue({ producer, key, number }: Sent, filling: number): Uint8Array {
  const value = new Uint8Array(STAMP_SIZE + filling + 4).fill(number);
  const view = new DataView(value.buffer);
  view.setUint32(0, producer);
  view.setUint32(4, key);
  view.setUint32(8, number);
  view.setUint32(value.length - 4, crc32c(value.subarray(0, -4)));
  return value;
}

/** What was acknowledged, by place. */
class Audit {
  readonly #placed = new Map<string, string>();
  #duplicatesRecognised = 0;
  #error: unknown = null;

  acknowledged(sent: Sent, partition: number, offset: number, duplicate: boolean): void {
    this.#placed.set(`${partition}:${offset}`, nameOf(sent));
    if (duplicate) this.#duplicatesRecognised++;
  }

  failed(error: unknown): void {
    this.#error ??= error;
  }

  report(cuts: number, readers: readonly Reader[]): CutReport {
    if (this.#error !== null) throw this.#error;
    const sum = (count: (reader: Reader) => number): number =>
      readers.reduce((total, reader) => total + count(reader), 0);
    const lost = (reader: Reader): number => [...this.#placed].filter(([place]) => !reader.places.has(place)).length;
    const misplaced = (reader: Reader): number =>
      [...this.#placed].filter(([place, name]) => reader.places.get(place) !== name).length - lost(reader);
    return {
      cuts,
      records: this.#placed.size,
      duplicatesRecognised: this.#duplicatesRecognised,
      lost: sum(lost),
      duplicated: sum(({ duplicated }) => duplicated),
      reordered: sum(({ reordered }) => reordered),
      altered: sum(({ altered }) => altered),
      misplaced: sum(misplaced),
    };
  }
}

/** One consumer, and what it found. */
class Reader {
  /** What was read, by place. */
  readonly places = new Map<string, string>();
  readonly #names = new Set<string>();
  readonly #nextOffsets = new Array<number>(PARTITIONS).fill(0);
  readonly #nextNumbers = new Map<string, number>();
  readonly #reading: Promise<void>;
  readonly #stop: () => Promise<void>;
  duplicated = 0;
  reordered = 0;
  altered = 0;

  constructor(client: Client, mode: "forEach" | "records") {
    const consumer = client.consumer({ topic: TOPIC, from: "earliest" });
    this.#stop = () => consumer.close();
    this.#reading = mode === "forEach" ? this.#visit(consumer) : this.#iterate(consumer);
    this.#reading.catch(() => {});
  }

  async readTo(ends: readonly number[]): Promise<void> {
    const isThere = (): boolean => ends.every((end, partition) => this.#nextOffsets[partition]! >= end);
    const failed = this.#reading.then(() => true);
    while (!isThere()) await Promise.race([sleep(10), failed]);
    await this.#stop();
    await this.#reading;
  }

  #visit(consumer: Consumer): Promise<void> {
    return consumer.forEach((cursor) => {
      this.#take(cursor.partition, cursor.offset, cursor.value()!);
    });
  }

  async #iterate(consumer: Consumer): Promise<void> {
    for await (const { partition, offset, value } of consumer) this.#take(partition, offset, value!);
  }

  #take(partition: number, offset: number, value: Uint8Array): void {
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    const sent = { producer: view.getUint32(0), key: view.getUint32(4), number: view.getUint32(8) };
    if (crc32c(value.subarray(0, -4)) !== view.getUint32(value.length - 4)) this.altered++;
    if (offset !== this.#nextOffsets[partition]) this.reordered++;
    this.#nextOffsets[partition] = offset + 1;
    const name = nameOf(sent);
    if (this.#names.has(name)) this.duplicated++;
    this.#names.add(name);
    this.places.set(`${partition}:${offset}`, name);
    const key = `${sent.producer} ${sent.key}`;
    if (sent.number !== (this.#nextNumbers.get(key) ?? 0)) this.reordered++;
    this.#nextNumbers.set(key, sent.number + 1);
  }
}

const nameOf = ({ producer, key, number }: Sent): string => `${producer} ${key} ${number}`;
