/** Whatever goes wrong on the way: what is acknowledged is in the log once, and in order. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { BrokerError, type ErrorName } from "../../src/base/errors.ts";
import { Random } from "../protocol/random.ts";
import type { Fate } from "./fake-broker-state.ts";
import { connectTo, startFakeBroker } from "./harness.ts";
import { valuesIn } from "./records.ts";

const PARTITIONS = 3;
const retriable: readonly ErrorName[] = ["BUSY", "STORAGE_ERROR", "UNKNOWN_OUTCOME", "NO_SPACE"];
const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

test.each(seeds)("seed %i: cuts and retriable errors lose, repeat and reorder nothing", async (seed) => {
  const random = new Random(seed);
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", PARTITIONS);
  broker.fate = (): Fate => {
    const chance = random.below(100);
    if (chance < 3) return "take and cut";
    if (chance < 6) return "cut";
    if (chance < 16) return "take and doubt";
    return chance < 20 ? new BrokerError(random.pick(retriable), "not now") : "take";
  };
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", batchBytes: 4096, bufferBytes: 64 * 1024 });
  const sent = partitions.map(() => [] as string[]);
  const sends: Promise<void>[] = [];
  for (let index = 0; index < 3000; index++) {
    await producer.ready();
    const partition = random.below(PARTITIONS);
    const value = `${index} ${"x".repeat(random.below(300))}`;
    const expected = sent[partition]!.push(value) - 1;
    const isAcknowledged = async (): Promise<void> => {
      const { offset } = await producer.send({ value, partition });
      expect(offset).toBe(expected);
    };
    sends.push(isAcknowledged());
    if (random.below(50) === 0) await sleep(random.below(3));
    if (random.below(200) === 0) broker.cut();
  }
  await Promise.all(sends);
  expect(partitions.map(valuesIn)).toEqual(sent);
});

test.each(seeds)(
  "seed %i: what is refused for good fails alone, and what follows it comes once and in order",
  async (seed) => {
    const random = new Random(seed);
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t", PARTITIONS);
    broker.fate = ({ batch }): Fate => {
      if (Buffer.from(batch).includes("poison"))
        return new BrokerError("INVALID_RECORD", "this broker does not like it");
      const chance = random.below(100);
      if (chance < 2) return "take and cut";
      return chance < 5 ? new BrokerError(random.pick(retriable), "not now") : "take";
    };
    const client = await connectTo(broker);
    const producer = await client.producer({ topic: "t", batchBytes: 4096, bufferBytes: 64 * 1024 });
    const acknowledged: string[][] = partitions.map(() => []);
    const refused: string[] = [];
    const sends: Promise<void>[] = [];
    for (let index = 0; index < 2000; index++) {
      await producer.ready();
      const partition = random.below(PARTITIONS);
      const value = `${index} ${"x".repeat(random.below(300))}${random.below(100) === 0 ? "poison" : ""}`;
      sends.push(
        producer.send({ value, partition }).then(
          ({ offset }) => {
            acknowledged[partition]![offset] = value;
          },
          ({ code }: BrokerError) => {
            expect(code).toBe("INVALID_RECORD");
            refused.push(value);
          },
        ),
      );
      if (random.below(50) === 0) await sleep(random.below(3));
    }
    await Promise.all(sends);
    const values = partitions.map(valuesIn);
    expect(values).toEqual(acknowledged);
    for (const list of values) {
      const numbers = list.map((value) => Number.parseInt(value, 10));
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
    }
    expect(refused.length + values.flat().length).toBe(2000);
    expect(refused.filter((value) => value.endsWith("poison")).length).toBeGreaterThan(0);
  },
);

test("what is given up may be in the log, the rest is there once and in order", async () => {
  let lostCount = 0;
  for (const seed of [1, 2, 3, 4]) lostCount += await loseSome(seed);
  // Of a few thousand batches some were never answered.
  expect(lostCount).toBeGreaterThan(0);
});

/** @returns how many records were given up */
async function loseSome(seed: number): Promise<number> {
  const random = new Random(seed);
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 1);
  broker.fate = (): Fate => {
    const chance = random.below(200);
    if (chance < 2) return "take and hold"; // For ever.
    return chance < 4 ? "ignore" : "take";
  };
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", batchBytes: 4096, deliveryTimeoutMs: 200 });
  const acknowledged: string[] = [];
  const lost = new Set<string>();
  const sends: Promise<unknown>[] = [];
  for (let index = 0; index < 1000; index++) {
    const value = `${index} ${"x".repeat(random.below(500))}`;
    sends.push(
      producer.send({ value }).then(
        () => acknowledged.push(value),
        ({ code }: BrokerError) => {
          expect(code).toBe("REQUEST_TIMED_OUT");
          lost.add(value);
        },
      ),
    );
    if (random.below(20) === 0) await sleep(random.below(10));
  }
  await Promise.all(sends);
  const values = valuesIn(partitions[0]!);
  expect(values.filter((value) => !lost.has(value))).toEqual(acknowledged);
  expect(new Set(values).size).toBe(values.length);
  return lost.size;
}
