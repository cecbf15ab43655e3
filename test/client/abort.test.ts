/** Waiting that is given up with a signal: it ends with the signal's reason, and disturbs nothing else. */

import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { KIB } from "../../src/base/units.ts";
import type { Client, WaitOptions } from "../../src/client/index.ts";
import { until } from "../helpers/until.ts";
import { codeOf, connectTo, startFakeBroker } from "./harness.ts";
import { valuesIn } from "./records.ts";

const requests: readonly [string, (client: Client, options: WaitOptions) => Promise<unknown>][] = [
  ["topics.create", (client, options) => client.topics.create({ name: "new" }, options)],
  ["topics.delete", (client, options) => client.topics.delete("other", options)],
  ["topics.alter", (client, options) => client.topics.alter("t", { partitions: 1 }, options)],
  ["topics.describe", (client, options) => client.topics.describe("t", options)],
  ["topics.list", (client, options) => client.topics.list(options)],
  ["stats", (client, options) => client.stats(options)],
  ["listOffset", (client, options) => client.listOffset("t", 0, "earliest", options)],
  ["fetch", (client, { signal }) => client.fetch({ topic: "t", partition: 0, from: "earliest", signal: signal! })],
  ["producer", (client, { signal }) => client.producer({ topic: "t", signal: signal! })],
];

test.each(requests)("%s", async (_, request) => {
  const broker = await startFakeBroker();
  broker.topic("t");
  broker.topic("other");
  const client = await connectTo(broker);
  const reason = new Error("enough");
  const controller = new AbortController();
  const { signal } = controller;

  // Answered: the signal is let go.
  await request(client, { signal });
  expect(getEventListeners(signal, "abort")).toEqual([]);

  // Not answered.
  broker.isMute = true;
  const waiting = request(client, { signal });
  const other = client.topics.describe("t");
  await until(() => getEventListeners(signal, "abort").length === 1);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(getEventListeners(signal, "abort")).toEqual([]);

  // Aborted before: nothing is asked.
  await sleep(20);
  const asked = broker.descriptions;
  await expect(request(client, { signal })).rejects.toBe(reason);
  await sleep(20);
  expect(broker.descriptions).toBe(asked);

  // Who waits without it goes on.
  broker.isMute = false;
  broker.cut();
  await expect(other).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  await request(client, {});
});

test("flush: what was lost is told by the next one", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t");
  broker.fate = ({ index }) => (index === 0 ? new BrokerError("INVALID_RECORD", "no") : "take and hold");
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t" });
  producer.enqueue({ value: "refused" });
  await until(() => broker.arrivals === 1);
  producer.enqueue({ value: "held" });
  const controller = new AbortController();
  const flushing = producer.flush({ signal: controller.signal });
  await until(() => broker.held.length === 1);
  controller.abort("enough");
  await expect(flushing).rejects.toBe("enough");
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  broker.release();
  await expect(producer.flush()).rejects.toMatchObject({ code: "INVALID_RECORD", details: { records: 1 } });
  await producer.flush();
  expect(valuesIn(partitions[0]!)).toEqual(["held"]);
});

test("ready and prepare: others that wait go on", async () => {
  const broker = await startFakeBroker();
  broker.topic("t");
  broker.topic("other");
  broker.fate = () => "take and hold";
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", batchBytes: 4 * KIB, bufferBytes: 8 * KIB });
  while (producer.enqueue({ value: new Uint8Array(1000) }));
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = producer.ready({ signal });
  let isReady = false;
  const other = producer.ready().then(() => {
    isReady = true;
  });
  await until(() => broker.held.length > 0);
  broker.isMute = true;
  const preparing = producer.prepare("other", { signal });
  controller.abort("enough");
  await expect(waiting).rejects.toBe("enough");
  await expect(preparing).rejects.toBe("enough");
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(isReady).toBe(false);
  broker.isMute = false;
  broker.fate = () => "take";
  broker.cut();
  await other;
  await expect(producer.ready({ signal })).rejects.toBe("enough");
});

test("what is no signal is refused", async () => {
  const client = await connectTo(await startFakeBroker());
  const signal = {} as AbortSignal;
  await expect(client.topics.list({ signal })).rejects.toMatchObject({ code: "INVALID_OPTION" });
});

test("the client's signal is heard whenever it is aborted", async () => {
  const broker = await startFakeBroker();
  broker.topic("t");
  broker.fate = () => "ignore";
  const early = new AbortController();
  const connecting = connectTo(broker, { signal: early.signal });
  queueMicrotask(() => early.abort("enough"));
  await expect(connecting).rejects.toBe("enough");

  const late = new AbortController();
  const client = await connectTo(broker, { signal: late.signal });
  const producer = await client.producer({ topic: "t" });
  const sending = expect(producer.send({ value: "a" })).rejects.toMatchObject({ code: "CLOSED", cause: "enough" });
  await until(() => broker.arrivals === 1);
  producer.enqueue({ value: "b" }); // Its loss is told by close.
  const closing = client.close().catch(() => {}); // What was lost is not its own failure to tell.
  late.abort("enough");
  await sending;
  await closing;
  expect(getEventListeners(late.signal, "abort")).toEqual([]);
});

test("the client's signal aborts everything", async () => {
  const isAborted = { code: "CLOSED", message: "the client was aborted", cause: "enough" };
  const broker = await startFakeBroker();
  broker.topic("t");
  broker.fate = () => "ignore";
  const controller = new AbortController();
  const client = await connectTo(broker, { signal: controller.signal });
  const producer = await client.producer({ topic: "t" });
  const send = codeOf(producer.send({ value: "a" }));
  const reading = codeOf(client.consumer({ topic: "t" }).forEach(() => {}));
  await until(() => broker.arrivals === 1);
  broker.isMute = true;
  const aborted = [
    client.producer({ topic: "u" }),
    client.stats(),
    client.fetch({ topic: "t", partition: 0, from: "latest", waitMs: 10_000 }),
    client.topics.list(),
  ].map((call) => expect(call).rejects.toMatchObject(isAborted));
  controller.abort("enough");
  expect(await send).toBe("CLOSED");
  // The end of a loop would say that all was read.
  expect(await reading).toBe("CLOSED");
  await Promise.all(aborted);
  await expect(client.topics.list()).rejects.toMatchObject(isAborted);
  await expect(client.producer()).rejects.toMatchObject(isAborted);
  await until(() => broker.connections.size === 0);
  await expect(client.producer()).rejects.toMatchObject(isAborted);
});
