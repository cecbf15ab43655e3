import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { cambiumDriver } from "../../bench/drivers/cambium.ts";
import { AuditError, run } from "../../src/bench/run.ts";
import type { Workload } from "../../src/bench/workload.ts";
import { temporaryFolder } from "../cli/cambium.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const driver = cambiumDriver(main);
const length = { warmUpSeconds: 0.2, seconds: 0.5 };
const workload: Workload = {
  name: "test",
  rivals: "all",
  isQueue: false,
  durability: "os",
  partitions: 3,
  topics: 1,
  producers: 2,
  consumers: 1,
  readers: 1,
  isCold: false,
  size: 100,
  batchBytes: 16_384,
  lingerMs: 0,
  rate: 0,
  inFlight: 1,
  idle: 0,
};
let runs = 0;
const fresh = (): string => `${folder.path}/${runs++}`;

describe("a run", () => {
  test("counts every record that was acknowledged and consumed", async () => {
    const result = await run(driver, fresh(), workload, length);
    expect(result.audit.consumed).toBe(result.audit.acknowledged);
    expect(result.audit.acknowledged).toBeGreaterThan(0);
    expect(result.recordsPerSecond).toBeGreaterThan(0);
    expect(result.response).toBe(null);
  });

  test("on a schedule sends what is due, no more and no less, and times each", async () => {
    const result = await run(driver, fresh(), { ...workload, rate: 2000 }, length);
    expect(result.audit.acknowledged).toBe(2 * Math.floor(0.7 * 1000));
    const { response, service, endToEnd } = result;
    // Of each producer, those that were due from 0.2 s on.
    expect([response?.count, service?.count, endToEnd?.count]).toEqual([1000, 1000, 1000]);
    expect(response!.atUs(0.5)).toBeGreaterThanOrEqual(service!.atUs(0.5));
  });

  test("with one in flight sends the next when the one before is acknowledged", async () => {
    const result = await run(driver, fresh(), { ...workload, producers: 1, partitions: 1, rate: -1 }, length);
    expect(result.audit.consumed).toBe(result.audit.acknowledged);
    expect(result.response!.count).toBeGreaterThan(0);
  });

  test("without consumers reads back what it produced", async () => {
    const result = await run(driver, fresh(), { ...workload, consumers: 0, readers: 2 }, length);
    expect(result.audit.consumed).toBe(2 * result.audit.acknowledged);
    expect(result.endToEnd).toBe(null);
  });

  test("has each record go to every subscriber", async () => {
    const result = await run(driver, fresh(), { ...workload, consumers: 5, rate: 1000 }, length);
    expect(result.audit.consumed).toBe(5 * result.audit.acknowledged);
    expect(result.endToEnd!.count).toBe(5 * result.response!.count);
  });

  test("has a topic for each partition", async () => {
    const result = await run(driver, fresh(), { ...workload, topics: 3 }, length);
    expect(result.audit.consumed).toBe(result.audit.acknowledged);
    expect(result.audit.acknowledged).toBeGreaterThan(0);
  });

  test("with some in flight on each of some connections has each of them in order", async () => {
    const result = await run(
      driver,
      fresh(),
      { ...workload, partitions: 4, producers: 3, inFlight: 4, rate: -1 },
      length,
    );
    expect(result.audit.consumed).toBe(result.audit.acknowledged);
    expect(result.response!.count).toBeGreaterThan(12);
  });
});

test.each([
  ["loses", "meanwhile", 1],
  ["doubles", "meanwhile", 1],
  ["swaps", "meanwhile", 1],
  ["alters", "meanwhile", 1],
  ["loses", "at all subscribers", 2],
  ["loses", "when it is read back", 0],
])("a client that %s a record, %s, has no figure", async (fault, _, consumers) => {
  const broken = new URL(`./broken-client.ts?${fault}`, import.meta.url).href;
  const running = run({ ...driver, client: broken }, fresh(), { ...workload, producers: 1, consumers }, length);
  await expect(running).rejects.toThrow(AuditError);
});
