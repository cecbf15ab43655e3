/**
 * What the log core costs per record and per byte, and CRC-32C against the native one (docs/decisions/0001-crc32c.md).
 *
 *   node bench/micro/core.ts [name filter]
 *
 * Each row is timed in turns with the others of its group, so that a busy machine slows all of them alike; the best of
 * the turns is printed. Compare rows, not runs.
 */
import { crc32c as nativeCrc32c } from "@node-rs/crc32";
import { Bench } from "tinybench";
import {
  BATCH_HEADER_SIZE,
  ENCODE_ENTRY_SIZE,
  ENCODE_KEY_AT,
  ENCODE_KEY_SIZE_AT,
  ENCODE_TIMESTAMP_DELTA_AT,
  ENCODE_VALUE_AT,
  ENCODE_VALUE_SIZE_AT,
  RECORD_ENTRY_SIZE,
  RECORD_NAMED_HEADER_SIZE,
  WALK_KEY_HASH,
} from "../../assembly/layout.ts";
import { buildCore } from "../../scripts/build-core.ts";
import { assert } from "../../src/base/assert.ts";
import { KIB, MIB } from "../../src/base/units.ts";
import { Core, compileCore } from "../../src/wasm/core.ts";

const turns = 8;
const turnMs = 60;
const batchSizeMax = 256 * KIB;

const crcTables = 0;
const names = 32 * KIB;
const header = 36 * KIB;
const slots = 40 * KIB;
const payload = 64 * KIB;
const batch = 2 * MIB;
const encodeTable = 4 * MIB;
const recordTable = 8 * MIB;
const target = 16 * MIB;
const memorySize = 20 * MIB;

await buildCore();
const memory = new WebAssembly.Memory({
  initial: memorySize / (64 * KIB),
  maximum: memorySize / (64 * KIB),
  shared: true,
});
const core = new Core(await compileCore({ shared: true }), memory, crcTables);
core.initCrc32c();
const bytes = new Uint8Array(memory.buffer);
const view = new DataView(memory.buffer);
for (let at = payload; at < payload + 1.5 * MIB; at++) bytes[at] = Math.random() * 256;

interface Row {
  readonly name: string;
  /** What one call does, for the second column. */
  readonly units: number;
  readonly unit: "record" | "B" | "slot" | "batch";
  readonly run: () => void;
}

interface RecordShape {
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly headerCount: number;
}

const shapes: readonly RecordShape[] = [
  { name: "no key, 100 B", keySize: -1, valueSize: 100, headerCount: 0 },
  { name: "no key, 1 KiB", keySize: -1, valueSize: 1024, headerCount: 0 },
  { name: "key 16 B, 100 B", keySize: 16, valueSize: 100, headerCount: 0 },
  { name: "key 16 B, 100 B, 2 headers", keySize: 16, valueSize: 100, headerCount: 2 },
];

function encodeHeaders(count: number): number {
  let size = 0;
  for (let index = 0; index < count; index++) {
    size += core.encodeHeader(header + size, 1024, payload + 3 * index, 8, payload, 16);
  }
  return size;
}

/** Encodes one batch of the shape. */
function encodeBatch({ keySize, valueSize, headerCount }: RecordShape): { size: number; count: number } {
  const headersSize = encodeHeaders(headerCount);
  let size = BATCH_HEADER_SIZE;
  let count = 0;
  for (;;) {
    const room = batchSizeMax - size;
    const written = core.encodeRecord(
      batch + size,
      room,
      count,
      count >> 4,
      payload + count,
      keySize,
      payload + 7 * count,
      valueSize,
      header,
      headersSize,
      headerCount,
    );
    if (written < 0) break;
    size += written;
    count++;
  }
  core.finishBatch(batch, size, count, 0, 1.8e12, 1.8e12 + (count >> 4));
  core.sealBatch(batch, size);
  return { size, count };
}

function fillEncodeTable({ keySize, valueSize }: RecordShape, count: number): void {
  for (let index = 0; index < count; index++) {
    const entry = encodeTable + index * ENCODE_ENTRY_SIZE;
    view.setFloat64(entry + ENCODE_TIMESTAMP_DELTA_AT, index >> 4, true);
    view.setUint32(entry + ENCODE_KEY_AT, payload + index, true);
    view.setInt32(entry + ENCODE_KEY_SIZE_AT, keySize, true);
    view.setUint32(entry + ENCODE_VALUE_AT, payload + 7 * index, true);
    view.setInt32(entry + ENCODE_VALUE_SIZE_AT, valueSize, true);
  }
}

async function measure(title: string, rows: readonly Row[]): Promise<void> {
  const best = new Map<string, number>();
  for (let turn = 0; turn < turns; turn++) {
    const bench = new Bench({ time: turnMs, warmupTime: turn === 0 ? turnMs : 0, iterations: 1 });
    for (const { name, run } of rows) bench.add(name, run);
    for (const task of await bench.run()) {
      assert(task.result.state === "completed", "every row of the benchmark runs");
      const nanoseconds = task.result.latency.p50 * 1e6;
      best.set(task.name, Math.min(best.get(task.name) ?? Number.POSITIVE_INFINITY, nanoseconds));
    }
  }
  console.log(`\n${title}`);
  for (const { name, units, unit } of rows) {
    const perUnit = (best.get(name) ?? Number.NaN) / units;
    const rate = unit === "B" ? `${(1 / perUnit).toFixed(2)} GB/s` : `${perUnit.toFixed(2)} ns/${unit}`;
    console.log(`  ${name.padEnd(44)} ${rate.padStart(16)}`);
  }
}

/** The same call often enough that the timer's own cost vanishes. */
function repeated(times: number, run: () => void): () => void {
  return () => {
    for (let index = 0; index < times; index++) run();
  };
}

const filter = process.argv[2] ?? "";

if ("crc32c".includes(filter)) {
  for (const size of [61, 100, 300, KIB, 4 * KIB, 64 * KIB, MIB]) {
    const times = Math.max(1, Math.ceil(MIB / 8 / (size + 200)));
    const region = bytes.subarray(payload, payload + size);
    await measure(`CRC-32C of ${size} B`, [
      { name: "core", units: size * times, unit: "B", run: repeated(times, () => core.crc32c(0, payload, size)) },
      { name: "native", units: size * times, unit: "B", run: repeated(times, () => nativeCrc32c(region)) },
    ]);
  }
}

if ("records".includes(filter)) {
  for (const shape of shapes) {
    const { size, count } = encodeBatch(shape);
    const records = batch + BATCH_HEADER_SIZE;
    const recordsSize = size - BATCH_HEADER_SIZE;
    const nameCount = 1;
    view.setUint32(names, 8, true);
    bytes.copyWithin(names + 4, payload, payload + 8);
    const capacity = Math.floor((target - recordTable) / (RECORD_ENTRY_SIZE + RECORD_NAMED_HEADER_SIZE));
    assert(core.checkBatch(batch, size, batchSizeMax, 0, 2e12) === count, "the batch is good");
    fillEncodeTable(shape, count);
    const headersSize = encodeHeaders(shape.headerCount);
    await measure(`Records: ${shape.name}; ${count} in ${size} B`, [
      {
        name: "checkBatch",
        units: count,
        unit: "record",
        run: () => core.checkBatch(batch, size, batchSizeMax, 0, 2e12),
      },
      {
        name: "walkRecords",
        units: count,
        unit: "record",
        run: () => core.walkRecords(records, recordsSize, count, recordTable, capacity),
      },
      {
        name: "walkRecords, key hash",
        units: count,
        unit: "record",
        run: () => core.walkRecords(records, recordsSize, count, recordTable, capacity, WALK_KEY_HASH),
      },
      {
        name: "walkRecords, 1 named header",
        units: count,
        unit: "record",
        run: () => core.walkRecords(records, recordsSize, count, recordTable, capacity, 0, names, nameCount),
      },
      {
        name: "findRecord, the last one",
        units: count,
        unit: "record",
        run: () => core.findRecord(records, recordsSize, count, count - 1),
      },
      {
        name: "findTimestamp, the last one",
        units: count,
        unit: "record",
        run: () => core.findTimestamp(batch, size, 1.8e12 + ((count - 1) >> 4)),
      },
      {
        name: "encodeRecords (without headers)",
        units: count,
        unit: "record",
        run: () => core.encodeRecords(target, batchSizeMax, 0, encodeTable, count),
      },
      {
        name: "encodeRecord, a call per record",
        units: count,
        unit: "record",
        run: () => {
          let at = target;
          for (let index = 0; index < count; index++) {
            at += core.encodeRecord(
              at,
              batchSizeMax,
              index,
              index >> 4,
              payload + index,
              shape.keySize,
              payload + 7 * index,
              shape.valueSize,
              header,
              headersSize,
              shape.headerCount,
            );
          }
        },
      },
    ]);
  }
}

if ("batches".includes(filter)) {
  const size = core.encodeRecord(batch + BATCH_HEADER_SIZE, KIB, 0, 0, 0, -1, payload, 100) + BATCH_HEADER_SIZE;
  core.finishBatch(batch, size, 1, 0, 1.8e12, 1.8e12);
  core.sealBatch(batch, size);
  const times = 1000;
  await measure(`One batch of one record, ${size} B`, [
    {
      name: "checkBatch",
      units: times,
      unit: "batch",
      run: repeated(times, () => core.checkBatch(batch, size, MIB, 0, 2e12)),
    },
    {
      name: "verifyBatchCrc",
      units: times,
      unit: "batch",
      run: repeated(times, () => core.verifyBatchCrc(batch, size)),
    },
    { name: "stampBatch", units: times, unit: "batch", run: repeated(times, () => core.stampBatch(batch, 1e9, 3)) },
    { name: "headersCrc", units: times, unit: "batch", run: repeated(times, () => core.headersCrc(1, batch)) },
  ]);
  await measure("Slots", [
    ...[1, 10, 100, 4096].map((count) => ({
      name: `fillSlots, ${count} a batch`,
      units: count * 100,
      unit: "slot" as const,
      run: repeated(100, () => core.fillSlots(slots, count, 123_456)),
    })),
  ]);
}
