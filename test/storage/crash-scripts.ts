/** Short lives of a broker's storage, each to be cut off at every one of its disk operations. */
import type { LogSettings } from "../../src/storage/partition-log.ts";
import type { Client } from "./client.ts";
import type { StartOptions, StorageRun } from "./storage-run.ts";
import { batchOf } from "./stored-batches.ts";

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

/** Each of the journal's files has room for two groups. */
const SMALL_JOURNAL = 8192;

export const scripts: readonly Script[] = [
  {
    name: "D3: two logs share the journal",
    settings: {},
    total: 14,
    play(start, client) {
      const run = start();
      openTwo(run, client);
      sendBeside(run, client, 5);
      run.writeCheckpoint();
      sendBeside(run, client, 10, 2);
      run.writeCheckpoint();
      sendBeside(run, client, 12);
    },
  },
  {
    name: "D3: the journal's files take turns, while segments roll",
    settings: { segmentBytes: SMALL_SEGMENT },
    total: 26,
    play(start, client) {
      const run = start({ journalBytes: SMALL_JOURNAL });
      openTwo(run, client);
      sendBeside(run, client, 12);
      run.writeCheckpoint();
      sendBeside(run, client, 24);
    },
  },
  {
    name: "D3 E1: the journal's files take turns, then a clean stop and another life",
    settings: {},
    total: 22,
    play(start, client) {
      const first = start({ journalBytes: SMALL_JOURNAL });
      openTwo(first, client);
      sendBeside(first, client, 10);
      first.stop();
      const second = start({ journalBytes: SMALL_JOURNAL });
      openTwo(second, client);
      sendBeside(second, client, 20);
      second.writeCheckpoint();
    },
  },
  {
    name: "D3 E1: a clean stop of logs that only the journal has made durable",
    settings: {},
    total: 8,
    play(start, client) {
      const run = start();
      openTwo(run, client);
      sendBeside(run, client, 5);
      run.stop();
    },
  },
  {
    name: "D3 D4: a sync of the journal fails, and logs are synced themselves",
    settings: {},
    total: 14,
    play(start, client) {
      const run = start();
      openTwo(run, client);
      sendBeside(run, client, 4);
      failOnce(run, "sync", "EIO", 0, "/journal/");
      sendBeside(run, client, 12);
    },
  },
  {
    name: "D3 D5: the disk is full in the middle of a write of the journal",
    settings: {},
    total: 14,
    play(start, client) {
      const run = start();
      openTwo(run, client);
      sendBeside(run, client, 4);
      let left = 1;
      run.disk.fault = ({ kind, path }) =>
        kind === "write" && path.includes("/journal/") && left-- > 0 ? { code: "ENOSPC", written: 50 } : null;
      sendBeside(run, client, 12);
    },
  },
  {
    name: "D3 D4: a log's own sync fails while the journal holds what was acknowledged",
    settings: {},
    total: 24,
    failsSync: true,
    play(start, client) {
      const first = start({ journalBytes: SMALL_JOURNAL });
      openTwo(first, client);
      sendBeside(first, client, 4);
      // Of the log itself: the journal wants its room back.
      failOnce(first, "sync", "EIO", 0, `/${client.name}/`);
      for (let sent = 5; sent <= 12; sent++) {
        first.append(BESIDE, batchOf({ count: 1, number: sent }));
        client.append(first, sent);
        first.step();
        client.settle();
      }
      first.stop();
      const second = start();
      openTwo(second, client);
      sendBeside(second, client, 20);
    },
  },
  {
    name: "D3: a log is deleted while the journal holds some of it",
    settings: {},
    total: 14,
    play(start, client) {
      const run = start();
      openTwo(run, client);
      sendBeside(run, client, 5);
      run.append(BESIDE, batchOf({ count: 1, number: 99 }));
      run.drain.flush();
      run.drain.abandon(run.log(BESIDE).entry);
      run.disk.remove(run.log(BESIDE).task.folder);
      client.send(run, 8);
    },
  },
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
    name: "D5 B5: a segment cannot be begun, and what was begun of it cannot be removed",
    settings: { segmentBytes: SMALL_SEGMENT },
    total: 20,
    play(start, client) {
      const run = start();
      run.open(client.name);
      client.send(run, 2);
      const left = { truncate: 1, remove: 1 };
      run.disk.fault = ({ kind, path }) => {
        const isDue = (kind === "truncate" && path.endsWith(".times")) || (kind === "remove" && path.endsWith(".log"));
        return isDue && left[kind as keyof typeof left]-- > 0 ? "ENOSPC" : null;
      };
      client.send(run, 6);
      run.writeCheckpoint();
      client.send(run, 18, 2);
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

/** Another log, whose batches keep the client's company in every group. */
const BESIDE = "u-0";

function openTwo(run: StorageRun, client: Client): void {
  run.open(client.name);
  run.open(BESIDE);
}

/** As `Client.send`, with a batch of the other log in every step. */
function sendBeside(run: StorageRun, client: Client, end: number, together = 1): void {
  for (let attempt = 0; client.acked < end && attempt < 3 * end; attempt++) {
    run.append(BESIDE, batchOf({ count: 1, number: attempt }));
    client.append(run, Math.min(end, client.acked + together));
    run.step();
    client.settle();
  }
  client.send(run, end);
}

/** The next submitted operation of this kind, behind `after` others, fails. */
function failOnce(run: StorageRun, kind: "sync" | "write", code: string, written = 0, where = "", after = 0): void {
  let left = after;
  run.disk.fault = (operation) => {
    if (operation.kind !== kind || !operation.submitted || !operation.path.includes(where)) return null;
    return left-- === 0 ? { code, written } : null;
  };
}
