/** What the client costs per record: records into sealed batches, and batches back into records. */
import { KIB, MIB } from "../../src/base/units.ts";
import { BATCH_AT, Batch } from "../../src/client/batch.ts";
import { BatchCursor } from "../../src/client/batch-cursor.ts";
import { ANONYMOUS, BatchHeader } from "../../src/client/batch-header.ts";
import { BatchMemory } from "../../src/client/batch-memory.ts";
import { RecordEncoder } from "../../src/client/record-encoder.ts";
import { compileCore } from "../../src/wasm/core.ts";
import { loadCrc32c } from "../../src/wasm/crc32c.ts";
import type { Benchmark } from "../gauge/benchmark.ts";
import type { CalibrationName } from "../gauge/calibration.ts";
import { runSuite } from "../gauge/suite.ts";

const batchBytes = 256 * KIB;
/** As many batches as a producer at full speed has: more than the processor's cache holds. */
const batchesMax = 16;

const memory = new BatchMemory(await compileCore({ shared: false }), 32 * MIB, batchBytes);
const crc32c = await loadCrc32c();
const encoder = new RecordEncoder();
const source = new Uint8Array(4 * MIB).map(() => Math.random() * 256);

/** Fills one batch, and seals it. */
function encode(size: number, fill: (batch: Batch, value: Uint8Array) => boolean): Batch {
  const batch = Batch.open(memory, 0, batchBytes - BATCH_AT, batchBytes - BATCH_AT, 0)!;
  let at = 0;
  do at = (at + size) % (source.length - size);
  while (fill(batch, source.subarray(at, at + size)));
  batch.seal(ANONYMOUS, -1, memory.crc32c);
  return batch;
}

/** As `enqueue` does with bytes and no headers. */
function addPlain(batch: Batch, value: Uint8Array): boolean {
  return batch.appendPlain(null, value, 1.8e12, null) || addAny(batch, value);
}

/** As it does with everything else. */
function addAny(batch: Batch, value: Uint8Array): boolean {
  encoder.take({ value });
  return batch.append(encoder, 1.8e12, null);
}

function encodeOf(name: string, size: number, fill: (batch: Batch, value: Uint8Array) => boolean): Benchmark {
  const open: Batch[] = [];
  const sample = encode(size, fill);
  const { count } = sample;
  sample.acknowledge({ baseOffset: 0, durability: "os", duplicate: false });
  const run = (): number => {
    if (open.length === batchesMax) open.shift()!.acknowledge({ baseOffset: 0, durability: "os", duplicate: false });
    return open.push(encode(size, fill));
  };
  return { name: `encode records, ${name}`, calibration: "copies", operations: count, bytes: size, run };
}

function decodeOf(
  name: string,
  calibration: CalibrationName,
  size: number,
  visit: (cursor: BatchCursor) => number,
): Benchmark {
  const batch = encode(size, addPlain);
  const bytes = batch.bytes.slice(batch.at, batch.at + batch.size);
  batch.acknowledge({ baseOffset: 0, durability: "os", duplicate: false });
  const cursor = new BatchCursor();
  const header = new BatchHeader();
  const run = (): number => {
    let visited = 0;
    header.read(bytes, 0);
    if (!header.isIntact(bytes, 0, crc32c)) throw new Error("the batch is damaged");
    const walked = { topic: "t", partition: 0, header, bytes, at: 61, end: bytes.length };
    cursor.open({ ...walked, fromOffset: 0, fromTime: Number.NEGATIVE_INFINITY });
    while (cursor.next()) visited += visit(cursor);
    return visited;
  };
  return { name: `decode records, ${name}`, calibration, operations: batch.count, bytes: size, run };
}

runSuite([
  encodeOf("100 B", 100, addPlain),
  encodeOf("100 B, the long way", 100, addAny),
  encodeOf("1 KiB", KIB, addPlain),
  decodeOf("100 B, cursor", "integers", 100, (cursor) => cursor.valueEnd),
  decodeOf("100 B, objects", "objects", 100, (cursor) => cursor.recordOver(cursor.bytes, 0).value!.length),
  decodeOf("1 KiB, cursor", "integers", KIB, (cursor) => cursor.valueEnd),
]);
