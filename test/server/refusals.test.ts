import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { errorBody } from "../../src/protocol/wire-error.ts";
import { Refusals, RefusalTurns } from "../../src/server/refusals.ts";

const error = errorBody(new BrokerError("UNKNOWN_TOPIC_ID", "there is none"));

function counted(turns: RefusalTurns): { refusals: Refusals; answered: (number | null)[] } {
  const answered: (number | null)[] = [];
  const refusals = new Refusals(turns, { answer: (correlation) => void answered.push(correlation) });
  return { refusals, answered };
}

test("a turn answers some, in order, and the next ones go on until all are answered", async () => {
  const { refusals, answered } = counted(new RefusalTurns());
  for (let correlation = 0; correlation < 1000; correlation++) refusals.add(correlation, 1, error);
  expect(answered).toEqual([]);
  await setImmediate();
  expect(answered.length).toBeGreaterThan(0);
  expect(answered.length).toBeLessThan(1000);
  while (!refusals.isEmpty) await setImmediate();
  expect(answered).toEqual(Array.from({ length: 1000 }, (_, correlation) => correlation));
});

test("many connections share a turn, and none waits for another's last", async () => {
  const turns = new RefusalTurns();
  const all = Array.from({ length: 20 }, () => counted(turns));
  for (const { refusals } of all) for (let index = 0; index < 500; index++) refusals.add(index, 1, error);
  await setImmediate();
  const inOneTurn = all.reduce((sum, { answered }) => sum + answered.length, 0);
  expect(inOneTurn).toBeLessThan(500);
  const last = counted(turns);
  last.refusals.add(null, 1, error);
  let before = 0;
  while (!last.refusals.isEmpty) {
    before = all.reduce((sum, { answered }) => sum + answered.length, 0);
    await setImmediate();
  }
  expect(before).toBeLessThan(20 * 500);
});

test("an answer may end the connection, which answers the others at once", () => {
  const answered: (number | null)[] = [];
  const refusals: Refusals = new Refusals(new RefusalTurns(), {
    answer: (correlation) => {
      answered.push(correlation);
      if (correlation === 3) refusals.answer(Number.POSITIVE_INFINITY);
    },
  });
  for (let index = 0; index < 100; index++) refusals.add(index, 1, error);
  refusals.answer(32);
  expect(answered).toEqual(Array.from({ length: 100 }, (_, index) => index));
  refusals.add(100, 1, error);
  expect(refusals.answer(1)).toBe(1);
});

test("what is answered all at once is not answered again", async () => {
  const { refusals, answered } = counted(new RefusalTurns());
  for (let index = 0; index < 300; index++) refusals.add(index, 1, error);
  expect(refusals.answer(Number.POSITIVE_INFINITY)).toBe(300);
  await setImmediate();
  expect(answered).toHaveLength(300);
});

test("what is answered is forgotten, also where there are always others behind it", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { refusals } = counted(new RefusalTurns());
  const errors: WeakRef<typeof error>[] = [];
  const add = (): void => {
    const refused = { ...error };
    errors.push(new WeakRef(refused));
    refusals.add(null, 1, refused);
  };
  for (let index = 0; index < 2000; index++) add();
  for (let index = 0; index < 5000; index++) {
    add();
    refusals.answer(1);
  }
  await setImmediate();
  collect();
  const kept = errors.filter((error) => error.deref() !== undefined);
  expect(kept.length).toBeLessThan(5000);
  expect(refusals.isEmpty).toBe(false);
});
