/** What is no topic's name, or too large for a request, is refused at once and costs no connection. */
import { expect, test } from "vitest";
import { type Client, connect, type Producer } from "../../src/client/index.ts";
import { codeOf, connectTo, startFakeBroker } from "./harness.ts";

const impossible = ["x".repeat(1_100_000), "x".repeat(250), "", "a/b", "\ud800", ".."];

/** Every call that takes a name, and the code for one that is no text. */
const calls: readonly [string, string, (name: string, client: Client, producer: Producer) => Promise<unknown>][] = [
  ["send", "INVALID_RECORD", (topic, _, producer) => producer.send({ topic, value: "v" })],
  ["enqueue", "INVALID_RECORD", async (topic, _, producer) => producer.enqueue({ topic, value: "v" })],
  ["prepare", "INVALID_OPTION", (topic, _, producer) => producer.prepare(topic)],
  ["producer", "INVALID_OPTION", (topic, client) => client.producer({ topic })],
  ["consumer", "INVALID_OPTION", async (topic, client) => client.consumer({ topic })],
  ["fetch", "INVALID_OPTION", (topic, client) => client.fetch({ topic, partition: 0, from: "earliest" })],
  ["listOffset", "INVALID_OPTION", (topic, client) => client.listOffset(topic, 0, "earliest")],
  ["describe", "INVALID_OPTION", (name, client) => client.topics.describe(name)],
  ["create", "INVALID_OPTION", (name, client) => client.topics.create({ name })],
  ["alter", "INVALID_OPTION", (name, client) => client.topics.alter(name, { partitions: 2 })],
  ["delete", "INVALID_OPTION", (name, client) => client.topics.delete(name)],
];

test.each(calls)("%s", async (_name, code, call) => {
  const broker = await startFakeBroker();
  let lost = 0;
  const client = await connectTo(broker, { onConnectionLost: () => lost++ });
  const producer = await client.producer({ deliveryTimeoutMs: 1000 });
  for (const name of impossible) {
    const error = await call(name, client, producer).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "INVALID_TOPIC", message: expect.stringMatching(/^.{1,400}$/su) });
  }
  for (const name of [null, 5, {}] as unknown[]) {
    const isDefault = code === "INVALID_RECORD" && name === null;
    if (!isDefault) expect(await codeOf(call(name as string, client, producer))).toBe(code);
  }
  expect(broker.descriptions).toBe(0);
  expect(lost).toBe(0);
});

test("a request that is larger than the broker takes is not sent", async () => {
  const broker = await startFakeBroker();
  let lost = 0;
  const client = await connectTo(broker, { onConnectionLost: () => lost++ });
  const settings = { "a.setting": "x".repeat(2_000_000) };
  expect(await codeOf(client.topics.create({ name: "t", settings }))).toBe("MESSAGE_TOO_LARGE");
  expect(await codeOf(client.topics.alter("t", { settings }))).toBe("MESSAGE_TOO_LARGE");
  expect(await client.topics.list()).toEqual([]);
  expect(lost).toBe(0);
});

test("a clientId has a length at which it can be said", async () => {
  const { server } = await startFakeBroker();
  const error = { code: "INVALID_OPTION", message: expect.stringContaining("clientId") };
  await expect(connect({ server, clientId: "x".repeat(1001) })).rejects.toMatchObject(error);
  await connectTo({ server }, { clientId: "\u20ac".repeat(1000) });
});
