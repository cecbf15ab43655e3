import { expect, test } from "vitest";
import type { BrokerError } from "../../src/base/errors.ts";
import { appendMetadata, loadMetadata, rewriteMetadata } from "../../src/storage/metadata-log.ts";
import { loadCrc32c } from "../../src/wasm/crc32c.ts";
import { FakeDisk, untilCrash } from "./fake-disk.ts";
import type { Survival } from "./fake-files.ts";
import { Seeded } from "./seeded.ts";

const crc32c = await loadCrc32c();
const FOLDER = "/metadata";
const FOLDER_ID = "a-folder";
const FILE = `${FOLDER}/metadata.log`;

/** A store of numbered records that counts what it was promised. */
class Owner {
  readonly disk: FakeDisk;
  /** Records that are durable, by the word of storage. */
  acked: number[] = [];
  /** Records of the call under way. */
  asked: number[] = [];
  #size = -1;
  #next = 0;

  constructor(disk: FakeDisk) {
    this.disk = disk;
  }

  load(): number[] {
    const { records, size } = loadMetadata(this.disk, FOLDER, FOLDER_ID, crc32c);
    this.#size = size;
    this.acked = records as number[];
    this.#next = (this.acked.at(-1) ?? -1) + 1;
    return this.acked;
  }

  append(count: number): void {
    this.asked = Array.from({ length: count }, () => this.#next++);
    this.#size = appendMetadata(this.disk, FOLDER, this.#size, this.asked, crc32c);
    this.acked = [...this.acked, ...this.asked];
    this.asked = [];
  }

  rewrite(): void {
    this.#size = rewriteMetadata(this.disk, FOLDER, FOLDER_ID, this.acked, crc32c);
  }
}

function newDisk(): FakeDisk {
  const disk = new FakeDisk();
  disk.makeDirectory(FOLDER);
  disk.syncDirectory("/");
  rewriteMetadata(disk, FOLDER, FOLDER_ID, [], crc32c);
  return disk;
}

function life(owner: Owner): void {
  owner.load();
  owner.append(1);
  owner.append(300);
  owner.append(2);
  owner.rewrite();
  owner.append(1);
  owner.load();
  owner.append(40);
}

const ends: readonly ["kill" | Survival, number][] = [
  ["kill", 1],
  ["none", 1],
  ["all", 1],
  ...Array.from({ length: 20 }, (_, seed): [Survival, number] => ["some", seed]),
];

test("G1: changes of metadata that were durable survive a crash at any call, and no other is half there", () => {
  const whole = new Owner(newDisk());
  life(whole);
  for (let at = 0; at <= whole.disk.operations; at++) {
    for (const [end, seed] of ends) {
      const about = `${end} at ${at}, seed ${seed}`;
      const owner = new Owner(newDisk());
      owner.disk.crashAt = at;
      untilCrash(() => life(owner));
      const { acked, asked } = owner;
      const chance = new Seeded(seed);
      if (end === "kill") owner.disk.kill(chance);
      else owner.disk.powerCut(end, chance);
      if (owner.disk.status(FOLDER) === null) owner.disk.makeDirectory(FOLDER);
      const found = owner.load();
      expect([acked, [...acked, ...asked]], about).toContainEqual(found);
      // What was read is acted upon, so no power cut may take it any more.
      owner.disk.powerCut("none", chance);
      expect(owner.load(), `${about}, then a power cut`).toEqual(found);
      owner.append(3);
      owner.disk.powerCut("none", chance);
      expect(owner.load(), `${about}, then an append`).toEqual([
        ...found,
        ...[1, 2, 3].map((more) => (found.at(-1) ?? -1) + more),
      ]);
    }
  }
});

test("an append that failed is not there after the next one, whatever it left behind", () => {
  for (const fault of [
    { code: "ENOSPC", written: 5 },
    { code: "EIO", written: 0 },
  ]) {
    const owner = new Owner(newDisk());
    owner.load();
    owner.append(2);
    owner.disk.fault = ({ kind }) => (kind === "write" ? fault : null);
    expect(() => owner.append(50)).toThrow(fault.code);
    owner.disk.fault = null;
    owner.append(1);
    expect(owner.load()).toEqual([0, 1, 52]);
  }
});

test("D4: after a failed sync a rewrite brings the whole state, and a power cut does not undo it", () => {
  const owner = new Owner(newDisk());
  owner.load();
  owner.append(2);
  owner.disk.fault = ({ kind }) => (kind === "sync" ? "EIO" : null);
  expect(() => owner.append(1)).toThrow("EIO");
  owner.disk.fault = null;
  owner.rewrite();
  owner.append(1);
  owner.disk.powerCut("none", new Seeded(1));
  expect(owner.load()).toEqual([0, 1, 3]);
});

test("E4: a flipped byte below the last append stops the start; one in the last append looks like a torn one, which is cut", () => {
  const make = (): Owner => {
    const owner = new Owner(newDisk());
    owner.load();
    for (let count = 0; count < 4; count++) owner.append(2);
    return owner;
  };
  const all = [0, 1, 2, 3, 4, 5, 6, 7];
  const bytes = make().disk.readFile(FILE)!;
  const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1;
  let refused = 0;
  for (let position = 0; position < bytes.length; position++) {
    const owner = make();
    owner.disk.flip(FILE, position, 0x41);
    let found: number[];
    try {
      found = owner.load();
    } catch (error) {
      expect((error as BrokerError).code, `byte ${position}`).toBe("LOG_DAMAGED");
      expect(owner.disk.readFile(FILE)?.length, `byte ${position}: nothing is cut`).toBe(bytes.length);
      refused++;
      continue;
    }
    // The separator carries nothing; a flipped newline joins the last two lines.
    const isSeparator = bytes[position] === 32;
    const kept = isSeparator ? 8 : position === lastLine - 1 ? 4 : 6;
    expect(found, `byte ${position}`).toEqual(all.slice(0, kept));
    expect(isSeparator || position >= lastLine - 1, `byte ${position} is in the last line`).toBe(true);
  }
  expect(refused).toBeGreaterThan(lastLine / 2);
});

test("E2: a log that is missing, empty, torn in its first line or another folder's is damage, and is left as it is", () => {
  const line = (): Uint8Array => {
    const other = new Owner(newDisk());
    rewriteMetadata(other.disk, FOLDER, "another", [1], crc32c);
    return other.disk.readFile(FILE)!;
  };
  const unowned = new Owner(newDisk());
  unowned.load();
  const begun = unowned.disk.readFile(FILE)!.length;
  unowned.append(2);
  const withoutFirst = unowned.disk.readFile(FILE)!.slice(begun);
  for (const [bytes, why] of [
    [null, "is missing"],
    [new Uint8Array(0), "names its folder"],
    [newDisk().readFile(FILE)!.slice(0, 9), "names its folder"],
    [withoutFirst, "names its folder"],
    [line(), "another"],
  ] as const) {
    const { disk } = new Owner(newDisk());
    disk.remove(FILE);
    if (bytes !== null) {
      const file = disk.open(FILE, "create");
      disk.write(file, bytes, 0);
      disk.close(file);
    }
    const load = (): unknown => loadMetadata(disk, FOLDER, FOLDER_ID, crc32c);
    expect(load).toThrow(why);
    expect(load).toThrow("restore it from a backup");
    expect(load).toThrow(expect.objectContaining({ code: "LOG_DAMAGED" }));
    expect(disk.readFile(FILE)).toEqual(bytes);
  }
});
