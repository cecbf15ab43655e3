/**
 * Cuts sockets under load and audits what comes out of it: nothing may be lost, come twice, out of order or altered.
 *
 *   node scripts/cut-sockets.ts [--cuts 500] [--seed 1] [--durability disk]
 */
import { parseArgs } from "node:util";
import { type CutRunOptions, runCuts } from "../test/client/cut-run.ts";

const { values } = parseArgs({
  options: {
    cuts: { type: "string", default: "500" },
    seed: { type: "string", default: `${Date.now() % 1_000_000}` },
    durability: { type: "string", default: "disk" },
  },
});
const options = {
  cuts: Number(values.cuts),
  seed: Number(values.seed),
  durability: values.durability as CutRunOptions["durability"],
};
console.log(options);
const report = await runCuts(options);
console.log(report);
const { lost, duplicated, reordered, altered, misplaced } = report;
process.exitCode = lost + duplicated + reordered + altered + misplaced === 0 ? 0 : 1;
