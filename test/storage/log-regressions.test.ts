/** Failures of the disk that a log once took for success, or did not survive. Each test names what went wrong. */
import { expect, test } from "vitest";
import { DiskError } from "../../src/storage/disk.ts";
import { auditRecovered } from "./audit.ts";
import { FakeDisk, failing } from "./fake-disk.ts";
import { StorageMemory } from "./storage-memory.ts";
import { DATA, errorOf, type StartOptions, StorageRun } from "./storage-run.ts";
import { batchOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const LOG = "t-0";
/** Two batches of `batchOf()` do not fit. */
const ROLLS_ALWAYS = { segmentBytes: 100 };

function start(settings: StartOptions["settings"] = {}): StorageRun {
  const run = new StorageRun(new FakeDisk(memory.memory.bytes), memory, { settings });
  run.open(LOG);
  return run;
}

test("D4: a sync that fails after its segment has rolled is not taken for a good one", () => {
  const run = start(ROLLS_ALWAYS);
  run.disk.held = true;
  const first = run.append(LOG, batchOf({ number: 0 }));
  run.step();
  run.disk.completeWrite();
  run.disk.completeSync();
  run.step(); // A sync that covers the write.
  expect(run.disk.syncInFlight).toBe(true);
  run.append(LOG, batchOf({ number: 1 })); // Rolls while the sync is on its way.
  failing(run.disk, ({ kind, path }) => kind === "sync" && path.endsWith("/00000000000000000000.log"), "EIO");
  run.disk.completeSync();
  run.completeAll();
  expect(run.outcomes.get(first)).not.toMatchObject({ acked: true });
  expect(run.durableEnd(LOG)).toBe(0);
});

test("D4: what a failed sync made the log cut off does not come back by a power cut after a clean stop", () => {
  const run = start();
  run.produce(LOG, batchOf({ number: 0 }));
  run.disk.held = true;
  for (const number of [1, 2]) {
    run.append(LOG, batchOf({ number }));
    run.step();
    run.disk.completeWrite();
    run.step();
  }
  failing(run.disk, ({ kind, submitted }) => kind === "sync" && submitted, "EIO");
  run.disk.completeSync(); // It covers the first of the two; the kernel may write the second at any time.
  run.disk.held = false;
  run.stop();
  /** Of every file all changes but the last are kept. */
  run.disk.powerCut("some", { below: (below) => (below === 4 ? 2 : below - 1) });
  const after = new StorageRun(run.disk, memory, { bootId: "boot-2" });
  after.open(LOG);
  auditRecovered(after, LOG, "after the power cut");
  expect(after.readAll(LOG).map(({ baseOffset }) => baseOffset)).toEqual([0]);
});

test("B5: nothing is acknowledged while the folder of a new segment cannot be opened for its sync", () => {
  const run = start();
  const openDirectory = run.disk.openDirectory.bind(run.disk);
  run.disk.openDirectory = () => {
    throw new DiskError("EMFILE", "open");
  };
  const request = run.append(LOG, batchOf());
  run.step();
  expect(run.outcomes.get(request)).toMatchObject({ acked: false });
  expect(run.warnings).toHaveLength(1);
  run.disk.openDirectory = openDirectory;
  run.drain.tick();
  run.step();
  expect(run.outcomes.get(request)).toMatchObject({ acked: true });
});

test("G1: a batch whose predecessor's write fails while it is staged does not skip a sequence", () => {
  const run = start({ segmentBytes: 700, messageBytesMax: 1000 });
  const producer = { producerId: 7, producerEpoch: 0 };
  run.produce(LOG, batchOf({ ...producer, number: 0, baseSequence: 0 }));
  failing(run.disk, ({ kind, path }) => kind === "write" && path.endsWith(".log"), "ENOSPC");
  const second = run.append(LOG, batchOf({ ...producer, number: 1, baseSequence: 1 }));
  // It needs a new segment, for which the first has to be written.
  const third = run.append(LOG, batchOf({ ...producer, number: 2, baseSequence: 2, valueSize: 600 }));
  run.step();
  expect([second, third].map((request) => errorOf(run.outcomes.get(request)))).toEqual([
    "NO_SPACE",
    "OUT_OF_ORDER_SEQUENCE",
  ]);
  const again = run.produce(LOG, batchOf({ ...producer, number: 1, baseSequence: 1 }));
  expect(again).toMatchObject({ base: 1, acked: true });
});

test("D5: a first write that fails while the next batch needs a new segment leaves the segment in its place", () => {
  const run = start(ROLLS_ALWAYS);
  failing(run.disk, ({ kind, path }) => kind === "write" && path.endsWith(".log"), "ENOSPC");
  const first = run.append(LOG, batchOf({ number: 0 }));
  const second = run.append(LOG, batchOf({ number: 1 }));
  run.step();
  expect(errorOf(run.outcomes.get(first))).toBe("NO_SPACE");
  expect(run.outcomes.get(second)).toMatchObject({ base: 0, acked: true });
  expect(run.readAll(LOG).map(({ baseOffset }) => baseOffset)).toEqual([0]);
});

test.each(["seal", "slots", "times", "log", "producers.tmp"])(
  "D5: a roll that fails at the %s leaves the log as it was",
  (kind) => {
    const run = start(ROLLS_ALWAYS);
    run.produce(LOG, batchOf({ number: 0 }));
    failing(run.disk, (operation) => operation.kind === "create" && operation.path.endsWith(`.${kind}`), "ENOSPC");
    expect(errorOf(run.produce(LOG, batchOf({ number: 1 })))).toBe("NO_SPACE");
    const files = run.disk.list(`${DATA}/topics/${LOG}`);
    expect(files.filter((name) => name.endsWith(".seal") || name.startsWith("00000000000000000001."))).toEqual(
      kind === "producers.tmp" ? [] : files.filter((name) => name === "00000000000000000001.producers"),
    );
    expect(run.produce(LOG, batchOf({ number: 2 }))).toMatchObject({ base: 1, acked: true });
    expect(run.readAll(LOG).map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
  },
);

test.each(["os", "disk"] as const)("D4: a log closes on a disk whose syncs fail, at durability %s", (durability) => {
  const run = start({ durability });
  run.produce(LOG, batchOf());
  failing(run.disk, ({ kind }) => kind === "sync", "EIO", Number.POSITIVE_INFINITY);
  run.drain.close(run.log(LOG).entry);
  for (let round = 0; round < 5; round++) {
    run.drain.tick();
    run.step();
  }
  expect(run.log(LOG).closed).toBe(true);
  expect(run.disk.openPaths).toEqual([]);
});

test("D5: a log closes on a full disk, where its index files cannot be completed", () => {
  const run = start();
  run.produce(LOG, batchOf());
  failing(run.disk, ({ kind, path }) => kind === "write" && !path.endsWith(".log"), "ENOSPC", Number.POSITIVE_INFINITY);
  run.drain.close(run.log(LOG).entry);
  for (let round = 0; round < 5; round++) run.step();
  expect(run.log(LOG).closed).toBe(true);
  expect(run.log(LOG).checkpoint).toMatchObject({ synced: { end: 1 }, indexed: { end: 0 } });
});

test("a first append that fails again and again leaves no file open", () => {
  const run = start();
  failing(run.disk, ({ kind, path }) => kind === "create" && path.endsWith(".log"), "ENOSPC", 50);
  for (let number = 0; number < 50; number++) expect(errorOf(run.produce(LOG, batchOf({ number })))).toBe("NO_SPACE");
  expect(run.disk.openPaths.length).toBeLessThan(3);
  expect(run.produce(LOG, batchOf())).toMatchObject({ base: 0, acked: true });
});

test.each(["os", "disk"] as const)(
  "a log that rolls faster than it is synced waits, at durability %s",
  (durability) => {
    const run = start({ ...ROLLS_ALWAYS, durability });
    const requests: number[] = [];
    run.produce(LOG, batchOf({ number: 0 }));
    const submitSync = run.disk.submitSync.bind(run.disk);
    let group: (() => void) | null = null;
    run.disk.submitSync = (ticket, files) => {
      group = () => submitSync(ticket, files);
    };
    let isBlocked = false;
    for (let number = 1; number <= 200 && !isBlocked; number++) {
      const request = run.offer(LOG, batchOf({ number }));
      if (request === null) isBlocked = true;
      else requests.push(request);
      run.step();
    }
    expect(isBlocked).toBe(true);
    expect(run.disk.openPaths.length).toBeLessThan(120);
    // The sync that it waits for is on its way, and lets it go on.
    expect(group).not.toBeNull();
    group!();
    run.step();
    expect(run.offer(LOG, batchOf({ number: 201 }))).not.toBeNull();
  },
);

test("E3: index files whose sync failed are not trusted when their pages may be lost: they are made anew", () => {
  const run = start({ segmentBytes: 400 });
  run.produce(LOG, batchOf({ number: 0 }));
  run.drain.get(run.log(LOG).entry)!.requestIndexedPoint();
  failing(run.disk, ({ kind, path }) => kind === "sync" && path.endsWith(".slots"), "EIO");
  expect(run.produce(LOG, batchOf({ number: 1 }))).toMatchObject({ acked: true });
  expect(run.produce(LOG, batchOf({ number: 2 }))).toMatchObject({ base: 2, acked: true });
  const files = run.disk.list(`${DATA}/topics/${LOG}`);
  expect(files).toContain("00000000000000000002.log");
  expect(files).not.toContain("00000000000000000000.slots");
  expect(run.readAll(LOG).map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2]);
});
