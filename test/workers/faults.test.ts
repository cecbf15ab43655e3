/** Contract H1, with a real broker: `npm run test:workers` does the same at length. */
import { expect, test } from "vitest";
import { type FaultReport, type PlannedDeath, runFaults } from "./fault-run.ts";

const nothingWrong: Partial<FaultReport> = {
  failures: [],
  lost: 0,
  duplicated: 0,
  reordered: 0,
  altered: 0,
  misplaced: 0,
  filesLeaked: 0,
  poolBytesLeaked: 0,
};

const plans: readonly [string, "disk" | "os", readonly PlannedDeath[]][] = [
  [
    "batches are accepted, written or being synced",
    "disk",
    [
      { fault: "throw", point: "accepted" },
      { fault: "trap", point: "written" },
      { fault: "throw", point: "syncing" },
      { fault: "loop", point: "written" },
      { fault: "throw", point: "sync thread" },
      { fault: "throw", point: "maintenance" },
    ],
  ],
  [
    "a log is being opened or closed, or nothing is synced",
    "os",
    [
      { fault: "throw", point: "opening" },
      { fault: "trap", point: "closing" },
      { fault: "trap", point: "accepted" },
      { fault: "throw", point: "written" },
    ],
  ],
];

test.each(plans)("H1: a worker that dies while %s (%s) loses, repeats, alters and keeps nothing", async (...plan) => {
  const [, durability, deaths] = plan;
  const report = await runFaults({ deaths, durability });
  process.stdout.write(`${JSON.stringify(report.deaths)}\n`);
  expect(report).toMatchObject(nothingWrong);
  expect(report.deaths.length).toBe(deaths.length);
  // Where a log worker died, the other one's partitions went on.
  for (const { replacedMs, othersAcked } of report.deaths) if (replacedMs > 0) expect(othersAcked).toBeGreaterThan(0);
});
