import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type Disk, DiskError, type FileHandle, replaceFile } from "../../src/storage/disk.ts";
import { NodeDisk } from "../../src/storage/node-disk.ts";
import { Crashed, FakeDisk } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";

const root = fs.mkdtempSync(path.join(os.tmpdir(), "cambium-disk-"));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

/** One call, told in words so that a failing run can be read. Files go by slot: the handles themselves may differ. */
type Step =
  | { readonly do: "open"; readonly name: string; readonly mode: "read" | "write" | "create"; readonly slot: number }
  | { readonly do: "write"; readonly slot: number; readonly position: number; readonly length: number }
  | { readonly do: "submitWrite"; readonly slot: number; readonly position: number; readonly length: number }
  | { readonly do: "truncate"; readonly slot: number; readonly size: number }
  | { readonly do: "read"; readonly slot: number; readonly position: number; readonly length: number }
  | { readonly do: "size" | "sync" | "close" | "submitSync"; readonly slot: number }
  | { readonly do: "rename"; readonly name: string; readonly to: string }
  | { readonly do: "remove" | "list" | "status" | "readFile" | "mkdir" | "syncDirectory"; readonly name: string };

// A path never leads through a file: storage has no such path.
const files = fc.constantFrom("a", "b", "d/a", "d/e/a");
const directories = fc.constantFrom("d", "d/e");
const names = fc.oneof(files, directories);
const slot = fc.nat(2);
const position = fc.nat(1500);
const length = fc.nat(1200);
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("open" as const), name: files, mode: fc.constantFrom("read", "write", "create"), slot }),
  fc.record({ do: fc.constantFrom("write" as const, "submitWrite" as const, "read" as const), slot, position, length }),
  fc.record({ do: fc.constant("truncate" as const), slot, size: position }),
  fc.record({ do: fc.constantFrom("size" as const, "sync" as const, "close" as const, "submitSync" as const), slot }),
  fc.record({
    do: fc.constant("rename" as const),
    name: fc.constantFrom("a", "b", "d/a"),
    to: fc.constantFrom("a", "c", "d/b"),
  }),
  fc.record({
    do: fc.constantFrom("remove" as const, "list" as const, "status" as const, "readFile" as const),
    name: names,
  }),
  fc.record({ do: fc.constantFrom("mkdir" as const, "syncDirectory" as const), name: directories }),
) as fc.Arbitrary<Step>;

class Runner {
  readonly #disk: Disk;
  readonly #root: string;
  readonly #open: (FileHandle | null)[] = [null, null, null];
  readonly #told: unknown[];

  constructor(disk: Disk, folder: string, told: unknown[]) {
    this.#disk = disk;
    this.#root = folder;
    this.#told = told;
    disk.makeDirectory(folder);
  }

  /** @returns what a caller can see of the step */
  run(step: Step): unknown {
    try {
      const value = "slot" in step ? this.#runOnFile(step) : this.#runOnName(step);
      return { value, told: this.#told.splice(0) };
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return { code: error.code };
    }
  }

  end(): void {
    for (const file of this.#open) if (file !== null) this.#disk.close(file);
  }

  #runOnFile(step: Extract<Step, { slot: number }>): unknown {
    const disk = this.#disk;
    if (step.do === "open") {
      const opened = disk.open(`${this.#root}/${step.name}`, step.mode);
      const before = this.#open[step.slot] ?? null;
      if (before !== null) disk.close(before);
      this.#open[step.slot] = opened;
      return "opened";
    }
    const file = this.#open[step.slot] ?? null;
    if (file === null) return "nothing open";
    if (step.do === "write") return disk.write(file, bytesOf(step.length), step.position);
    if (step.do === "submitWrite") return disk.submitWrite(7, file, 0, step.length, step.position);
    if (step.do === "submitSync") return disk.submitSync(8, { files: [file], directories: [] });
    if (step.do === "truncate") return disk.truncate(file, step.size);
    if (step.do === "size") return disk.size(file);
    if (step.do === "sync") return disk.sync(file);
    if (step.do === "read") {
      const bytes = new Uint8Array(step.length);
      const count = disk.read(file, bytes, step.position);
      return [...bytes.subarray(0, count)];
    }
    disk.close(file);
    this.#open[step.slot] = null;
    return "closed";
  }

  #runOnName(step: Exclude<Step, { slot: number }>): unknown {
    const disk = this.#disk;
    const full = `${this.#root}/${step.name}`;
    if (step.do === "rename") return disk.rename(full, `${this.#root}/${step.to}`);
    if (step.do === "remove") return disk.remove(full);
    if (step.do === "mkdir") return disk.makeDirectory(full);
    if (step.do === "syncDirectory") return disk.syncDirectory(full);
    if (step.do === "list") return disk.list(full).sort();
    if (step.do === "readFile") return disk.readFile(full)?.join(",") ?? null;
    const status = disk.status(full);
    return status === null ? null : status.isDirectory ? "directory" : status.size;
  }
}

function bytesOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * 7 + 1) & 0xff);
}

test("the fake disk and the real one give the same answers to any calls", () => {
  let runs = 0;
  fc.assert(
    fc.property(fc.array(steps, { minLength: 5, maxLength: 40 }), (calls) => {
      const folder = `${root}/${runs++}`;
      const memory = bytesOf(1200);
      const toldByNode: unknown[] = [];
      const toldByFake: unknown[] = [];
      const listen = (told: unknown[]) => ({
        writeCompleted: (...facts: unknown[]) => told.push(facts),
        syncCompleted: (...facts: unknown[]) => told.push(facts),
      });
      const fake = new FakeDisk(memory);
      fake.events = listen(toldByFake);
      const node = new NodeDisk({ memory, events: listen(toldByNode) });
      const real = new Runner(node, folder, toldByNode);
      const imitation = new Runner(fake, folder, toldByFake);
      for (const call of calls) expect(imitation.run(call), JSON.stringify(call)).toEqual(real.run(call));
      real.end();
      imitation.end();
      expect(fake.openPaths).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

const none = new Seeded(1);

function diskWithFile(bytes: Uint8Array): { disk: FakeDisk; file: FileHandle } {
  const disk = new FakeDisk();
  disk.makeDirectory("/data");
  const file = disk.open("/data/f", "create");
  disk.write(file, bytes, 0);
  return { disk, file };
}

test("a power cut takes a file whose name was not synced, even if its bytes were", () => {
  const { disk, file } = diskWithFile(bytesOf(10));
  disk.syncDirectory("/");
  disk.sync(file);
  disk.powerCut("none", none);
  expect(disk.list("/data")).toEqual([]);
});

test("a power cut takes bytes that were not synced, even if the file's name was", () => {
  const { disk, file } = diskWithFile(bytesOf(10));
  disk.sync(file);
  disk.write(file, bytesOf(20), 10);
  disk.syncDirectory("/");
  disk.syncDirectory("/data");
  disk.powerCut("none", none);
  expect(disk.readFile("/data/f")).toEqual(bytesOf(10));
});

test("a kill takes nothing", () => {
  const { disk } = diskWithFile(bytesOf(10));
  disk.kill(none);
  expect(disk.readFile("/data/f")).toEqual(bytesOf(10));
  expect(disk.openPaths).toEqual([]);
});

test("bytes whose sync failed are read until a power cut, and no later sync saves them", () => {
  const { disk, file } = diskWithFile(bytesOf(10));
  disk.syncDirectory("/");
  disk.syncDirectory("/data");
  disk.fault = ({ kind }) => (kind === "sync" ? "EIO" : null);
  expect(() => disk.sync(file)).toThrow(DiskError);
  disk.fault = null;
  disk.sync(file);
  expect(disk.readFile("/data/f")).toEqual(bytesOf(10));
  disk.powerCut("all", none);
  expect(disk.readFile("/data/f")).toEqual(new Uint8Array(0));
});

test("a rename between directories survives in both or in neither", () => {
  for (let seed = 0; seed < 50; seed++) {
    const { disk, file } = diskWithFile(bytesOf(10));
    disk.makeDirectory("/other");
    disk.sync(file);
    disk.syncDirectory("/");
    disk.syncDirectory("/data");
    disk.rename("/data/f", "/other/g");
    disk.powerCut("some", new Seeded(seed));
    expect([...disk.list("/data"), ...disk.list("/other")].length, `seed ${seed}`).toBe(1);
  }
});

test("a write on its way at a power cut is torn in every way: not at all, at sectors, in its middle", () => {
  const kept = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const { disk, file } = diskWithFile(new Uint8Array(0));
    disk.syncDirectory("/");
    disk.syncDirectory("/data");
    disk.write(file, bytesOf(1536).fill(1), 0);
    disk.powerCut("some", new Seeded(seed));
    const bytes = disk.readFile("/data/f")!;
    kept.add([0, 512, 1024].map((at) => (bytes[at] === 1 ? "x" : "-")).join(""));
    if (bytes.length % 512 !== 0) kept.add("torn inside a sector");
  }
  expect(kept).toContain("---");
  expect(kept).toContain("xxx");
  expect(kept).toContain("-x-");
  expect(kept).toContain("--x");
  expect(kept).toContain("torn inside a sector");
});

test("no call of a dead process has an effect", () => {
  const { disk, file } = diskWithFile(bytesOf(10));
  disk.crashAt = disk.operations;
  expect(() => disk.write(file, bytesOf(10), 10)).toThrow(Crashed);
  expect(() => disk.remove("/data/f")).toThrow(Crashed);
  disk.kill(none);
  expect(disk.readFile("/data/f")).toEqual(bytesOf(10));
});

test("a failed write stops where the test says", () => {
  const { disk, file } = diskWithFile(bytesOf(10));
  disk.fault = () => ({ code: "ENOSPC", written: 3 });
  expect(() => disk.write(file, bytesOf(10), 10)).toThrow("ENOSPC");
  disk.fault = null;
  expect(disk.size(file)).toBe(13);
});

test("a file replaced as a whole is the old or the new after a crash at any call", () => {
  const before = bytesOf(700);
  const after = bytesOf(1300);
  const seen = new Set<number>();
  for (let at = 0; at < 12; at++) {
    for (let seed = 0; seed < 30; seed++) {
      const disk = new FakeDisk();
      disk.makeDirectory("/data");
      disk.syncDirectory("/");
      replaceFile(disk, "/data", "f", before);
      disk.crashAt = disk.operations + at;
      let replaced = true;
      try {
        replaceFile(disk, "/data", "f", after);
      } catch (error) {
        if (!(error instanceof Crashed)) throw error;
        replaced = false;
      }
      disk.powerCut("some", new Seeded(seed));
      const found = disk.readFile("/data/f")!;
      seen.add(found.length);
      expect(found, `crash at call ${at}, seed ${seed}`).toEqual(
        found.length === before.length && !replaced ? before : after,
      );
    }
  }
  expect(seen).toEqual(new Set([before.length, after.length]));
});
