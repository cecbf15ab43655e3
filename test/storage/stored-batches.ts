/** Batches as they lie in a log: made for a test, and read by an eye that is not storage's. */
import { type BatchOptions, HEADER_SIZE, makeBatch } from "../helpers/batches.ts";
import { NOW } from "./storage-run.ts";

/** A batch at the time at which every run begins. */
export function batchOf(options: BatchOptions = {}): Uint8Array {
  return makeBatch({ timestamp: NOW, valueSize: 20, ...options });
}

/** What the 61 bytes of a header say. */
export interface BatchHeader {
  readonly position: number;
  readonly size: number;
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordsCount: number;
}

/** Headers of batches that lie one behind the other. @throws Error something is left over */
export function headersOf(log: Uint8Array): BatchHeader[] {
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  const headers: BatchHeader[] = [];
  for (let position = 0; position < log.length; ) {
    if (log.length - position < HEADER_SIZE) throw new Error(`${log.length - position} bytes are left over`);
    const baseOffset = Number(view.getBigInt64(position));
    const size = 12 + view.getInt32(position + 8);
    if (size < HEADER_SIZE || position + size > log.length) throw new Error(`no batch at ${position}`);
    headers.push({
      position,
      size,
      baseOffset,
      nextOffset: baseOffset + view.getInt32(position + 23) + 1,
      maxTimestamp: Number(view.getBigInt64(position + 35)),
      producerId: Number(view.getBigInt64(position + 43)),
      producerEpoch: view.getInt16(position + 51),
      baseSequence: view.getInt32(position + 53),
      recordsCount: view.getInt32(position + 57),
    });
    position += size;
  }
  return headers;
}

/** The bytes of a batch that its producer decided: all but base offset and leader epoch. */
export function bodyOf(batch: Uint8Array): string {
  return Buffer.concat([batch.subarray(8, 12), batch.subarray(16)]).toString("latin1");
}

/** A remembered batch of a producer: first and last sequence, base and last offset. */
export type KnownBatch = readonly [number, number, number, number];

export interface KnownProducer {
  readonly epoch: number;
  readonly batches: readonly KnownBatch[];
}

/** What a log's batches say of its producers: the last five of each one's newest epoch (contract G1). */
export function producersIn(headers: readonly BatchHeader[]): Map<number, KnownProducer> {
  const producers = new Map<number, KnownProducer>();
  for (const { producerId, producerEpoch, baseSequence, recordsCount, baseOffset, nextOffset } of headers) {
    if (producerId < 0) continue;
    const known = producers.get(producerId);
    const before = known?.epoch === producerEpoch ? known.batches : [];
    const batch: KnownBatch = [baseSequence, (baseSequence + recordsCount - 1) % 2 ** 31, baseOffset, nextOffset - 1];
    producers.set(producerId, { epoch: producerEpoch, batches: [...before, batch].slice(-5) });
  }
  return producers;
}

/** Reads a snapshot by its documented layout (producers.ts). */
export function decodeProducers(bytes: Uint8Array): Map<number, KnownProducer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const producers = new Map<number, KnownProducer>();
  let at = 20;
  for (let left = view.getUint32(16, true); left > 0; left--) {
    const batches: KnownBatch[] = [];
    const id = view.getFloat64(at, true);
    const epoch = view.getInt32(at + 8, true);
    const count = view.getUint32(at + 12, true);
    at += 16;
    for (let index = 0; index < count; index++, at += 32) {
      const [first, last, base, end] = [0, 8, 16, 24].map((field) => view.getFloat64(at + field, true));
      batches.push([first!, last!, base!, end!]);
    }
    producers.set(id, { epoch, batches });
  }
  return producers;
}
