/** A broker on a real disk that has filled up: a small one in memory, mounted for the test. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { MIB } from "../../src/base/units.ts";
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
  try {
    await use(Number(said));
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

function removeBallast(): void {
  for (const name of ["ballast", "ballast.start"]) fs.rmSync(path.join(data, name));
}

function inodesOf(path: string): { used: number; free: number } {
  const { files, ffree } = fs.statfsSync(path);
  return { used: files - ffree, free: ffree };
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
  removeBallast();
  fill("the ballast's room");
  await broker.close();
  expect(warnings).toContainEqual(expect.stringContaining("clean mark could not be written"));
  // Nor the rest of an attempt, which would keep the room from the next one.
  expect(fs.readdirSync(data).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("without any room it says so", async () => {
  await killedBroker();
  removeBallast();
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

test("D5: until the ballast is whole again, no record takes the room that it needs", async () => {
  let topicId: Uint8Array = new Uint8Array(0);
  await killedBroker(async (port) => {
    const client = await RawClient.connect(port);
    topicId = await client.createTopic("t", { durability: "os" });
    await client.produce(topicId, makeBatch());
    client.destroy();
  });
  removeBallast();
  fill("everything");
  const everything = path.join(mount, "everything");
  const makeRoom = (bytes: number): void => fs.truncateSync(everything, fs.statSync(everything).size - bytes);
  makeRoom(MIB);
  const lines: string[] = [];
  const log = (level: string, message: string): void => void lines.push(`${level}: ${message}`);
  const broker = await startBroker({ data, port: 0, logWorkers: 1, idleMs: 100, log });
  expect(lines).toContainEqual(expect.stringMatching(/^warn: the disk is nearly full/));
  const client = await RawClient.connect(broker.port);
  makeRoom(MIB);
  await expect(client.produce(topicId, makeBatch())).rejects.toMatchObject({ code: "NO_SPACE" });
  makeRoom(2 * MIB + 64 * 1024);
  await expect
    .poll(() => client.produce(topicId, makeBatch()).then(() => "taken", String), { timeout: 10_000 })
    .toBe("taken");
  expect(fs.statSync(path.join(data, "ballast")).size).toBe(3 * MIB);
  client.destroy();
  await broker.close();
});

test.each(["SIGKILL", "in order"] as const)(
  "D5: a disk that takes no more files (stop: %s) lets it start, read and change topics",
  async (how) => {
    let acked = 0;
    let topicId: Uint8Array = new Uint8Array(0);
    const fillWithFiles = async (port: number): Promise<void> => {
      const client = await RawClient.connect(port);
      topicId = await client.createTopic("t", { durability: "os", "segment.bytes": "1024" });
      const { used } = inodesOf(mount);
      execFileSync("mount", ["-o", `remount,nr_inodes=${used + 30}`, mount]);
      const produced = (): Promise<boolean> =>
        client.produce(topicId, makeBatch({ valueSize: 900 })).then(
          () => true,
          (error: BrokerError) => {
            if (error.code !== "NO_SPACE") throw error;
            return false;
          },
        );
      while (await produced()) acked++;
      expect(inodesOf(mount).free).toBeLessThan(5);
      client.destroy();
    };
    if (how === "SIGKILL") await killedBroker(fillWithFiles);
    else {
      const broker = await startBroker({ data, port: 0, logWorkers: 1 });
      await fillWithFiles(broker.port);
      await broker.close();
    }
    expect(acked).toBeGreaterThan(3);
    for (let start = 0; start < 3; start++) {
      const broker = await startBroker({ data, port: 0, logWorkers: 1 });
      const client = await RawClient.connect(broker.port);
      const reading = await client.subscribe({ subscription: 1, topicId, partition: 0, credit: 2 ** 31 });
      await reading.untilRecords(acked);
      await client.createTopic(`another-${start}`);
      if (start === 2) await client.ask("DeleteTopic", { name: "t" }, "Done");
      client.destroy();
      await broker.close();
    }
  },
);

test("D5: a broker that filled its disk itself changes topics all the same, starts again and has what it acknowledged", async () => {
  execFileSync("mount", ["-o", "remount,size=24m", mount]);
  const topics = new Map<string, Uint8Array>();
  const acked = new Map<string, number>();
  const refused = new Set<string>();
  // Enough for several blocks of the metadata log.
  const changesOnFullDisk = 60;
  /** Sends until the disk refuses, and then on against the refusals, until it is told to stop. */
  const hammer = async (client: RawClient, name: string, partition: number, until: AbortSignal): Promise<void> => {
    while (!until.aborted) {
      const batch = makeBatch({ count: 3, valueSize: 1000 });
      try {
        const { baseOffset } = await client.produce(topics.get(name)!, batch, { partition });
        acked.set(`${name}-${partition}`, baseOffset + 3);
      } catch (error) {
        if (!(error instanceof BrokerError) || error.code !== "NO_SPACE") throw error;
        refused.add(`${name}-${partition}`);
      }
    }
  };
  const expectAcked = async (client: RawClient): Promise<void> => {
    const described = await client.ask("DescribeTopics", {}, "TopicsResult");
    for (const { name, partitions } of described.topics)
      for (const [partition, { highWatermark }] of partitions!.entries())
        expect(highWatermark, `${name}-${partition}`).toBeGreaterThanOrEqual(acked.get(`${name}-${partition}`) ?? 0);
  };
  for (let round = 0; round < 3; round++) {
    await killedBroker(async (port) => {
      const client = await RawClient.connect(port);
      if (round === 0)
        for (const durability of ["disk", "os"])
          topics.set(durability, await client.createTopic(durability, { durability, "segment.bytes": "2097152" }, 3));
      await expectAcked(client);
      refused.clear();
      const stop = new AbortController();
      const hammers = [0, 1, 2].flatMap((partition) =>
        [...topics.keys()].map((name) => hammer(client, name, partition, stop.signal)),
      );
      for (let change = 0; change < changesOnFullDisk; ) {
        const set = [{ key: "segment.ms", value: String(1e6 + change) }];
        await client.ask("AlterTopic", { name: "os", set }, "TopicsResult");
        if (refused.size === hammers.length) change++;
      }
      stop.abort();
      await Promise.all(hammers);
      client.destroy();
    });
  }
  const broker = await startBroker({ data, port: 0, logWorkers: 1, idleMs: 100 });
  const client = await RawClient.connect(broker.port);
  await expectAcked(client);
  const reading = await client.subscribe({
    subscription: 1,
    topicId: topics.get("os")!,
    partition: 0,
    credit: 2 ** 31,
  });
  await reading.untilRecords(acked.get("os-0")!);
  await client.ask("DeleteTopic", { name: "disk" }, "Done");
  const produced = (): Promise<string> => client.produce(topics.get("os")!, makeBatch()).then(() => "taken", String);
  await expect.poll(produced, { timeout: 10_000 }).toBe("taken");
  client.destroy();
  await broker.close();
});
