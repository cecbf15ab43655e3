/** What the log core costs per record: to check, walk, find and encode the records of batches of 256 KiB. */
import { RECORD_ENTRY_SIZE, RECORD_NAMED_HEADER_SIZE, WALK_KEY_HASH } from "../../assembly/layout.ts";
import { assert } from "../../src/base/assert.ts";
import { KIB, MIB } from "../../src/base/units.ts";
import { BATCH_HEADER_SIZE } from "../../src/wasm/layout.ts";
import type { Benchmark } from "../gauge/benchmark.ts";
import { openCore } from "../gauge/core-memory.ts";
import { BASE_TIMESTAMP, type RecordShape, ShapedBatch } from "../gauge/shaped-batch.ts";
import { runSuite } from "../gauge/suite.ts";

const memory = await openCore();
const { core, bytes, view, payload } = memory;
const names = memory.small;
const recordTable = 10 * MIB;
const target = 16 * MIB;
const capacity = Math.floor((target - recordTable) / (RECORD_ENTRY_SIZE + RECORD_NAMED_HEADER_SIZE));
const batchSizeMax = 256 * KIB;

view.setUint32(names, 8, true);
bytes.copyWithin(names + 4, payload, payload + 8);

const shapes: readonly RecordShape[] = [
  { name: "100 B", keySize: -1, valueSize: 100, headerCount: 0 },
  { name: "1 KiB", keySize: -1, valueSize: 1024, headerCount: 0 },
  { name: "100 B, key", keySize: 16, valueSize: 100, headerCount: 0 },
  { name: "100 B, key, 2 headers", keySize: 16, valueSize: 100, headerCount: 2 },
];

/** Every shape has memory of its own: the benchmarks take turns. */
function benchmarksOf(shape: RecordShape, index: number): Benchmark[] {
  const batch = new ShapedBatch(memory, memory.free + index * 2 * MIB, batchSizeMax, shape);
  const { at, size, count } = batch;
  const records = at + BATCH_HEADER_SIZE;
  const recordsSize = size - BATCH_HEADER_SIZE;
  assert(core.checkBatch(at, size, batchSizeMax, 0, 2e12) === count, "the batch is good");
  // It steps over keys and values.
  const reads = (name: string, run: () => number): Benchmark => ({
    name: `${name}, ${shape.name}`,
    calibration: "integers",
    operations: count,
    run,
  });
  const writes = (name: string, run: () => number): Benchmark => ({
    ...reads(name, run),
    calibration: "copies",
    bytes: size / count,
  });
  return [
    reads("check a batch", () => core.checkBatch(at, size, batchSizeMax, 0, 2e12)),
    reads("walk records", () => core.walkRecords(records, recordsSize, count, recordTable, capacity)),
    reads("walk records, key hash", () =>
      core.walkRecords(records, recordsSize, count, recordTable, capacity, WALK_KEY_HASH),
    ),
    reads("walk records, 1 named header", () =>
      core.walkRecords(records, recordsSize, count, recordTable, capacity, 0, names, 1),
    ),
    reads("find the last record", () => core.findRecord(records, recordsSize, count, count - 1)),
    reads("find the last timestamp", () => core.findTimestamp(at, size, BASE_TIMESTAMP + ((count - 1) >> 4))),
    writes("encode a table of records", () => core.encodeRecords(target, batchSizeMax, 0, batch.table, count)),
    writes("encode records, a call each", () => batch.encodeRecords(target)),
  ];
}

runSuite(shapes.flatMap(benchmarksOf));
