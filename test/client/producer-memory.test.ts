/** What a producer lets go of while it goes on: batches, topics and those who wait no more. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Batch } from "../../src/client/batch.ts";
import { collectGarbage } from "../helpers/garbage.ts";
import { until } from "../helpers/until.ts";
import { connectTo, startFakeBroker } from "./harness.ts";

test("batches that were filled and settled are let go before their linger is over", async () => {
  const broker = await startFakeBroker();
  broker.topic("t", 2);
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", lingerMs: 60_000, batchBytes: 4096, bufferBytes: 65_536 });
  const batches: WeakRef<Batch>[] = [];
  const { open } = Batch;
  Batch.open = (...values) => {
    const batch = open(...values);
    if (batch !== null) batches.push(new WeakRef(batch));
    return batch;
  };
  try {
    for (let index = 0; index < 1000; index++)
      if (!producer.enqueue({ partition: index % 2, value: "x".repeat(1900) })) await producer.ready();
  } finally {
    Batch.open = open;
  }
  expect(batches.length).toBeGreaterThan(400);
  await until(() => {
    collectGarbage();
    // At most the two that are open, and a few whose answer is on its way.
    return batches.filter((batch) => batch.deref() !== undefined).length < 20;
  });
});

test("an idle topic that was deleted is forgotten when the broker is asked about it", async () => {
  const broker = await startFakeBroker();
  broker.topic("kept");
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "kept" });
  for (let index = 0; index < 10; index++) {
    broker.topic(`gone${index}`);
    await producer.send({ topic: `gone${index}`, value: "a" });
    broker.topics.delete(`gone${index}`);
  }
  /** How many topics the producer asks about after a reconnect. */
  const asked = async (atLeast: number): Promise<number> => {
    const { descriptions, welcomes } = broker;
    broker.cut();
    await until(() => broker.welcomes >= welcomes + 2 && broker.descriptions >= descriptions + atLeast);
    // It asks every 250 ms, for all that are due.
    await sleep(400);
    return broker.descriptions - descriptions;
  };
  expect(await asked(11)).toBe(11);
  expect(await asked(1)).toBe(1);
  expect(() => producer.enqueue({ topic: "gone0", value: "b" })).toThrow(/does not know topic gone0/);
  broker.topic("gone1");
  expect((await producer.send({ topic: "gone1", value: "b" })).offset).toBe(0);
});

test.each(["ready", "flush", "flush of what waits for memory"] as const)("an aborted %s is let go", async (what) => {
  const broker = await startFakeBroker();
  broker.topic("t");
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", bufferBytes: 8192, batchBytes: 4096 });
  broker.fate = () => "take and hold";
  const waits = what === "flush of what waits for memory";
  const sends: Promise<unknown>[] = [];
  if (waits) for (let index = 0; index < 4; index++) sends.push(producer.send({ value: "x".repeat(3000) }));
  else while (producer.enqueue({ value: "x".repeat(3000) }));
  await until(() => broker.held.length > 0);
  const abortMany = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index++) {
      const controller = new AbortController();
      const { signal } = controller;
      const waiting = what === "ready" ? producer.ready({ signal }) : producer.flush({ signal });
      controller.abort("enough");
      expect(await waiting.catch((reason: unknown) => reason)).toBe("enough");
    }
  };
  const heapUsed = async (): Promise<number> => {
    await sleep(0);
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  await abortMany(1000);
  const before = await heapUsed();
  const count = 10_000;
  await abortMany(count);
  const growth = (await heapUsed()) - before;
  broker.fate = () => "take";
  broker.release();
  await Promise.all(sends);
  await producer.flush();
  await producer.ready();
  expect(growth / count).toBeLessThan(100);
});
