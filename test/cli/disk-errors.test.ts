/** What a broker whose disk failed leaves to the next start: nothing acknowledged is hidden, nothing refused comes back. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../src/client/index.ts";
import { requireTool } from "../helpers/require.ts";
import { connected, startBroker, temporaryFolder } from "./cambium.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const TOPIC = "t";
const LONG_NAME = "d".repeat(200);

/** Lets calls that name the first segment of the topic fail with EIO. @param faults as strace's `inject` takes them */
function failing(data: string, faults: readonly string[]): string[] {
  const segment = `${data}/topics/${TOPIC}-0/00000000000000000000.log`;
  const injections = faults.flatMap((fault) => ["-e", `inject=${fault}`]);
  // -D: the broker stays our child, and gets our signals.
  return ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", segment, ...injections];
}

/** @returns the high watermark as it is told at once, the values that are read, and the next record's offset */
async function seenBy(client: Client): Promise<[highWatermark: number, values: string[], next: number]> {
  const { partitions } = await client.topics.describe(TOPIC);
  const values: string[] = [];
  for await (const { value } of client.consumer({ topic: TOPIC, from: "earliest", until: "end" }))
    values.push(Buffer.from(value!).toString());
  const producer = await client.producer({ topic: TOPIC });
  const { offset } = await producer.send({ value: "next" });
  return [partitions[0]!.highWatermark, values, offset];
}

describe("after a stop", () => {
  beforeEach((context) => requireTool(context, "strace"));

  test("E1: what was acknowledged (os) is there at the first look, though no background sync went well", async () => {
    const data = `${folder.path}/os`;
    const broker = await startBroker(data, [], 0, { under: failing(data, ["fdatasync:error=EIO"]) });
    await connected(broker, async (client) => {
      await client.topics.create({ name: TOPIC, settings: { durability: "os" } });
      const producer = await client.producer({ topic: TOPIC });
      for (const value of ["0", "1", "2"]) await producer.send({ value });
    });
    expect(await broker.stop()).toBe(0);
    expect(broker.stderr()).toContain("a background sync failed");
    const next = await startBroker(data);
    expect(await connected(next, seenBy)).toEqual([3, ["0", "1", "2"], 3]);
    await next.stop();
  });

  test("D4: what was refused (disk) stays away, though it could not be cut off", async () => {
    const data = `${folder.path}/disk`;
    const before = await startBroker(data);
    await connected(before, async (client) => {
      await client.topics.create({ name: TOPIC });
      const producer = await client.producer({ topic: TOPIC });
      await producer.send({ value: "kept" });
    });
    await before.stop();
    const under = failing(data, ["fdatasync:error=EIO", "ftruncate:error=EIO"]);
    const broker = await startBroker(data, [], 0, { under });
    await connected(broker, async (client) => {
      const producer = await client.producer({ topic: TOPIC });
      await expect(producer.send({ value: "refused" })).rejects.toMatchObject({ name: "BrokerError" });
    });
    expect(await broker.stop()).toBe(0);
    expect(broker.stderr()).toContain("read-only");
    const next = await startBroker(data);
    expect(await connected(next, seenBy)).toEqual([1, ["kept"], 1]);
    await next.stop();
  });
});

/** Makes a folder in it whose path is too long to be removed by. Files of another user, or immutable ones, fare alike. */
function makeUnremovable(folderPath: string): () => void {
  const script = `
    process.chdir(process.argv[1]);
    for (let level = 0; level < 25; level++) {
      fs.mkdirSync("${LONG_NAME}");
      process.chdir("${LONG_NAME}");
    }`;
  execFileSync(process.execPath, ["-e", script, folderPath]);
  return () => execFileSync("find", [folder.path, "-name", LONG_NAME, "-prune", "-exec", "rm", "-rf", "{}", "+"]);
}

test("a deleted topic whose files cannot be removed is gone, its name is free, and the broker starts", async () => {
  const data = `${folder.path}/left`;
  const broker = await startBroker(data);
  const produce = async (client: Client): Promise<void> => {
    await client.topics.create({ name: TOPIC });
    const producer = await client.producer({ topic: TOPIC });
    await producer.send({ value: "old" });
  };
  await connected(broker, produce);
  const remove = makeUnremovable(`${data}/topics/${TOPIC}-0`);
  try {
    await connected(broker, async (client) => {
      await client.topics.delete(TOPIC);
      await client.topics.create({ name: TOPIC });
    });
    await broker.stop();
    expect(broker.stderr()).toContain("could not be removed");
    const next = await startBroker(data);
    expect(next.stderr()).toContain("could not be removed");
    expect(await connected(next, seenBy)).toEqual([0, [], 0]);
    await next.stop();
  } finally {
    remove();
  }
});
