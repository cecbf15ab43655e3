/**
 * Cuts sockets under load and audits what comes out of it: nothing may be lost, come twice, out of order or altered.
 *
 *   npm run cut-sockets -- [--cuts 500] [--seed N] [--durability disk|os]
 */
import { type CutRunOptions, runCuts } from "../test/client/cut-run.ts";
import { scriptArguments, wrongUsage } from "./script-options.ts";

const { values } = scriptArguments(import.meta.filename, {
  cuts: 500,
  seed: 1 + (Date.now() % 1_000_000),
  durability: "disk",
});
if (values.durability !== "disk" && values.durability !== "os")
  wrongUsage(import.meta.filename, `--durability is disk or os, not "${values.durability}"`);
const options = { ...values, durability: values.durability as CutRunOptions["durability"] };
console.log(options);
const report = await runCuts(options);
console.log(report);
const { lost, duplicated, reordered, altered, misplaced } = report;
process.exitCode = lost + duplicated + reordered + altered + misplaced === 0 ? 0 : 1;
