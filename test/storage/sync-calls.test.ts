/** That what is said to be durable was: the system calls behind a sync, which no other test can tell from nothing at all. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NodeDisk, syncDirectory, syncDirectoryBeside, syncFile, syncFileBeside } from "../../src/storage/node-disk.ts";
import { requireTool } from "../helpers/require.ts";

let folder = "";

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "cambium-sync-"));
});

afterEach(() => {
  vi.restoreAllMocks();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe("on a real disk", () => {
  /** Descriptors that went to a call of the system. */
  function handlesOf(call: "fdatasyncSync" | "fsyncSync" | "fdatasync" | "fsync"): number[] {
    const handles: number[] = [];
    const real = fs[call] as (...args: unknown[]) => unknown;
    vi.spyOn(fs, call).mockImplementation(((handle: number, ...rest: unknown[]) => {
      handles.push(handle);
      return real(handle, ...rest);
    }) as never);
    return handles;
  }

  function opened(run: (disk: NodeDisk, file: number, directory: number) => void | Promise<void>): Promise<void> {
    const disk = new NodeDisk();
    const file = disk.open(path.join(folder, "file"), "write");
    const directory = disk.openDirectory(folder);
    return Promise.resolve(run(disk, file, directory)).finally(() => {
      disk.close(file);
      disk.close(directory);
    });
  }

  test("a file's sync is fdatasync", async () => {
    const synced = handlesOf("fdatasyncSync");
    await opened((disk, file) => {
      disk.sync(file);
      expect(synced).toEqual([file]);
      expect(syncFile(file)).toBe(0);
      expect(synced).toEqual([file, file]);
    });
  });

  test("a directory's sync is fsync, of the directory", async () => {
    const names: string[] = [];
    const real = fs.fsyncSync;
    vi.spyOn(fs, "fsyncSync").mockImplementation((handle) => {
      names.push(`${fs.fstatSync(handle).ino}`);
      real(handle);
    });
    const own = `${fs.statSync(folder).ino}`;
    await opened((disk, _, directory) => {
      disk.syncDirectory(folder);
      expect(names).toEqual([own]);
      expect(syncDirectory(directory)).toBe(0);
      expect(names).toEqual([own, own]);
    });
  });

  test("a group's sync is one of every file and every directory in it", async () => {
    const files = handlesOf("fdatasyncSync");
    const directories = handlesOf("fsyncSync");
    await opened((disk, file, directory) => {
      const second = disk.open(path.join(folder, "second"), "write");
      disk.submitSync(1, { files: [file, second], directories: [directory] });
      disk.close(second);
      expect([files, directories]).toEqual([[file, second], [directory]]);
    });
  });

  test("a sync beside others has ended when it says so", async () => {
    const files = handlesOf("fdatasync");
    const directories = handlesOf("fsync");
    await opened(async (_, file, directory) => {
      expect(await new Promise((done) => syncFileBeside(file, done))).toBe(0);
      expect(await new Promise((done) => syncDirectoryBeside(directory, done))).toBe(0);
      expect([files, directories]).toEqual([[file], [directory]]);
    });
  });

  test("a sync that the system refuses is not told as done", async () => {
    const refused = Object.assign(new Error("sync"), { code: "EIO", errno: -5 });
    for (const call of ["fdatasyncSync", "fsyncSync"] as const)
      vi.spyOn(fs, call).mockImplementation(() => {
        throw refused;
      });
    for (const call of ["fdatasync", "fsync"] as const)
      vi.spyOn(fs, call).mockImplementation(((_: number, done: (error: unknown) => void) => done(refused)) as never);
    await opened(async (disk, file, directory) => {
      expect(() => disk.sync(file)).toThrow("EIO");
      expect(() => disk.syncDirectory(folder)).toThrow("EIO");
      expect([syncFile(file), syncDirectory(directory)]).toEqual([5, 5]);
      expect(await new Promise((done) => syncFileBeside(file, done))).toBe(5);
      expect(await new Promise((done) => syncDirectoryBeside(directory, done))).toBe(5);
    });
  });
});

describe("a broker", () => {
  const RECORDS = 5;

  /** System calls of a broker, embedded in a program that is no file, that acknowledged records of a topic, in order. */
  async function callsOf(durability: string): Promise<string[]> {
    const trace = path.join(folder, "trace");
    const from = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
    const script = `
      import fs from "node:fs";
      const { startBroker } = await import(${from("../../src/index.ts")});
      const { RawClient } = await import(${from("../helpers/raw-client.ts")});
      const { makeBatch } = await import(${from("../helpers/batches.ts")});
      const data = ${JSON.stringify(path.join(folder, "data"))};
      const broker = await startBroker({ data, port: 0, logWorkers: 1 });
      const client = await RawClient.connect(broker.port);
      const topic = await client.createTopic("t", { durability: ${JSON.stringify(durability)} });
      for (let number = 0; number < ${RECORDS}; number++) {
        await client.produce(topic, makeBatch({ number }));
        fs.writeSync(1, "ACKNOWLEDGED " + number);
      }
      process.exit(0);`;
    const traced = ["-f", "-qq", "-y", "-e", "trace=write,writev,pwrite64,pwritev,fsync,fdatasync", "-o", trace];
    const run = [process.execPath, "--input-type=module", "-e", script];
    await promisify(execFile)("strace", [...traced, ...run], { timeout: 60_000 });
    return fs.readFileSync(trace, "latin1").split("\n");
  }

  /** For each acknowledgement: was the log written since the one before, and a sync of it ended after that? */
  function acknowledgements(calls: readonly string[]): { written: boolean; synced: boolean }[] {
    const found: { written: boolean; synced: boolean }[] = [];
    const syncing = new Set<string>();
    let written = false;
    let synced = false;
    for (const call of calls) {
      const thread = call.split(" ", 1)[0]!;
      const isLog = /\/topics\/t-0\/\d{20}\.log>/.test(call);
      if (isLog && /\b(p?writev?|pwrite64)\(/.test(call)) [written, synced] = [true, false];
      if (isLog && /\bf(data)?sync\(.*<unfinished/.test(call)) syncing.add(thread);
      else if (isLog && /\bf(data)?sync\(.*= 0$/.test(call)) synced = true;
      if (/<\.\.\. f(data)?sync resumed>.*= 0$/.test(call) && syncing.delete(thread)) synced = true;
      if (!call.includes("ACKNOWLEDGED")) continue;
      if (call.includes("resumed")) continue;
      found.push({ written, synced });
      [written, synced] = [false, false];
    }
    return found;
  }

  test("D1: at durability disk a record's sync lies between its write and its acknowledgement", async (context) => {
    requireTool(context, "strace");
    const each = { written: true, synced: true };
    expect(acknowledgements(await callsOf("disk"))).toEqual(Array.from({ length: RECORDS }, () => each));
  });

  test("D1: at durability os the kernel has a record before its acknowledgement, which waits for no sync", async (context) => {
    requireTool(context, "strace");
    const found = acknowledgements(await callsOf("os"));
    expect(found.map(({ written }) => written)).toEqual(Array.from({ length: RECORDS }, () => true));
    expect(found.some(({ synced }) => !synced)).toBe(true);
  });
});
