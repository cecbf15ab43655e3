import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isFolderLocked, lockFolder } from "../../src/storage/folder-lock.ts";
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
    const lock = await lockFolder(${JSON.stringify(at)}).catch((error) => error);
    console.log(lock.code ?? "locked");
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

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

test("a second broker on a folder is refused, by any path to it, until the first lets go", async () => {
  const lock = await lockFolder(folder);
  const link = `${folder}-link`;
  fs.symlinkSync(folder, link);
  try {
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: "FOLDER_LOCKED", details: { pid: process.pid } });
    await expect(lockFolder(link)).rejects.toMatchObject({ code: "FOLDER_LOCKED" });
    expect(await isFolderLocked(link)).toBe(true);
    lock.release();
    expect(await isFolderLocked(folder)).toBe(false);
    (await lockFolder(link)).release();
  } finally {
    fs.rmSync(link);
  }
});

test("a broker in another process holds the folder, also one that is stopped, and a kill frees it", async () => {
  const child = starter();
  expect(await outcome(child)).toBe("locked");
  await expect(lockFolder(folder)).rejects.toMatchObject({
    code: "FOLDER_LOCKED",
    message: expect.stringContaining(`process ${child.pid},`),
    details: { pid: child.pid },
  });
  child.kill("SIGSTOP");
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: "FOLDER_LOCKED", details: { pid: child.pid } });
  await kill(child);
  (await lockFolder(folder)).release();
});

test("of brokers that start together one gets the folder", async () => {
  const starts = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
  const locks = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  expect(locks.length).toBe(1);
  locks[0]!.release();
});

test("who asks whether a folder is locked keeps no broker from starting, and makes nothing", async () => {
  expect(await isFolderLocked(folder)).toBe(false);
  expect(fs.readdirSync(folder)).toEqual([]);
  (await lockFolder(folder)).release();
  const asked = Promise.all(Array.from({ length: 50 }, () => isFolderLocked(folder)));
  const lock = await lockFolder(folder);
  await asked;
  lock.release();
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
  const lock = await lockFolder(folder);
  expect(removed).toBe(2);
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: "FOLDER_LOCKED" });
  lock.release();
});

test("a full disk keeps nobody out, only the owner's name", async () => {
  vi.spyOn(fs, "writeSync").mockImplementation(() => {
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  const lock = await lockFolder(folder);
  const refusal = await lockFolder(folder).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "FOLDER_LOCKED", details: { folder } });
  expect(refusal).not.toHaveProperty("details.pid");
  lock.release();
});

test("what cannot be a data folder is said to be none", async () => {
  const file = path.join(folder, "file");
  fs.writeFileSync(file, "");
  await expect(lockFolder(file)).rejects.toMatchObject({ code: "STORAGE_ERROR" });
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
      await expect(lockFolder(mount)).rejects.toMatchObject({ code: "FOLDER_LOCKED", details: { pid: child.pid } });
      await kill(child);
      (await lockFolder(mount)).release();
    } finally {
      execFileSync("umount", [mount]);
    }
  });
});
