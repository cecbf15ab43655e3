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
    let outcome = "locked";
    try {
      globalThis.lock = lockFolder(${JSON.stringify(at)});
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

/** @returns why the folder cannot be taken; null: it could */
function refusal(at: string): unknown {
  try {
    lockFolder(at).release();
    return null;
  } catch (error) {
    return error;
  }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

test("a second broker on a folder is refused, by any path to it, until the first lets go", () => {
  const lock = lockFolder(folder);
  const link = `${folder}-link`;
  fs.symlinkSync(folder, link);
  try {
    expect(refusal(folder)).toMatchObject({ code: "FOLDER_LOCKED", details: { pid: process.pid } });
    expect(refusal(link)).toMatchObject({ code: "FOLDER_LOCKED" });
    expect(isFolderLocked(link)).toBe(true);
    lock.release();
    expect(isFolderLocked(folder)).toBe(false);
    lockFolder(link).release();
  } finally {
    fs.rmSync(link);
  }
});

test("a broker in another process holds the folder, also one that is stopped, and a kill frees it", async () => {
  const child = starter();
  expect(await outcome(child)).toBe("locked");
  expect(refusal(folder)).toMatchObject({
    code: "FOLDER_LOCKED",
    message: expect.stringContaining(`process ${child.pid},`),
    details: { pid: child.pid },
  });
  child.kill("SIGSTOP");
  expect(refusal(folder)).toMatchObject({ code: "FOLDER_LOCKED", details: { pid: child.pid } });
  await kill(child);
  lockFolder(folder).release();
});

test("who asks whether a folder is locked keeps no broker from starting, and makes nothing", async () => {
  expect(isFolderLocked(folder)).toBe(false);
  expect(fs.readdirSync(folder)).toEqual([]);
  lockFolder(folder).release();
  const script = `
    const { isFolderLocked } = await import(${JSON.stringify(MODULE)});
    console.log("asks");
    for (;;) isFolderLocked(${JSON.stringify(folder)});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout, "data");
  for (let round = 0; round < 200; round++) lockFolder(folder).release();
});

test("a file that is removed while it is taken locks nobody out, so it is taken anew", () => {
  const file = path.join(folder, "cambium.lock");
  const open = fs.openSync;
  let removed = 0;
  vi.spyOn(fs, "openSync").mockImplementation((...args) => {
    const descriptor = open(...args);
    if (args[0] === file && removed++ === 0) fs.rmSync(file);
    return descriptor;
  });
  const lock = lockFolder(folder);
  expect(removed).toBe(2);
  expect(refusal(folder)).toMatchObject({ code: "FOLDER_LOCKED" });
  lock.release();
});

test("a full disk keeps nobody out, only the owner's name", () => {
  vi.spyOn(fs, "writeSync").mockImplementation(() => {
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  const lock = lockFolder(folder);
  const refused = refusal(folder);
  expect(refused).toMatchObject({ code: "FOLDER_LOCKED", details: { folder } });
  expect(refused).not.toHaveProperty("details.pid");
  lock.release();
});

test("what cannot be a data folder is said to be none", () => {
  const file = path.join(folder, "file");
  fs.writeFileSync(file, "");
  expect(refusal(file)).toMatchObject({ code: "STORAGE_ERROR" });
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
      expect(refusal(mount)).toMatchObject({ code: "FOLDER_LOCKED", details: { pid: child.pid } });
      await kill(child);
      lockFolder(mount).release();
    } finally {
      execFileSync("umount", [mount]);
    }
  });
});
