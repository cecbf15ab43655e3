/** The ballast (contract D5), on a disk that fills up. */
import { expect, test } from "vitest";
import { MIB } from "../../src/base/units.ts";
import { Ballast, type WriteGate } from "../../src/storage/ballast.ts";
import { DiskError } from "../../src/storage/disk.ts";
import { FakeDisk } from "./fake-disk.ts";

const DATA = "/data";
const FOR_START = "ballast.start";
const FOR_ALL = "ballast";

const sizeOf = (disk: FakeDisk, name: string): number => disk.status(`${DATA}/${name}`)?.size ?? -1;

class PlainGate implements WriteGate {
  isShut = false;

  shut(): void {
    this.isShut = true;
  }

  open(): void {
    this.isShut = false;
  }
}

/** A disk of so many bytes, which takes a write whole or not at all, as ext4 does. */
class SmallDisk extends FakeDisk {
  bytesMax = Number.POSITIVE_INFINITY;

  override write(file: number, bytes: Uint8Array, position: number): void {
    const used = this.list(DATA).reduce((sum, name) => sum + sizeOf(this, name), 0);
    const growth = position + bytes.length - this.size(file);
    if (growth > 0 && used + growth > this.bytesMax) throw new DiskError("ENOSPC", "write");
    super.write(file, bytes, position);
  }
}

function smallDisk(): { disk: SmallDisk; ballast: Ballast; gate: PlainGate } {
  const disk = new SmallDisk();
  disk.makeDirectory(DATA);
  const gate = new PlainGate();
  return { disk, ballast: new Ballast(disk, DATA, gate), gate };
}

const note = (disk: FakeDisk, name: string): void => {
  const file = disk.open(`${DATA}/${name}`, "write");
  try {
    disk.write(file, Uint8Array.of(1), 0);
  } finally {
    disk.close(file);
  }
};

test("D5: the ballast makes room for what must be written, while all else is refused, and is made whole again", () => {
  const { disk, ballast, gate } = smallDisk();
  expect(ballast.fill()).toBe(true);
  expect([sizeOf(disk, FOR_START), sizeOf(disk, FOR_ALL)]).toEqual([MIB, 3 * MIB]);
  disk.bytesMax = 4 * MIB;
  ballast.spend("running", () => {
    note(disk, "note");
    expect(gate.isShut).toBe(true);
    // Another program takes the rest.
    disk.bytesMax = MIB + 2;
  });
  expect(disk.readFile(`${DATA}/note`)).toEqual(Uint8Array.of(1));
  expect(ballast.fill()).toBe(false);
  expect(gate.isShut).toBe(true);
  disk.bytesMax = 8 * MIB;
  expect(ballast.fill()).toBe(true);
  expect(gate.isShut).toBe(false);
  expect([sizeOf(disk, FOR_START), sizeOf(disk, FOR_ALL)]).toEqual([MIB, 3 * MIB]);
});

test("D5: the ballast keeps a part for the next start, which may use it all", () => {
  const { disk, ballast } = smallDisk();
  ballast.fill();
  disk.bytesMax = 0;
  for (let attempt = 0; attempt < 2; attempt++) {
    expect(() => ballast.spend("running", () => note(disk, "note"))).toThrow("ENOSPC");
    expect(sizeOf(disk, FOR_START)).toBe(MIB);
  }
  disk.bytesMax = MIB;
  ballast.spend("start", () => note(disk, "meta"));
  expect(disk.readFile(`${DATA}/meta`)).toEqual(Uint8Array.of(1));
});

test("D5: the ballast takes the last blocks there are, also those that a large piece does not fit into", () => {
  const { disk, ballast } = smallDisk();
  disk.bytesMax = 2 * MIB + 20 * 1024;
  expect(ballast.fill()).toBe(false);
  expect(sizeOf(disk, FOR_ALL)).toBe(MIB + 20 * 1024);
});

test("D5: a disk that takes no more files has room for one where the ballast was", () => {
  const { disk, ballast } = smallDisk();
  ballast.fill();
  const files = disk.list(DATA).length;
  disk.fault = ({ kind }) => (kind === "create" && disk.list(DATA).length >= files ? "ENOSPC" : null);
  ballast.spend("running", () => note(disk, "metadata.log.tmp"));
  disk.rename(`${DATA}/metadata.log.tmp`, `${DATA}/ballast.start`);
  expect(ballast.fill()).toBe(true);
});

test("D5: the ballast is not spent on an error that is not a full disk", () => {
  const { disk, ballast, gate } = smallDisk();
  ballast.fill();
  const fail = (): void => {
    throw new DiskError("EIO", "write");
  };
  expect(() => ballast.spend("start", fail)).toThrow("EIO");
  expect(sizeOf(disk, FOR_ALL)).toBe(3 * MIB);
  expect(gate.isShut).toBe(false);
});
