/** Short lives of a broker's storage, each to be cut off at every one of its disk operations. */
import type { LogSettings } from "../../src/storage/partition-log.ts";
import type { Client } from "./client.ts";
import type { StartOptions, StorageRun } from "./storage-run.ts";

export interface Script {
  /** What it shows, and the rules of the contract that hang on it. */
  readonly name: string;
  readonly settings: Partial<LogSettings>;
  /** Batches that are sent in all, part of them after the crash. */
  readonly total: number;
  /** A sync fails, so what was only written may be taken back. */
  readonly failsSync?: true;
  play(start: (options?: StartOptions) => StorageRun, client: Client): void;
}

/** Four or five of the client's batches fill it. */
const SMALL_SEGMENT = 800;
/** Two fill it. */
const TINY_SEGMENT = 300;

export const scripts: readonly Script[] = [
  {
    name: "D1 E2: appends at durability disk, with checkpoints between",
    settings: {},
    total: 10,
    play(start, client) {
      const run = start();
      run.open(client.name);
      client.send(run, 2);
      run.writeCheckpoint();
      client.send(run, 5, 3);
      run.writeCheckpoint();
      client.send(run, 6);
    },
  },
  {
    name: "B5 G2: rolls at durability disk",
    settings: { segmentBytes: SMALL_SEGMENT },
    total: 20,
    play(start, client) {
      const run = start();
      run.open(client.name);
      client.send(run, 4, 2);
      run.writeCheckpoint();
      client.send(run, 16, 3);
    },
  },
  {
    name: "B5 E2: rolls before the first checkpoint, several in one group",
    settings: { segmentBytes: TINY_SEGMENT },
    total: 12,
    play(start, client) {
      const run = start();
      run.open(client.name);
      client.append(run, 5);
      run.step();
      client.settle();
      client.send(run, 10, 5);
    },
  },
  {
    name: "D1 E2: rolls at durability os, synced in the background",
    settings: { durability: "os", segmentBytes: SMALL_SEGMENT },
    total: 20,
    play(start, client) {
      const run = start();
      run.open(client.name);
      client.send(run, 7);
      run.writeCheckpoint();
      run.nowMs += 6000;
      run.drain.tick();
      client.send(run, 12);
      run.writeCheckpoint();
      client.send(run, 16);
    },
  },
  {
    name: "E1 A4: a clean stop, a start, more appends, another clean stop",
    settings: { segmentBytes: SMALL_SEGMENT },
    total: 16,
    play(start, client) {
      const first = start();
      first.open(client.name);
      client.send(first, 6, 2);
      first.stop();
      const second = start();
      second.open(client.name);
      client.send(second, 8);
      second.writeCheckpoint();
      client.send(second, 10);
      second.stop();
      start().open(client.name);
    },
  },
  {
    name: "D4: a sync fails, the log cuts itself and goes on",
    settings: { segmentBytes: SMALL_SEGMENT },
    total: 14,
    failsSync: true,
    play(start, client) {
      const run = start();
      run.open(client.name);
      client.send(run, 3);
      run.writeCheckpoint();
      failOnce(run, "sync", "EIO");
      client.append(run, 8);
      run.step();
      client.settle();
      client.send(run, 10, 2);
    },
  },
  {
    name: "D5 B7: the disk is full in the middle of a write",
    settings: { segmentBytes: SMALL_SEGMENT },
    total: 14,
    play(start, client) {
      const run = start();
      run.open(client.name);
      client.send(run, 3);
      failOnce(run, "write", "ENOSPC", 100);
      client.append(run, 5);
      run.step();
      client.settle();
      client.send(run, 10, 2);
    },
  },
];

/** The next submitted operation of this kind fails. */
function failOnce(run: StorageRun, kind: "sync" | "write", code: string, written = 0): void {
  let left = 1;
  run.disk.fault = (operation) => {
    if (operation.kind !== kind || !operation.submitted || left === 0) return null;
    left--;
    return { code, written };
  };
}
