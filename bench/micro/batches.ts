/** What the log core costs per batch: one of a single record, and the offset index's entries of batches of many. */
import { assert } from "../../src/base/assert.ts";
import { KIB, MIB } from "../../src/base/units.ts";
import type { Benchmark } from "../gauge/benchmark.ts";
import { openCore } from "../gauge/core-memory.ts";
import { ShapedBatch } from "../gauge/shaped-batch.ts";
import { runSuite } from "../gauge/suite.ts";

const memory = await openCore();
const { core, view } = memory;
const slots = memory.free + MIB;
// No room for a second record.
const shape = { name: "100 B", keySize: -1, valueSize: 100, headerCount: 0 };
const { at, size, count } = new ShapedBatch(memory, memory.free, 250, shape);
assert(count === 1 && core.checkBatch(at, size, KIB, 0, 2e12) === 1, "the batch is good");

const common = { calibration: "integers" as const };
const benchmarks: Benchmark[] = [
  { ...common, name: "check a batch of 1 record", run: () => core.checkBatch(at, size, MIB, 0, 2e12) },
  { ...common, name: "verify its CRC", run: () => core.verifyBatchCrc(at, size) },
  {
    ...common,
    name: "stamp it",
    run: () => {
      core.stampBatch(at, 1e9, 3);
      return view.getUint8(at);
    },
  },
  { ...common, name: "chain its header's CRC", run: () => core.headersCrc(1, at) },
  ...[1, 10, 100, 4096].map((offsets) => ({
    ...common,
    name: `index a batch of ${offsets} offsets`,
    run: () => {
      core.fillSlots(slots, offsets, 123_456);
      return view.getUint8(slots);
    },
  })),
];

runSuite(benchmarks);
