import fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningBroker, startBroker } from "../../src/index.ts";
import { makeBatch } from "../helpers/batches.ts";
import { RawClient } from "../helpers/raw-client.ts";

let broker: RunningBroker;
let client: RawClient;
beforeEach(async () => {
  broker = await startBroker({ data: "memory", port: 0 });
  client = await RawClient.connect(broker.port);
});
afterEach(async () => {
  await client.close();
  await broker.close();
});

async function durabilityOf(name: string): Promise<unknown> {
  const { topics } = await client.ask("DescribeTopics", { names: [name], settings: true }, "TopicsResult");
  return topics[0]!.settings!.find(({ key }) => key === "durability");
}

test("a topic is in memory, said or not, and none of it on a disk", async () => {
  for (const [name, settings] of Object.entries({ plain: {}, said: { durability: "memory" } })) {
    const topicId = await client.createTopic(name, settings);
    await client.produce(topicId, makeBatch({ count: 20 }));
    expect(await durabilityOf(name)).toMatchObject({ value: "memory", isDefault: true });
  }
  expect(fs.readdirSync(path.join(broker.data, "topics"))).toEqual([]);
});

test("one that is to outlive the process is refused, and stays so", async () => {
  for (const durability of ["disk", "os"])
    await expect(client.createTopic("t", { durability })).rejects.toMatchObject({ code: "INVALID_CONFIG" });
  await client.createTopic("t");
  const toDisk = client.ask("AlterTopic", { name: "t", set: [{ key: "durability", value: "disk" }] }, "TopicsResult");
  await expect(toDisk).rejects.toMatchObject({ code: "INVALID_CONFIG" });
  // The default again, which is what it is.
  await client.ask("AlterTopic", { name: "t", unset: ["durability"] }, "TopicsResult");
  expect(await durabilityOf("t")).toMatchObject({ value: "memory" });
});

test("no folder of that name is made, and what there is goes with the broker", async () => {
  expect(path.basename(broker.data)).not.toBe("memory");
  await broker.close();
  expect(fs.existsSync(broker.data)).toBe(false);
});
