/** How long a connection waits: for answers, and for a sign of life. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { BrokerError } from "../../src/base/errors.ts";
import { LoopClock, TICK_MS } from "../../src/client/loop-clock.ts";
import { until } from "../helpers/until.ts";
import { codeOf, connectTo, startFakeBroker } from "./harness.ts";

test.each([1, 100, 200])("heartbeatMs %i leaves an idle connection to a healthy broker alone", async (heartbeatMs) => {
  const broker = await startFakeBroker();
  const lost: string[] = [];
  await connectTo(broker, { heartbeatMs, onConnectionLost: ({ message }) => void lost.push(message) });
  await sleep(8 * TICK_MS);
  expect(lost).toEqual([]);
  expect(broker.descriptions).toBeGreaterThan(0);
});

test.each([1, 100, 250, 300])("no request times out before its requestTimeoutMs, %i", async (requestTimeoutMs) => {
  const broker = await startFakeBroker();
  const client = await connectTo(broker, { requestTimeoutMs });
  broker.isMute = true;
  for (let round = 0; round < 3; round++) {
    await sleep(60);
    const begun = performance.now();
    expect(await codeOf(client.stats())).toBe("REQUEST_TIMED_OUT");
    expect(performance.now() - begun).toBeGreaterThanOrEqual(requestTimeoutMs);
  }
});

test("requests behind others that are not answered are not sent once their own time is over", async () => {
  const broker = await startFakeBroker();
  const client = await connectTo(broker, { requestTimeoutMs: 100 });
  broker.isMute = true;
  const asked = Array.from({ length: 1200 }, () => client.stats().catch((error: unknown) => error as BrokerError));
  const errors = (await Promise.all(asked)) as BrokerError[];
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["REQUEST_TIMED_OUT"]));
  expect(errors.filter(({ message }) => message.includes("earlier requests"))).toHaveLength(700);
});

test("an answer that lay unread while the event loop was stalled is not late", async () => {
  const broker = await startFakeBroker();
  const client = await connectTo(broker, { requestTimeoutMs: 100 });
  for (let round = 0; round < 3; round++) {
    const asked = client.stats();
    await new Promise(setImmediate);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * TICK_MS);
    expect(await asked).toEqual({ version: "fake" });
  }
});

test("a fetch may wait for longer than requests do, and is given up when that is over, too", async () => {
  const broker = await startFakeBroker();
  broker.topic("t");
  const client = await connectTo(broker, { requestTimeoutMs: 100 });
  const fetch = { topic: "t", partition: 0, from: "latest" } as const;
  expect(await client.fetch({ ...fetch, waitMs: 1500 })).toMatchObject({ records: [], nextOffset: 0 });
  broker.isMute = true;
  const begun = performance.now();
  expect(await codeOf(client.fetch({ ...fetch, waitMs: 400 }))).toBe("REQUEST_TIMED_OUT");
  expect(performance.now() - begun).toBeGreaterThanOrEqual(500);
});

test("an answer that comes when its request was given up costs nobody the connection", async () => {
  const broker = await startFakeBroker();
  broker.topic("t");
  broker.topic("u");
  const lost: string[] = [];
  const onConnectionLost = ({ message }: BrokerError): void => void lost.push(message);
  const client = await connectTo(broker, { requestTimeoutMs: 100, onConnectionLost });
  const producer = await client.producer({ topic: "t" });
  const answers = Promise.withResolvers<void>();
  broker.described = answers.promise;
  const { descriptions } = broker;
  const preparing = producer.prepare("u");
  expect(await codeOf(client.topics.describe("t"))).toBe("REQUEST_TIMED_OUT");
  // The producer has given its first question up, too, and asked again.
  await until(() => broker.descriptions >= descriptions + 3);
  broker.described = Promise.resolve();
  answers.resolve();
  // Answered behind the late ones.
  expect((await client.topics.describe("t")).name).toBe("t");
  await preparing;
  expect(await producer.send({ topic: "u", value: "a" })).toMatchObject({ offset: 0 });
  expect(lost).toEqual([]);
});

test("a stall counts as a tick", () => {
  let nowMs = 1000;
  const spy = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  try {
    const clock = new LoopClock();
    nowMs += 100;
    expect(clock.now()).toBe(100);
    clock.tick();
    nowMs += TICK_MS;
    clock.tick();
    expect(clock.now()).toBe(100 + TICK_MS);
    nowMs += 60_000;
    expect(clock.now()).toBe(100 + 2 * TICK_MS);
    clock.tick();
    nowMs += 1;
    expect(clock.now()).toBe(101 + 2 * TICK_MS);
  } finally {
    spy.mockRestore();
  }
});
