/**
 * Cambium and its peers under the same workloads, each broker and each generator in a process of its own, each run on a fresh
 * folder and audited: a run that loses, doubles, reorders or damages a record has no figure.
 *
 *   npm run bench:peers -- --out FOLDER [--peers cambium,kafka-4.3.1] [--only TEXT] [--warm-up S] [--seconds S] [--repetitions N]
 *
 * The peer "null" keeps nothing: what it does with a workload is what the generators reach at most.
 *
 * FOLDER/report.html shows what came of it, report.json has it for programs, and the .hgrm files are for HdrHistogram's plotters.
 * Every run is a line of FOLDER/runs.jsonl, and is not done again: a benchmark that was stopped goes on where it was, with the
 * same commit and the same lengths.
 */
import { execFile } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { build } from "../scripts/build.ts";
import { syncLatencies } from "../src/bench/device.ts";
import type { Driver } from "../src/bench/driver.ts";
import type { LatencySummary } from "../src/bench/latencies.ts";
import { type ReportFacts, reportOf } from "../src/bench/report.ts";
import { reportPage } from "../src/bench/report-page.ts";
import { run, type Workload } from "../src/bench/run.ts";
import { LATENCIES, type LatencyName, latenciesOf, type RunLine, runLine } from "../src/bench/run-line.ts";
import { workloads } from "../src/bench/workloads.ts";
import { describeMachine } from "./canonical/machine.ts";
import { makeFolder, removeFolder } from "./canonical/processes.ts";
import { cambiumDriver } from "./drivers/cambium.ts";
import { kafkaDriver } from "./drivers/kafka.ts";
import { natsDriver } from "./drivers/nats.ts";
import { nullDriver } from "./drivers/null.ts";
import { postgresqlDriver } from "./drivers/postgresql.ts";
import { rabbitmqDriver } from "./drivers/rabbitmq.ts";
import { redisDriver } from "./drivers/redis.ts";

const { values: options } = parseArgs({
  options: {
    out: { type: "string", default: "build/bench-peers" },
    peers: { type: "string", default: "cambium,kafka-4.3.1" },
    only: { type: "string", default: "" },
    "warm-up": { type: "string", default: "10" },
    seconds: { type: "string", default: "20" },
    repetitions: { type: "string", default: "3" },
  },
});

const out = options.out;
const length = { warmUpSeconds: Number(options["warm-up"]), seconds: Number(options.seconds) };
const file = join(out, "runs.jsonl");
mkdirSync(out, { recursive: true });
const commit = await commitOf();
goOnOnlyWithTheSame({ commit, ...length });
const done: RunLine[] = existsSync(file)
  ? readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as RunLine)
  : [];

/** The disk that the brokers write to. */
function measureDevice(): LatencySummary {
  const folder = makeFolder();
  try {
    return syncLatencies(folder).summary();
  } finally {
    removeFolder(folder);
  }
}

/** @returns the commit that is measured, and whether the work tree is as it says */
async function commitOf(): Promise<string> {
  const { stdout } = await promisify(execFile)("git", ["describe", "--always", "--dirty", "--abbrev=12"]);
  return stdout.trim();
}

/** Runs of other code, or of other lengths, are not to stand in one table. */
function goOnOnlyWithTheSame(settings: object): void {
  const path = join(out, "settings.json");
  const text = `${JSON.stringify(settings, null, 2)}\n`;
  if (!existsSync(path)) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text)
    throw new Error(
      `${out} holds runs of other settings (settings.json); say another --out, or these settings: ${text}`,
    );
}

function driverOf(peer: string): Driver | Promise<Driver> {
  if (peer === "cambium") return cambiumDriver();
  if (peer.startsWith("kafka-")) return kafkaDriver({ version: peer.slice("kafka-".length) });
  if (peer === "null") return nullDriver;
  if (peer === "redis") return redisDriver();
  if (peer.startsWith("nats-")) return natsDriver(peer.slice("nats-".length));
  if (peer === "postgresql") return postgresqlDriver();
  if (peer === "rabbitmq-quorum") return rabbitmqDriver("quorum");
  if (peer === "rabbitmq-stream") return rabbitmqDriver("stream");
  const others = "nats-VERSION, null, postgresql, rabbitmq-quorum, rabbitmq-stream and redis";
  throw new Error(`there is no peer ${peer}; there are cambium, kafka-VERSION, ${others}`);
}

async function measure(peer: string, driver: Driver, workload: Workload, repetition: number): Promise<void> {
  const lack = driver.lacks?.(workload) ?? null;
  if (lack !== null) {
    if (repetition === 0) console.log(`${workload.name.padEnd(42)}  ${peer.padEnd(12)}  NOT MEASURED: ${lack}`);
    return;
  }
  if (done.some((line) => line.peer === peer && line.workload === workload.name && line.repetition === repetition))
    return;
  const folder = makeFolder();
  try {
    const result = await run(driver, folder, workload, length);
    const line = runLine({ peer, title: driver.name, workload: workload.name, repetition }, result);
    done.push(line);
    appendFileSync(file, `${JSON.stringify(line)}\n`);
    for (const name of LATENCIES)
      if (result[name] !== null)
        writeFileSync(join(out, `${workload.name}.${peer}.${repetition}.${name}.hgrm`), result[name].hgrm());
    console.log(describe(line));
  } finally {
    removeFolder(folder);
  }
}

function describe(line: RunLine): string {
  const { peer, workload, figures } = line;
  const { recordsPerSecond, bytesPerSecond, brokerCpuUs } = figures;
  const text = (what: string, name: LatencyName): string => {
    const latencies = latenciesOf([line], name);
    if (latencies === null) return "";
    const [p50, p99] = [0.5, 0.99].map((quantile) => `${(latencies.atUs(quantile) / 1000).toFixed(2)} ms`);
    return `${what} p50 ${p50} p99 ${p99}`;
  };
  return [
    workload.padEnd(42),
    peer.padEnd(12),
    `${Math.round(recordsPerSecond).toLocaleString("en")} records/s`.padStart(20),
    `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`.padStart(12),
    `broker ${brokerCpuUs.toFixed(2)} us/record`,
    text("acknowledged", "response"),
    text("end to end", "endToEnd"),
  ]
    .filter((cell) => cell !== "")
    .join("  ");
}

/** For programs and for people, of all runs that the folder holds. */
function writeReport(facts: ReportFacts): void {
  const report = reportOf(facts, workloads, done);
  writeFileSync(join(out, "report.json"), `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(join(out, "report.html"), reportPage(report));
  console.log(`\n${join(out, "report.html")}`);
}

build("dist");
const machine = describeMachine();
const deviceSync = measureDevice();
console.log(`${machine}; fdatasync of 4 KiB p50 ${deviceSync.p50Us} us, p99 ${deviceSync.p99Us} us\n`);
const peers = options.peers.split(",");
const drivers = new Map<string, Driver>();
for (const peer of peers) drivers.set(peer, await driverOf(peer));
const chosen = workloads.filter(({ name }) => name.includes(options.only));
// In turns, so that an hour in which the machine is slow is everybody's.
for (let repetition = 0; repetition < Number(options.repetitions); repetition++)
  for (const workload of chosen)
    for (const [peer, driver] of drivers) await measure(peer, driver, workload, repetition);
const command = ["npm run bench:peers --", ...process.argv.slice(2)].join(" ");
writeReport({ commit, command, at: Date.now(), machine, deviceSync, ...length });
