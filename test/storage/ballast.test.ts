/** The ballast (contract D5), on a disk that fills up. */
import { expect, test } from "vitest";
import { Ballast, KEPT_FOR_START, type WriteGate } from "../../src/storage/ballast.ts";
import { DiskError } from "../../src/storage/disk.ts";
import { FakeDisk } from "./fake-disk.ts";

const DATA = "/data";
const PATH = `${DATA}/ballast`;
const SIZE = 4 * 1024 * 1024;
class PlainGate implements WriteGate {
  isShut = false;

  shut(): void {
    this.isShut = true;
  }

  open(): void {
    this.isShut = false;
  }
}

/** A disk of `room` bytes, on which the ballast is the only large file. */
function fullDisk(): { disk: FakeDisk; ballast: Ballast; room: { bytes: number }; gate: PlainGate } {
  const disk = new FakeDisk();
  disk.makeDirectory(DATA);
  const room = { bytes: Number.POSITIVE_INFINITY };
  const used = (): number => disk.list(DATA).reduce((sum, name) => sum + disk.status(`${DATA}/${name}`)!.size, 0);
  disk.fault = ({ kind }) => (kind === "write" && used() >= room.bytes ? "ENOSPC" : null);
  const gate = new PlainGate();
  return { disk, ballast: new Ballast(disk, DATA, gate), room, gate };
}
const note = (disk: FakeDisk, name: string): void => {
  const file = disk.open(`${DATA}/${name}`, "write");
  try {
    disk.write(file, Uint8Array.of(1), 0);
  } finally {
    disk.close(file);
  }
};

test("D5: the ballast makes room for what must be written, while all else is refused, and is made whole when there is room", () => {
  const { disk, ballast, room, gate } = fullDisk();
  expect(ballast.fill()).toBe(true);
  expect(disk.status(PATH)!.size).toBe(SIZE);
  room.bytes = SIZE;
  ballast.spend(KEPT_FOR_START, () => {
    note(disk, "note");
    expect(gate.isShut).toBe(true);
    // Another program takes the rest.
    room.bytes = KEPT_FOR_START + 2;
  });
  expect(disk.readFile(`${DATA}/note`)).toEqual(Uint8Array.of(1));
  expect(ballast.fill()).toBe(false);
  expect(gate.isShut).toBe(true);
  room.bytes = 2 * SIZE;
  expect(ballast.fill()).toBe(true);
  expect(gate.isShut).toBe(false);
  expect(disk.status(PATH)!.size).toBe(SIZE);
});

test("D5: the ballast keeps a part for the next start, which may use it all", () => {
  const { disk, ballast, room } = fullDisk();
  ballast.fill();
  room.bytes = 0;
  expect(() => ballast.spend(KEPT_FOR_START, () => note(disk, "note"))).toThrow("ENOSPC");
  expect(disk.status(PATH)!.size).toBe(KEPT_FOR_START);
  expect(() => ballast.spend(KEPT_FOR_START, () => note(disk, "note"))).toThrow("ENOSPC");
  expect(disk.status(PATH)!.size).toBe(KEPT_FOR_START);
  room.bytes = KEPT_FOR_START;
  ballast.spend(0, () => note(disk, "meta"));
  expect(disk.readFile(`${DATA}/meta`)).toEqual(Uint8Array.of(1));
});

test("D5: the ballast is not spent on an error that is not a full disk", () => {
  const { disk, ballast, gate } = fullDisk();
  ballast.fill();
  const fail = (): void => {
    throw new DiskError("EIO", "write");
  };
  expect(() => ballast.spend(0, fail)).toThrow("EIO");
  expect(disk.status(PATH)!.size).toBe(SIZE);
  expect(gate.isShut).toBe(false);
});
