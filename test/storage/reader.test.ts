import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { LOG_START } from "../../src/storage/log-memory.ts";
import { readBatches } from "../../src/storage/reader.ts";
import { segmentFileName } from "../../src/storage/segment-files.ts";
import { findOffsetByTime } from "../../src/storage/time-lookup.ts";
import { FakeDisk } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";
import { StorageMemory } from "./storage-memory.ts";
import { DATA, NOW, type StartOptions, StorageRun } from "./storage-run.ts";
import { batchOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const LOG = "t-0";
const FOLDER = `${DATA}/topics/${LOG}`;
const BATCH_SIZE = batchOf().length;

function start(options: StartOptions["settings"] = {}, disk = new FakeDisk(memory.memory.bytes)): StorageRun {
  const run = new StorageRun(disk, memory, { settings: { segmentBytes: 3 * BATCH_SIZE, ...options } });
  run.open(LOG);
  return run;
}

/** Ten batches of one record, a second apart; segments hold three. */
function filled(): StorageRun {
  const run = start();
  for (let number = 0; number < 10; number++) run.produce(LOG, batchOf({ number, timestamp: NOW + number * 1000 }));
  return run;
}

const source = (run: StorageRun) => ({ entry: run.log(LOG).entry, folder: FOLDER });

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof BrokerError) return error.code;
    throw error;
  }
  return "none";
}

test("B3: a read gives whole batches from the one that holds the offset to the end of its segment", () => {
  const run = filled();
  const bases = (offset: number): number[] => run.read(LOG, offset).map(({ baseOffset }) => baseOffset);
  expect([0, 1, 2, 3, 8, 9].map(bases)).toEqual([[0, 1, 2], [1, 2], [2], [3, 4, 5], [8], [9]]);
});

test("A2: nothing at or above the limit is read, also where it lies in the same segment", () => {
  const run = filled();
  expect(run.read(LOG, 3, 5).map(({ baseOffset }) => baseOffset)).toEqual([3, 4]);
});

test("a read that a batch does not fit into says how much it needs; one that fits in part gives the whole ones", () => {
  const run = filled();
  const at = (capacity: number) =>
    readBatches(run.reading, source(run), { offset: 0, limit: 10, address: memory.readBuffer, capacity });
  expect(at(BATCH_SIZE - 1)).toMatchObject({ sizeNeeded: BATCH_SIZE });
  expect(at(BATCH_SIZE - 1).sizes.length).toBe(0);
  expect(at(2 * BATCH_SIZE + 10)).toMatchObject({ sizeNeeded: 0, nextOffset: 2 });
});

test("an offset below the log is out of range", () => {
  expect(codeOf(() => filled().read(LOG, -1))).toBe("OFFSET_OUT_OF_RANGE");
});

function missing(run: StorageRun, base: number, kinds: readonly ("log" | "slots")[] = ["log"]): void {
  for (const kind of kinds) run.disk.remove(`${FOLDER}/${segmentFileName(base, kind)}`);
}

function failureOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}

test("E4: a segment that is missing answers as a damaged batch does, with the next segment that is there", () => {
  for (const kinds of [["log"], ["log", "slots"]] as const) {
    const run = filled();
    missing(run, 3, kinds);
    for (const offset of [3, 4, 5]) {
      const details = { offset, nextOffset: 6, missing: segmentFileName(3, "log") };
      expect(failureOf(() => run.read(LOG, offset))).toMatchObject({ code: "CORRUPT_BATCH", details });
    }
    missing(run, 6, kinds);
    expect(failureOf(() => run.read(LOG, 4))).toMatchObject({ details: { nextOffset: 9 } });
    expect([0, 1, 2, 9].map((offset) => run.read(LOG, offset)[0]?.baseOffset)).toEqual([0, 1, 2, 9]);
  }
});

test("E4: where no segment is left behind a missing one, reading can go on at the limit", () => {
  const run = filled();
  missing(run, 9);
  expect(failureOf(() => run.read(LOG, 9))).toMatchObject({ code: "CORRUPT_BATCH", details: { nextOffset: 10 } });
  missing(run, 6);
  expect(failureOf(() => run.read(LOG, 6, 8))).toMatchObject({ code: "CORRUPT_BATCH", details: { nextOffset: 8 } });
  run.disk.remove(FOLDER);
  expect(failureOf(() => run.read(LOG, 0))).toMatchObject({ code: "CORRUPT_BATCH", details: { nextOffset: 10 } });
});

test("a segment that is missing below the published start of the log was removed: that is out of range", () => {
  const run = filled();
  missing(run, 0);
  missing(run, 3);
  memory.memory.f64[(run.log(LOG).entry >>> 3) + LOG_START] = 3;
  expect(codeOf(() => run.read(LOG, 2))).toBe("OFFSET_OUT_OF_RANGE");
  expect(codeOf(() => run.read(LOG, 3))).toBe("CORRUPT_BATCH");
});

test("E4: a time that a missing segment may hold is not looked for behind it; one that its seal excludes is", () => {
  const run = filled();
  missing(run, 3);
  const at = (timestamp: number): unknown => failureOf(() => findOffsetByTime(run.reading, source(run), timestamp, 10));
  expect(at(NOW + 2000)).toBe(2);
  const details = { offset: 3, nextOffset: 6 };
  expect(at(NOW + 4000)).toMatchObject({ code: "CORRUPT_BATCH", details });
  expect(at(NOW + 6000)).toBe(6);
});

test("B2: index files that are missing, short or of another segment are made anew by the reader that needs them", () => {
  const damages: Record<string, (run: StorageRun, path: string) => void> = {
    missing: (run, path) => run.disk.remove(path),
    short: (run, path) => {
      const file = run.disk.open(path, "write");
      run.disk.truncate(file, 66);
      run.disk.close(file);
    },
    "another's": (run, path) => {
      const other = run.disk.readFile(`${FOLDER}/${segmentFileName(3, "slots")}`)!;
      const file = run.disk.open(path, "write");
      run.disk.write(file, other, 0);
      run.disk.close(file);
    },
  };
  for (const [name, damage] of Object.entries(damages)) {
    const run = filled();
    const path = `${FOLDER}/${segmentFileName(0, "slots")}`;
    const before = run.disk.readFile(path)!;
    damage(run, path);
    expect(
      run.readAll(LOG).map(({ baseOffset }) => baseOffset),
      name,
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    if (name !== "another's") expect(run.disk.readFile(path)?.subarray(64), name).toEqual(before.subarray(64));
  }
});

test("B2: an index entry that points at a later good batch hides no record", () => {
  const run = filled();
  const path = `${FOLDER}/${segmentFileName(0, "slots")}`;
  const file = run.disk.open(path, "write");
  const entry = new Uint8Array(4);
  new DataView(entry.buffer).setUint32(0, 2 * BATCH_SIZE, true);
  run.disk.write(file, entry, 64 + 4);
  run.disk.close(file);
  expect(run.read(LOG, 1)[0]?.baseOffset).toBe(1);
});

test("E4: the next good offset of the last batch of a segment is in the next one, and that of the log is its end", () => {
  const run = filled();
  const nextOf = (base: number, position: number, offset: number): unknown => {
    run.disk.flip(`${FOLDER}/${segmentFileName(base, "log")}`, position, 1);
    try {
      run.read(LOG, offset);
    } catch (error) {
      return (error as BrokerError).details["nextOffset"];
    }
    return "no error";
  };
  expect(nextOf(0, 2 * BATCH_SIZE + 70, 2)).toBe(3);
  expect(nextOf(9, 70, 9)).toBe(10);
});

test("E5: a damaged batch that is asked for again and again changes no file", () => {
  const run = filled();
  run.disk.flip(`${FOLDER}/${segmentFileName(0, "log")}`, BATCH_SIZE + 70, 1);
  const { operations } = run.disk;
  for (let again = 0; again < 3; again++) {
    expect(() => run.read(LOG, 1)).toThrow("the batch at offset 1 is damaged; the next good one is at 2");
  }
  expect(run.disk.operations).toBe(operations);
});

test("a time gives the first offset that is not earlier, in sealed segments, in the active one, and none behind the last", () => {
  const run = filled();
  const at = (timestamp: number, limit = 10): number => findOffsetByTime(run.reading, source(run), timestamp, limit);
  for (let number = 0; number < 10; number++) {
    expect(at(NOW + number * 1000), `at ${number}`).toBe(number);
    expect(at(NOW + number * 1000 - 1), `just before ${number}`).toBe(number);
  }
  expect(at(0)).toBe(0);
  expect(at(NOW + 9001)).toBe(-1);
  expect(at(NOW + 5000, 5)).toBe(-1);
});

test("a time is found in a segment of many index entries, where timestamps go back and forth", () => {
  const run = start({ segmentBytes: 1 << 20 });
  const times: number[] = [];
  for (let number = 0; number < 150; number++) {
    times.push(NOW + number * 100 - (number % 7) * 350);
    run.produce(LOG, batchOf({ number, valueSize: 900, timestamp: times[number]! }));
  }
  run.stop();
  const again = start({}, run.disk);
  for (let wanted = NOW - 3000; wanted < NOW + 16_000; wanted += 130) {
    const first = times.findIndex((time) => time >= wanted);
    expect(findOffsetByTime(again.reading, source(again), wanted, 150), `at ${wanted - NOW}`).toBe(first);
  }
});

test("B2: a flipped bit of a times file hides no record from a time, in a sealed segment or the active one", () => {
  const run = start({ segmentBytes: 100_000 });
  for (let number = 0; number < 200; number++) {
    run.produce(LOG, batchOf({ number, valueSize: 900, timestamp: NOW + number * 100 }));
  }
  const files = run.disk.list(FOLDER).filter((name) => name.endsWith(".times"));
  expect(files).toHaveLength(2);
  run.stop();
  const again = start({ segmentBytes: 100_000 }, run.disk);
  for (const name of files) {
    const path = `${FOLDER}/${name}`;
    const whole = run.disk.readFile(path)!;
    for (let position = 64; position < whole.length; position++) {
      const bit = 1 << (position % 8);
      run.disk.flip(path, position, bit);
      for (let number = 3; number < 200; number += 7) {
        const found = findOffsetByTime(again.reading, source(again), NOW + number * 100, 200);
        expect(found, `byte ${position} of ${name}`).toBe(number);
      }
      if (Buffer.compare(run.disk.readFile(path)!, whole) !== 0) run.disk.flip(path, position, bit);
    }
  }
});

test("a log that is closed while a time is looked up has no answer, not the answer that there is none", () => {
  const run = filled();
  const closed = source(run);
  run.stop();
  expect(codeOf(() => findOffsetByTime(run.reading, closed, NOW, 10))).toBe("OFFSET_OUT_OF_RANGE");
});

test("the seal of a roll that did not come to be hides no later record from a time", () => {
  const run = filled();
  run.disk.fault = ({ kind, path }) => (kind === "create" && path.endsWith(".log") ? "ENOSPC" : null);
  for (let number = 10; number < 12; number++) run.produce(LOG, batchOf({ number, timestamp: NOW + number * 1000 }));
  run.produce(LOG, batchOf({ number: 12, timestamp: NOW + 12_000 }));
  run.disk.fault = null;
  const seal = run.disk.readFile(`${FOLDER}/${segmentFileName(6, "seal")}`)!;
  const file = run.disk.open(`${FOLDER}/${segmentFileName(9, "seal")}`, "write");
  run.disk.write(file, seal, 0);
  run.disk.close(file);
  expect(findOffsetByTime(run.reading, source(run), NOW + 11_000, 12)).toBe(11);
});

test("H4: a reader that met the disk's refusal says so, and the next one reads", () => {
  const run = filled();
  run.disk.powerCut("all", new Seeded(1));
  const again = start({}, run.disk);
  expect(again.readAll(LOG).length).toBe(10);
});
