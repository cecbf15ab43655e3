/**
 * Writes docs/benchmarks.md.
 *
 *   npm run bench:document -- FOLDER [FOLDER ...]
 *
 * Each is a folder that `npm run bench:peers` or `npm run bench:kafka` wrote. Where two have the same workload, the one named first has it: name the
 * headlines before the others.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scriptArguments, wrongUsage } from "../scripts/script-options.ts";
import { parseReport } from "../src/bench/compare.ts";
import type { Report } from "../src/bench/report.ts";
import type { KafkaToolsRow } from "./kafka-tools/row.ts";
import { benchmarksDocument } from "./peers/document.ts";

const DOCUMENT = join(import.meta.dirname, "../docs/benchmarks.md");

function hasReport(folder: string): boolean {
  return existsSync(join(folder, "report.json"));
}

const { positionals: folders } = scriptArguments(import.meta.filename, {}, true);
if (!folders.some(hasReport))
  wrongUsage(import.meta.filename, "none of the folders has a report.json of npm run bench:peers");
const reports = folders
  .filter(hasReport)
  .map((folder) => parseReport(readFileSync(join(folder, "report.json"), "utf8")));
/** What `npm run bench:kafka` found, where a folder has it. */
const tools = folders.flatMap((folder): KafkaToolsRow[] => {
  const file = join(folder, "kafka-tools.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { rows: KafkaToolsRow[] }).rows : [];
});
const [first] = reports as [Report];
const commits = [...new Set(reports.map(({ commit }) => commit))];
const rows = new Map(reports.toReversed().flatMap((report) => report.rows.map((row) => [row.workload, row])));
const merged: Report = {
  ...first,
  commit: commits.join(" and "),
  rows: reports.flatMap((report) => report.rows.filter((row) => rows.get(row.workload) === row)),
  footprints: reports.flatMap(({ footprints }) => footprints),
};
writeFileSync(
  DOCUMENT,
  benchmarksDocument(
    merged,
    [...reports.map(({ command }) => command), ...(tools.length > 0 ? ["npm run bench:kafka"] : [])],
    tools,
  ),
);
console.log(DOCUMENT);
