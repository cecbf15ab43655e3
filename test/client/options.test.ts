/** Every option that makes no sense is refused, and the error names it. */
import { expect, test } from "vitest";
import {
  type Client,
  type ConnectOptions,
  type ConsumerOptions,
  connect,
  type ProducerOptions,
} from "../../src/client/index.ts";
import { connectTo, startFakeBroker } from "./harness.ts";

const refusal = (name: string) => ({ code: "INVALID_OPTION", message: expect.stringContaining(name) });

test.each([
  ["server", 5],
  ["clientId", 5],
  ["signal", {}],
  ["connectTimeoutMs", "1"],
  ["requestTimeoutMs", 0],
  ["heartbeatMs", -1],
  ["reconnectMinMs", 0.5],
  ["reconnectMaxMs", Number.NaN],
])("connect: %s", async (name, value) => {
  await expect(connect({ [name]: value } as ConnectOptions)).rejects.toMatchObject(refusal(name));
});

test("producer", async () => {
  const client = await connectTo(await startFakeBroker());
  const wrong: readonly [string, unknown][] = [
    ["topic", 5],
    ["acks", 2],
    ["idempotent", "yes"],
    ["lingerMs", "5"],
    ["batchBytes", 1],
    ["bufferBytes", 1],
    ["windowBytes", 0],
    ["inFlightMax", 6],
    ["deliveryTimeoutMs", 0],
    ["lingerMs", 60_001],
    ["deliveryTimeoutMs", 2 ** 31],
    ["compression", "lz4"],
    ["keyless", "random"],
    ["partitioner", "murmur2"],
    ["onAck", 1],
    ["onError", null],
    ["metadataMaxAgeMs", 2 ** 31],
    ["signal", 1],
  ];
  for (const [name, value] of wrong) {
    await expect(client.producer({ [name]: value } as ProducerOptions)).rejects.toMatchObject(refusal(name));
  }
});

test("consumer", async () => {
  const client = await connectTo(await startFakeBroker());
  const wrong: readonly [string, unknown][] = [
    ["topic", undefined],
    ["partitions", 1],
    ["partitions", [0.5]],
    ["from", 5],
    ["from", {}],
    ["from", { offset: 1, time: 1 }],
    ["from.offset", { offset: "1" }],
    ["from.time", { time: -1 }],
    ["offsets", null],
    ["offsets", { 0: -1 }],
    ["offsets", { a: 1 }],
    ["until", "End"],
    ["bufferBytes", 0],
    ["decompressedBytesMax", 0],
    ["onCorrupt", "cry"],
    ["onOutOfRange", "skip"],
    ["signal", 1],
    ["metadataMaxAgeMs", 0],
    ["retryTimeoutMs", 0],
    ["onRetry", 1],
  ];
  for (const [name, value] of wrong) {
    const options = { topic: "t", [name.split(".")[0]!]: value } as unknown as ConsumerOptions;
    expect(() => client.consumer(options), name).toThrow(expect.objectContaining(refusal(name)));
  }
});

test.each<[string, object, (client: Client, options: never) => Promise<unknown>]>([
  ["connectTimeoutMs", { connectTimeoutMS: 5 }, (_, options) => connect(options)],
  ["lingerMs", { lingerMS: 5 }, (client, options) => client.producer(options)],
  ["from", { topic: "t", form: "earliest" }, async (client, options) => client.consumer(options)],
  ["bytesMax", { topic: "t", partition: 0, from: "earliest", byteMax: 5 }, (client, options) => client.fetch(options)],
  ["partitions", { name: "t", partition: 5 }, (client, options) => client.topics.create(options)],
  ["settings", { setting: {} }, (client, options) => client.topics.alter("t", options)],
])("a name that is not known is refused with the nearest: %s", async (meant, options, use) => {
  const broker = await startFakeBroker();
  broker.topic("t");
  const client = await connectTo(broker);
  const name = Object.keys(options).at(-1)!;
  const error = {
    code: "INVALID_OPTION",
    message: expect.stringContaining(`no option ${name}; the nearest is ${meant}`),
  };
  await expect(use(client, options as never)).rejects.toMatchObject(error);
  const { [name]: _, ...known } = { ...options, whatever: 1 } as Record<string, unknown>;
  const message = expect.stringMatching(/no option whatever$/);
  await expect(use(client, known as never)).rejects.toMatchObject({ code: "INVALID_OPTION", message });
});

test("fetch: a topic or partition that makes no sense", async () => {
  const client = await connectTo(await startFakeBroker());
  for (const [name, value] of Object.entries({ topic: 5, partition: -1, from: "Earliest", waitMs: -1 })) {
    const options = { topic: "t", partition: 0, from: "earliest", [name]: value } as never;
    await expect(client.fetch(options)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  }
});
