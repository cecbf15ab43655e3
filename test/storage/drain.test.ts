import { expect, test } from "vitest";
import { FakeDisk } from "./fake-disk.ts";
import { StorageMemory } from "./storage-memory.ts";
import { StorageRun } from "./storage-run.ts";
import { batchOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const NAMES = ["a-0", "b-0", "c-0"];

function start(settings = {}): StorageRun {
  const run = new StorageRun(new FakeDisk(memory.memory.bytes), memory, { settings });
  for (const name of NAMES) {
    run.open(name);
    run.produce(name, batchOf());
  }
  return run;
}

/** Paths of the segments that the disk is asked to sync from now on. */
function watchSyncs(run: StorageRun): string[] {
  const synced: string[] = [];
  run.disk.fault = ({ kind, path, submitted }) => {
    if (kind === "sync" && submitted) synced.push(path.split("/").at(-2)!);
    return null;
  };
  return synced;
}

test("D2: what came for several partitions is made durable by one group", () => {
  const run = start();
  const synced = watchSyncs(run);
  const requests = NAMES.map((name) => run.append(name, batchOf({ number: 1 })));
  run.disk.held = true;
  run.step();
  while (run.disk.completeWrite());
  expect(run.disk.syncInFlight).toBe(false);
  run.step();
  run.disk.completeSync();
  expect(synced.sort()).toEqual(NAMES);
  expect(requests.map((request) => run.outcomes.get(request))).toMatchObject(NAMES.map(() => ({ acked: true })));
});

test("D2: while a group is on its way no other begins, and what came meanwhile is the next", () => {
  const run = start();
  const synced = watchSyncs(run);
  run.disk.held = true;
  run.append("a-0", batchOf({ number: 1 }));
  run.step();
  run.disk.completeWrite();
  run.step();
  run.append("b-0", batchOf({ number: 1 }));
  run.step();
  run.disk.completeWrite();
  run.step();
  run.disk.completeSync();
  expect(synced).toEqual(["a-0"]);
  run.step();
  run.disk.completeSync();
  expect(synced).toEqual(["a-0", "b-0"]);
});

test("D4: a sync that fails for one partition of a group costs the others nothing", () => {
  const run = start();
  run.disk.fault = ({ kind, path, submitted }) =>
    kind === "sync" && submitted && path.includes("/b-0/") ? "EIO" : null;
  const requests = NAMES.map((name) => run.append(name, batchOf({ number: 1 })));
  run.step();
  expect(requests.map((request) => run.outcomes.get(request))).toMatchObject([
    { acked: true },
    { state: "lost" },
    { acked: true },
  ]);
  expect(NAMES.map((name) => run.durableEnd(name))).toEqual([2, 1, 2]);
});

test("D1: at os files are synced when they have waited for five seconds, and not before", () => {
  const run = start({ durability: "os" });
  run.nowMs += 6000;
  run.drain.tick();
  run.step();
  const synced = watchSyncs(run);
  run.produce("a-0", batchOf({ number: 1 }));
  run.nowMs += 4000;
  run.drain.tick();
  run.step();
  expect(synced).toEqual([]);
  run.nowMs += 2000;
  run.drain.tick();
  run.step();
  expect(synced).toEqual(["a-0"]);
  expect(run.syncedEnd("a-0")).toBe(2);
});

test("an idle drain asks the disk for nothing", () => {
  const run = start();
  const before = run.disk.operations;
  for (let round = 0; round < 10; round++) {
    run.nowMs += 10_000;
    run.drain.tick();
    run.step();
  }
  expect(run.disk.operations).toBe(before);
});
