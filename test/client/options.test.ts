/** Every option that makes no sense is refused, and the error names it. */
import { expect, test } from "vitest";
import { type ConnectOptions, type ConsumerOptions, connect, type ProducerOptions } from "../../src/client/index.ts";
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
    ["compression", "lz4"],
    ["keyless", "random"],
    ["partitioner", "murmur2"],
    ["onAck", 1],
    ["onError", null],
  ];
  for (const [name, value] of wrong) {
    await expect(client.producer({ [name]: value } as ProducerOptions)).rejects.toMatchObject(refusal(name));
  }
});

test("consumer", async () => {
  const client = await connectTo(await startFakeBroker());
  const wrong: readonly [string, unknown][] = [
    ["topic", ""],
    ["partitions", 1],
    ["partitions", [0.5]],
    ["from", 5],
    ["from", {}],
    ["from.offset", { offset: "1" }],
    ["from.time", { time: -1 }],
    ["offsets", null],
    ["offsets", { 0: -1 }],
    ["until", "End"],
    ["bufferBytes", 0],
    ["decompressedBytesMax", 0],
    ["onCorrupt", "cry"],
    ["onOutOfRange", "skip"],
    ["signal", 1],
  ];
  for (const [name, value] of wrong) {
    const options = { topic: "t", [name.split(".")[0]!]: value } as unknown as ConsumerOptions;
    expect(() => client.consumer(options), name).toThrow(expect.objectContaining(refusal(name)));
  }
});
