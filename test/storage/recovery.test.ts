import { describe, expect, test } from "vitest";
import { removeSegment } from "../../src/storage/active-segment.ts";
import { folders } from "../../src/storage/data-folder.ts";
import { segmentFileName } from "../../src/storage/segment-files.ts";
import { findOffsetByTime } from "../../src/storage/time-lookup.ts";
import { partitionFiles } from "./audit.ts";
import { FakeDisk } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";
import { StorageMemory } from "./storage-memory.ts";
import { DATA, errorOf, NOW, type StartOptions, StorageRun } from "./storage-run.ts";
import { batchOf, headersOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const LOG = "t-0";
const FOLDER = `${DATA}/topics/${LOG}`;
const BATCH_SIZE = batchOf().length;
const SETTINGS = { segmentBytes: 4 * BATCH_SIZE };

function start(disk: FakeDisk, options: StartOptions = {}): StorageRun {
  const run = new StorageRun(disk, memory, { settings: SETTINGS, ...options });
  run.open(LOG);
  return run;
}

/** A killed broker's folder: `count` acknowledged batches of one record, a checkpoint behind `checkpointed` of them. */
function killed(count: number, checkpointed: number): FakeDisk {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = start(disk);
  for (let number = 0; number < count; number++) {
    run.produce(LOG, batchOf({ number }));
    if (number + 1 === checkpointed) run.writeCheckpoint();
  }
  disk.kill(new Seeded(1));
  return disk;
}

const pathOf = (base: number, kind: "log" | "slots" | "times" | "producers"): string =>
  `${FOLDER}/${segmentFileName(base, kind)}`;

function overwrite(disk: FakeDisk, path: string, position: number, bytes: Uint8Array): void {
  const file = disk.open(path, "write");
  disk.write(file, bytes, position);
  disk.close(file);
}

function offsetsOf(run: StorageRun): number[] {
  const offsets: number[] = [];
  for (let offset = run.logStart(LOG); offset < run.logEnd(LOG); ) {
    try {
      const [batch] = run.read(LOG, offset);
      offsets.push(batch!.baseOffset);
      offset = batch!.nextOffset;
    } catch (error) {
      offset = Number((error as { details: Record<string, unknown> }).details["nextOffset"]);
    }
  }
  return offsets;
}

function removePartsOf(disk: FakeDisk, kinds: readonly string[]): void {
  for (const path of disk.contents().keys())
    if (path.startsWith(FOLDER) && kinds.some((kind) => path.endsWith(kind))) disk.remove(path);
}

test("E2: zeros below what a sync covered are corruption, and nothing is cut", () => {
  const disk = killed(3, 3);
  overwrite(disk, pathOf(0, "log"), BATCH_SIZE, new Uint8Array(2 * BATCH_SIZE));
  removePartsOf(disk, [".producers"]);
  const run = start(disk);
  expect(run.log(LOG).recovered.report).toMatchObject({
    cutBytes: 0,
    corruptions: [{ base: 0, position: BATCH_SIZE, offset: 1, nextOffset: 3 }],
  });
  expect(run.logEnd(LOG)).toBe(3);
  expect(offsetsOf(run)).toEqual([0]);
  expect(run.produce(LOG, batchOf({ number: 3 }))).toMatchObject({ base: 3, acked: true });
  expect(offsetsOf(run)).toEqual([0, 3]);
});

test("E2: zeros above what a sync covered are the end, and are cut without a copy", () => {
  const disk = killed(3, 3);
  overwrite(disk, pathOf(0, "log"), 3 * BATCH_SIZE, new Uint8Array(5000));
  const run = start(disk);
  expect(run.log(LOG).recovered.report).toMatchObject({ cutBytes: 5000, quarantined: [], corruptions: [] });
  expect(offsetsOf(run)).toEqual([0, 1, 2]);
});

test("E2: a bad last batch of a sealed segment that a sync covered costs itself alone", () => {
  for (const bootId of ["boot-1", "boot-2"]) {
    const disk = killed(10, 10);
    removePartsOf(disk, [".producers"]);
    disk.flip(pathOf(0, "log"), 4 * BATCH_SIZE - 3, 1);
    const run = start(disk, { bootId });
    expect(run.log(LOG).recovered.report.corruptions, bootId).toMatchObject([{ base: 0, offset: 3, nextOffset: 4 }]);
    expect(offsetsOf(run), bootId).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
  }
});

test("E2: on the same boot a bad end of a sealed segment is corruption; after a power cut the rest is quarantined", () => {
  const make = (): FakeDisk => {
    const disk = killed(7, 1);
    disk.flip(pathOf(0, "log"), 4 * BATCH_SIZE - 3, 1);
    return disk;
  };
  const sameBoot = start(make());
  expect(offsetsOf(sameBoot)).toEqual([0, 1, 2, 4, 5, 6]);
  const otherBoot = start(make(), { bootId: "boot-2" });
  expect(offsetsOf(otherBoot)).toEqual([0, 1, 2]);
  const { quarantined } = otherBoot.log(LOG).recovered.report;
  expect(quarantined.length).toBe(2);
  const sizes = quarantined.map((path) => otherBoot.disk.status(path)?.size);
  expect(sizes).toEqual([BATCH_SIZE, 3 * BATCH_SIZE]);
});

test("E2: what is cut was copied before, byte for byte, and a second cut at the same place keeps the first copy", () => {
  const disk = killed(2, 2);
  for (const mark of [7, 9]) {
    const torn = batchOf({ number: 99 }).subarray(0, 70).fill(mark, 20);
    overwrite(disk, pathOf(0, "log"), 2 * BATCH_SIZE, torn);
    const run = start(disk);
    const [path] = run.log(LOG).recovered.report.quarantined;
    expect(path).toContain(folders.quarantine(DATA));
    expect(disk.readFile(path!)).toEqual(torn);
    disk.kill(new Seeded(1));
  }
  expect(disk.list(folders.quarantine(DATA)).length).toBe(2);
});

test("E5: a flipped leader epoch costs its batch, not those behind it", () => {
  const disk = killed(4, 4);
  removePartsOf(disk, [".producers"]);
  disk.flip(pathOf(0, "log"), BATCH_SIZE + 15, 8);
  const run = start(disk);
  expect(run.log(LOG).recovered.report.corruptions).toMatchObject([{ offset: 1, nextOffset: 2 }]);
  expect(offsetsOf(run)).toEqual([0, 2, 3]);
});

test("E2: a log that is shorter than what a sync covered stops its partition, and nothing is changed", () => {
  for (const missing of ["cut", "removed"] as const) {
    const disk = killed(3, 3);
    if (missing === "removed") disk.remove(pathOf(0, "log"));
    else {
      const file = disk.open(pathOf(0, "log"), "write");
      disk.truncate(file, 2 * BATCH_SIZE);
      disk.close(file);
    }
    const before = disk.contents();
    const run = new StorageRun(disk, memory, { settings: SETTINGS });
    expect(() => run.open(LOG), missing).toThrow(/were durable/);
    const after = disk.contents();
    for (const [path, bytes] of before) if (path.startsWith(FOLDER)) expect(after.get(path), path).toEqual(bytes);
  }
});

test("E2: a segment that is missing between two that a sync covered stops the partition", () => {
  const disk = killed(10, 10);
  removePartsOf(disk, [".producers"]);
  removeSegment(disk, FOLDER, 4);
  const run = new StorageRun(disk, memory, { settings: SETTINGS });
  expect(() => run.open(LOG)).toThrow(/missing between segments/);
});

describe("D5: on a full disk", () => {
  const isRefused = (path: string, kind: string): boolean =>
    path.startsWith(DATA) &&
    !/cambium\.meta|metadata|clean|checkpoint/.test(path.slice(DATA.length)) &&
    (kind === "create" || kind === "mkdir" || (kind === "write" && !path.endsWith(".log")));
  const fill = (disk: FakeDisk): void => {
    disk.fault = ({ kind, path }) => (isRefused(path, kind) ? "ENOSPC" : null);
  };
  const all = [0, 1, 2, 3, 4, 5, 6];
  const logsOf = (disk: FakeDisk): unknown[] => [...disk.contents()].filter(([path]) => path.endsWith(".log"));

  test.each([
    ["an unindexed tail", [] as string[], 0, 1],
    ["no index at all", [".slots", ".times"], 0, 1],
    ["no snapshot of its producers", [".producers"], 0, 1],
    ["a torn tail, for which the quarantine has no room", [], 30, 1],
    ["names that no sync is known of", [], 0, 0],
  ])(
    "a killed log with %s can be read and not written, and is as ever when there is room",
    (_, removed, tornBytes, checkpointed) => {
      for (const bootId of ["boot-1", "boot-2"]) {
        const disk = killed(7, checkpointed);
        removePartsOf(disk, removed);
        if (tornBytes > 0)
          overwrite(disk, pathOf(4, "log"), 3 * BATCH_SIZE, batchOf({ number: 9 }).subarray(0, tornBytes));
        const before = logsOf(disk);
        for (let time = 0; time < 2; time++) {
          const run = new StorageRun(disk, memory, { settings: SETTINGS, bootId });
          fill(disk);
          run.open(LOG);
          expect(run.log(LOG).recovered, bootId).toMatchObject({
            lacksRoom: true,
            report: { cutBytes: 0, quarantined: [] },
          });
          expect(offsetsOf(run), bootId).toEqual(all);
          expect(errorOf(run.produce(LOG, batchOf({ number: 7 })))).toBe("NO_SPACE");
          expect(logsOf(disk), bootId).toEqual(before);
          disk.kill(new Seeded(1));
        }
        const run = start(disk, { bootId });
        expect(run.log(LOG).recovered, bootId).toMatchObject({ lacksRoom: false, report: { cutBytes: tornBytes } });
        expect(offsetsOf(run), bootId).toEqual(all);
        expect(run.produce(LOG, batchOf({ number: 7 })), bootId).toMatchObject({ base: 7, acked: true });
        expect(offsetsOf(run), bootId).toEqual([...all, 7]);
      }
    },
  );
});

test("E3: a recovery reads what lies behind the checkpoint's indexed point, and no more", () => {
  const disk = killed(40, 36);
  const run = start(disk);
  expect(run.log(LOG).recovered.report.scannedBytes).toBeLessThanOrEqual(8 * BATCH_SIZE);
  expect(offsetsOf(run)).toEqual(Array.from({ length: 40 }, (_, offset) => offset));
  run.stop();
  const clean = start(disk);
  expect(clean.log(LOG).recovered.report.scannedBytes).toBe(0);
});

test("E1: a clean mark of another folder or another start is no mark, and is gone after the start", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = start(disk);
  run.produce(LOG, batchOf());
  run.stop();
  const mark = disk.readFile(`${DATA}/clean`)!;
  const second = start(disk);
  expect(second.expected.clean).toBe(true);
  expect(disk.status(`${DATA}/clean`)).toBeNull();
  second.produce(LOG, batchOf({ number: 1 }));
  disk.kill(new Seeded(1));
  const file = disk.open(`${DATA}/clean`, "create");
  disk.write(file, mark, 0);
  disk.close(file);
  const third = start(disk);
  expect(third.expected.clean).toBe(false);
  expect(disk.status(`${DATA}/clean`)).toBeNull();
  expect(offsetsOf(third)).toEqual([0, 1]);
});

test("E1: the mark's removal is durable before the first write", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = start(disk);
  run.produce(LOG, batchOf());
  run.stop();
  start(disk).append(LOG, batchOf({ number: 1 }));
  disk.powerCut("none", new Seeded(1));
  expect(disk.status(`${DATA}/clean`)).toBeNull();
});

describe("B1: a folder that Kafka wrote", () => {
  /** Batches of a compacted topic, with offsets missing between them, and Kafka's own index files. */
  function foreign(): FakeDisk {
    const disk = new FakeDisk(memory.memory.bytes);
    disk.makeDirectory(FOLDER);
    const log = Buffer.concat(
      [3, 4, 9, 20].map((base, number) => {
        const batch = batchOf({ number, count: number === 1 ? 2 : 1 });
        new DataView(batch.buffer).setBigInt64(0, BigInt(base));
        new DataView(batch.buffer).setInt32(12, number < 2 ? 0 : 5);
        return batch;
      }),
    );
    const write = (name: string, bytes: Uint8Array): void => {
      const file = disk.open(`${FOLDER}/${name}`, "create");
      disk.write(file, bytes, 0);
      disk.close(file);
    };
    write("00000000000000000003.log", log);
    write("00000000000000000003.index", new Uint8Array(80).fill(255));
    write("00000000000000000003.timeindex", new Uint8Array(80).fill(255));
    write("00000000000000000003.snapshot", new Uint8Array(30).fill(255));
    return disk;
  }

  function startOn(disk: FakeDisk): StorageRun {
    // A partition that was put in by hand: the broker's own file comes first.
    const contents = disk.contents();
    const own = new FakeDisk(memory.memory.bytes);
    new StorageRun(own, memory);
    own.restore(contents);
    return start(own);
  }

  test("is served record by record, offsets between batches missing", () => {
    const run = startOn(foreign());
    expect([run.logStart(LOG), run.logEnd(LOG)]).toEqual([3, 21]);
    expect(offsetsOf(run)).toEqual([3, 4, 9, 20]);
    for (const [offset, base] of [
      [5, 4],
      [6, 9],
      [8, 9],
      [10, 20],
      [19, 20],
    ] as const)
      expect(run.read(LOG, offset)[0]?.baseOffset, `offset ${offset}`).toBe(base);
    expect(headersOf(partitionFiles(run, LOG).get("00000000000000000003.log")!).length).toBe(4);
  });

  test("B2: a time is found behind missing offsets, and no index is made for it", () => {
    const disk = new FakeDisk(memory.memory.bytes);
    const batches = Array.from({ length: 100 }, (_, number) => {
      const batch = batchOf({ number, valueSize: 900, timestamp: NOW + number * 100 });
      new DataView(batch.buffer).setBigInt64(0, BigInt(3 * number));
      return batch;
    });
    new StorageRun(disk, memory);
    disk.restore(new Map([[`${FOLDER}/00000000000000000000.log`, Buffer.concat(batches)]]));
    const run = new StorageRun(disk, memory, { settings: { segmentBytes: 100 } });
    run.open(LOG);
    run.produce(LOG, batchOf({ number: 100, timestamp: NOW + 100_000 })); // Seals the segment.
    const source = { entry: run.log(LOG).entry, folder: FOLDER };
    const { operations } = disk;
    for (let number = 0; number < 100; number++)
      expect(findOffsetByTime(run.reading, source, NOW + number * 100, run.logEnd(LOG))).toBe(3 * number);
    expect(disk.operations).toBe(operations);
  });

  test("goes on with our appends, above its offsets and its epochs", () => {
    const run = startOn(foreign());
    expect(run.produce(LOG, batchOf({ number: 9 }))).toMatchObject({ base: 21, acked: true });
    const text = new TextDecoder().decode(partitionFiles(run, LOG).get("leader-epoch-checkpoint"));
    expect(text).toBe("0\n3\n0 3\n5 9\n6 21\n");
    run.stop();
    expect(offsetsOf(start(run.disk))).toEqual([3, 4, 9, 20, 21]);
  });
});
