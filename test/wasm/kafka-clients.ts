/** The encoders and decoders of two Kafka clients, as oracles: what they write and read is the format. */
import { createRequire } from "node:module";
import { createRecordsBatch, Reader, readRecordsBatch } from "@platformatic/kafka";
import type { TestRecord } from "./batch-writer.ts";

export interface DecodedRecord extends TestRecord {
  readonly offset: number;
}

interface KafkaJsDecoded {
  readonly records: readonly {
    readonly timestamp: string;
    readonly offset: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly headers: Readonly<Record<string, Buffer | null | readonly (Buffer | null)[]>>;
  }[];
}

const require = createRequire(import.meta.url);
const KafkaJsDecoder = require("kafkajs/src/protocol/decoder") as new (bytes: Buffer) => unknown;
const decodeKafkaJs = require("kafkajs/src/protocol/recordBatch/v0/decoder") as (
  decoder: unknown,
) => Promise<KafkaJsDecoded>;
const encodeKafkaJsRecord = require("kafkajs/src/protocol/recordBatch/record/v0") as (record: object) => unknown;
const { RecordBatch: encodeKafkaJs } = require("kafkajs/src/protocol/recordBatch/v0") as {
  RecordBatch: (batch: object) => Promise<{ readonly buffer: Buffer }>;
};
/** Keys and their hashes in org.apache.kafka.common.utils.UtilsTest.testMurmur2. */
export const murmur2OfKafka = [
  ["21", -973_932_308],
  ["foobar", -790_332_482],
  ["a-little-bit-long-string", -985_981_536],
  ["a-little-bit-longer-string", -1_486_304_829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971],
  ["abc", 479_470_107],
] as const;
export const murmur2OfKafkaJs = require("kafkajs/src/producer/partitioners/default/murmur2") as (key: Buffer) => number;

const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const plain = (bytes: Buffer | null): Uint8Array | null => (bytes === null ? null : Uint8Array.from(bytes));

export function decodeByPlatformatic(batch: Uint8Array): DecodedRecord[] {
  const decoded = readRecordsBatch(Reader.from(buffer(batch)));
  return decoded.records.map((record) => ({
    timestamp: Number(decoded.firstTimestamp + record.timestampDelta),
    offset: Number(decoded.firstOffset) + record.offsetDelta,
    key: plain(record.key),
    value: plain(record.value),
    headers: record.headers.map(([key, value]) => [key?.toString() ?? "", plain(value)] as const),
  }));
}

/** Its headers are an object: their order is that of the first of each name, whose name is no integer. */
export async function decodeByKafkaJs(batch: Uint8Array): Promise<DecodedRecord[]> {
  const decoded = await decodeKafkaJs(new KafkaJsDecoder(buffer(batch)));
  return decoded.records.map((record) => ({
    timestamp: Number(record.timestamp),
    offset: Number(record.offset),
    key: plain(record.key),
    value: plain(record.value),
    headers: Object.entries(record.headers).flatMap(([name, values]) =>
      (Array.isArray(values) ? (values as (Buffer | null)[]) : [values as Buffer | null]).map(
        (value) => [name, plain(value)] as const,
      ),
    ),
  }));
}

/** Throws on a null header value, as KafkaJS does. */
export async function encodeByKafkaJs(records: readonly TestRecord[]): Promise<Uint8Array> {
  const firstTimestamp = records[0]?.timestamp ?? 0;
  const timestamps = records.map(({ timestamp }) => timestamp);
  const batch = await encodeKafkaJs({
    firstTimestamp,
    maxTimestamp: Math.max(...timestamps),
    lastOffsetDelta: records.length - 1,
    records: records.map((record, offsetDelta) =>
      encodeKafkaJsRecord({
        offsetDelta,
        timestampDelta: record.timestamp - firstTimestamp,
        key: record.key && buffer(record.key),
        value: record.value && buffer(record.value),
        headers: Object.fromEntries(record.headers.map(([name, value]) => [name, value && buffer(value)])),
      }),
    ),
  });
  return Uint8Array.from(batch.buffer);
}

/** Header names are distinct: it takes them as a map. */
export function encodeByPlatformatic(
  records: readonly TestRecord[],
  compression: "none" | "gzip" = "none",
): Uint8Array {
  const messages = records.map(({ timestamp, key, value, headers }) => ({
    topic: "t",
    timestamp: BigInt(timestamp),
    // Null is what it writes; its types know undefined only.
    key: key as Buffer,
    value: value as Buffer,
    headers: new Map(headers.map(([name, bytes]) => [Buffer.from(name), bytes as Buffer])),
  }));
  return Uint8Array.from(createRecordsBatch(messages, { compression }).buffer);
}
