import { expect, test } from "vitest";
import { Drain } from "../../src/storage/drain.ts";
import { DURABLE_END, ENTRY_SIZE, LAST_STABLE, LEADER_EPOCH, LOG_END } from "../../src/storage/log-memory.ts";
import { MemoryLog } from "../../src/storage/memory-log.ts";
import type { LogEvents } from "../../src/storage/partition-log.ts";
import { FakeDisk } from "./fake-disk.ts";
import { StorageMemory } from "./storage-memory.ts";
import { NOW, SETTINGS, StorageRun } from "./storage-run.ts";
import { batchOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const settings = { ...SETTINGS, durability: "memory" } as const;

/** A log of durability `memory` beside the drain, and what it told. */
function open(end = 0) {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory);
  const told: unknown[][] = [];
  const tell =
    (what: string) =>
    (_entry: number, ...facts: unknown[]): void => {
      told.push([what, ...facts]);
    };
  const events: LogEvents = {
    appended: tell("appended"),
    refused: tell("refused"),
    durable: tell("durable"),
    lost: tell("lost"),
    closed: tell("closed"),
    warned: tell("warned"),
  };
  const entry = memory.entry(7);
  const drain = new Drain(disk, events);
  drain.add(new MemoryLog({ ...run.environment, events }, entry, settings, end));
  const operations = disk.operations;
  const append = (request: number, batch: Uint8Array): void => {
    drain.accept(entry, request, memory.place(batch), batch.length, NOW);
    drain.flush();
    drain.sync(NOW);
  };
  const number = (field: number): number => memory.memory.f64[(entry >>> 3) + field]!;
  return { append, drain, entry, told, number, operationsSince: () => disk.operations - operations };
}

test("D1: a batch at durability memory is numbered, published and acknowledged at once, and no file is touched", () => {
  const log = open(40);
  log.append(1, batchOf({ count: 3 }));
  log.append(2, batchOf());
  expect(log.told).toEqual([
    ["appended", 1, 40, 43, false],
    ["appended", 2, 43, 44, false],
  ]);
  expect([LOG_END, DURABLE_END, LAST_STABLE].map(log.number)).toEqual([44, 44, 44]);
  expect(log.number(LEADER_EPOCH)).toBe(1);
  expect(log.operationsSince()).toBe(0);
});

test("C1 G1: it refuses and knows duplicates like any other log", () => {
  const log = open();
  const batch = batchOf({ producerId: 1, producerEpoch: 0, baseSequence: 0 });
  log.append(1, batch);
  log.append(2, batch);
  const damaged = batchOf();
  damaged[70]! ^= 1;
  log.append(3, damaged);
  expect(log.told.map(([what, request]) => [what, request])).toEqual([
    ["appended", 1],
    ["appended", 2],
    ["refused", 3],
  ]);
  expect(log.told[1]).toEqual(["appended", 2, 0, 1, true]);
  expect(log.number(LOG_END)).toBe(1);
});

test("it closes at once, has nothing for a checkpoint, and takes no more", () => {
  const log = open();
  log.append(1, batchOf());
  log.drain.close(log.entry);
  log.append(2, batchOf());
  expect(log.told.map(([what]) => what)).toEqual(["appended", "closed", "refused"]);
  expect(log.told[1]).toEqual(["closed", null]);
});

test("a drain refuses a batch of a partition that it does not know", () => {
  const log = open();
  log.drain.accept(log.entry + ENTRY_SIZE, 9, 0, 10, NOW);
  expect(log.told.map(([what, request]) => [what, request])).toEqual([["refused", 9]]);
});
