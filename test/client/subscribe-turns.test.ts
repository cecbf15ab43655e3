import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { EARLIEST } from "../../src/client/consumer-options.ts";
import { connect } from "../../src/client/index.ts";
import { LargeTurns } from "../../src/client/large-turns.ts";
import { SubscribeTurns } from "../../src/client/subscribe-turns.ts";
import { Subscription, type SubscriptionOwner } from "../../src/client/subscription.ts";
import { startBroker } from "../../src/index.ts";
import { until } from "../helpers/until.ts";
import { Random } from "../protocol/random.ts";
import { CutProxy } from "./cut-proxy.ts";

test("so many ask at a time, the others in their order as these are answered, and all anew on another connection", () => {
  const turns = new SubscribeTurns();
  const asked: number[] = [];
  const askers = Array.from({ length: 2000 }, (_, number) => ({
    subscribe(): void {
      if (turns.take(this)) asked.push(number);
    },
  }));
  for (const asker of askers) asker.subscribe();
  const atOnce = asked.length;
  expect(atOnce).toBeGreaterThan(100);
  expect(atOnce).toBeLessThan(1000);
  turns.leave(askers[1500]!); // It gave up before it was its turn.
  for (const asker of askers) turns.leave(asker);
  expect(asked).toEqual(Array.from(askers.keys()).filter((number) => number !== 1500));
  turns.clear();
  asked.length = 0;
  for (const asker of askers) asker.subscribe();
  expect(asked).toHaveLength(atOnce);
});

test("one that waits on a new connection says nothing there by the number that it had on the old one", () => {
  const subscribing = new SubscribeTurns();
  const turns = new LargeTurns(() => false);
  const owner = { subscribing, turns, route: () => {}, unroute: () => {} } as unknown as SubscriptionOwner;
  const connectTo = (said: string[]): void =>
    subscription.connected({
      nextCorrelation: () => 7,
      post: (type: string) => void said.push(type),
      send: () => void said.push("Credit"),
    } as never);
  const subscription = new Subscription("t", new Uint8Array(16), 0, EARLIEST, 1000, owner);
  const [before, after]: [string[], string[]] = [[], []];
  connectTo(before);
  subscription.limitCredit(5000);
  expect(before).toEqual(["Subscribe", "Credit"]);
  subscription.disconnected();
  subscribing.clear();
  while (subscribing.take({ subscribe: () => {} }));
  connectTo(after);
  subscription.limitCredit(50_000);
  subscription.close();
  expect(after).toEqual([]);
});

test("what waited on a connection that is gone is not asked for on the next by itself", () => {
  const turns = new SubscribeTurns();
  let asked = 0;
  while (turns.take({ subscribe: () => void asked++ }));
  turns.clear();
  const other = { subscribe: () => {} };
  turns.take(other);
  turns.leave(other);
  expect(asked).toBe(0);
});

describe("a subscription that asks no more lets the next one ask", () => {
  function crowded(settings: object = {}) {
    const subscribing = new SubscribeTurns();
    const connection = { nextCorrelation: () => 7, post: () => {}, send: () => {} };
    const turns = new LargeTurns(() => false);
    const owner = { settings, subscribing, turns, route: () => {}, unroute: () => {} };
    const subscription = new Subscription(
      "t",
      new Uint8Array(16),
      0,
      EARLIEST,
      1000,
      owner as unknown as SubscriptionOwner,
    );
    subscription.connected(connection as never);
    let last = { subscribe: () => {} };
    while (subscribing.take(last)) last = { subscribe: () => {} };
    subscribing.leave(last); // It waits, and is not to be the next.
    const next = { asked: 0, subscribe: () => void next.asked++ };
    subscribing.take(next);
    return { subscription, next };
  }

  test("when it was answered", () => {
    const { subscription, next } = crowded({ untilEnd: false });
    subscription.subscribed({ offset: 0, highWatermark: 0 } as never);
    expect(next.asked).toBe(1);
  });

  test("when it was refused, and will ask again", () => {
    const { subscription, next } = crowded({ untilEnd: false });
    subscription.ended(new BrokerError("BUSY", "later"));
    expect(next.asked).toBe(1);
    subscription.close();
  });

  test("when it is closed", () => {
    const { subscription, next } = crowded();
    subscription.close();
    expect(next.asked).toBe(1);
  });
});

test("a consumer of more partitions than may ask at once goes on after cuts while it asks", async () => {
  const partitions = 1200;
  const broker = await startBroker({ data: "temporary", port: 0 });
  const proxy = await CutProxy.start(broker.port, new Random(7));
  const admin = await connect({ server: `127.0.0.1:${broker.port}` });
  await admin.topics.create({ name: "wide", partitions, settings: { durability: "os" } });
  const producer = await admin.producer({ topic: "wide" });
  for (let partition = 0; partition < partitions; partition++) producer.enqueue({ partition, value: "x" });
  await producer.flush();
  const client = await connect({ server: proxy.server, reconnectMinMs: 5, reconnectMaxMs: 20 });
  const consumer = client.consumer({ topic: "wide", from: "earliest" });
  const seen = new Set<number>();
  const reading = consumer.forEach(({ partition }) => void seen.add(partition));
  for (let cut = 0; cut < 8; cut++) {
    await sleep(15 + 10 * cut);
    proxy.cut();
  }
  await until(() => seen.size === partitions);
  await consumer.close();
  await reading;
  for (const each of [client, admin, broker]) await each.close();
  await proxy.close();
});
