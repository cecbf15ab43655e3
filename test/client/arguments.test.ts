/** Arguments of a wrong type are refused by a typed error, whatever the method, and before anything is sent. */
import { expect, test } from "vitest";
import { type Client, type ConnectOptions, connect, type Producer } from "../../src/client/index.ts";
import { codeOf, connectTo, startFakeBroker } from "./harness.ts";

type Call = (value: never, client: Client, producer: Producer) => Promise<unknown>;

const noOptions = [null, 5, "x", [], new Map(), { sginal: 1 }, { signal: 5 }];
const noCounts = [0, -1, 1.5, Number.NaN, "2", {}, null, 2 ** 31, 2 ** 40];
const noPartitions = [-1, 1.5, Number.NaN, "0", null, undefined, 2 ** 31, 2 ** 40];
const noSettings = [null, 5, "ab", [], { a: {} }, { a: undefined }, { a: Symbol("x") }];

const calls: readonly [string, readonly unknown[], Call][] = [
  ["connect", [null, 5, []], (value) => connect(value as ConnectOptions)],
  ["stats", noOptions, (value, client) => client.stats(value)],
  ["listOffset: options", noOptions, (value, client) => client.listOffset("t", 0, "earliest", value)],
  ["listOffset: partition", noPartitions, (value, client) => client.listOffset("t", value, "earliest")],
  ["fetch", noOptions, (value, client) => client.fetch(value)],
  ["fetch: partition", noPartitions, (partition, client) => client.fetch({ topic: "t", partition, from: "earliest" })],
  ["create", [null, undefined, 5, "x", []], (value, client) => client.topics.create(value)],
  ["create: options", noOptions, (value, client) => client.topics.create({ name: "n" }, value)],
  ["create: partitions", noCounts, (partitions, client) => client.topics.create({ name: "n", partitions })],
  [
    "create: settings",
    [...noSettings, { a: null }],
    (settings, client) => client.topics.create({ name: "n", settings }),
  ],
  [
    "create: validateOnly",
    ["yes", 1, null],
    (validateOnly, client) => client.topics.create({ name: "n", validateOnly }),
  ],
  ["delete: options", noOptions, (value, client) => client.topics.delete("t", value)],
  ["describe: options", noOptions, (value, client) => client.topics.describe("t", value)],
  ["list", noOptions, (value, client) => client.topics.list(value)],
  ["alter", [null, undefined, 5, []], (value, client) => client.topics.alter("t", value)],
  ["alter: options", noOptions, (value, client) => client.topics.alter("t", { partitions: 3 }, value)],
  ["alter: partitions", noCounts, (partitions, client) => client.topics.alter("t", { partitions })],
  ["alter: settings", noSettings, (settings, client) => client.topics.alter("t", { settings })],
  ["alter: validateOnly", ["no"], (validateOnly, client) => client.topics.alter("t", { partitions: 3, validateOnly })],
  ["ready", noOptions, (value, _, producer) => producer.ready(value)],
  ["flush", noOptions, (value, _, producer) => producer.flush(value)],
  ["prepare", noOptions, (value, _, producer) => producer.prepare("t", value)],
  ["connected", noOptions, (value, _, producer) => producer.connected(1000, value)],
  [
    "forEach",
    [null, 5],
    (value, client) => client.consumer({ topic: "t", from: "earliest", until: "end" }).forEach(value),
  ],
];

test.each(calls)("%s", async (_name, wrong, call) => {
  const broker = await startFakeBroker();
  broker.topic("t", 2);
  const client = await connectTo(broker);
  const producer = await client.producer();
  for (const value of wrong) {
    const error = await call(value as never, client, producer).catch((reason: unknown) => reason);
    expect(error, String(value)).toMatchObject({ name: "BrokerError", code: "INVALID_OPTION" });
  }
  expect(broker.topics.get("t")!.partitions.length).toBe(2);
  expect([...broker.topics.keys()]).toEqual(["t"]);
});

test("what may be left out may be undefined, and null unsets a setting", async () => {
  const broker = await startFakeBroker();
  const client = await connectTo(broker);
  const topic = { name: "t", partitions: undefined, settings: undefined, validateOnly: undefined };
  await client.topics.create(topic as never, { signal: undefined });
  await client.topics.alter("t", { settings: { "segment.ms": null, "segment.bytes": 5, "a.b": true } });
  expect(broker.topics.get("t")!.partitions.length).toBe(1);
});

test("headers that cannot be iterated are the record's fault, and what iterating throws is told", async () => {
  const broker = await startFakeBroker();
  broker.topic("t");
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t" });
  const mine = new RangeError("mine");
  const thrower = {
    [Symbol.iterator]: () => {
      throw mine;
    },
  };
  const numbers = { [Symbol.iterator]: () => 5 };
  for (const headers of [{ [Symbol.iterator]: 5 }, numbers, thrower]) {
    const record = { value: "v", headers: headers as never };
    expect(await codeOf(producer.send(record))).toBe("INVALID_RECORD");
    expect(() => producer.enqueue(record)).toThrow(expect.objectContaining({ code: "INVALID_RECORD" }));
  }
  await expect(producer.send({ value: "v", headers: thrower })).rejects.toMatchObject({ cause: mine });
});
