/**
 * What a log costs where the disk costs nothing: the append of a batch, as a worker does it (checked, indexed, stamped, its write
 * submitted, published), and the look-up of an offset.
 */
import { assert } from "../../src/base/assert.ts";
import { BuddyAllocator } from "../../src/base/buddy-allocator.ts";
import { topicIdFromBytes } from "../../src/base/topic-id.ts";
import { KIB, MIB } from "../../src/base/units.ts";
import { Drain } from "../../src/storage/drain.ts";
import { Log } from "../../src/storage/log.ts";
import { LOG_END, LogMemory } from "../../src/storage/log-memory.ts";
import type { LogEnvironment, LogEvents } from "../../src/storage/partition-log.ts";
import { recoverLog } from "../../src/storage/recovery.ts";
import { createDirectory, findSegment } from "../../src/storage/segment-directory.ts";
import { locate, type ReaderEnvironment } from "../../src/storage/segment-place.ts";
import { UnsyncedCount } from "../../src/storage/unsynced-count.ts";
import { crc32cOf } from "../../src/wasm/crc32c.ts";
import { ConsistentReader, SharedPublisher } from "../../src/workers/publication.ts";
import type { Benchmark } from "../gauge/benchmark.ts";
import { openCore } from "../gauge/core-memory.ts";
import { IdleDisk } from "../gauge/idle-disk.ts";
import { BASE_TIMESTAMP, type RecordShape, ShapedBatch } from "../gauge/shaped-batch.ts";
import { runSuite } from "../gauge/suite.ts";

const ARENA_SIZE = 8 * MIB;
const SCRATCH_SIZE = 4 * KIB;
const LOOKUPS = 1024;

const memory = await openCore();
const { core, small: entry, free } = memory;
const arenaAt = free + 2 * MIB;
const arena = new BuddyAllocator(arenaAt, ARENA_SIZE, KIB, ARENA_SIZE);
const scratch = arenaAt + ARENA_SIZE;
const buffer = core.memory.buffer as unknown as SharedArrayBuffer;
const numbers = new LogMemory(buffer);
const disk = new IdleDisk();

let appended = 0;
const events: LogEvents = {
  appended: (_entry, _request, _base, end) => {
    appended = end;
  },
  refused: (_entry, _request, code) => {
    throw new Error(`a batch was refused: ${code}`);
  },
  warned: (_entry, message) => {
    throw new Error(message);
  },
  durable: () => {},
  lost: () => {},
  closed: () => {},
};

let segmentIds = 0n;
const environment: LogEnvironment & Omit<ReaderEnvironment, "consistently"> = {
  disk,
  core,
  memory: numbers,
  crc32c: crc32cOf(core, scratch, SCRATCH_SIZE),
  arena,
  publisher: new SharedPublisher(buffer),
  events,
  openFiles: { opened: () => {} },
  journal: null,
  unsyncedFiles: new UnsyncedCount(Number.POSITIVE_INFINITY),
  incarnation: 1,
  newSegmentId: () => ++segmentIds,
  scratch,
  scratchSize: SCRATCH_SIZE,
};

const topicId = topicIdFromBytes(new Uint8Array(16).fill(1));
const source = { entry, folder: "topics/t-0" };
const recovered = recoverLog(environment, {
  topicId,
  folder: source.folder,
  quarantine: "quarantine",
  expected: null,
  sameBoot: false,
  cutTo: null,
  slotsMax: 0,
  segmentId: 0n,
});
const drain = new Drain(disk, events);
disk.events = drain;
const settings = {
  durability: "disk",
  segmentBytes: 1024 * MIB,
  segmentMs: Number.POSITIVE_INFINITY,
  segmentSlots: 2 ** 26,
  messageBytesMax: MIB,
  timestampAheadMaxMs: Number.POSITIVE_INFINITY,
} as const;
drain.add(new Log(environment, { entry, topicId, parent: "topics", folder: source.folder }, settings, recovered));

function append({ at, size }: ShapedBatch): number {
  const taken = drain.accept(entry, 1, at, size, BASE_TIMESTAMP);
  assert(taken, "an idle disk is never behind");
  drain.flush();
  drain.sync(BASE_TIMESTAMP);
  return appended;
}

function appendOf(name: string, at: number, sizeMax: number, shape: RecordShape): Benchmark {
  const batch = new ShapedBatch(memory, at, sizeMax, shape);
  return { name: `append a batch: ${name}`, calibration: "integers", bytes: batch.size, run: () => append(batch) };
}

const shape = { name: "100 B", keySize: -1, valueSize: 100, headerCount: 0 };
const appends = [
  appendOf("1 record of 100 B", free, 250, shape),
  appendOf("16 KiB", free + 64 * KIB, 16 * KIB, shape),
  appendOf("256 KiB", free + 256 * KIB, 256 * KIB, shape),
];

/** Of the last thousand offsets, the position of the batch: as a consumer that follows the log asks. */
const reader = new ConsistentReader(buffer);
const reading: ReaderEnvironment = { ...environment, consistently: reader.consistently.bind(reader) };
append(new ShapedBatch(memory, free + MIB, 16 * KIB, shape));
function locateLast(): number {
  const end = numbers.f64[(entry >>> 3) + LOG_END]!;
  let positions = 0;
  for (let back = 1; back <= 64; back++) positions += locate(reading, source, end - back).position;
  return positions;
}

/** Offsets anywhere in a log of so many segments, in no order. */
function lookUp(segments: number): Benchmark {
  const bases = Float64Array.from({ length: segments }, (_, index) => index * 1e6 + ((index * 7919) % 1e5));
  const directory = createDirectory(numbers, arena, bases);
  assert(directory >= 0, "there is room for the directory");
  const end = bases[segments - 1]! + 1e6;
  const offsets = Float64Array.from({ length: LOOKUPS }, (_, index) => Math.floor(((index * 0.618034) % 1) * end));
  return {
    name: `look up an offset in ${segments.toLocaleString("en")} segments`,
    calibration: "chain",
    operations: LOOKUPS,
    run: () => {
      let sum = 0;
      for (let index = 0; index < LOOKUPS; index++) sum += findSegment(numbers, directory, offsets[index]!);
      return sum;
    },
  };
}

runSuite([
  ...appends,
  { name: "locate an offset of the active segment", calibration: "integers", operations: 64, run: locateLast },
  lookUp(10),
  lookUp(10_000),
]);
