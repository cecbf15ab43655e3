/** What a producing connection takes of what all share comes back, however the connection and its batches end. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { connect } from "../../src/client/index.ts";
import { startBroker } from "../../src/index.ts";
import { encodeMessage } from "../../src/protocol/messages.ts";
import { makeBatch } from "../helpers/batches.ts";
import { grantedWindow, RawClient, webSocketFrame } from "../helpers/raw-client.ts";

const MIB = 1 << 20;
const WINDOW = 8 * MIB;
const elsewhere = new Uint8Array(16).fill(9);

let broker: Awaited<ReturnType<typeof startBroker>>;
let topicId: Uint8Array;

beforeEach(async () => {
  // All windows together are two of 8 MiB, all uploads one of 8 MiB.
  broker = await startBroker({ data: "temporary", port: 0, poolBytes: 32 * MIB });
  const client = await RawClient.connect(broker.port);
  topicId = await client.createTopic("t", { "max.message.bytes": String(8 * MIB) });
  await client.close();
});

afterEach(() => broker.close());

/** A window as wide as ever is granted again. */
async function expectNothingTaken(): Promise<void> {
  const first = await RawClient.connect(broker.port, { hello: { window: WINDOW } });
  await expect.poll(() => grantedWindow(broker.port, WINDOW)).toBe(WINDOW);
  await first.close();
}

function produceFrames(count: number, acks: number, to: Uint8Array, batch: Uint8Array): Uint8Array {
  const numbers = Array.from({ length: count }, (_, index) => index);
  return Buffer.concat(
    numbers.map((index) => webSocketFrame(encodeMessage("Produce", 1000 + index, { topicId: to, acks, batch }))),
  );
}

test("acks 0: batches that are taken and batches that are refused, which nobody hears of", async () => {
  const client = await RawClient.connect(broker.port, { hello: { window: WINDOW } });
  const batch = makeBatch({ valueSize: 100_000 });
  // Four windows in all.
  for (let round = 0; round < 8; round++) {
    for (const to of [topicId, elsewhere]) client.sendRaw(produceFrames(20, 0, to, batch));
    // Answered behind all of them.
    await client.produce(topicId, makeBatch());
  }
  expect(client.isClosed).toBe(false);
  expect(client.unasked).toEqual([]);
  await client.close();
  await expectNothingTaken();
});

test("acks 0: many large batches at once, which wait for one another", async () => {
  const client = await connect({ server: `127.0.0.1:${broker.port}` });
  const partitions = 70;
  await client.topics.create({
    name: "many",
    partitions,
    settings: { "max.message.bytes": 2 * MIB, durability: "os" },
  });
  const producer = await client.producer({ topic: "many", acks: 0, bufferBytes: 256 * MIB });
  const value = new Uint8Array(1_200_000);
  for (let partition = 0; partition < partitions; partition++) producer.enqueue({ partition, value });
  await producer.close();
  const inLog = async (): Promise<number> => {
    const described = await client.topics.describe("many");
    return described.partitions.reduce((sum, { highWatermark }) => sum + highWatermark, 0);
  };
  await expect.poll(inLog, { timeout: 10_000 }).toBe(partitions);
  await client.close();
  await expectNothingTaken();
});

test("batches that are refused after their connection is gone", async () => {
  const damaged = makeBatch({ valueSize: 100_000 });
  damaged[100]! ^= 1;
  for (let round = 0; round < 4; round++) {
    const client = await RawClient.connect(broker.port, { hello: { window: WINDOW } });
    client.sendRaw(produceFrames(60, -1, topicId, damaged));
    client.socket.end();
    await client.closed;
  }
  await expectNothingTaken();
});

test("uploads that were granted, wait, or are under way when their connection ends", async () => {
  for (let round = 0; round < 4; round++) {
    const client = await RawClient.connect(broker.port);
    const { upload } = await client.ask("ProduceBegin", { topicId, size: 5 * MIB }, "ProduceGrant");
    client.send("ProduceBegin", { topicId, size: 5 * MIB });
    client.send("ProducePart", { upload, position: 0, bytes: new Uint8Array(100_000) });
    client.destroy();
    await client.closed;
  }
  const client = await RawClient.connect(broker.port);
  await client.ask("ProduceBegin", { topicId, size: 5 * MIB }, "ProduceGrant");
  await client.close();
  await expectNothingTaken();
});
