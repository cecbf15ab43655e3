/** The demo's traffic: a data set out through the public per-record API, and back. */
import type { Client } from "../client/index.ts";
import type { DataSet, DemoRecord } from "./demo-data-sets.ts";
import { DemoLedger } from "./demo-ledger.ts";
import type { Latency } from "./latency.ts";

/** Records that may be sent and not acknowledged; more would only measure how long the queue is. */
const UNACKNOWLEDGED_MAX = 4096;

export interface Produced {
  readonly ledger: DemoLedger;
  readonly ms: number;
  /** Records that were sent twice, because an acknowledgement was lost, and are in the log once. */
  readonly duplicates: number;
}

/**
 * Makes the topic and sends every record, each with `send`.
 *
 * @param latency of each record from `send` to its acknowledgement
 * @param acknowledged told of each acknowledgement
 * @param signal gives up, with its reason
 */
export async function produceDataSet(
  client: Client,
  { name, partitions, settings }: DataSet,
  records: readonly DemoRecord[],
  latency: Latency,
  acknowledged: (ledger: DemoLedger) => void,
  signal: AbortSignal,
): Promise<Produced> {
  await client.topics.create({ name, partitions, settings });
  const producer = await client.producer({ topic: name });
  const giveUp = (): void => void producer.abort();
  signal.addEventListener("abort", giveUp);
  const ledger = new DemoLedger(records, partitions);
  const room = new Room();
  const startedMs = performance.now();
  let duplicates = 0;
  try {
    for (const [index, { key, value }] of records.entries()) {
      const sentMs = performance.now();
      room.take();
      producer.send({ key, value }).then(
        ({ partition, offset, duplicate }) => {
          latency.record(performance.now() - sentMs);
          ledger.acknowledge(index, partition, offset);
          if (duplicate) duplicates++;
          acknowledged(ledger);
          room.give();
        },
        (error: unknown) => room.fail(error),
      );
      if (room.isFull) await room.some();
    }
    await room.all();
    return { ledger, ms: performance.now() - startedMs, duplicates };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", giveUp);
    await producer.abort();
  }
}

/** How many records may be on their way. */
class Room {
  #taken = 0;
  #failure: unknown = null;
  /** Resolved when so few are on their way. */
  #wanted = 0;
  #wake: () => void = () => {};

  get isFull(): boolean {
    return this.#taken >= UNACKNOWLEDGED_MAX;
  }

  take(): void {
    this.#taken++;
  }

  give(): void {
    this.#taken--;
    if (this.#taken <= this.#wanted) this.#wake();
  }

  fail(error: unknown): void {
    this.#failure ??= error;
    this.#wake();
  }

  /** Waits until half of them are acknowledged. @throws why one was not */
  some(): Promise<void> {
    return this.#left(UNACKNOWLEDGED_MAX / 2);
  }

  /** Waits until all are. @throws why one was not */
  all(): Promise<void> {
    return this.#left(0);
  }

  async #left(count: number): Promise<void> {
    this.#wanted = count;
    while (this.#taken > count && this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== null) throw this.#failure;
  }
}

/** Reads the topic from its beginning to its end. @returns ms */
export async function consumeDataSet(
  client: Client,
  { name }: DataSet,
  ledger: DemoLedger,
  signal: AbortSignal,
): Promise<number> {
  const consumer = client.consumer({ topic: name, from: "earliest", until: "end" });
  const end = (): void => void consumer.close();
  signal.addEventListener("abort", end);
  const startedMs = performance.now();
  try {
    await consumer.forEach((record) => {
      ledger.consume(record.partition, record.keyText(), record.value() ?? NO_BYTES);
    });
  } finally {
    signal.removeEventListener("abort", end);
  }
  if (signal.aborted) throw signal.reason;
  return performance.now() - startedMs;
}

const NO_BYTES = new Uint8Array(0);
