import { expect, test } from "vitest";
import { resolveStart, type StartAt } from "../../src/broker/start-offset.ts";
import { BrokerBench, turns } from "../helpers/broker-bench.ts";

async function filled(settings: Readonly<Record<string, string>> = {}) {
  const bench = new BrokerBench({ poolBytes: 4 << 20 });
  const partition = await bench.openTopic("t", settings);
  for (let batch = 0; batch < 5; batch++) bench.produce(partition, { count: 2, fill: 10 * batch });
  bench.store.step();
  const resolve = (start: StartAt) => resolveStart(bench.store, partition, start);
  return { bench, partition, resolve };
}

test("earliest is the log's start, latest the high watermark, and an offset itself", async () => {
  const { bench, partition, resolve } = await filled();
  bench.produce(partition, { count: 2 }); // Not durable: not there.
  bench.store.write();
  bench.store.tell();
  expect(await resolve({ kind: "earliest" })).toBe(0);
  expect(await resolve({ kind: "latest" })).toBe(10);
  expect(await resolve({ kind: "offset", value: 7 })).toBe(7);
  expect(await resolve({ kind: "offset", value: 10 })).toBe(10); // The next one to come.
  await expect(resolve({ kind: "offset", value: 11 })).rejects.toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
});

test("a timestamp that no record reaches is the high watermark", async () => {
  const { resolve } = await filled();
  expect(await resolve({ kind: "timestamp", value: 5 })).toBe(10);
});

test("in memory a timestamp is looked up in what is kept", async () => {
  const { resolve } = await filled({ durability: "memory", "retention.bytes": String(1 << 20) });
  expect(await resolve({ kind: "timestamp", value: 0 })).toBe(0);
  expect(await resolve({ kind: "timestamp", value: 15 })).toBe(4);
  expect(await resolve({ kind: "timestamp", value: 41 })).toBe(10);
});

test("a log whose end is not certain is opened first, and its error is the answer where it cannot be", async () => {
  const bench = new BrokerBench({ clean: false, records: [] });
  await bench.topic("t");
  const again = new BrokerBench({ clean: false, left: ["t-0"], records: bench.records });
  const partition = again.partition("t");
  expect(partition.log.isCertain).toBe(false);
  again.store.hold("recover");
  const resolved = resolveStart(again.store, partition, { kind: "latest" });
  await turns();
  expect(again.store.held("recover")).toBe(1);
  again.store.fail("recover");
  await expect(resolved).rejects.toMatchObject({ code: "STORAGE_ERROR" });
  again.store.let("recover");
  expect(await resolveStart(again.store, partition, { kind: "latest" })).toBe(0);
});
