import { expect, test } from "vitest";
import { Intake } from "../../src/broker/intake.ts";
import { BrokerBench, Outcomes, turns } from "../helpers/broker-bench.ts";
import { fakeBatch } from "../helpers/stepped-log-store.ts";

const KIB = 1024;
/** Room for four blocks. */
const SMALL = { poolBytes: 64 * KIB, blockMax: 64 * KIB } as const;

test("what finds no memory is kept aside and taken in, in its order, once there is some", async () => {
  const bench = new BrokerBench(SMALL);
  const partition = await bench.openTopic("t");
  const outcomes = new Outcomes();
  for (let token = 0; token < 20; token++)
    bench.produce(partition, { count: 1, size: 15 * KIB, fill: token }, outcomes, token);
  bench.produce(partition, { count: 1, size: 100, fill: 20 }, outcomes, 20); // Would fit, and must not overtake.
  expect(bench.broker.intake.spilledBytes).toBeGreaterThan(16 * 15 * KIB);
  for (let round = 0; round < 10; round++) {
    bench.store.step();
    await turns();
  }
  expect(outcomes.tokens).toEqual([...Array(21).keys()]);
  expect(outcomes.offsets).toEqual([...Array(21).keys()]);
  expect(bench.broker.intake.spilledBytes).toBe(0);
  const fills = bench.store.stored.get("topics/t-0")!.batches.map(({ bytes }) => bytes[50]);
  expect(fills).toEqual([...Array(21).keys()]);
});

test("what is kept aside is a copy: the frame is the caller's again", async () => {
  const bench = new BrokerBench(SMALL);
  const partition = await bench.openTopic("t");
  const frame = new Uint8Array(20 * KIB);
  for (let token = 0; token < 6; token++) {
    frame.set(fakeBatch({ count: 1, size: 15 * KIB, fill: token }), 100);
    bench.broker.intake.take(partition, frame, 100, 15 * KIB, new Outcomes(), token);
    frame.fill(0xff);
  }
  for (let round = 0; round < 4; round++) {
    bench.store.step();
    await turns();
  }
  expect(bench.store.stored.get("topics/t-0")!.batches.map(({ bytes }) => bytes[50])).toEqual([0, 1, 2, 3, 4, 5]);
});

test("what is kept aside is bounded, with what it costs to keep it; beyond that BUSY comes at once", async () => {
  const bench = new BrokerBench({ ...SMALL, queueMax: 100_000 });
  const partition = await bench.openTopic("t");
  const bytesMax = 500_000;
  const intake = new Intake(bench.store.memory.bytes, bench.broker.pool, bytesMax);
  const outcomes = new Outcomes();
  const batch = fakeBatch({ count: 1, size: 61 });
  const batches = 10_000;
  for (let token = 0; token < batches; token++) intake.take(partition, batch, 0, 61, outcomes, token);
  expect(intake.spilledBytes).toBeLessThanOrEqual(bytesMax);
  const refused = outcomes.errors.length;
  expect(new Set(outcomes.errors)).toEqual(new Set(["BUSY"]));
  const inMemory = Math.floor(SMALL.poolBytes / 61);
  const aside = Math.floor(bytesMax / (61 + 256));
  expect(batches - refused).toBeGreaterThanOrEqual(aside);
  expect(batches - refused).toBeLessThanOrEqual(aside + inMemory);
  // All of it is taken in, in as many rounds as memory allows.
  for (let round = 0; intake.spilledBytes > 0; round++) {
    expect(round).toBeLessThan(100);
    bench.store.step();
    await turns(3);
  }
  bench.store.step();
  expect(outcomes.offsets).toEqual([...Array(batches - refused).keys()]);
});

test("a batch kept aside for a topic that is deleted meanwhile is refused, and those behind it go on", async () => {
  const bench = new BrokerBench(SMALL);
  const doomed = await bench.openTopic("doomed");
  const other = await bench.openTopic("other");
  const outcomes = new Outcomes();
  for (let token = 0; token < 4; token++) bench.produce(other, { count: 1, size: 15 * KIB }, outcomes, token);
  bench.produce(doomed, { count: 1, size: 15 * KIB }, outcomes, 4);
  bench.produce(other, { count: 1, size: 15 * KIB }, outcomes, 5);
  await bench.broker.topics.delete("doomed");
  for (let round = 0; round < 4; round++) {
    bench.store.step();
    await turns();
  }
  expect(outcomes.errors).toEqual(["UNKNOWN_TOPIC_OR_PARTITION"]);
  expect(outcomes.offsets).toEqual([0, 1, 2, 3, 4]);
});
