/**
 * The micro-benchmarks of all files of bench/micro, in one table (`npm run bench:micro`), and the gate on them. What is compared
 * is never a time but a ratio: of a benchmark to a loop that does nothing of ours, measured in the same turns (gauge/turns.ts).
 *
 *   --check   fails where a ratio is worse than the committed one by more than noise explains, or a benchmark is missing or extra
 *   --write   commits this machine's ratios to bench/results/micro.json: the medians of some runs
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { scriptArguments } from "../scripts/script-options.ts";
import { type Measurement, median } from "./gauge/benchmark.ts";
import { allowedFactor, readCommitted, writeCommitted } from "./gauge/committed.ts";
import { complaintsAbout, type Ratios, slowerThan } from "./gauge/compare.ts";
import { measureFile } from "./gauge/suite.ts";
import { formatTable } from "./gauge/table.ts";

const { values: options } = scriptArguments(import.meta.filename, { check: false, write: false });

/** How often a benchmark that is slower is measured again: noise only ever makes slower, so the best of them counts. */
const RETRIES = 3;
const RUNS_TO_WRITE = 5;

const files = readdirSync(join(import.meta.dirname, "micro"));

function measureAll(): Map<string, Measurement[]> {
  return new Map(files.map((file) => [file, measureFile(file)]));
}

/** @returns the measurements, with the best of some more where one was slower than the gate allows */
function retried(first: ReadonlyMap<string, Measurement[]>, ratios: Ratios, factor: number): Measurement[] {
  return [...first].flatMap(([file, measurements]) => {
    let best = measurements;
    for (let retry = 0; retry < RETRIES; retry++) {
      const slower = slowerThan(ratios, best, factor).map(({ name }) => name);
      if (slower.length === 0) break;
      const again = new Map(measureFile(file, slower).map((measurement) => [measurement.name, measurement]));
      best = best.map((before) => {
        const after = again.get(before.name) ?? before;
        return after.ratio < before.ratio ? after : before;
      });
    }
    return best;
  });
}

function write(): void {
  const runs = Array.from({ length: RUNS_TO_WRITE }, () => [...measureAll().values()].flat());
  console.log(formatTable(runs[0]!));
  const ratios = runs[0]!.map(({ name }, index): [string, number] => {
    const ratio = median(runs.map((run) => run[index]!.ratio));
    return [name, Number(ratio.toPrecision(4))];
  });
  writeCommitted(Object.fromEntries(ratios));
}

function check(): void {
  const committed = readCommitted();
  const factor = allowedFactor(committed);
  const measurements = retried(measureAll(), committed.ratios, factor);
  const complaints = complaintsAbout(committed.ratios, measurements, factor);
  console.log(formatTable(measurements));
  for (const complaint of complaints) console.error(complaint);
  console.log(`\n${measurements.length} benchmarks, ${complaints.length} complaints; ${factor} times is allowed`);
  if (complaints.length > 0) process.exitCode = 1;
}

if (options.write) write();
else if (options.check) check();
else console.log(formatTable([...measureAll().values()].flat()));
