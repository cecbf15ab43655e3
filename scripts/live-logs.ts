/**
 * Random lives of logs that share a folder, over a disk in memory, held against a model (test/storage/log-model.ts).
 *
 *   npm run live-logs -- [--seed 1] [--count 20000]
 *
 * `count` lives, in runs of 500 with a seed each. Exits 1 at the first life that breaks a promise, shortened and with the seed
 * of its run.
 */
import { liveLogs } from "../test/storage/log-model.ts";
import { scriptArguments } from "./script-options.ts";

const LIVES_PER_RUN = 500;

const { seed, count } = scriptArguments(import.meta.filename, { seed: 1, count: 20_000 }).values;
for (let lived = 0; lived < count; lived += LIVES_PER_RUN)
  liveLogs({ seed: seed + lived / LIVES_PER_RUN, lives: Math.min(LIVES_PER_RUN, count - lived) });
console.log(`every promise held in ${count} lives`);
