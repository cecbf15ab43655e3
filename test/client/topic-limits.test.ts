/** A topic's limits, as a producer knows them and as they are. */
import { expect, test, vi } from "vitest";
import { codeOf, connectTo, startFakeBroker } from "./harness.ts";
import { valuesIn } from "./records.ts";

test("a record whose timestamp the topic does not take fails alone", async () => {
  const broker = await startFakeBroker();
  const topic = broker.topic("t");
  topic.settings = [{ key: "message.timestamp.after.max.ms", value: "1000", isDefault: false }];
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t" });
  const results = await Promise.allSettled([
    producer.send({ value: "a" }),
    producer.send({ value: "b", timestamp: Date.now() + 100_000 }),
    producer.send({ value: "c", timestamp: Date.now() + 500 }),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(results[1]).toMatchObject({ reason: { code: "INVALID_TIMESTAMP", details: { topic: "t", maxMs: 1000 } } });
  expect(valuesIn(topic.partitions[0]!)).toEqual(["a", "c"]);
});

test.each([
  ["message.timestamp.after.max.ms", "1000", { value: "late", timestamp: Date.now() + 1e6 }, "INVALID_TIMESTAMP"],
  ["max.message.bytes", "200", { value: "x".repeat(300) }, "MESSAGE_TOO_LARGE"],
] as const)("after a refusal by %s the broker is asked whether it still holds", async (key, value, record, code) => {
  const broker = await startFakeBroker();
  const topic = broker.topic("t");
  const isSize = key === "max.message.bytes";
  if (isSize) topic.maxMessageBytes = Number(value);
  else topic.settings = [{ key, value, isDefault: false }];
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t" });
  // What was heard just now holds.
  expect(await codeOf(producer.send(record))).toBe(code);
  topic.settings = [];
  topic.maxMessageBytes = 1_000_000;
  await expect.poll(() => producer.send(record).then(() => "taken", String), { timeout: 5000 }).toBe("taken");
});

test("a limit that may be old is asked for before a record is refused, and what is sent meanwhile stays behind it", async () => {
  const broker = await startFakeBroker();
  const topic = broker.topic("t");
  topic.maxMessageBytes = 200;
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t" });
  vi.spyOn(performance, "now").mockReturnValue(performance.now() + 1001);
  topic.maxMessageBytes = 1000;
  const large = "x".repeat(300);
  const sends = ["a", large, "b"].map((value) => producer.send({ value }));
  vi.restoreAllMocks();
  await Promise.all(sends);
  expect(valuesIn(topic.partitions[0]!)).toEqual(["a", large, "b"]);
});
