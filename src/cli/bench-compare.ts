/** `cambium bench compare`: two runs of the benchmark beside each other. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Comparison, compare, type Difference, parseReport } from "../bench/compare.ts";
import type { Report } from "../bench/report.ts";
import type { Spread } from "../bench/spread.ts";
import type { Invocation } from "./command-definition.ts";
import { UsageError } from "./command-error.ts";
import { EXIT_OK, type ExitCode } from "./failure.ts";
import { table } from "./table.ts";

export async function benchCompare({ output, arguments: [before, after] }: Invocation): Promise<ExitCode> {
  const [old, young] = [await readReport(String(before)), await readReport(String(after))];
  const comparison = compare(old, young);
  if (output.json) for (const difference of comparison.differences) output.line(JSON.stringify(difference));
  else output.line(textOf(old, young, comparison));
  for (const { workload, peer, in: only } of comparison.unmatched)
    output.error(`${workload}: ${peer} is only in ${only === "before" ? before : after}`);
  return EXIT_OK;
}

async function readReport(path: string): Promise<Report> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const file = isFolder ? join(path, "report.json") : path;
  try {
    return parseReport(await readFile(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file} cannot be compared: ${(error as Error).message}`, { cause: error });
  }
}

function textOf(old: Report, young: Report, { differences }: Comparison): string {
  const head = ["WORKLOAD", "PEER", "FIGURE", old.commit, young.commit, "CHANGE", "VERDICT"];
  const rows = differences.map(({ workload, peer, figure, before, after, ratio, verdict }: Difference) => [
    workload,
    peer,
    figure,
    range(before),
    range(after),
    ratio === null ? "" : `${ratio >= 1 ? "+" : ""}${((ratio - 1) * 100).toFixed(1)} %`,
    verdict,
  ]);
  const machines =
    old.machine === young.machine ? [] : [`${old.commit} ran on ${old.machine}`, `${young.commit} on ${young.machine}`];
  return [...machines, table(head, rows)].join("\n");
}

function range({ median, min, max }: Spread): string {
  return min === max ? number(median) : `${number(median)} (${number(min)} to ${number(max)})`;
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}
