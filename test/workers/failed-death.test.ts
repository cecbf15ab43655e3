/** Contracts D4 and H1 together: a log worker dies, and its files cannot all be synced. */
import { mkdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LogResults } from "../../src/broker/log-store.ts";
import type { LogSettings, SyncedPoint } from "../../src/storage/partition-log.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../../src/storage/temporary-folder.ts";
import type { FaultPoint } from "../../src/workers/faults.ts";
import { ThreadLogStore } from "../../src/workers/thread-log-store.ts";
import { until } from "../helpers/until.ts";
import { SETTINGS } from "../storage/storage-run.ts";
import { batchOf } from "../storage/stored-batches.ts";

const TOPIC = "AAAAAAAAAAAAAAAAAAAAAA";
let folder: string;
let store: ThreadLogStore;

/** What was told of the logs. */
class Told {
  readonly appended: number[] = [];
  readonly durable: number[] = [];
  readonly lost: number[] = [];
  ends: ReadonlyMap<number, SyncedPoint> | null = null;
  isReplaced = false;

  readonly results: LogResults = {
    appended: (_entry, request) => this.appended.push(request),
    refused: (_entry, _request, error) => {
      throw error;
    },
    durable: (_entry, end) => this.durable.push(end),
    lost: (_entry, end) => this.lost.push(end),
    closed: () => {},
    settled: () => {},
    workerDied: (_worker, ends) => {
      this.ends = ends;
    },
    workerReplaced: () => {
      this.isReplaced = true;
    },
    warned: () => {},
  };
}

beforeEach(async () => {
  folder = makeTemporaryFolder();
  mkdirSync(`${folder}/topics`);
  store = await ThreadLogStore.start({ logWorkers: 1, poolBytes: 1 });
});

afterEach(async () => {
  await store.stop();
  removeTemporaryFolder(folder);
});

/** @returns its entry */
async function open(durability: LogSettings["durability"]): Promise<number> {
  const entry = store.entryAt(0);
  const path = `${folder}/topics/t-0`;
  const identity = { topicId: TOPIC as never, folder: path };
  const settings = { ...SETTINGS, durability, timestampAheadMaxMs: Number.MAX_SAFE_INTEGER };
  const recovered = await store.recover({
    ...identity,
    quarantine: `${folder}/quarantine`,
    expected: null,
    sameBoot: true,
    cutTo: null,
    slotsMax: settings.segmentSlots,
  });
  await store.open({ ...identity, worker: 0, entry, parent: `${folder}/topics`, settings, incarnation: 1, recovered });
  return entry;
}

function submit(entry: number, number: number): void {
  const batch = batchOf({ number });
  store.memory.bytes.set(batch, store.pool.address);
  expect(store.submit(0, entry, number, store.pool.address, batch.length)).toBe(true);
}

/** One batch is durable, or written at least; the worker dies of the next one. @returns what was told, and of which log */
async function dieAt(points: readonly FaultPoint[], durability: LogSettings["durability"]): Promise<[Told, number]> {
  const told = new Told();
  await store.ready();
  store.listen(told.results);
  const entry = await open(durability);
  submit(entry, 1);
  await until(() => told.appended.includes(1) && (durability === "os" || told.durable.includes(1)));
  for (const point of points) await store.injectFault(0, "throw", point);
  submit(entry, 2);
  await until(() => told.isReplaced);
  return [told, entry];
}

test("D4 H1: what nobody synced is cut off where its sync failed", async () => {
  const settleJournal = vi.spyOn(store, "settleJournal");
  const [told, entry] = await dieAt(["sync thread", "syncing"], "disk");
  expect([told.ends?.get(entry)?.end, told.lost]).toEqual([1, [1]]);
  expect(settleJournal, "acknowledged records may lie in the journal alone").toHaveBeenCalledExactlyOnceWith(0, true);
});

test("H1: what was written stays where the syncs went well", async () => {
  const settleJournal = vi.spyOn(store, "settleJournal");
  const [told, entry] = await dieAt(["syncing"], "disk");
  expect([told.ends?.get(entry)?.end, told.lost]).toEqual([2, [2]]);
  expect(settleJournal).toHaveBeenCalledExactlyOnceWith(0, false);
});

test("D1 H1: at durability os what was written and told stays", async () => {
  const [told, entry] = await dieAt(["written"], "os");
  expect([told.ends?.get(entry)?.end, told.lost]).toEqual([2, [2]]);
});

test("D1 H1: at durability os that holds although a sync failed, for which nobody waited", async () => {
  const told = new Told();
  await store.ready();
  store.listen(told.results);
  const entry = await open("os");
  submit(entry, 1);
  await until(() => told.appended.includes(1));
  store.died(0, [entry], new Set([entry]), "as the test wants it");
  expect([told.ends?.get(entry)?.end, told.lost]).toEqual([1, [1]]);
});
