/**
 * One file of benchmarks, as a program. Each file has its process, so that what the compiler learnt from one file's calls does not
 * decide how another's run:
 *
 *   node bench/micro/FILE.ts [TEXT]   those whose name contains the text; prints a table
 *   node bench/micro/FILE.ts --json   prints the measurements for a program; [NAME...] takes only these
 */
import { spawnSync } from "node:child_process";
import { basename, join } from "node:path";
import type { Benchmark, Measurement } from "./benchmark.ts";
import { formatTable } from "./table.ts";
import { measure } from "./turns.ts";

const folder = join(import.meta.dirname, "../micro");

/** Measures what the command line asks for. The last call of a file. */
export function runSuite(benchmarks: readonly Benchmark[]): void {
  const [first = "", ...names] = process.argv.slice(2);
  const isWanted =
    first === "--json"
      ? ({ name }: Benchmark) => names.length === 0 || names.includes(name)
      : ({ name }: Benchmark) => name.includes(first);
  const measurements = measure(benchmarks.filter(isWanted));
  console.log(first === "--json" ? JSON.stringify(measurements) : formatTable(measurements));
}

/**
 * Runs a file of benchmarks in a process of its own.
 *
 * @param names the benchmarks to measure; none: all
 */
export function measureFile(file: string, names: readonly string[] = []): Measurement[] {
  const { status, stdout } = spawnSync(process.execPath, [join(folder, file), "--json", ...names], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${basename(file)} ended with ${status}`);
  return JSON.parse(stdout) as Measurement[];
}
