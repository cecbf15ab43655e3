/** D4 for names: after a sync of a folder that failed, whoever asked for it, no name in a folder counts as durable that is not. */
import { expect, test } from "vitest";
import { Drain } from "../../src/storage/drain.ts";
import { GroupCommit } from "../../src/storage/group-commit.ts";
import { FakeDisk } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";
import { StorageMemory } from "./storage-memory.ts";
import { DATA, errorOf, StorageRun } from "./storage-run.ts";
import { batchOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const TOPICS = `${DATA}/topics`;
const options = { journalBytes: 0 };

const failSyncOf = (disk: FakeDisk, folder: string): void => {
  disk.fault = ({ kind, path }) => (kind === "syncDirectory" && path === folder ? "EIO" : null);
};

/** How far the log is durable after the machine died, and with it everything that was not synced. */
function endAfterPowerCut(disk: FakeDisk, name: string): number {
  disk.powerCut("none", new Seeded(1));
  disk.held = false;
  const run = new StorageRun(disk, memory, { ...options, bootId: "boot-2" });
  run.open(name);
  return run.durableEnd(name);
}

interface Workers {
  readonly disk: FakeDisk;
  readonly run: StorageRun;
  readonly others: Drain;
  readonly own: Drain;
  /** Of a batch of b-0, its own log, that is written and not synced; so is one of a-0, the other's. */
  readonly request: number;
}

function twoWorkers(): Workers {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory, options);
  const [others, own] = [run.drain, new Drain(disk, run)];
  run.open("a-0");
  run.append("a-0", batchOf({ number: 1 }));
  others.flush();
  run.turnTo(own);
  run.open("b-0");
  const request = run.append("b-0", batchOf({ number: 2 }));
  own.flush();
  return { disk, run, others, own, request };
}

test("D4: another log worker's sync of the folder of all partitions failed before", () => {
  const { disk, run, others, own, request } = twoWorkers();
  run.turnTo(others);
  failSyncOf(disk, TOPICS);
  others.sync(run.nowMs);
  disk.fault = null;
  run.turnTo(own);
  own.sync(run.nowMs);
  expect(run.outcomes.get(request)).toMatchObject({ acked: true });
  expect(endAfterPowerCut(disk, "b-0")).toBe(1);
});

test("D4: another log worker's sync of a folder fails while its own is under way", () => {
  const { disk, run, own, request } = twoWorkers();
  disk.held = true;
  own.sync(run.nowMs);
  disk.folderFailures.add();
  disk.completeSync();
  expect(errorOf(run.outcomes.get(request))).toBe("STORAGE_ERROR");
});

test("D4: a sync thread died, and nobody knows how its syncs ended", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  disk.makeDirectory(TOPICS);
  const group = new GroupCommit(disk);
  group.addFolder(TOPICS);
  const [file] = group.directories;
  expect([...group.end([{ file: file!, code: "EIO" }]).folders]).toEqual([[TOPICS, "EIO"]]);
  expect(disk.folderFailures.count).toBe(1);
});

test("D4: the recovery of another log could not sync the folder of all partitions", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const before = new StorageRun(disk, memory, options);
  before.open("b-0");
  before.produce("b-0", batchOf({ number: 1 }));
  disk.kill(new Seeded(1));
  const run = new StorageRun(disk, memory, options);
  run.open("a-0");
  const request = run.append("a-0", batchOf({ number: 2 }));
  run.drain.flush();
  failSyncOf(disk, TOPICS);
  expect(() => run.open("b-0")).toThrow("EIO");
  disk.fault = null;
  run.step();
  expect(run.outcomes.get(request)).toMatchObject({ acked: true });
  expect(endAfterPowerCut(disk, "a-0")).toBe(1);
});

test("D4 D5: where the disk is full by then, what cannot be made durable is refused, and the log closes", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory, options);
  run.open("a-0");
  failSyncOf(disk, `${TOPICS}/a-0`);
  expect(errorOf(run.produce("a-0", batchOf({ number: 1 })))).toBe("STORAGE_ERROR");
  disk.fault = null;
  const taken = run.append("a-0", batchOf({ number: 2 }));
  run.drain.flush();
  disk.fault = ({ kind }) => (kind === "create" ? "ENOSPC" : null);
  run.step();
  expect(errorOf(run.outcomes.get(taken))).toBe("NO_SPACE");
  run.drain.close(run.log("a-0").entry);
  for (let round = 0; round < 4; round++) run.step();
  expect(run.log("a-0").closed).toBe(true);
});
