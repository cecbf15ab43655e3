import { expect, test } from "vitest";
import { startBroker } from "../../src/index.ts";
import { batchOfSize, makeBatch } from "../helpers/batches.ts";
import { RawClient } from "../helpers/raw-client.ts";

test("an empty batch behind a full block is refused, and the broker lives", async () => {
  const broker = await startBroker({ data: "temporary", port: 0 });
  const client = await RawClient.connect(broker.port);
  const topicId = await client.createTopic("t");
  await client.produce(topicId, batchOfSize(16384));
  await expect(client.produce(topicId, new Uint8Array(0))).rejects.toMatchObject({ code: "CORRUPT_BATCH" });
  expect((await client.produce(topicId, makeBatch())).baseOffset).toBe(1);
  await client.close();
  await broker.close();
});

test("a description larger than any frame is refused", async () => {
  const broker = await startBroker({ data: "temporary", port: 0 });
  const client = await RawClient.connect(broker.port);
  const names = Array.from({ length: 80_000 }, (_, index) => "abcdefgh"[index & 7]!);
  const answer = await client.request("DescribeTopics", { names, settings: true });
  expect(answer.type).toBe("Error");
  await client.close();
  await broker.close();
});

test("unset constructor", async () => {
  const broker = await startBroker({ data: "temporary", port: 0 });
  const client = await RawClient.connect(broker.port);
  await client.createTopic("t");
  const answer = await client.request("AlterTopic", { name: "t", unset: ["constructor"] });
  expect(answer.type).toBe("Error");
  await client.close();
  await broker.close();
});

test("create while deleting", async () => {
  const broker = await startBroker({ data: "temporary", port: 0 });
  const client = await RawClient.connect(broker.port);
  for (let i = 0; i < 10; i++) {
    const id = await client.createTopic("t");
    const acked = await client.produce(id, makeBatch());
    expect(acked.baseOffset).toBe(0);
    const d = client.request("DeleteTopic", { name: "t" });
    let c = await client.request("CreateTopic", { name: "t", settings: [] });
    while (c.type === "Error") {
      c = await client.request("CreateTopic", { name: "t", settings: [] });
    }
    if (c.type !== "TopicsResult") throw new Error(c.type);
    const id2 = c.body.topics[0]!.topicId!;
    const a = await client.produce(id2, makeBatch({ number: 7 }));
    expect(a.baseOffset).toBe(0);
    await d;
    const f = await client.fetch({ topicId: id2, start: 1, bytesMax: 1000 });
    expect(f.batches[0]!.stamps[0]!.number).toBe(7);
    await client.request("DeleteTopic", { name: "t" });
  }
  await client.close();
  await broker.close();
});

test("long names can be deleted", async () => {
  const broker = await startBroker({ data: "temporary", port: 0 });
  const client = await RawClient.connect(broker.port);
  const name = "n".repeat(249);
  const id = await client.createTopic(name);
  await client.produce(id, makeBatch());
  expect((await client.request("DeleteTopic", { name })).type).toBe("Done");
  await client.close();
  await broker.close();
});
