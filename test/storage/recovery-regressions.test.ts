/** What recovery once did in silence. */
import { expect, test } from "vitest";
import type { TopicId } from "../../src/base/topic-id.ts";
import { encodePartitionMetadata, PARTITION_METADATA_FILE } from "../../src/storage/partition-metadata.ts";
import { FakeDisk } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";
import { StorageMemory } from "./storage-memory.ts";
import { DATA, StorageRun } from "./storage-run.ts";
import { batchOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const LOG = "t-0";
const FOLDER = `${DATA}/topics/${LOG}`;
const ROLLS_ALWAYS = { segmentBytes: 100 };

test("E2: a log whose first segment is missing stops loudly; its start does not move", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory, { settings: ROLLS_ALWAYS });
  run.open(LOG);
  for (let number = 0; number < 3; number++) run.produce(LOG, batchOf({ number }));
  run.stop();
  disk.kill(new Seeded(1));
  disk.remove(`${FOLDER}/00000000000000000000.log`);
  const restarted = new StorageRun(disk, memory, { settings: ROLLS_ALWAYS });
  expect(() => restarted.open(LOG)).toThrow("offsets 0 to 1 were durable");
});

test("E2: a last batch that a killed broker had acknowledged since the checkpoint, and that was damaged, is not cut", () => {
  for (const damaged of [1, 2]) {
    const disk = new FakeDisk(memory.memory.bytes);
    const run = new StorageRun(disk, memory);
    run.open(LOG);
    for (let number = 0; number < 3; number++)
      expect(run.produce(LOG, batchOf({ number }))).toMatchObject({ acked: true });
    disk.kill(new Seeded(1));
    const path = `${FOLDER}/00000000000000000000.log`;
    const size = disk.status(path)!.size;
    for (let batch = 1; batch <= damaged; batch++) disk.flip(path, size - (batch * size) / 3 + 70, 1);
    const again = new StorageRun(disk, memory);
    const { recovered } = again.open(LOG);
    expect(recovered.report).toMatchObject({ cutBytes: 0, quarantined: [] });
    expect(recovered.report.corruptions).toMatchObject([{ offset: 3 - damaged, nextOffset: 3 }]);
    expect(() => again.read(LOG, 3 - damaged)).toThrow("is damaged; the next good one is at 3");
    expect(again.produce(LOG, batchOf({ number: 3 }))).toMatchObject({ base: 3, acked: true });
    expect(again.read(LOG, 3)[0]?.baseOffset).toBe(3);
  }
});

test("H1: a segment that a dead worker had begun and not published is not the log's, however good it is", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory, { settings: { durability: "os" } });
  run.open(LOG);
  run.produce(LOG, batchOf({ number: 0 }));
  const bytes = disk.readFile(`${FOLDER}/00000000000000000000.log`)!;
  new DataView(bytes.buffer, bytes.byteOffset).setBigInt64(0, 1n); // The batch's base offset, which no CRC covers.
  const next = `${FOLDER}/00000000000000000001.log`;
  const file = disk.open(next, "create");
  disk.write(file, bytes, 0);
  disk.close(file);
  const { recovered } = run.reopen(LOG);
  expect(recovered).toMatchObject({ bases: [0], end: { end: 1 } });
  expect(disk.status(next)).toBeNull();
});

test("E2: what a dead worker had published and nobody can read is put aside before it is cut", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory, { settings: { durability: "os" } });
  run.open(LOG);
  run.produce(LOG, batchOf({ number: 0 }));
  run.produce(LOG, batchOf({ number: 1 }));
  const path = `${FOLDER}/00000000000000000000.log`;
  const size = disk.status(path)!.size;
  const file = disk.open(path, "write");
  // Its length is no longer true, so nothing says where it ends.
  disk.write(file, Uint8Array.of(0x7f), size / 2 + 8);
  disk.close(file);
  const { recovered } = run.reopen(LOG);
  expect(recovered.end.end).toBe(1);
  expect(recovered.report.quarantined).toHaveLength(1);
  expect(disk.status(recovered.report.quarantined[0]!)?.size).toBe(size / 2);
});

test("E2: the torn tail of a topic with the longest name is put aside", () => {
  const name = `${"n".repeat(249)}-0`;
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory);
  run.open(name);
  run.produce(name, batchOf({ number: 0 }));
  run.stop();
  disk.kill(new Seeded(1));
  const path = `${DATA}/topics/${name}/00000000000000000000.log`;
  const file = disk.open(path, "write");
  disk.write(file, Uint8Array.of(1, 2, 3), disk.status(path)!.size);
  disk.close(file);
  const { recovered } = new StorageRun(disk, memory).open(name);
  expect(recovered.end.end).toBe(1);
  expect(disk.status(recovered.report.quarantined[0]!)?.size).toBe(3);
});

test("a topic does not take over the files of another one that had its name", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory);
  run.open(LOG);
  run.produce(LOG, batchOf({ number: 0 }));
  run.stop();
  disk.kill(new Seeded(1));
  const path = `${FOLDER}/${PARTITION_METADATA_FILE}`;
  const own = disk.readFile(path)!;
  const replace = (bytes: Uint8Array): void => {
    disk.remove(path);
    const file = disk.open(path, "create");
    disk.write(file, bytes, 0);
    disk.close(file);
  };
  const other = "otherotherotherother01" as TopicId;
  replace(encodePartitionMetadata(other));
  const before = disk.contents();
  const refused = new StorageRun(disk, memory);
  const kept = (files: Map<string, Uint8Array>): unknown => [...files].filter(([file]) => file.startsWith(FOLDER));
  expect(() => refused.open(LOG)).toThrow(expect.objectContaining({ code: "LOG_DAMAGED" }));
  expect(() => refused.open(LOG)).toThrow(other);
  expect(kept(disk.contents())).toEqual(kept(before));
  // What a power cut left of the file says nothing of another topic.
  for (const bytes of [own.slice(0, 0), own]) {
    replace(bytes);
    expect(new StorageRun(disk, memory).open(LOG).recovered.end.end).toBe(1);
  }
});

test.each(["a kill", "a kill behind a checkpoint", "a power cut", "a power cut behind a checkpoint", "a stop"])(
  "B5 E2: an empty segment that was begun in vain, in the middle of one that went on, costs nothing after %s",
  (end) => {
    // No segment follows it before it is removed; but a power cut may take the removal, until the next segment is synced.
    for (const rolls of end === "a kill" || end === "a power cut" ? [false, true] : [false]) {
      const disk = new FakeDisk(memory.memory.bytes);
      // The second segment begins at 4, if there is one.
      const batchSize = batchOf({ number: 0 }).length;
      const settings = { segmentBytes: rolls ? 4 * batchSize : 1 << 20 };
      const run = new StorageRun(disk, memory, { settings });
      run.open(LOG);
      for (let number = 0; number < 6; number++) {
        if (number === 2) {
          disk.close(disk.open(`${FOLDER}/00000000000000000002.log`, "create"));
          disk.syncDirectory(FOLDER);
        }
        expect(run.produce(LOG, batchOf({ number }))).toMatchObject({ base: number, acked: true });
        if (number === 4 && end.includes("checkpoint")) run.writeCheckpoint();
      }
      if (end === "a stop") run.stop();
      const isCut = end.startsWith("a power cut");
      if (isCut) disk.powerCut("none", new Seeded(1));
      else disk.kill(new Seeded(1));
      const again = new StorageRun(disk, memory, { settings, bootId: isCut ? "boot-2" : "boot-1" });
      const { recovered } = again.open(LOG);
      expect(recovered.report).toMatchObject({ cutBytes: 0, quarantined: [], corruptions: [] });
      expect(recovered.bases).toEqual(rolls ? [0, 4] : [0]);
      expect(again.readAll(LOG).map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(again.produce(LOG, batchOf({ number: 6 }))).toMatchObject({ base: 6, acked: true });
    }
  },
);
