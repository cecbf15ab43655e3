/**
 * Crashes the storage in memory at every disk operation of short lives (test/storage/crash-scripts.ts) and holds the log
 * contract against what is found.
 *
 *   npm run crash-log -- [--seed 1] [--count 50] [--script TEXT] [--at N]
 *
 * `count` seeds decide at each operation what survives. `--script` and `--at` narrow it to one life and one operation. Exits 1
 * at the first crash after which the contract does not hold, with what repeats it.
 */
import { crashesOf, describeCase, operationsOf, runCase } from "../test/storage/crash-case.ts";
import { scripts } from "../test/storage/crash-scripts.ts";
import { StorageMemory } from "../test/storage/storage-memory.ts";
import { scriptArguments, wrongUsage } from "./script-options.ts";

const { values } = scriptArguments(import.meta.filename, { seed: 1, count: 50, script: "", at: "" });
const memory = new StorageMemory();

function* chosen(): ReturnType<typeof crashesOf> {
  for (const script of scripts.filter(({ name }) => name.includes(values.script))) {
    for (const crash of crashesOf(script, operationsOf(script, memory), values.count, values.seed))
      if (values.at === "" || crash.crashAt === Number(values.at)) yield crash;
  }
}

let crashes = 0;
for (const crash of chosen()) {
  try {
    runCase(crash, memory);
    crashes++;
  } catch (error) {
    console.error(describeCase(crash));
    console.error(error);
    process.exitCode = 1;
    break;
  }
}
if (crashes === 0 && process.exitCode === undefined) wrongUsage(import.meta.filename, "no life has such an operation");
if (process.exitCode === undefined) console.log(`the contract held after ${crashes} crashes`);
