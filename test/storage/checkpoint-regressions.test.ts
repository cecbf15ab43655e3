/** Found by reading: what a crash in the middle of a start does to the tables of expected ends. */
import { expect, test } from "vitest";
import {
  type KnownEnds,
  type TableOwner,
  takeExpectedEnds,
  writeCheckpoint,
  writeCleanMark,
} from "../../src/storage/checkpoint.ts";
import { FakeDisk } from "./fake-disk.ts";
import { StorageMemory } from "./storage-memory.ts";

const { crc32c } = new StorageMemory();
const FOLDER = "data";

const ownerOf = (incarnation: number): TableOwner => ({ folderId: "folder", incarnation });

function endsOf(end: number): KnownEnds {
  const point = { base: 0, position: end * 100, end };
  const indexed = { ...point, headersCrc: 0, maxTimestamp: 0, firstAppendMs: 0, lastAppendMs: 0 };
  const logs = { "t-0": { topicId: "AAAAAAAAAAAAAAAAAAAAAA", logStartOffset: 0, synced: point, indexed } } as const;
  return { logs: logs as KnownEnds["logs"], metadata: { generation: 1, size: end, crc: end } };
}

function stoppedFolder(): FakeDisk {
  const disk = new FakeDisk();
  disk.makeDirectory(FOLDER);
  writeCheckpoint(disk, FOLDER, ownerOf(1), endsOf(5), crc32c);
  writeCleanMark(disk, FOLDER, ownerOf(1), endsOf(9), crc32c);
  return disk;
}

const take = (disk: FakeDisk, incarnation: number): ReturnType<typeof takeExpectedEnds> =>
  takeExpectedEnds(disk, FOLDER, ownerOf(incarnation), crc32c);

test("E1: a start that dies after it raised the incarnation leaves a mark that is no mark, and the ends that it holds", () => {
  const disk = stoppedFolder();
  expect(take(disk, 2)).toEqual({ ...endsOf(9), clean: false, damaged: [] });
  // And it is so however often a start dies.
  expect(take(disk, 3)).toEqual({ ...endsOf(9), clean: false, damaged: [] });
});

test("E1: a checkpoint that outlived the clean mark of its run does not replace what the mark says", () => {
  const disk = stoppedFolder();
  expect(take(disk, 1)).toMatchObject({ ...endsOf(9), clean: true });
  writeCheckpoint(disk, FOLDER, ownerOf(1), endsOf(5), crc32c); // Its removal was not durable.
  expect(take(disk, 2)).toMatchObject({ ...endsOf(9), clean: false });
});

test("E1: a checkpoint of a later run goes before the mark", () => {
  const disk = stoppedFolder();
  take(disk, 1);
  writeCheckpoint(disk, FOLDER, ownerOf(2), endsOf(12), crc32c);
  expect(take(disk, 2)).toMatchObject({ ...endsOf(12), clean: false });
});

test("H1, D4: where a stop left a log to be cut holds for the next start, and for no later one, which may follow writes there", () => {
  const disk = new FakeDisk();
  disk.makeDirectory(FOLDER);
  const ends = endsOf(9);
  const cutTo = { base: 0, position: 700, end: 7 };
  const logs = { "t-0": { ...ends.logs["t-0"]!, cutTo } };
  writeCheckpoint(disk, FOLDER, ownerOf(1), { ...ends, logs }, crc32c);
  expect(take(disk, 1)).toEqual({ ...ends, logs, clean: false, damaged: [] });
  expect(take(disk, 2)).toEqual({ ...ends, clean: false, damaged: [] });
});
