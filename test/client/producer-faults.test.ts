/** Whatever goes wrong on the way: what is acknowledged is in the log once, and in order. */
import { expect, test } from "vitest";
import { BrokerError, type ErrorName } from "../../src/base/errors.ts";
import { Random } from "../protocol/random.ts";
import type { Fate } from "./fake-broker.ts";
import { connectTo, sleep, startFakeBroker } from "./harness.ts";
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
    return chance < 10 ? new BrokerError(random.pick(retriable), "not now") : "take";
  };
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", batchBytes: 4096, bufferBytes: 64 * 1024 });
  const sent = partitions.map(() => [] as string[]);
  const sends: Promise<void>[] = [];
  for (let index = 0; index < 3000; index++) {
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
