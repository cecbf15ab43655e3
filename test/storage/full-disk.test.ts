/** A broker on a real disk that has filled up: a small one in memory, mounted for the test. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startBroker } from "../../src/index.ts";
import { makeBatch } from "../helpers/batches.ts";
import { RawClient } from "../helpers/raw-client.ts";
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

/** @param use what is done with the broker before it is killed */
async function killedBroker(use: (port: number) => Promise<void> = async () => {}): Promise<void> {
  const script = `
    const { startBroker } = await import(${JSON.stringify(INDEX)});
    const broker = await startBroker({ data: ${JSON.stringify(data)}, port: 0, logWorkers: 1 });
    console.log(broker.port);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const [said] = (await Promise.race([once(child.stdout, "data"), ended])) as [unknown];
  await use(Number(said));
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

test("D5: after a crash on a full disk every acknowledged record is read, and writing resumes when there is room", async () => {
  const batches = 100;
  const each = 100;
  let topicId: Uint8Array = new Uint8Array(0);
  await killedBroker(async (port) => {
    const client = await RawClient.connect(port);
    topicId = await client.createTopic("t", { durability: "os" });
    for (let number = 0; number < batches * each; number += each)
      await client.produce(topicId, makeBatch({ count: each, number, valueSize: 8 }));
    client.destroy();
  });
  fill("everything");
  const lines: string[] = [];
  const log = (level: string, message: string): void => void lines.push(`${level}: ${message}`);
  const broker = await startBroker({ data, port: 0, logWorkers: 1, idleMs: 100, log });
  const client = await RawClient.connect(broker.port);
  const { topics } = await client.ask("DescribeTopics", {}, "TopicsResult");
  expect(topics[0]!.partitions![0]).toMatchObject({ highWatermark: batches * each, error: 0 });
  const reading = await client.subscribe({ subscription: 1, topicId, partition: 0, credit: 2 ** 31 });
  await reading.untilRecords(batches * each);
  const numbers = reading.batches.flatMap(({ stamps }) => stamps.map(({ number }) => number));
  expect(numbers).toEqual(Array.from({ length: batches * each }, (_, number) => number));
  const more = makeBatch({ number: batches * each });
  await expect(client.produce(topicId, more)).rejects.toMatchObject({ code: "NO_SPACE" });
  expect(lines).toContainEqual(expect.stringMatching(/^warn: .*too full to recover/));
  fs.rmSync(path.join(mount, "everything"));
  await expect.poll(() => client.produce(topicId, more).then(() => "taken", String), { timeout: 10_000 }).toBe("taken");
  await reading.untilRecords(batches * each + 1);
  client.destroy();
  await broker.close();
  expect(fs.existsSync(path.join(data, "clean"))).toBe(true);
});
