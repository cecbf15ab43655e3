/** What a producer lets go of while it goes on: batches, topics and those who wait no more. */
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
