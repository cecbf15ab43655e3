import { expect, test } from "vitest";
import type { BrokerError } from "../../src/base/errors.ts";
import { readExpectedEnds, takeExpectedEnds, writeCheckpoint, writeCleanMark } from "../../src/storage/checkpoint.ts";
import { folders, noteRecovered, openDataFolder } from "../../src/storage/data-folder.ts";
import { DiskError } from "../../src/storage/disk.ts";
import { encodeLine, type MetadataPoint } from "../../src/storage/metadata-lines.ts";
import { appendMetadata, inspectMetadata, rewriteMetadata } from "../../src/storage/metadata-log.ts";
import { loadCrc32c } from "../../src/wasm/crc32c.ts";
import { FakeDisk, failing, untilCrash } from "./fake-disk.ts";
import type { Survival } from "./fake-files.ts";
import { Seeded } from "./seeded.ts";

const crc32c = await loadCrc32c();
const DATA = "/data";
const FOLDER = folders.metadata(DATA);
const FOLDER_ID = "a-folder";
const FILE = `${FOLDER}/metadata.log`;

/** A broker's metadata: numbered records, by one that counts what it was promised. */
class Owner {
  readonly disk: FakeDisk;
  /** Records that are durable, by the word of storage. */
  acked: number[] = [];
  /** Records of the call under way, or of one that failed and was not yet replaced. */
  asked: number[] = [];
  cutBytes = 0;
  point: MetadataPoint = { generation: 0, size: 0, crc: 0 };
  #incarnation = 0;
  #next = 0;

  constructor(disk = new FakeDisk()) {
    this.disk = disk;
  }

  /** A start of the broker, up to where its logs are recovered. */
  start(boot = 1): number[] {
    const bootId = `boot-${boot}`;
    const opening = { version: "test", journal: false, bootId, newId: () => FOLDER_ID };
    const { meta, previous, metadata } = openDataFolder(this.disk, DATA, opening, crc32c);
    this.#incarnation = meta.incarnation;
    takeExpectedEnds(this.disk, DATA, { ...meta, incarnation: previous?.incarnation ?? 0 }, crc32c);
    noteRecovered(this.disk, DATA, meta, bootId, crc32c);
    this.point = metadata.point;
    this.cutBytes = metadata.cutBytes;
    this.acked = metadata.records as number[];
    this.asked = [];
    this.#next = (this.acked.at(-1) ?? -1) + 1;
    return this.acked;
  }

  append(count: number): void {
    this.asked = Array.from({ length: count }, () => this.#next++);
    this.point = appendMetadata(this.disk, FOLDER, this.point, this.asked, crc32c);
    this.acked = [...this.acked, ...this.asked];
    this.asked = [];
  }

  /** An append whose sync fails, after which the log has to be rewritten. */
  appendInVain(count: number): void {
    failing(this.disk, ({ kind, path }) => kind === "sync" && path === FILE, "EIO");
    try {
      this.append(count);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
    this.disk.fault = null;
  }

  rewrite(): void {
    this.point = rewriteMetadata(this.disk, FOLDER, FOLDER_ID, this.point.generation, this.acked, crc32c);
    this.asked = [];
  }

  /** @param point as of when the checkpoint was begun */
  checkpoint(point = this.point): void {
    writeCheckpoint(this.disk, DATA, this.#owner, { logs: {}, metadata: point }, crc32c);
  }

  stop(): void {
    writeCleanMark(this.disk, DATA, this.#owner, { logs: {}, metadata: this.point }, crc32c);
  }

  get #owner(): { folderId: string; incarnation: number } {
    return { folderId: FOLDER_ID, incarnation: this.#incarnation };
  }
}

function life(owner: Owner): void {
  owner.start();
  owner.append(1);
  owner.checkpoint();
  owner.append(300);
  const old = owner.point;
  owner.append(2);
  owner.rewrite();
  owner.checkpoint(old); // It was slow.
  owner.append(1);
  owner.checkpoint();
  owner.append(2);
  owner.rewrite();
  owner.stop();
  owner.start();
  owner.append(40);
  owner.appendInVain(3);
  owner.checkpoint();
  owner.rewrite();
  owner.append(1);
  owner.checkpoint();
  owner.append(1);
  owner.stop();
  owner.start();
}

const ends: readonly ["kill" | Survival, number][] = [
  ["kill", 1],
  ["none", 1],
  ["all", 1],
  ...Array.from({ length: 20 }, (_, seed): [Survival, number] => ["some", seed]),
];

test("E1 D5: a sync without room whose bytes cannot be cut off again is no refusal that left no trace", () => {
  const owner = new Owner();
  owner.start();
  owner.append(2);
  let cuts = 0;
  owner.disk.fault = ({ kind, path }) =>
    path === FILE && (kind === "sync" || (kind === "truncate" && ++cuts > 1)) ? "ENOSPC" : null;
  expect(() => owner.append(1)).toThrow(expect.objectContaining({ code: "EIO", cause: expect.any(DiskError) }));
});

test("G1 E1 E2: changes of metadata that were durable survive a crash at any call, no other is half there, and no mark is taken for damage", () => {
  const whole = new Owner();
  life(whole);
  for (let at = 0; at <= whole.disk.operations; at++) {
    for (const [end, seed] of ends) {
      const about = `${end} at ${at}, seed ${seed}`;
      const owner = new Owner();
      owner.disk.crashAt = at;
      untilCrash(() => life(owner));
      const { acked, asked } = owner;
      const chance = new Seeded(seed);
      let boot = 1;
      const cutPower = (survival: Survival): void => {
        owner.disk.powerCut(survival, chance);
        boot++;
      };
      if (end === "kill") owner.disk.kill(chance);
      else cutPower(end);
      // In every other case the start dies too.
      if (at % 2 === 0) {
        owner.disk.crashAt = owner.disk.operations + ((at / 2 + seed) % 16);
        untilCrash(() => owner.start(boot));
        if (end === "kill") owner.disk.kill(chance);
        else cutPower(end);
      }
      const found = owner.start(boot);
      expect([acked, [...acked, ...asked]], about).toContainEqual(found);
      // What was read is acted upon, so no power cut may take it any more.
      cutPower("none");
      expect(owner.start(boot), `${about}, then a power cut`).toEqual(found);
      owner.append(3);
      cutPower("none");
      const more = [...found, ...[1, 2, 3].map((step) => (found.at(-1) ?? -1) + step)];
      expect(owner.start(boot), `${about}, then an append`).toEqual(more);
      owner.stop();
      expect(owner.start(boot), `${about}, then a clean stop`).toEqual(more);
    }
  }
});

test("an append that failed is not there after the next one, whatever it left behind", () => {
  for (const fault of [
    { code: "ENOSPC", written: 5 },
    { code: "EIO", written: 0 },
  ]) {
    const owner = new Owner();
    owner.start();
    owner.append(2);
    owner.disk.fault = ({ kind }) => (kind === "write" ? fault : null);
    expect(() => owner.append(50)).toThrow(fault.code);
    owner.disk.fault = null;
    owner.append(1);
    expect(owner.start()).toEqual([0, 1, 52]);
  }
});

test("D4: after a failed sync a rewrite brings the whole state, and a power cut does not undo it", () => {
  const owner = new Owner();
  owner.start();
  owner.append(2);
  owner.appendInVain(1);
  owner.rewrite();
  owner.append(1);
  owner.disk.powerCut("none", new Seeded(1));
  expect(owner.start(2)).toEqual([0, 1, 3]);
});

/** Four appends of two records, a checkpoint behind the third. */
function written(end: "stop" | "kill" | "power cut"): Owner {
  const owner = new Owner();
  owner.start();
  for (let count = 0; count < 3; count++) owner.append(2);
  owner.checkpoint();
  owner.append(2);
  if (end === "stop") owner.stop();
  else if (end === "kill") owner.disk.kill(new Seeded(1));
  else owner.disk.powerCut("all", new Seeded(1));
  return owner;
}

const ALL = [0, 1, 2, 3, 4, 5, 6, 7];

/** @throws what the start throws, after which nothing is changed */
function startOrChangeNothing(owner: Owner, boot: number, about: string): number[] {
  const before = owner.disk.contents();
  try {
    return owner.start(boot);
  } catch (error) {
    expect(owner.disk.contents(), about).toEqual(before);
    throw error;
  }
}

function refusal(owner: Owner, boot: number, about: string): BrokerError {
  try {
    startOrChangeNothing(owner, boot, about);
  } catch (error) {
    return error as BrokerError;
  }
  throw new Error(`${about}: it was not refused`);
}

const isDamage = {
  code: "LOG_DAMAGED",
  message: expect.stringMatching(/^\/data\/metadata\/metadata\.log .*restore it from a backup/),
};

test("E1 E4: after a clean stop any other byte, and any byte more or less, stops the start and changes nothing", () => {
  const bytes = written("stop").disk.readFile(FILE)!;
  for (const boot of [1, 2]) {
    for (let position = 0; position < bytes.length; position++) {
      for (const mask of [0x01, 0x41]) {
        const owner = written("stop");
        owner.disk.flip(FILE, position, mask);
        const about = `boot ${boot}, byte ${position} by ${mask}`;
        expect(refusal(owner, boot, about), about).toMatchObject(isDamage);
      }
    }
    for (let size = 0; size < bytes.length; size++) {
      const owner = written("stop");
      const file = owner.disk.open(FILE, "write");
      owner.disk.truncate(file, size);
      owner.disk.close(file);
      expect(refusal(owner, boot, `boot ${boot}, ${size} bytes`), `boot ${boot}, ${size} bytes`).toMatchObject(
        isDamage,
      );
    }
    // A good line as much as what looks like the torn beginning of one.
    for (const more of [encodeLine([8], crc32c), encodeLine([8], crc32c).subarray(0, 5)]) {
      const owner = written("stop");
      const file = owner.disk.open(FILE, "write");
      owner.disk.write(file, more, bytes.length);
      owner.disk.close(file);
      expect(refusal(owner, boot, `boot ${boot}`)).toMatchObject(isDamage);
    }
    expect(written("stop").start(boot)).toEqual(ALL);
  }
});

test("E2 E4: after a kill a flipped byte stops the start, unless it took the newline of a line younger than the checkpoint", () => {
  const bytes = written("kill").disk.readFile(FILE)!;
  for (let position = 0; position < bytes.length; position++) {
    const owner = written("kill");
    owner.disk.flip(FILE, position, 0x41);
    const about = `byte ${position}`;
    if (position < bytes.length - 1) {
      expect(refusal(owner, 1, about), about).toMatchObject(isDamage);
    } else {
      expect(startOrChangeNothing(owner, 1, about)).toEqual(ALL.slice(0, 6));
      expect(owner.cutBytes).toBeGreaterThan(0);
    }
  }
});

test("E2: after a power cut a bad end beyond the checkpoint is cut and told, and below it is damage", () => {
  const bytes = written("power cut").disk.readFile(FILE)!;
  const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1;
  for (let position = 0; position < bytes.length; position++) {
    const about = `byte ${position}`;
    const owner = written("power cut");
    owner.disk.flip(FILE, position, 0x41);
    if (position < lastLine) {
      expect(refusal(owner, 2, about), about).toMatchObject(isDamage);
    } else {
      expect(startOrChangeNothing(owner, 2, about), about).toEqual(ALL.slice(0, 6));
      expect(owner.cutBytes, about).toBe(bytes.length - lastLine);
      expect(owner.disk.readFile(FILE)!.length, about).toBe(lastLine);
    }
  }
  for (let size = 0; size <= bytes.length; size++) {
    const owner = written("power cut");
    const file = owner.disk.open(FILE, "write");
    owner.disk.truncate(file, size);
    owner.disk.close(file);
    if (size < lastLine) expect(refusal(owner, 2, `${size} bytes`)).toMatchObject(isDamage);
    else expect(owner.start(2)).toEqual(size === bytes.length ? ALL : ALL.slice(0, 6));
  }
});

test("E2: a log of an earlier generation than the mark's is not the one that it saw, a later one is", () => {
  const owner = written("stop");
  const old = owner.disk.readFile(FILE)!;
  owner.start();
  owner.rewrite();
  const later = owner.disk.readFile(FILE)!;
  expect(owner.start()).toEqual(ALL); // Killed between the rewrite and the next checkpoint.
  owner.checkpoint();
  owner.disk.remove(FILE);
  const file = owner.disk.open(FILE, "create");
  owner.disk.write(file, old, 0);
  expect(refusal(owner, 1, "an older file")).toMatchObject(isDamage);
  owner.disk.truncate(file, 0);
  owner.disk.write(file, later, 0);
  owner.disk.close(file);
  expect(owner.start()).toEqual(ALL);
});

test("what an older version left, a log without a generation and marks that say nothing of it, opens", () => {
  for (const end of ["checkpoint", "stop"] as const) {
    const owner = new Owner();
    owner.start();
    const lines = [encodeLine([{ type: "folder", id: FOLDER_ID }], crc32c), encodeLine([0, 1], crc32c)];
    owner.disk.remove(FILE);
    const file = owner.disk.open(FILE, "create");
    owner.disk.write(file, Buffer.concat(lines), 0);
    owner.disk.close(file);
    const tables = { logs: {} } as unknown as Parameters<typeof writeCheckpoint>[3];
    (end === "stop" ? writeCleanMark : writeCheckpoint)(
      owner.disk,
      DATA,
      { folderId: FOLDER_ID, incarnation: 1 },
      tables,
      crc32c,
    );
    expect(owner.start()).toEqual([0, 1]);
    owner.append(1);
    owner.checkpoint();
    owner.rewrite();
    expect(owner.start()).toEqual([0, 1, 2]);
    owner.stop();
    expect(owner.start()).toEqual([0, 1, 2]);
  }
});

test("what dump tells of it is what the start does", () => {
  for (const end of ["stop", "kill", "power cut"] as const) {
    const bytes = written(end).disk.readFile(FILE)!;
    const boot = end === "power cut" ? 2 : 1;
    for (let position = bytes.indexOf(10) + 1; position < bytes.length; position++) {
      const owner = written(end);
      owner.disk.flip(FILE, position, 0x41);
      const expected = readExpectedEnds(owner.disk, DATA, { folderId: FOLDER_ID, incarnation: 1 }, crc32c);
      const { damage, tail } = inspectMetadata(owner.disk, FOLDER, { expected, sameBoot: boot === 1 }, crc32c)!;
      if (damage !== null) expect(refusal(owner, boot, `byte ${position}`).message).toContain(damage);
      else {
        owner.start(boot);
        expect(owner.cutBytes).toBe(tail!.bytes);
      }
    }
  }
});

test("E2: a log that is missing, empty, torn in its first line or another folder's is damage, and is left as it is", () => {
  const other = new Owner();
  other.start();
  rewriteMetadata(other.disk, FOLDER, "another", 0, [1], crc32c);
  const begun = new Owner();
  begun.start();
  const first = begun.disk.readFile(FILE)!;
  for (const [bytes, why] of [
    [null, "is missing"],
    [new Uint8Array(0), "names its folder"],
    [first.slice(0, 9), "names its folder"],
    [encodeLine([1], crc32c), "names its folder"],
    [other.disk.readFile(FILE)!, "another"],
  ] as const) {
    const owner = new Owner();
    owner.start();
    const { disk } = owner;
    disk.remove(FILE);
    if (bytes !== null) {
      const file = disk.open(FILE, "create");
      disk.write(file, bytes, 0);
      disk.close(file);
    }
    const { message } = refusal(owner, 1, why);
    expect(message).toContain(why);
    expect(refusal(owner, 1, why)).toMatchObject(isDamage);
    expect(disk.readFile(FILE)).toEqual(bytes);
  }
});
