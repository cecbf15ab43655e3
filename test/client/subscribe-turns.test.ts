import { expect, test } from "vitest";
import { SubscribeTurns } from "../../src/client/subscribe-turns.ts";

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
