import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FolderLock, isFolderLocked, LOCK_CHECK_MS, lockFolder } from "../../src/storage/folder-lock.ts";
import { requireRoot, requireThat } from "../helpers/require.ts";

const MODULE = new URL("../../src/storage/folder-lock.ts", import.meta.url).href;
let folder = "";
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "cambium-lock-"));
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const child of children.splice(0)) child.kill("SIGKILL");
  fs.rmSync(folder, { recursive: true, force: true });
});

/** A process that tries to take the lock, and keeps it. @param under a command that starts it */
function starter(under: readonly string[] = [], at = folder): ChildProcess {
  const script = `
    const { lockFolder } = await import(${JSON.stringify(MODULE)});
    await new Promise((resolve) => process.stdin.once("data", resolve));
    let outcome = "locked";
    try {
      globalThis.lock = await lockFolder(${JSON.stringify(at)}, async () => {});
    } catch ({ code }) {
      outcome = code;
    }
    console.log(outcome);
    setInterval(() => {}, 1000);`;
  const [command, ...rest] = [...under, process.execPath, "--input-type=module", "-e", script];
  const child = spawn(command!, rest, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child;
}

/** Lets it try. @returns "locked", or the error's code */
async function outcome(child: ChildProcess): Promise<string> {
  child.stdin!.write("go\n");
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`it ended with ${code} before it had tried`);
  });
  ended.catch(() => {}); // It is killed later.
  const [text] = await Promise.race([once(child.stdout!, "data"), ended]);
  return String(text).trim();
}

/** Time does not pass, unless a test lets it. */
const noPause = (): Promise<void> => Promise.resolve();

const take = (at: string): Promise<FolderLock> => lockFolder(at, noPause);

/** @returns why the folder cannot be taken; null: it could */
async function refusal(at: string): Promise<unknown> {
  try {
    (await take(at)).release();
    return null;
  } catch (error) {
    return error;
  }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

test("a second broker on a folder is refused, by any path to it, until the first lets go", async () => {
  const lock = await take(folder);
  const link = `${folder}-link`;
  fs.symlinkSync(folder, link);
  try {
    expect(await refusal(folder)).toMatchObject({ code: "FOLDER_LOCKED", details: { pid: process.pid } });
    expect(await refusal(link)).toMatchObject({ code: "FOLDER_LOCKED" });
    expect(isFolderLocked(link)).toBe(true);
    lock.release();
    expect(isFolderLocked(folder)).toBe(false);
    (await take(link)).release();
  } finally {
    fs.rmSync(link);
  }
});

test("a broker in another process holds the folder, also one that is stopped, and a kill frees it", async () => {
  const child = starter();
  expect(await outcome(child)).toBe("locked");
  expect(await refusal(folder)).toMatchObject({
    code: "FOLDER_LOCKED",
    message: expect.stringContaining(`process ${child.pid},`),
    details: { pid: child.pid },
  });
  child.kill("SIGSTOP");
  expect(await refusal(folder)).toMatchObject({ code: "FOLDER_LOCKED", details: { pid: child.pid } });
  await kill(child);
  (await take(folder)).release();
});

test("who asks whether a folder is locked keeps no broker from starting, and makes nothing", async () => {
  expect(isFolderLocked(folder)).toBe(false);
  expect(fs.readdirSync(folder)).toEqual([]);
  (await take(folder)).release();
  const script = `
    const { isFolderLocked } = await import(${JSON.stringify(MODULE)});
    console.log("asks");
    for (;;) isFolderLocked(${JSON.stringify(folder)});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout, "data");
  for (let round = 0; round < 200; round++) (await take(folder)).release();
});

test("a file that is removed while it is taken locks nobody out, so it is taken anew", async () => {
  const file = path.join(folder, "cambium.lock");
  const open = fs.openSync;
  let removed = 0;
  vi.spyOn(fs, "openSync").mockImplementation((...args) => {
    const descriptor = open(...args);
    if (args[0] === file && removed++ === 0) fs.rmSync(file);
    return descriptor;
  });
  const lock = await take(folder);
  expect(removed).toBe(2);
  expect(await refusal(folder)).toMatchObject({ code: "FOLDER_LOCKED" });
  lock.release();
});

describe("where cambium.lock is removed", () => {
  const file = (): string => path.join(folder, "cambium.lock");

  beforeEach(() => fs.writeFileSync(path.join(folder, "cambium.meta"), ""));

  test("its owner puts it back while whoever starts waits", async () => {
    const lock = await take(folder);
    expect(lock.keep()).toBe(true);
    fs.rmSync(file());
    let waitedMs = 0;
    const starting = lockFolder(folder, (ms) => {
      waitedMs = ms;
      expect(lock.keep()).toBe(true);
      return Promise.resolve();
    });
    await expect(starting).rejects.toMatchObject({ code: "FOLDER_LOCKED", details: { pid: process.pid } });
    expect(waitedMs).toBeGreaterThan(LOCK_CHECK_MS);
    expect(isFolderLocked(folder)).toBe(true);
    lock.release();
    expect(isFolderLocked(folder)).toBe(false);
  });

  test("a new folder, or one whose owner is gone, is taken", async () => {
    (await take(folder)).release();
    fs.rmSync(file());
    (await take(folder)).release();
    await (await lockFolder(path.join(folder, "new"), () => Promise.reject(new Error("it waited")))).release();
  });

  test("an owner that could not look after it learns that another has the folder", async () => {
    const lock = await take(folder);
    fs.rmSync(file());
    const other = await take(folder);
    expect(lock.keep()).toBe(false);
    other.release();
    expect(lock.keep()).toBe(true);
    lock.release();
  });

  test("a full disk, on which it cannot be put back, is no other owner", async () => {
    const lock = await take(folder);
    fs.rmSync(file());
    vi.spyOn(fs, "openSync").mockImplementation(() => {
      throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    });
    expect(lock.keep()).toBe(true);
    vi.restoreAllMocks();
    lock.release();
  });
});

test("who asks does not wait for what is no file", (context) => {
  requireThat(context, process.platform === "linux", "Linux");
  execFileSync("mkfifo", [path.join(folder, "cambium.lock")]);
  expect(() => isFolderLocked(folder)).not.toThrow();
});

test("a full disk keeps nobody out, only the owner's name", async () => {
  vi.spyOn(fs, "writeSync").mockImplementation(() => {
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  const lock = await take(folder);
  const refused = await refusal(folder);
  expect(refused).toMatchObject({ code: "FOLDER_LOCKED", details: { folder } });
  expect(refused).not.toHaveProperty("details.pid");
  lock.release();
});

test("what cannot be a data folder is said to be none", async () => {
  const file = path.join(folder, "file");
  fs.writeFileSync(file, "");
  expect(await refusal(file)).toMatchObject({ code: "STORAGE_ERROR" });
});

describe("across containers", () => {
  beforeEach((context) => {
    requireThat(context, process.platform === "linux", "Linux");
    requireRoot(context);
  });

  test("of two that start at once, in network namespaces of their own and after a kill, one gets the folder", async () => {
    for (let round = 0; round < 5; round++) {
      const pair = [starter(["unshare", "--net"]), starter(["unshare", "--net"])];
      const outcomes = await Promise.all(pair.map(outcome));
      expect(outcomes.toSorted()).toEqual(["FOLDER_LOCKED", "locked"]);
      await Promise.all(pair.map(kill));
    }
  });

  test("however long the path, and wherever the folder is mounted", async () => {
    const deep = path.join(folder, "x".repeat(90), "y".repeat(90));
    const mount = path.join(folder, "m");
    fs.mkdirSync(deep, { recursive: true });
    fs.mkdirSync(mount);
    const child = starter(["unshare", "--net"], deep);
    expect(await outcome(child)).toBe("locked");
    execFileSync("mount", ["--bind", deep, mount]);
    try {
      expect(await refusal(mount)).toMatchObject({ code: "FOLDER_LOCKED", details: { pid: child.pid } });
      await kill(child);
      (await take(mount)).release();
    } finally {
      execFileSync("umount", [mount]);
    }
  });
});
