import { beforeAll, describe, expect, test } from "vitest";
import { type FileHandle, NO_FAILURES, type SyncCollector, type SyncFailures } from "../../src/storage/disk.ts";
import { Journal, type JournaledLog } from "../../src/storage/journal.ts";
import { GROUP_ALIGNMENT, GroupBuilder, readGroup } from "../../src/storage/journal-group.ts";
import { JournalPart } from "../../src/storage/journal-part.ts";
import { replayJournal } from "../../src/storage/journal-replay.ts";
import { LogPoint } from "../../src/storage/log-point.ts";
import { segmentFileName } from "../../src/storage/segment-files.ts";
import { type Crc32c, loadCrc32c } from "../../src/wasm/crc32c.ts";
import { FakeDisk, failing } from "./fake-disk.ts";
import { batchOf } from "./stored-batches.ts";

const FOLDER = "/journal";
const TOPICS = "/topics";
const folderId = Uint8Array.from({ length: 16 }, (_, index) => index);
const TOPIC = "AAAAAAAAAAAAAAAAAAAAAA";
let crc32c: Crc32c;

beforeAll(async () => {
  crc32c = await loadCrc32c();
});

class TestLog implements JournaledLog {
  readonly entry: number;
  readonly topicIdBytes = new Uint8Array(16);
  readonly folderName: Uint8Array;
  fileSyncs = 0;

  constructor(entry: number) {
    this.entry = entry;
    this.folderName = new TextEncoder().encode(`t-${entry}`);
  }

  requestFileSync(): void {
    this.fileSyncs++;
  }
}

class Collector implements SyncCollector {
  readonly files: FileHandle[] = [];
  readonly folders: string[] = [];

  addFile(file: FileHandle): void {
    this.files.push(file);
  }

  addFolder(path: string): void {
    this.folders.push(path);
  }
}

interface Bench {
  readonly disk: FakeDisk;
  readonly journal: Journal;
  readonly logs: readonly [TestLog, TestLog];
  readonly warnings: string[];
  /** Stages a little of both logs, writes it and ends the sync. @returns whether it is durable */
  commit(failed?: (collector: Collector) => SyncFailures): boolean;
}

/** A journal of two files with room for two groups each, which is already wanted. */
function bench(): Bench {
  const disk = new FakeDisk();
  disk.makeDirectory(FOLDER);
  const warnings: string[] = [];
  const sizes = { fileBytes: 2 * GROUP_ALIGNMENT, groupBytes: 2 * GROUP_ALIGNMENT };
  const journal = new Journal(
    disk,
    new Uint8Array(65_536),
    crc32c,
    { warned: (message) => warnings.push(message), held: () => {} },
    sizes,
  );
  journal.useFolder({ folder: FOLDER, name: "0", folderId });
  journal.observe(2);
  const logs = [new TestLog(0), new TestLog(1)] as const;
  const commit: Bench["commit"] = (failed = () => NO_FAILURES) => {
    journal.observe(2);
    for (const log of logs) if (!journal.stage(log, 0, 0, 0, 100)) return false;
    const collector = new Collector();
    return journal.write(2, collector) && journal.completed(failed(collector));
  };
  return { disk, journal, logs, warnings, commit };
}

describe("D3: the journal of a log worker", () => {
  test("takes nothing before many small logs were seen, and nothing large", () => {
    const { logs } = bench();
    const disk = new FakeDisk();
    const journal = new Journal(disk, new Uint8Array(1 << 20), crc32c, { warned: () => {}, held: () => {} });
    journal.useFolder({ folder: FOLDER, name: "0", folderId });
    expect(journal.stage(logs[0], 0, 0, 0, 100)).toBe(false);
    journal.observe(1);
    expect(journal.stage(logs[0], 0, 0, 0, 100)).toBe(false);
    journal.observe(2);
    expect(journal.stage(logs[0], 0, 0, 0, 65_537)).toBe(false);
    expect(journal.stage(logs[0], 0, 0, 0, 65_536)).toBe(true);
  });

  test("is not written for one log alone, which is synced itself", () => {
    const { journal, logs, disk } = bench();
    journal.stage(logs[0], 0, 0, 0, 100);
    expect(journal.write(1, new Collector())).toBe(false);
    expect([journal.hasStaged, journal.holds(logs[0]), disk.list(FOLDER)]).toEqual([false, false, []]);
  });

  test("syncs a new file's name with its first group, and no more", () => {
    const { journal, logs } = bench();
    const counts = [1, 2].map(() => {
      for (const log of logs) journal.stage(log, 0, 0, 0, 100);
      const collector = new Collector();
      journal.write(2, collector);
      journal.completed(NO_FAILURES);
      return [collector.files.length, collector.folders.length];
    });
    expect(counts).toEqual([
      [1, 1],
      [1, 0],
    ]);
  });

  test("overwrites a file only when every log with bytes there was synced itself", () => {
    const { journal, logs, commit } = bench();
    expect([1, 2, 3, 4].map(() => commit())).toEqual([true, true, true, true]);
    expect(commit(), "both files are full").toBe(false);
    journal.release(logs[0]);
    expect(commit(), "one log is still needed").toBe(false);
    expect(journal.releasing(), "and it is asked").toContain(logs[1]);
    journal.release(logs[1]);
    expect(commit()).toBe(true);
  });

  test("asks the logs of the file that is to be next, and each that is left", () => {
    const { journal, logs, commit } = bench();
    for (let group = 0; group < 2; group++) commit();
    expect(journal.releasing(), "the other file is empty").toEqual([]);
    commit();
    expect(journal.releasing()).toHaveLength(2);
    expect(logs.map(({ fileSyncs }) => fileSyncs)).toEqual([1, 1]);
  });

  test.each(["file", "folder"])("after a failed sync of its %s nothing counts, and it is not begun again", (which) => {
    const { journal, logs, warnings, disk, commit } = bench();
    const failed = ({ files, folders }: Collector): SyncFailures => ({
      files: which === "file" ? [{ file: files[0]!, code: "EIO" }] : [],
      folders: new Map(which === "file" ? [] : [[folders[0]!, "EIO"]]),
    });
    expect(commit(failed)).toBe(false);
    expect(logs.map(({ fileSyncs }) => fileSyncs)).toEqual([1, 1]);
    expect(warnings).toEqual([expect.stringContaining("a sync of the journal failed (EIO)")]);
    for (const log of logs) journal.release(log);
    expect(disk.list(FOLDER), "no log needs it any more").toEqual([]);
    expect(commit()).toBe(false);
    expect(disk.openPaths).toEqual([]);
  });

  test("on a full disk it gives its room back, and is tried again; that is told once", () => {
    const { journal, logs, warnings, disk, commit } = bench();
    failing(disk, ({ kind }) => kind === "write", "ENOSPC", 2);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(commit()).toBe(false);
      for (const log of logs) journal.release(log);
      expect(disk.list(FOLDER)).toEqual([]);
    }
    expect(commit()).toBe(true);
    expect(warnings).toHaveLength(1);
  });

  test("stays where a log could not be synced itself, until the next start", () => {
    const { journal, logs, disk, commit } = bench();
    commit();
    expect(journal.lost(logs[0]), "its acknowledged bytes are only here").toBe(true);
    expect(commit(), "nothing is overwritten").toBe(false);
    journal.release(logs[1]);
    journal.close();
    expect(disk.list(FOLDER)).toEqual(["0-0"]);
    expect(disk.openPaths).toEqual([]);
  });

  test("what is staged of a log whose sync failed is not written", () => {
    const { journal, logs } = bench();
    for (const log of logs) journal.stage(log, 0, 0, 0, 100);
    expect(journal.lost(logs[0]), "nothing of it was acknowledged from here").toBe(false);
    expect(journal.hasStaged).toBe(false);
  });

  test("a log that is deleted holds nothing", () => {
    const { journal, logs, commit } = bench();
    for (let group = 0; group < 4; group++) commit();
    for (const log of logs) journal.leave(log, true);
    expect(commit()).toBe(true);
  });
});

describe("D3: what of a log the staged group covers", () => {
  const at = (position: number): LogPoint => LogPoint.from({ ...new LogPoint(), position });

  test("is not what was written before, or did not fit", () => {
    const { journal, logs } = bench();
    const part = new JournalPart(journal, logs[0]);
    const stageMax = 2 * GROUP_ALIGNMENT;
    part.wrote(at(100), 0, 50);
    expect(part.covers(at(100), at(150))).toBe(true);
    expect(part.covers(at(0), at(150)), "100 bytes are not in it").toBe(false);
    part.wrote(at(150), 0, stageMax);
    expect(part.covers(at(100), at(150 + stageMax)), "it had no room").toBe(false);
    part.wrote(at(150 + stageMax), 0, 50);
    expect(part.covers(at(100), at(200 + stageMax)), "what had no room lies between").toBe(false);
    expect(part.covers(at(150 + stageMax), at(200 + stageMax))).toBe(true);
    journal.discard();
    expect(part.covers(at(150 + stageMax), at(200 + stageMax)), "it is another group").toBe(false);
  });

  test("is one run in one segment", () => {
    const { journal, logs } = bench();
    const part = new JournalPart(journal, logs[0]);
    part.wrote(at(0), 0, 50);
    part.wrote(at(50), 0, 50);
    expect(part.covers(at(0), at(100))).toBe(true);
    const next = LogPoint.from({ ...new LogPoint(), base: 7 });
    part.wrote(next, 0, 50);
    expect(part.covers(at(0), LogPoint.from({ ...next, position: 50 }))).toBe(false);
  });
});

describe("D3: what a journal's file holds", () => {
  const source = { topicIdBytes: new Uint8Array(16), folderName: new TextEncoder().encode("t-0") };
  const batch = batchOf({ count: 2, number: 5 });

  function groupBytes(): Uint8Array {
    const builder = new GroupBuilder(GROUP_ALIGNMENT, folderId, crc32c);
    builder.add(source, 7, 9, batch);
    return builder.seal(3, 4).slice();
  }

  test("is read as it was written", () => {
    expect(readGroup(groupBytes(), 0, folderId, crc32c)).toEqual({
      generation: 3,
      sequence: 4,
      size: GROUP_ALIGNMENT,
      frames: [{ topicId: TOPIC, folderName: "t-0", base: 7, position: 9, batches: batch }],
    });
  });

  test("no group is read with a bit flipped, another folder's id, or cut off", () => {
    const bytes = groupBytes();
    const length = new DataView(bytes.buffer).getUint32(12, true);
    for (let at = 0; at < length; at++) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1;
      expect(readGroup(flipped, 0, folderId, crc32c), `byte ${at}`).toBeNull();
    }
    expect(readGroup(bytes, 0, folderId.toReversed(), crc32c)).toBeNull();
    for (let end = 0; end < length; end++) expect(readGroup(bytes.subarray(0, end), 0, folderId, crc32c)).toBeNull();
  });

  test("a frame that has no room is refused, and the rest stays", () => {
    const builder = new GroupBuilder(GROUP_ALIGNMENT, folderId, crc32c);
    expect(builder.add(source, 0, 0, batch)).toBe(true);
    expect(builder.add(source, 0, 0, new Uint8Array(GROUP_ALIGNMENT))).toBe(false);
    expect(readGroup(builder.seal(0, 0), 0, folderId, crc32c)?.frames).toHaveLength(1);
  });
});

describe("D3: replay", () => {
  const [first, second, other] = [5, 6, 7].map((number) => batchOf({ count: 1, number })) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  new DataView(second.buffer, second.byteOffset).setBigInt64(0, 1n);
  const log = `${TOPICS}/t-0/${segmentFileName(0, "log")}`;

  /** A folder whose log holds `stored`, and a journal with `frames` of {position, batch}, one group each. */
  function left(stored: Uint8Array, frames: readonly (readonly [number, Uint8Array])[], topicId = TOPIC): FakeDisk {
    const disk = new FakeDisk();
    const builder = new GroupBuilder(GROUP_ALIGNMENT, folderId, crc32c);
    const groups = frames.map(([position, batches], sequence) => {
      builder.clear();
      builder.add(
        { topicIdBytes: new Uint8Array(16), folderName: new TextEncoder().encode("t-0") },
        0,
        position,
        batches,
      );
      return builder.seal(0, sequence).slice();
    });
    const metadata = new TextEncoder().encode(`version: 0\ntopic_id: ${topicId}\n`);
    disk.restore(
      new Map([
        [log, stored],
        [`${TOPICS}/t-0/partition.metadata`, metadata],
        [`${FOLDER}/0-0`, Buffer.concat(groups)],
      ]),
    );
    return disk;
  }

  const replay = (disk: FakeDisk) =>
    replayJournal(disk, { folder: FOLDER, topics: TOPICS, folderId }, () => null, crc32c);
  const logOf = (disk: FakeDisk): Uint8Array => new Uint8Array(disk.contents().get(log)!);
  const none = new Uint8Array(0);

  test("writes what is missing, durably, and removes the journal", () => {
    const disk = left(none, [
      [0, first],
      [first.length, second],
    ]);
    expect(replay(disk)).toEqual({ groups: 2, written: 2, skipped: 0, damaged: 0 });
    disk.powerCut("none", { below: () => 0 });
    expect(logOf(disk)).toEqual(new Uint8Array(Buffer.concat([first, second])));
    expect(disk.list(FOLDER)).toEqual([]);
  });

  test("writes over what a power cut left in its place, whatever it is", () => {
    const zeros = new Uint8Array(first.length);
    const torn = first.slice();
    torn.fill(0, 70);
    for (const found of [zeros, torn, first.subarray(0, 30)]) {
      const disk = left(found, [[0, first]]);
      expect(replay(disk).written).toBe(1);
      expect(logOf(disk)).toEqual(first);
    }
  });

  test("never writes over another good batch: the log had been cut and gone on", () => {
    const disk = left(other, [[0, first]]);
    expect(replay(disk)).toMatchObject({ written: 0, skipped: 1 });
    expect(logOf(disk)).toEqual(other);
  });

  test("leaves a gap for recovery to find", () => {
    const disk = left(none, [[first.length, second]]);
    expect(replay(disk)).toMatchObject({ written: 0, skipped: 1 });
    expect(logOf(disk)).toEqual(none);
  });

  test("writes nothing of another topic's, or of a folder that is gone", () => {
    const disk = left(none, [[0, first]], "BBBBBBBBBBBBBBBBBBBBBB");
    expect(replay(disk)).toMatchObject({ written: 0, skipped: 1 });
    const gone = left(none, [[0, first]]);
    gone.remove(`${TOPICS}/t-0`);
    expect(replay(gone)).toMatchObject({ written: 0, skipped: 1 });
    expect(gone.list(`${TOPICS}`)).toEqual([]);
  });

  test("nothing above the segment behind", () => {
    const disk = left(first, [[first.length, second]]);
    const next = disk.open(`${TOPICS}/t-0/${segmentFileName(1, "log")}`, "create");
    disk.close(next);
    expect(replay(disk)).toMatchObject({ written: 0, skipped: 1 });
    expect(logOf(disk)).toEqual(first);
  });

  test("a damaged group is counted, and those behind it are still good", () => {
    const disk = left(first, [
      [0, first],
      [0, first],
      [first.length, second],
    ]);
    disk.flip(`${FOLDER}/0-0`, GROUP_ALIGNMENT + 60, 1);
    expect(replay(disk)).toEqual({ groups: 2, written: 2, skipped: 0, damaged: 1 });
    expect(logOf(disk)).toEqual(new Uint8Array(Buffer.concat([first, second])));
  });

  test("a torn last group is no damage", () => {
    const disk = left(none, [
      [0, first],
      [first.length, second],
    ]);
    disk.flip(`${FOLDER}/0-0`, GROUP_ALIGNMENT + 60, 1);
    expect(replay(disk)).toEqual({ groups: 1, written: 1, skipped: 0, damaged: 0 });
  });

  test("a disk that fails leaves the journal for the next try", () => {
    const disk = left(none, [[0, first]]);
    failing(disk, ({ kind }) => kind === "sync", "EIO");
    expect(() => replay(disk)).toThrow("EIO");
    expect(disk.list(FOLDER)).toEqual(["0-0"]);
    expect(replay(disk).written).toBe(1);
  });
});
