/**
 * Lets a log worker die under load, in each way and at each point, and audits contract H1: nothing acknowledged may be lost,
 * come twice, out of order or altered; the worker is replaced within a second of its death being noticed; no file stays open.
 *
 *   npm run test:workers -- [--rounds 2] [--durability disk|os]
 */
import type { Fault, FaultPoint } from "../src/workers/faults.ts";
import { type PlannedDeath, runFaults } from "../test/workers/fault-run.ts";
import { scriptArguments, wrongUsage } from "./script-options.ts";

const REPLACED_MS_MAX = 1000;
const faults: readonly Fault[] = ["throw", "trap", "loop"];
const points: readonly FaultPoint[] = ["accepted", "written", "syncing", "opening", "closing"];

const { values } = scriptArguments(import.meta.filename, { rounds: 2, durability: "" });
const durabilities = (["disk", "os"] as const).filter((name) => values.durability === "" || values.durability === name);
if (durabilities.length === 0)
  wrongUsage(import.meta.filename, `--durability is disk or os, not "${values.durability}"`);
const everyDeath: readonly PlannedDeath[] = [
  ...faults.flatMap((fault) => points.map((point): PlannedDeath => ({ fault, point }))),
  { fault: "throw", point: "sync thread" },
  { fault: "throw", point: "maintenance" },
];
/** At durability `os` syncs come seldom. */
const syncPoints: readonly FaultPoint[] = ["syncing", "sync thread"];

let isGood = true;
for (const durability of durabilities) {
  const deaths = Array.from({ length: values.rounds }, () => everyDeath)
    .flat()
    .filter(({ point }) => durability === "disk" || !syncPoints.includes(point));
  console.log(`${deaths.length} deaths, durability ${durability}`);
  const { deaths: died, failures, records, duplicatesRecognised, ...found } = await runFaults({ deaths, durability });
  console.table(died);
  console.log({ records, duplicatesRecognised, failures, ...found });
  const slowest = Math.max(...died.map(({ replacedMs }) => replacedMs));
  console.log(`replaced within ${slowest} ms of being noticed\n`);
  isGood &&= failures.length === 0 && Object.values(found).every((count) => count === 0) && slowest < REPLACED_MS_MAX;
}
process.exitCode = isGood ? 0 : 1;
