import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { REFUSAL_WORK, TurnAllowance, Turns } from "../../src/server/turn-allowance.ts";

function taken(allowance: TurnAllowance, work: number, bytes: number): number {
  let times = 0;
  while (allowance.take(work, bytes)) times++;
  return times;
}

test("a turn takes so much of one connection, and the next as much again", async () => {
  const turns = new Turns();
  const [one, other] = [new TurnAllowance(turns), new TurnAllowance(turns)];
  const first = taken(one, REFUSAL_WORK, 0);
  expect(first).toBeGreaterThan(500); // As many as a client of ours has under way.
  await Promise.resolve();
  expect(one.take(1, 0)).toBe(false);
  expect(taken(other, REFUSAL_WORK, 0)).toBe(first);
  await setImmediate();
  await setImmediate(); // An immediate made in the turn that the first ended may come before the one of this.
  expect(taken(one, REFUSAL_WORK, 0)).toBe(first);
});

test("bytes are work too", () => {
  const allowance = new TurnAllowance(new Turns());
  expect(taken(allowance, 1, 1 << 20)).toBeLessThan(50);
});
