/** A broker on a real disk that has filled up: a small one in memory, mounted for the test. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startBroker } from "../../src/index.ts";
import { requireRoot, requireThat } from "../helpers/require.ts";

const INDEX = new URL("../../src/index.ts", import.meta.url).href;
let mount = "";
let data = "";

beforeEach((context) => {
  requireThat(context, process.platform === "linux", "Linux");
  requireRoot(context);
  mount = fs.mkdtempSync(path.join(os.tmpdir(), "cambium-full-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", mount]);
  data = path.join(mount, "data");
});

afterEach(() => {
  if (mount === "") return;
  execFileSync("umount", ["--lazy", mount]);
  fs.rmdirSync(mount);
});

async function killedBroker(): Promise<void> {
  const script = `
    const { startBroker } = await import(${JSON.stringify(INDEX)});
    await startBroker({ data: ${JSON.stringify(data)}, port: 0, logWorkers: 1 });
    console.log("running");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), ended]);
  child.kill("SIGKILL");
  await ended;
}

/** Takes every page that is left. */
function fill(name: string): void {
  const file = fs.openSync(path.join(mount, name), "w");
  try {
    for (;;) fs.writeSync(file, new Uint8Array(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  } finally {
    fs.closeSync(file);
  }
}

test("D5: after a crash on a full disk it starts, thanks to the ballast, and stops in order", async () => {
  await killedBroker();
  fs.writeFileSync(path.join(data, "cambium.meta.tmp"), ""); // As an attempt leaves it.
  fill("everything");
  const warnings: string[] = [];
  const broker = await startBroker({
    data,
    port: 0,
    logWorkers: 1,
    log: (level, message) => void (level === "warn" && warnings.push(message)),
  });
  expect(broker.incarnation).toBe(2);
  expect(fs.existsSync(path.join(data, "cambium.meta.tmp"))).toBe(false);
  fs.rmSync(path.join(data, "ballast"));
  fill("the ballast's room");
  await broker.close();
  expect(warnings).toContainEqual(expect.stringContaining("clean mark could not be written"));
  // Nor the rest of an attempt, which would keep the room from the next one.
  expect(fs.readdirSync(data).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("without any room it says so", async () => {
  await killedBroker();
  fs.rmSync(path.join(data, "ballast"));
  fill("everything");
  const starting = startBroker({ data, port: 0, logWorkers: 1 });
  await expect(starting).rejects.toMatchObject({
    code: "NO_SPACE",
    message: expect.stringContaining("free some space"),
  });
});
