import { expect, test } from "vitest";
import type { BrokerError } from "../../src/base/errors.ts";
import { type LogTable, takeExpectedEnds, writeCheckpoint, writeCleanMark } from "../../src/storage/checkpoint.ts";
import { LAYOUT_VERSION, noteRecovered, type OpenedFolder, openDataFolder } from "../../src/storage/data-folder.ts";
import { appendMetadata, loadMetadata } from "../../src/storage/metadata-log.ts";
import { encodeSealedJson } from "../../src/storage/sealed-json.ts";
import { loadCrc32c } from "../../src/wasm/crc32c.ts";
import { Crashed, FakeDisk } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";

const crc32c = await loadCrc32c();
const DATA = "/data";

function open(disk: FakeDisk, bootId = "boot-1"): OpenedFolder {
  let ids = 0;
  return openDataFolder(disk, DATA, { version: "1.2.3", journal: false, bootId, newId: () => `id-${ids++}` }, crc32c);
}

/** A folder whose meta was changed by another version. */
function changed(change: Record<string, unknown>): FakeDisk {
  const disk = new FakeDisk();
  const { meta } = open(disk);
  disk.remove(`${DATA}/cambium.meta`);
  const file = disk.open(`${DATA}/cambium.meta`, "create");
  disk.write(file, encodeSealedJson({ ...meta, ...change }, crc32c), 0);
  disk.close(file);
  return disk;
}

function refusal(run: () => unknown): BrokerError {
  try {
    run();
  } catch (error) {
    return error as BrokerError;
  }
  throw new Error("it was not refused");
}

test("A4: every start has a higher incarnation, durable when the folder is open; a crash repeats none that was used", () => {
  const whole = new FakeDisk();
  open(whole);
  open(whole);
  for (let at = 0; at <= whole.operations; at++) {
    for (let seed = 0; seed < 5; seed++) {
      const disk = new FakeDisk();
      let used = 0;
      disk.crashAt = at;
      try {
        used = open(disk).meta.incarnation;
        used = open(disk).meta.incarnation;
      } catch (error) {
        if (!(error instanceof Crashed)) throw error;
      }
      disk.powerCut("some", new Seeded(seed));
      expect(open(disk).meta.incarnation, `crash at ${at}, seed ${seed}`).toBeGreaterThan(used);
    }
  }
});

test("ids stay what they were; the boot decides whether the page cache can be trusted", () => {
  const disk = new FakeDisk();
  const first = open(disk);
  expect([first.previous, first.sameBoot]).toEqual([null, false]);
  const second = open(disk);
  expect(second.sameBoot).toBe(true);
  expect(second.meta).toMatchObject({ clusterId: first.meta.clusterId, folderId: first.meta.folderId, nodeId: 1 });
  expect(open(disk, "boot-2").sameBoot).toBe(false);
  expect(open(disk, "").sameBoot).toBe(false);
  expect(open(disk, "").sameBoot).toBe(false);
});

test("E2: until the logs are recovered, a kill is no reason to trust the page cache of this boot", () => {
  const disk = new FakeDisk();
  open(disk);
  expect(open(disk, "boot-2").sameBoot).toBe(false);
  const { meta, sameBoot } = open(disk, "boot-2");
  expect(sameBoot).toBe(false);
  noteRecovered(disk, DATA, meta, "boot-2", crc32c);
  expect(open(disk, "boot-2").sameBoot).toBe(true);
  expect(open(disk, "boot-1").sameBoot).toBe(false);
});

test("B8: a newer layout and an unknown incompatible feature are refused by name, unknown compatible ones are kept", () => {
  const newer = changed({ layout: LAYOUT_VERSION + 1, writtenBy: "9.0.0" });
  const before = newer.contents();
  expect(refusal(() => open(newer))).toMatchObject({ code: "LAYOUT_UNSUPPORTED" });
  expect(refusal(() => open(newer)).message).toContain("9.0.0");
  expect(newer.contents()).toEqual(before);
  const feature = refusal(() => open(changed({ incompatible: ["tiering"] })));
  expect(feature).toMatchObject({ code: "LAYOUT_UNSUPPORTED" });
  expect(feature.message).toContain("tiering");
  expect(open(changed({ compatible: ["labels"] })).meta.compatible).toEqual(["labels"]);
});

test("topics without a cambium.meta are not opened, so that nothing in them is lost", () => {
  const disk = new FakeDisk();
  disk.makeDirectory(`${DATA}/topics/t-0`);
  expect(refusal(() => open(disk))).toMatchObject({ code: "LOG_DAMAGED" });
});

test("E2: a folder that has lost its log of metadata is not opened, and is not counted as a start", () => {
  const disk = new FakeDisk();
  open(disk);
  disk.remove(`${DATA}/metadata/metadata.log`);
  const before = disk.contents();
  expect(refusal(() => open(disk))).toMatchObject({ code: "LOG_DAMAGED" });
  expect(disk.contents()).toEqual(before);
});

test("records of metadata without a cambium.meta are not overwritten", () => {
  const disk = new FakeDisk();
  const { meta, metadata } = open(disk);
  appendMetadata(disk, `${DATA}/metadata`, metadata.point, [{ type: "topic" }], crc32c);
  disk.remove(`${DATA}/cambium.meta`);
  expect(refusal(() => open(disk))).toMatchObject({ code: "LOG_DAMAGED" });
  const known = { expected: { metadata: null, clean: false }, sameBoot: true };
  expect(() => loadMetadata(disk, `${DATA}/metadata`, meta.folderId, known, crc32c)).not.toThrow();
});

const point = (end: number) => ({
  logStartOffset: 0,
  synced: { base: 0, position: end * 100, end },
  indexed: { base: 0, position: 0, end: 0, headersCrc: 0, maxTimestamp: -1, firstAppendMs: -1, lastAppendMs: -1 },
  topicId: "t",
});
const owner = { folderId: "f", incarnation: 4 };
const of = (logs: LogTable, size = 3) => ({ logs, metadata: { generation: 1, size, crc: 0 } });

test("E1 E2: a log's expected end is its entry in the checkpoint, else that of the last clean mark", () => {
  const disk = new FakeDisk();
  disk.makeDirectory(DATA);
  writeCleanMark(disk, DATA, { ...owner, incarnation: 3 }, of({ "a-0": point(1), "b-0": point(2) }), crc32c);
  const clean = takeExpectedEnds(disk, DATA, { ...owner, incarnation: 3 }, crc32c);
  expect(clean).toMatchObject({ clean: true, logs: { "a-0": point(1), "b-0": point(2) }, damaged: [] });
  writeCheckpoint(disk, DATA, owner, of({ "b-0": point(9) }, 7), crc32c);
  const dirty = takeExpectedEnds(disk, DATA, owner, crc32c);
  expect(dirty).toEqual({ clean: false, ...of({ "a-0": point(1), "b-0": point(9) }, 7), damaged: [] });
  expect(takeExpectedEnds(disk, DATA, { ...owner, folderId: "g" }, crc32c).logs).toEqual({});
});

test("E1: taking the clean mark leaves it or what replaces it after a crash at any call", () => {
  const make = (): FakeDisk => {
    const disk = new FakeDisk();
    disk.makeDirectory(DATA);
    disk.syncDirectory("/");
    writeCheckpoint(disk, DATA, owner, of({ "a-0": point(1) }), crc32c);
    writeCleanMark(disk, DATA, owner, of({ "a-0": point(5) }), crc32c);
    return disk;
  };
  const seen = new Set<boolean>();
  for (let at = 0; at < 4; at++) {
    for (let seed = 0; seed < 10; seed++) {
      const disk = make();
      disk.crashAt = disk.operations + at;
      try {
        takeExpectedEnds(disk, DATA, owner, crc32c);
      } catch (error) {
        if (!(error instanceof Crashed)) throw error;
      }
      disk.powerCut("some", new Seeded(seed));
      const found = takeExpectedEnds(disk, DATA, owner, crc32c);
      seen.add(found.clean);
      // Never more than was there, and what the mark knew is not forgotten.
      expect(found.logs["a-0"]?.synced.end, `crash at ${at}, seed ${seed}`).toBe(5);
    }
  }
  expect(seen).toEqual(new Set([true, false]));
});
