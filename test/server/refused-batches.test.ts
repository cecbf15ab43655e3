/** Batches that are refused, thousands at a time: what they count against, and that each is answered once. */
import { expect, test } from "vitest";
import { startBroker } from "../../src/index.ts";
import { encodeMessage } from "../../src/protocol/messages.ts";
import { makeBatch } from "../helpers/batches.ts";
import { grantedWindow, RawClient, webSocketFrame } from "../helpers/raw-client.ts";

const MIB = 1 << 20;
const WINDOW = 8 * MIB;
const elsewhere = new Uint8Array(16).fill(9);

/** Sends so many batches to no topic, and returns when the broker has read them. */
async function sendRefused(client: RawClient, count: number): Promise<void> {
  const frames = Array.from({ length: count }, (_, index) =>
    webSocketFrame(encodeMessage("Produce", 1_000_000 + index, { topicId: elsewhere, batch: makeBatch() })),
  );
  client.sendRaw(Buffer.concat(frames));
  await client.request("DescribeTopics", { names: [] });
}

/** Correlation ids of the refusals that came so far. */
function refusals(client: RawClient): number[] {
  return client.unasked.flatMap(({ type, correlation }) => (type === "Error" ? [correlation] : []));
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => 1_000_000 + index);

test("each is answered once, in order", async () => {
  const broker = await startBroker({ data: "temporary", port: 0 });
  const client = await RawClient.connect(broker.port, { hello: { window: WINDOW } });
  await sendRefused(client, 5000);
  await client.until(() => refusals(client).length >= 5000);
  await client.request("DescribeTopics", { names: [] });
  expect(refusals(client)).toEqual(numbers(5000));
  client.destroy();
  await broker.close();
});

test("a stop answers those that wait", async () => {
  const broker = await startBroker({ data: "temporary", port: 0 });
  const client = await RawClient.connect(broker.port, { hello: { window: WINDOW } });
  await sendRefused(client, 10_000);
  const before = refusals(client).length;
  await broker.close();
  await client.closed;
  expect(before).toBeLessThan(10_000);
  expect(refusals(client)).toEqual(numbers(10_000));
});

test("who goes before they are answered takes nothing of the window along", async () => {
  const broker = await startBroker({ data: "temporary", port: 0, poolBytes: 32 * MIB });
  for (let round = 0; round < 4; round++) {
    const client = await RawClient.connect(broker.port, { hello: { window: WINDOW } });
    await sendRefused(client, 10_000);
    client.destroy();
    await client.closed;
  }
  await expect.poll(() => grantedWindow(broker.port, WINDOW)).toBe(WINDOW);
  await broker.close();
});

test("one that does not read its answers is cut off, and the broker goes on", async () => {
  const broker = await startBroker({ data: "temporary", port: 0 });
  const client = await RawClient.connect(broker.port, { hello: { window: WINDOW } });
  client.socket.pause();
  const frame = webSocketFrame(encodeMessage("Produce", 77, { topicId: elsewhere, batch: makeBatch() }));
  const some = Buffer.concat(Array.from({ length: 2000 }, () => frame));
  const other = await RawClient.connect(broker.port);
  const stats = async (): Promise<{ connections: number }> => {
    const answer = await other.request("StatsRequest", {});
    return JSON.parse((answer.body as { json: string }).json);
  };
  // No faster than they are answered: it stays within its window, until its answers are too many.
  while ((await stats()).connections === 2) {
    client.sendRaw(some);
    for (let turns = 0; turns < 12; turns++) await other.request("DescribeTopics", { names: [] });
  }
  expect((await other.request("DescribeTopics", { names: [] })).type).toBe("TopicsResult");
  client.destroy();
  await other.close();
  await broker.close();
});
