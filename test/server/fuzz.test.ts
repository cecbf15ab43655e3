import { expect, test } from "vitest";
import { fuzz } from "./fuzz.ts";

const COUNT = 20_000;
const RSS_GROWTH_MAX = 64 << 20;

test("a broker survives hostile frames, serves a healthy client beside them, and keeps no memory of them", async () => {
  const report = await fuzz({ seed: 20_261, count: COUNT });
  expect(report.socketFrames + report.callFrames).toBeGreaterThanOrEqual(COUNT);
  expect(report.healthyRecords).toBeGreaterThan(0);
  expect(report.rssEnd - report.rssWarm).toBeLessThan(RSS_GROWTH_MAX);
  // What would be missing if the frames never came past the door.
  const { outcomes } = report;
  for (const reached of [
    "ProduceAck",
    "Data",
    "SubscribeResult",
    "ProduceGrant",
    "Error CORRUPT_BATCH",
    "close 1002",
  ]) {
    expect(outcomes[reached], reached).toBeGreaterThan(0);
  }
}, 120_000);
