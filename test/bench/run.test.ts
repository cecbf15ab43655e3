import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { cambiumDriver } from "../../bench/drivers/cambium.ts";
import { AuditError, run, type Workload } from "../../src/bench/run.ts";
import { temporaryFolder } from "../cli/cambium.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const driver = cambiumDriver(main);
const length = { warmUpSeconds: 0.2, seconds: 0.5 };
const workload: Workload = {
  name: "test",
  durability: "os",
  partitions: 3,
  producers: 2,
  consumers: 1,
  size: 100,
  batchBytes: 16_384,
  lingerMs: 0,
  rate: 0,
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
});

describe.each(["loses", "doubles", "swaps", "alters"])("a client that %s a record", (fault) => {
  test("has no figure", async () => {
    const broken = new URL(`./broken-client.ts?${fault}`, import.meta.url).href;
    const running = run({ ...driver, client: broken }, fresh(), { ...workload, producers: 1 }, length);
    await expect(running).rejects.toThrow(AuditError);
  });
});
