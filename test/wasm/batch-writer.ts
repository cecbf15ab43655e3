/**
 * A second, slow encoder of record batches, from Kafka's description of the format. It writes what it is told, also what
 * no batch may say, and every size can be claimed apart from the bytes.
 */
import { crc32c } from "@node-rs/crc32";

export interface TestRecord {
  /** Unix ms. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [string, Uint8Array | null])[];
}

/** The header's fields, each with the value that fits the records unless it is given. */
export interface BatchFields {
  readonly baseOffset: bigint;
  readonly length: number;
  readonly leaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}

export const text: InstanceType<typeof TextEncoder> = new TextEncoder();

/** @param size at most 64 bits; every value may also be spelled with more bytes than it needs */
export function varint(value: bigint | number, size = 1): number[] {
  const wide = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const encoded: number[] = [];
  let rest = wide;
  while (rest >= 0x80n || encoded.length < size - 1) {
    encoded.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...encoded, Number(rest)];
}

function sized(bytes: Uint8Array | null): number[] {
  return bytes === null ? varint(-1) : [...varint(bytes.length), ...bytes];
}

/** A record's fields after its length. */
export function recordBody(record: TestRecord, offsetDelta: number, baseTimestamp: number): number[] {
  return [
    0,
    ...varint(BigInt(record.timestamp) - BigInt(baseTimestamp)),
    ...varint(offsetDelta),
    ...sized(record.key),
    ...sized(record.value),
    ...varint(record.headers.length),
    ...record.headers.flatMap(([key, value]) => [...sized(text.encode(key)), ...sized(value)]),
  ];
}

export function framed(body: readonly number[]): number[] {
  return [...varint(body.length), ...body];
}

/** @param offsetDeltas of the records; dense unless given */
export function recordBytes(records: readonly TestRecord[], offsetDeltas: readonly number[] = []): number[] {
  const baseTimestamp = records[0]?.timestamp ?? 0;
  return records.flatMap((record, index) => framed(recordBody(record, offsetDeltas[index] ?? index, baseTimestamp)));
}

export function writeBatch(records: readonly TestRecord[], fields: Partial<BatchFields> = {}): Uint8Array {
  const timestamps = records.map(({ timestamp }) => timestamp);
  return assembleBatch(recordBytes(records), {
    lastOffsetDelta: records.length - 1,
    count: records.length,
    baseTimestamp: BigInt(timestamps[0] ?? -1),
    maxTimestamp: BigInt(timestamps.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)),
    ...fields,
  });
}

/** @param records the bytes after the header, whatever they are */
export function assembleBatch(records: readonly number[] | Uint8Array, fields: Partial<BatchFields>): Uint8Array {
  const batch = new Uint8Array(61 + records.length);
  batch.set(records, 61);
  const view = new DataView(batch.buffer);
  view.setBigInt64(0, fields.baseOffset ?? 0n);
  view.setInt32(8, fields.length ?? batch.length - 12);
  view.setInt32(12, fields.leaderEpoch ?? -1);
  view.setInt8(16, fields.magic ?? 2);
  view.setInt16(21, fields.attributes ?? 0);
  view.setInt32(23, fields.lastOffsetDelta ?? 0);
  view.setBigInt64(27, fields.baseTimestamp ?? 0n);
  view.setBigInt64(35, fields.maxTimestamp ?? 0n);
  view.setBigInt64(43, fields.producerId ?? -1n);
  view.setInt16(51, fields.producerEpoch ?? -1);
  view.setInt32(53, fields.baseSequence ?? -1);
  view.setInt32(57, fields.count ?? 1);
  view.setUint32(17, fields.crc ?? crc32c(batch.subarray(21)));
  return batch;
}

/** A batch of `count` plain records, 1 s apart. */
export function plainBatch(count: number, fields: Partial<BatchFields> = {}): Uint8Array {
  return writeBatch(plainRecords(count), fields);
}

export function plainRecords(count: number): TestRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    timestamp: 1_700_000_000_000 + 1000 * index,
    key: index % 3 === 0 ? null : text.encode(`key ${index}`),
    value: index % 7 === 6 ? null : text.encode(`value ${index} `.repeat(index % 20)),
    headers: index % 4 === 0 ? [["trace", text.encode(`id ${index}`)] as const, ["empty", null] as const] : [],
  }));
}
