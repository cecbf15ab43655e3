import { expect, test } from "vitest";
import { EARLIEST } from "../../src/client/consumer-options.ts";
import { LargeTurns } from "../../src/client/large-turns.ts";
import { SubscribeTurns } from "../../src/client/subscribe-turns.ts";
import { Subscription, type SubscriptionOwner } from "../../src/client/subscription.ts";

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
