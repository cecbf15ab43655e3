/**
 * What the client costs per record: records into sealed batches, and batches back into records.
 *
 *   node bench/micro/client.ts [name filter]
 *
 * Each row is timed in turns with the others, so that a busy machine slows all of them alike; the best of the turns is
 * printed. Compare rows, not runs.
 */
import { Bench } from "tinybench";
import { KIB, MIB } from "../../src/base/units.ts";
import { BATCH_AT, Batch } from "../../src/client/batch.ts";
import { BatchCursor } from "../../src/client/batch-cursor.ts";
import { ANONYMOUS, BatchHeader } from "../../src/client/batch-header.ts";
import { BatchMemory } from "../../src/client/batch-memory.ts";
import { RecordEncoder } from "../../src/client/record-encoder.ts";
import { compileCore } from "../../src/wasm/core.ts";
import { loadCrc32c } from "../../src/wasm/crc32c.ts";

const turns = 8;
const turnMs = 60;
const batchBytes = 256 * KIB;
/** As many batches as a producer at full speed has: more than the processor's cache holds. */
const batchesMax = 16;

interface Row {
  readonly name: string;
  readonly records: number;
  readonly run: () => void;
}

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

function encodeRow(name: string, size: number, fill: (batch: Batch, value: Uint8Array) => boolean): Row {
  const open: Batch[] = [];
  const sample = encode(size, fill);
  const { count } = sample;
  sample.acknowledge({ baseOffset: 0, durability: "os", duplicate: false });
  const run = (): void => {
    if (open.length === batchesMax) open.shift()!.acknowledge({ baseOffset: 0, durability: "os", duplicate: false });
    open.push(encode(size, fill));
  };
  return { name: `encode, ${name}`, records: count, run };
}

function decodeRow(name: string, size: number, visit: (cursor: BatchCursor) => unknown): Row {
  const batch = encode(size, addPlain);
  const bytes = batch.bytes.slice(batch.at, batch.at + batch.size);
  batch.acknowledge({ baseOffset: 0, durability: "os", duplicate: false });
  const cursor = new BatchCursor();
  const header = new BatchHeader();
  const run = (): void => {
    header.read(bytes, 0);
    if (!header.isIntact(bytes, 0, crc32c)) throw new Error("the batch is damaged");
    const walked = { topic: "t", partition: 0, header, bytes, at: 61, end: bytes.length };
    cursor.open({ ...walked, fromOffset: 0, fromTime: Number.NEGATIVE_INFINITY });
    while (cursor.next()) visit(cursor);
  };
  return { name: `decode, ${name}`, records: batch.count, run };
}

const rows = [
  encodeRow("100 B", 100, addPlain),
  encodeRow("100 B, the long way", 100, addAny),
  encodeRow("1 KiB", KIB, addPlain),
  decodeRow("100 B, cursor", 100, (cursor) => cursor.valueEnd),
  decodeRow("100 B, objects", 100, (cursor) => cursor.recordOver(cursor.bytes, 0)),
  decodeRow("1 KiB, cursor", KIB, (cursor) => cursor.valueEnd),
].filter(({ name }) => name.includes(process.argv[2] ?? ""));

const best = new Map<string, number>();
for (let turn = 0; turn < turns; turn++) {
  const bench = new Bench({ time: turnMs, warmupTime: turn === 0 ? turnMs : 0, iterations: 1 });
  for (const { name, run } of rows) bench.add(name, run);
  for (const task of await bench.run()) {
    const { result } = task;
    if (result.state !== "completed") throw new Error(`${task.name}: ${result.state}`);
    best.set(task.name, Math.min(best.get(task.name) ?? Number.POSITIVE_INFINITY, result.latency.min));
  }
}
console.log(`${"".padEnd(28)}${"ns/record".padStart(12)}${"records/s".padStart(14)}`);
for (const { name, records } of rows) {
  const ns = (best.get(name)! * 1e6) / records;
  console.log(
    `${name.padEnd(28)}${ns.toFixed(1).padStart(12)}${Math.round(1e9 / ns)
      .toLocaleString("en")
      .padStart(14)}`,
  );
}
