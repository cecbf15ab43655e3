/** Partitions of numbered records, and the three ways to read a consumer, as one. */
import type { Client, ConsumedRecord, Consumer, ConsumerOptions, RecordCursor } from "../../src/client/index.ts";
import { text, writeBatch } from "../wasm/batch-writer.ts";
import type { FakePartition } from "./fake-partition.ts";

export type Mode = "forEach" | "batches" | "records";
export const modes: readonly Mode[] = ["forEach", "batches", "records"];

type Visit = (record: Pick<RecordCursor, "partition" | "offset">) => void | Promise<void>;

export async function readWith(consumer: Consumer, mode: Mode, visit: Visit): Promise<void> {
  if (mode === "forEach") await consumer.forEach((record) => void visit(record));
  else if (mode === "records") for await (const record of consumer) await visit(record);
  else for await (const batch of consumer.batches()) for (const record of batch) await visit(record);
}

export const BASE_TIME = 1_700_000_000_000;

/** Appends `count` records "0", "1", ... in batches of `perBatch`, 1 s apart. */
export function fill(partition: FakePartition, count: number, perBatch: number, valueSize = 0): void {
  for (let first = 0; first < count; first += perBatch) {
    const records = Array.from({ length: Math.min(perBatch, count - first) }, (_, index) => ({
      timestamp: BASE_TIME + 1000 * (first + index),
      key: null,
      value: text.encode(`${first + index}`.padEnd(valueSize, " ")),
      headers: [],
    }));
    partition.append(writeBatch(records));
  }
}

export const numberOf = (record: ConsumedRecord): number => Number(record.valueText());

/** Reads to the end, in one of the ways there are. */
export async function readAll(consumer: Consumer, mode: Mode): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = [];
  if (mode === "forEach") await consumer.forEach((cursor) => void records.push(cursor.record()));
  else if (mode === "batches") for await (const batch of consumer.batches()) records.push(...batch);
  else for await (const record of consumer) records.push(record);
  return records;
}

export function read(
  client: Client,
  options: Partial<ConsumerOptions>,
  mode: Mode = "records",
): Promise<ConsumedRecord[]> {
  return readAll(client.consumer({ topic: "t", from: "earliest", until: "end", ...options }), mode);
}

export const range = (first: number, end: number): number[] =>
  Array.from({ length: end - first }, (_, index) => first + index);
