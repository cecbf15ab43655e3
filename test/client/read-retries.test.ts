/** A partition that the broker cannot read for now: it takes a Subscribe, and the read fails. */
import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import type { RetriedRead } from "../../src/client/index.ts";
import { until } from "../helpers/until.ts";
import { connectTo, startFakeBroker } from "./harness.ts";
import { fill, range } from "./reading.ts";

const refused = (): BrokerError => new BrokerError("STORAGE_ERROR", "a read failed: read: EIO");

/** A broker with ten records, of which reads are refused as long as `isBroken`. */
async function brokenBroker() {
  const broker = await startFakeBroker();
  fill(broker.topic("t").partitions[0]!, 10, 5);
  const state = { broker, isBroken: true, subscribes: 0 };
  broker.afterSubscribe = () => {
    state.subscribes++;
    return state.isBroken ? refused() : null;
  };
  return state;
}

test("ends reading up to the end with the reason, after the time it may be tried again", async () => {
  const state = await brokenBroker();
  const client = await connectTo(state.broker);
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", retryTimeoutMs: 1200 });
  const details = { topic: "t", partition: 0, offset: 0 };
  await expect(consumer.forEach(() => {})).rejects.toMatchObject({ code: "STORAGE_ERROR", details });
  // With pauses of 25 to 50 ms it would be 24 at least; doubled, it is 9 at most.
  expect(state.subscribes).toBeLessThan(12);
});

test("is told once to who reads on and on, who gets everything when it can be read again", async () => {
  const state = await brokenBroker();
  const client = await connectTo(state.broker);
  const retries: RetriedRead[] = [];
  const offsets: number[] = [];
  const onRetry = (retry: RetriedRead): void => void retries.push(retry);
  const consumer = client.consumer({ topic: "t", from: "earliest", retryTimeoutMs: 1, onRetry });
  const reading = consumer.forEach(({ offset }) => void offsets.push(offset));
  await until(() => retries.length > 0);
  const before = state.subscribes;
  await until(() => state.subscribes >= before + 2);
  expect(retries).toMatchObject([{ topic: "t", partition: 0, error: { code: "STORAGE_ERROR" } }]);
  expect(offsets).toEqual([]);
  state.isBroken = false;
  await until(() => offsets.length === 10);
  expect(offsets).toEqual(range(0, 10));
  await consumer.close();
  await reading;
  expect(retries).toHaveLength(1);
});

test("is no news where it is over at once", async () => {
  const state = await brokenBroker();
  const client = await connectTo(state.broker);
  const retries: RetriedRead[] = [];
  const onRetry = (retry: RetriedRead): void => void retries.push(retry);
  const consumer = client.consumer({ topic: "t", from: "earliest", until: "end", onRetry });
  let records = 0;
  const reading = consumer.forEach(() => void records++);
  await until(() => state.subscribes === 2);
  state.isBroken = false;
  await reading;
  expect({ records, retries }).toEqual({ records: 10, retries: [] });
});
