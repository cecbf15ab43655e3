/** What is in the fake broker's logs, as another client of Kafka's protocol reads it. */
import { type DecodedRecord, decodeByPlatformatic } from "../wasm/kafka-clients.ts";
import type { FakePartition } from "./fake-partition.ts";

export function recordsIn(partition: FakePartition): DecodedRecord[] {
  return partition.batches.flatMap(({ bytes }) => decodeByPlatformatic(bytes));
}

export function valuesIn(partition: FakePartition): string[] {
  return recordsIn(partition).map(({ value }) => textOf(value));
}

export function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? "null" : new TextDecoder().decode(bytes);
}
