import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { PendingAcks } from "../../src/broker/pending-acks.ts";
import { RequestTable } from "../../src/broker/request-table.ts";
import { BrokerBench, Outcomes } from "../helpers/broker-bench.ts";

test("batches are acknowledged in order, as far as the high watermark, and the rest is refused", async () => {
  const bench = new BrokerBench();
  const partition = await bench.topic("t");
  const requests = new RequestTable<string>();
  const acks = new PendingAcks(requests);
  const outcomes = new Outcomes();
  for (let token = 0; token < 40; token++)
    acks.add(requests.add("t", outcomes, token, 0, 10), token, token + 1, token % 3 === 0);
  const at = (highWatermark: number) => Object.create(partition, { highWatermark: { value: highWatermark } });
  acks.acknowledge(at(0));
  expect(outcomes.all).toEqual([]);
  acks.acknowledge(at(25));
  expect(outcomes.tokens).toEqual([...Array(25).keys()]);
  expect(outcomes.all[3]).toMatchObject({ baseOffset: 3, duplicate: true });
  acks.refuseAll(new BrokerError("STORAGE_ERROR", "gone"));
  expect(outcomes.tokens).toEqual([...Array(40).keys()]);
  expect(outcomes.errors).toHaveLength(15);
  expect(acks.isEmpty).toBe(true);
});

test("where some always wait there is no trace of those that were answered", () => {
  const requests = new RequestTable<string>();
  const acks = new PendingAcks(requests);
  const outcomes = new Outcomes();
  const partition = { highWatermark: 0 } as Parameters<typeof acks.acknowledge>[0];
  for (let batch = 0; batch < 100_000; batch++) {
    acks.add(requests.add("t", outcomes, batch, 0, 10), batch, batch + 1, false);
    if (batch >= 10) acks.acknowledge({ ...partition, highWatermark: batch - 9 });
    expect(acks.isEmpty).toBe(false);
  }
  expect(outcomes.all).toHaveLength(99_990);
  expect(acks.capacity).toBe(16);
});
