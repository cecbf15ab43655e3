import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { FRAME_WORK, requestWork, TurnAllowance, Turns } from "../../src/server/turn-allowance.ts";

const PARTITIONS_MAX = 10_000;

function taken(allowance: TurnAllowance, work: number): number {
  let times = 0;
  while (allowance.take(work)) times++;
  return times;
}

test("a turn takes so much of one connection, and the next as much again", async () => {
  const turns = new Turns();
  const [one, other] = [new TurnAllowance(turns), new TurnAllowance(turns)];
  const first = taken(one, FRAME_WORK);
  await Promise.resolve();
  expect(one.take(FRAME_WORK)).toBe(false);
  expect(taken(other, FRAME_WORK)).toBe(first);
  await setImmediate();
  await setImmediate(); // An immediate made in the turn that the first ended may come before the one of this.
  expect(taken(one, FRAME_WORK)).toBe(first);
});

test("it takes whatever a client of ours can have under way, and any single request", () => {
  const turns = new Turns();
  const [partitions, large] = [new TurnAllowance(turns), new TurnAllowance(turns)];
  expect(taken(partitions, requestWork(64))).toBeGreaterThan(PARTITIONS_MAX);
  expect(large.take(requestWork(1 << 20))).toBe(true);
  expect(taken(large, requestWork(1 << 20))).toBeLessThan(3);
});
