import { expect, test } from "vitest";
import { BrokerBench } from "../helpers/broker-bench.ts";

test("G1: no id is given twice, to whoever asks at the same time and after any restart", async () => {
  let bench = new BrokerBench();
  const ids: number[] = [];
  for (let start = 0; start < 5; start++) {
    ids.push(...(await Promise.all(Array.from({ length: 1500 }, () => bench.broker.producerIds.next()))));
    bench = new BrokerBench({ records: bench.records }); // As after a kill: nothing was said of what is unused.
  }
  expect(new Set(ids).size).toBe(7500);
  expect(ids.every(Number.isSafeInteger)).toBe(true);
});

test("G1: which ids were given is known, also after a restart", async () => {
  const bench = new BrokerBench();
  expect(bench.broker.producerIds.isTaken(0)).toBe(false);
  const id = await bench.broker.producerIds.next();
  expect([id - 1, id, id + 1, 5000].map((one) => bench.broker.producerIds.isTaken(one))).toEqual([
    false,
    true,
    false,
    false,
  ]);
  const again = new BrokerBench({ records: bench.records });
  expect([id, 5000].map((one) => again.broker.producerIds.isTaken(one))).toEqual([true, false]);
});

test("ids are durable before they are given, a thousand by one write", async () => {
  const bench = new BrokerBench();
  await Promise.all(Array.from({ length: 1000 }, () => bench.broker.producerIds.next()));
  expect(bench.records).toEqual([{ type: "producerIds", next: 1000 }]);
});

test("where they cannot be made durable nobody gets one, and the next try may", async () => {
  const bench = new BrokerBench();
  const failing = bench.failWrites();
  const asked = Array.from({ length: 3 }, () => bench.broker.producerIds.next());
  for (const outcome of await Promise.allSettled(asked))
    expect(outcome).toMatchObject({ reason: { code: "NO_SPACE" } });
  failing.stop();
  expect(await bench.broker.producerIds.next()).toBeGreaterThanOrEqual(0);
});
