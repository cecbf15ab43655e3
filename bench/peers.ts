/**
 * Cambium and its peers under the same workloads, each broker and each generator in a process of its own, each run on a fresh
 * folder and audited: a run that loses, doubles, reorders or damages a record has no figure.
 *
 *   npm run bench:peers -- [--out FOLDER] [--peers cambium,kafka-4.3.1] [--only TEXT] [--headlines | --footprints] [--all]
 *                          [--warm-up S] [--seconds S] [--repetitions N]
 *
 * Without options it is every workload with those peers that it is for, 3 times 10 + 20 s; with --headlines the few of which the
 * product is told by, 5 times 30 + 60 s. With --footprints it is what each costs: its start, alone and with data, its memory and
 * its CPU while nobody comes; the report has them beside the runs of the same folder. With --all every workload is for every peer. The peer "null" keeps nothing: what it
 * does with a workload is what the generators reach at most.
 *
 * FOLDER/report.html shows what came of it, report.json has it for programs, and the .hgrm files are for HdrHistogram's plotters.
 * Every run is a line of FOLDER/runs.jsonl, and is not done again: a benchmark that was stopped goes on where it was, with the
 * same commit and the same lengths. A run that failed is such a line, too, and has the exit code 1.
 */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "../scripts/build.ts";
import { scriptArguments } from "../scripts/script-options.ts";
import { syncedRate, syncLatencies } from "../src/bench/device.ts";
import type { Driver } from "../src/bench/driver.ts";
import { footprint, topicsFootprint } from "../src/bench/footprint.ts";
import type { LatencySummary } from "../src/bench/latencies.ts";
import { measureLimits } from "../src/bench/limits.ts";
import { canDropPageCache } from "../src/bench/page-cache.ts";
import { type ReportFacts, reportOf } from "../src/bench/report.ts";
import { reportPage } from "../src/bench/report-page.ts";
import { run } from "../src/bench/run.ts";
import { LATENCIES, type MissingLine, type RunLine, runLine } from "../src/bench/run-line.ts";
import type { Workload } from "../src/bench/workload.ts";
import { filling, isHeadline, manyTopics, workloads } from "../src/bench/workloads.ts";
import { describeMachine } from "./canonical/machine.ts";
import { makeFolder, removeFolder } from "./canonical/processes.ts";
import { driverOf, PEERS_DEFAULT } from "./peers/drivers.ts";
import { Journal } from "./peers/journal.ts";
import { progressOf } from "./peers/progress.ts";

const { values: options } = scriptArguments(import.meta.filename, {
  out: "build/bench-peers",
  peers: PEERS_DEFAULT,
  only: "",
  headlines: false,
  all: false,
  footprints: false,
  "warm-up": 0,
  seconds: 0,
  repetitions: 0,
});

const { out, headlines } = options;
const FOOTPRINT = { settleSeconds: 10, idleSeconds: 10, loadSeconds: 40 };
const length = {
  warmUpSeconds: options["warm-up"] || (headlines ? 30 : 10),
  seconds: options.seconds || (headlines ? 60 : 20),
};
const repetitions = options.repetitions || (headlines ? 5 : 3);
const commit = await commitOf();
const journal = new Journal(out, { commit, ...length });

/** What the disk does that the brokers write to. */
async function onDevice<Result>(measureOn: (folder: string) => Result | Promise<Result>): Promise<Result> {
  const folder = makeFolder();
  try {
    return await measureOn(folder);
  } finally {
    removeFolder(folder);
  }
}

/** @returns the commit that is measured, and whether the work tree is as it says */
async function commitOf(): Promise<string> {
  const { stdout } = await promisify(execFile)("git", ["describe", "--always", "--dirty", "--abbrev=12"]);
  return stdout.trim();
}

/** Starts it once to see that it can be had. @returns null, having said why it is not measured */
async function driverOrNull(peer: string): Promise<Driver | null> {
  try {
    return await driverOf(peer);
  } catch (error) {
    console.log(`${peer} is NOT MEASURED: ${(error as Error).message}\n`);
    return null;
  }
}

/** Beside Cambium and what the generators reach, a workload is for the first Kafka that was named, unless it is for all. */
function isFor(workload: Workload, peer: string): boolean {
  if (peer === "null") return workload.consumers === 0 && !workload.isCold;
  if (options.all || workload.rivals === "all" || peer === "cambium") return true;
  return peer === peers.find((each) => each.startsWith("kafka-"));
}

/** Does what is not done yet, and keeps what came of it: figures, or why there are none. */
async function measure(peer: string, driver: Driver, workload: Workload, repetition: number): Promise<void> {
  const which = { peer, title: driver.name, workload: workload.name, repetition };
  if (journal.has(which)) return;
  const line = await attempt(driver, workload, which);
  journal.add(line);
  console.log(progressOf(line));
}

function lackOf(driver: Driver, workload: Workload): string | null {
  if (workload.isQueue && driver.isQueue !== true)
    return "it has no queue whose records are acknowledged one by one, or no client here that uses it";
  if (workload.isCold && !canDropPageCache()) return "only root may empty the system's page cache";
  return driver.lacks?.(workload) ?? null;
}

async function attempt(
  driver: Driver,
  workload: Workload,
  which: Pick<RunLine, "peer" | "title" | "workload" | "repetition">,
): Promise<RunLine | MissingLine> {
  const lack = lackOf(driver, workload);
  if (lack !== null) return { ...which, missing: "not measured", why: lack };
  const deviceBytesPerSecond = await onDevice(syncedRate);
  const folder = makeFolder();
  try {
    const result = await run(driver, folder, workload, length);
    const name = `${workload.name}.${which.peer}.${which.repetition}`;
    for (const what of LATENCIES)
      if (result[what] !== null) writeFileSync(join(out, `${name}.${what}.hgrm`), result[what].hgrm());
    return runLine({ ...which, deviceBytesPerSecond }, result);
  } catch (error) {
    return { ...which, missing: "failed", why: (error as Error).message };
  } finally {
    removeFolder(folder);
  }
}

/** For programs and for people, of all runs that the folder holds. */
function writeReport(facts: ReportFacts): void {
  const report = reportOf(facts, workloads, journal.lines, journal.footprints);
  writeFileSync(join(out, "report.json"), `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(join(out, "report.html"), reportPage(report));
  console.log(`\n${join(out, "report.html")}`);
}

async function measureFootprint(peer: string, driver: Driver, repetition: number): Promise<void> {
  if (journal.footprints.some((line) => line.peer === peer && line.repetition === repetition)) return;
  const folder = makeFolder();
  try {
    const figures = await footprint(driver, join(folder, "one"), filling, FOOTPRINT);
    const isForMany = driver.restarts === true && (peer === "cambium" || peer.startsWith("kafka-"));
    const topics = isForMany ? await topicsFootprint(driver, join(folder, "topics"), manyTopics, FOOTPRINT) : null;
    journal.addFootprint({ peer, title: driver.name, repetition, footprint: figures, topics });
    console.log(`footprint  ${peer.padEnd(18)}  ${JSON.stringify({ ...figures, topics })}`);
  } finally {
    removeFolder(folder);
  }
}

build("dist");
const machine = describeMachine();
const deviceSync: LatencySummary = await onDevice((folder) => syncLatencies(folder).summary());
console.log(`${machine}; fdatasync of 4 KiB p50 ${deviceSync.p50Us} us, p99 ${deviceSync.p99Us} us\n`);
const limits = await onDevice(measureLimits);
const peers = options.peers.split(",");
const drivers: [string, Driver][] = [];
for (const peer of peers) {
  const driver = await driverOrNull(peer);
  if (driver !== null) drivers.push([peer, driver]);
}
const chosen = workloads.filter(
  (workload) => !options.footprints && workload.name.includes(options.only) && (!headlines || isHeadline(workload)),
);
// In turns, so that an hour in which the machine is slow is everybody's.
for (let repetition = 0; repetition < repetitions; repetition++)
  for (const workload of chosen)
    for (const [peer, driver] of drivers) if (isFor(workload, peer)) await measure(peer, driver, workload, repetition);
const command = ["npm run bench:peers --", ...process.argv.slice(2)].join(" ");
if (options.footprints)
  for (let repetition = 0; repetition < repetitions; repetition++)
    for (const [peer, driver] of drivers)
      if (driver.keepsNothing !== true) await measureFootprint(peer, driver, repetition);
if (journal.failed > 0) process.exitCode = 1;
writeReport({ commit, command, at: Date.now(), machine, deviceSync, limits, ...length });
