import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lockFolder } from "../../src/storage/folder-lock.ts";
import { requireRoot, requireThat } from "../helpers/require.ts";

const MODULE = new URL("../../src/storage/folder-lock.ts", import.meta.url).href;
const platform = process.platform;
let folder = "";
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "cambium-lock-"));
});

afterEach(() => {
  setPlatform(platform);
  for (const child of children.splice(0)) child.kill("SIGKILL");
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Elsewhere than on Linux the lock is a socket file; the code for it runs here too. */
function setPlatform(value: string): void {
  Object.defineProperty(process, "platform", { value });
}

/** A process that takes the lock and keeps it. @param under a command that starts it */
async function holder(as: string, under: readonly string[] = []): Promise<ChildProcess> {
  const script = `
    Object.defineProperty(process, "platform", { value: ${JSON.stringify(as)} });
    const { lockFolder } = await import(${JSON.stringify(MODULE)});
    await lockFolder(${JSON.stringify(folder)});
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const [command, ...rest] = [...under, process.execPath, "--input-type=module", "-e", script];
  const child = spawn(command!, rest, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`the holder ended with ${code} before it had the lock`);
  });
  await Promise.race([once(child.stdout!, "data"), ended]);
  ended.catch(() => {}); // It is killed later.
  return child;
}

describe.each(["linux", "darwin"])("on %s", (as) => {
  test("a second broker on a folder is refused, by any path to it, until the first lets go", async () => {
    setPlatform(as);
    const lock = await lockFolder(folder);
    const link = `${folder}-link`;
    fs.symlinkSync(folder, link);
    try {
      await expect(lockFolder(folder)).rejects.toMatchObject({ code: "FOLDER_LOCKED" });
      await expect(lockFolder(link)).rejects.toMatchObject({ code: "FOLDER_LOCKED" });
      await lock.release();
      await (await lockFolder(link)).release();
    } finally {
      fs.rmSync(link);
    }
  });

  test("a broker in another process holds the folder, and a kill frees it", async () => {
    setPlatform(as);
    const child = await holder(as);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: "FOLDER_LOCKED",
      message: expect.stringContaining(`process ${child.pid},`),
      details: { pid: child.pid },
    });
    // One that does not answer holds it all the same.
    child.kill("SIGSTOP");
    const refusal = await lockFolder(folder).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: "FOLDER_LOCKED", details: { folder } });
    expect(refusal).not.toHaveProperty("details.pid");
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await lockFolder(folder)).release();
  });

  test("of brokers that start together one gets the folder", async () => {
    setPlatform(as);
    const starts = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    const locks = starts.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    expect(locks.length).toBe(1);
    await locks[0]!.release();
  });

  test("a folder whose path is too long for a socket's is locked all the same", async () => {
    setPlatform(as);
    const deep = path.join(folder, "x".repeat(90), "y".repeat(90));
    const lock = await lockFolder(deep);
    await expect(lockFolder(deep)).rejects.toMatchObject({ code: "FOLDER_LOCKED" });
    await (await lockFolder(path.join(folder, "x".repeat(90), "z".repeat(90)))).release();
    await lock.release();
  });
});

describe("across network namespaces", () => {
  beforeEach((context) => {
    requireThat(context, platform === "linux", "Linux");
    requireRoot(context);
  });

  test("a broker in another one holds the folder, and a kill frees it", async () => {
    const child = await holder("linux", ["unshare", "--net"]);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: "FOLDER_LOCKED",
      details: { pid: child.pid },
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(fs.existsSync(path.join(folder, "cambium.sock"))).toBe(true);
    const lock = await lockFolder(folder);
    await lock.release();
    expect(fs.existsSync(path.join(folder, "cambium.sock"))).toBe(false);
  });

  test("a refusal by the other one leaves nothing taken", async () => {
    const child = await holder("linux", ["unshare", "--net"]);
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: "FOLDER_LOCKED" });
    child.kill("SIGKILL");
    await once(child, "exit");
    await (await lockFolder(folder)).release();
  });
});

test("where the folder's file system takes no sockets, the abstract one is the lock", async (context) => {
  requireThat(context, platform === "linux", "Linux");
  const listen = net.Server.prototype.listen;
  const refusing = vi.spyOn(net.Server.prototype, "listen").mockImplementation(function (this: net.Server, ...args) {
    const [options] = args as unknown as [net.ListenOptions];
    if (options.path?.startsWith("\0")) return Reflect.apply(listen, this, args);
    const error = Object.assign(new Error("listen"), { code: "EOPNOTSUPP" });
    queueMicrotask(() => this.emit("error", error));
    return this;
  });
  try {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: "FOLDER_LOCKED" });
    await lock.release();
  } finally {
    refusing.mockRestore();
  }
});
