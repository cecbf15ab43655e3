import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, test } from "vitest";
import { KIB } from "../../src/base/units.ts";
import { murmur2, partitionOfKey } from "../../src/client/index.ts";
import { murmur2OfKafka, murmur2OfKafkaJs } from "../wasm/kafka-clients.ts";
import { connectTo, startFakeBroker } from "./harness.ts";
import { valuesIn } from "./records.ts";

type KafkaPartitioner = (choice: {
  readonly topic: string;
  readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
  readonly message: { readonly key: Buffer };
}) => number;

const require = createRequire(import.meta.url);
const kafkaPartitioner = (require("kafkajs/src/producer/partitioners/default") as () => KafkaPartitioner)();
const utf8 = new TextEncoder();

test.each(murmur2OfKafka)("murmur2 of %j is what Kafka's own test expects", (key, expected) => {
  expect(murmur2(utf8.encode(key))).toBe(expected);
});

test("murmur2 of any key is that of KafkaJS", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (key) => {
      expect(murmur2(key)).toBe(murmur2OfKafkaJs(Buffer.from(key)));
    }),
  );
});

test("the partition of any key is that of KafkaJS's default partitioner", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 50 }), (key, count) => {
      const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 1 }));
      const expected = kafkaPartitioner({ topic: "t", partitionMetadata, message: { key: Buffer.from(key) } });
      expect(partitionOfKey(key, count)).toBe(expected);
    }),
  );
});

test("records go where their key says, as text and as bytes", async () => {
  const broker = await startFakeBroker();
  broker.topic("t", 7);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t" });
  for (let index = 0; index < 30; index++) {
    const key = `key ${index}`;
    const acks = [await producer.send({ key, value: "x" }), await producer.send({ key: utf8.encode(key), value: "x" })];
    const partition = partitionOfKey(utf8.encode(key), 7);
    expect(acks.map((ack) => ack.partition)).toEqual([partition, partition]);
  }
});

test("records without a key stay together in a batch, and batches take turns", async () => {
  const broker = await startFakeBroker();
  broker.topic("t", 4);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t" });
  const partitions: number[] = [];
  for (let batch = 0; batch < 8; batch++) {
    const acks = await Promise.all([1, 2, 3].map(() => producer.send({ value: "x" })));
    expect(new Set(acks.map(({ partition }) => partition)).size).toBe(1);
    partitions.push(acks[0]!.partition);
  }
  expect(partitions.slice(4)).toEqual(partitions.slice(0, 4));
  expect(new Set(partitions).size).toBe(4);
});

test("a batch that is full is followed by one of the next partition, however fast records come", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 4);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", batchBytes: 4096 });
  // Without a turn of the event loop, in which a batch would be sent as it is.
  for (let number = 0; number < 4000; number++) producer.enqueue({ value: `${number}`.padEnd(100) });
  await producer.flush();
  const counts = partitions.map((partition) => valuesIn(partition).length);
  expect(counts.reduce((sum, count) => sum + count)).toBe(4000);
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(50);
});

test.each([
  [2, 64, 16],
  [2, 32, 16],
  [3, 64, 16],
  [4, 64, 16],
  [6, 64, 16],
])(
  "of %s partitions each gets its share, also where memory of %s KiB is full all the time",
  async (count, buffer, batch) => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t", count);
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", batchBytes: batch * KIB, bufferBytes: buffer * KIB });
    for (let number = 0; number < 10_000; number++)
      if (!producer.enqueue({ value: `${number}`.padEnd(100) })) await producer.ready();
    await producer.flush();
    for (const partition of partitions) expect(Math.abs(valuesIn(partition).length - 10_000 / count)).toBeLessThan(350);
  },
);

test("or each goes to the next partition", async () => {
  const broker = await startFakeBroker();
  broker.topic("t", 4);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", keyless: "round-robin" });
  const acks = await Promise.all(Array.from({ length: 8 }, () => producer.send({ value: "x" })));
  expect(acks.map(({ partition }) => (partition - acks[0]!.partition + 4) % 4)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
});

test("a partitioner of one's own decides, and is held to what there is", async () => {
  const broker = await startFakeBroker();
  broker.topic("t", 4);
  const client = await connectTo(broker);
  const asked: [string | null, number][] = [];
  const producer = await client.producer({
    topic: "t",
    partitioner: (key, count) => {
      asked.push([key && Buffer.from(key).toString(), count]);
      return key === null ? 3 : 4;
    },
  });
  expect((await producer.send({ value: "x" })).partition).toBe(3);
  expect((await producer.send({ value: "x", partition: 1 })).partition).toBe(1);
  await expect(producer.send({ key: "k", value: "x" })).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
  expect(asked).toEqual([
    [null, 4],
    ["k", 4],
  ]);
});
