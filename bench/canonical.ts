/**
 * The canonical benchmark: what the README quotes (`npm run bench:canonical`). One broker as a user starts it, our client,
 * loopback, each on its own process, a fresh data folder a run. Every record goes through the public per-record calls with its own
 * payload and is decoded and audited at the consumer; a run that loses one fails.
 *
 *   --json FILE          also write the rows as JSON
 *   --only TEXT          only rows whose name contains it, and those that are measured with them
 *   --repetitions N      default 3
 *   --readme             also put the table into the README, and the rows where a test compares the two
 *   --quick              short runs, to see that it works; the figures mean little
 */
import { writeFileSync } from "node:fs";
import { build } from "../scripts/build.ts";
import { scriptArguments, wrongUsage } from "../scripts/script-options.ts";
import { backlogRows, startRows } from "./canonical/footprint.ts";
import { latencyRow } from "./canonical/latency.ts";
import { describeMachine, StolenTime } from "./canonical/machine.ts";
import { pointReadRow } from "./canonical/point-reads.ts";
import { quoteInReadme } from "./canonical/readme.ts";
import { formatRows, type Goal, type Row, rowOf } from "./canonical/row.ts";
import { type RunLength, runThroughput, throughputRow, type Workload } from "./canonical/throughput.ts";

const { values: options } = scriptArguments(import.meta.filename, {
  json: "",
  only: "",
  repetitions: 3,
  readme: false,
  quick: false,
});

const { repetitions } = options;
const length: RunLength = options.quick ? { warmUpSeconds: 1, seconds: 2 } : { warmUpSeconds: 3, seconds: 8 };
const KIB = 1024;
/** Records of 1 KiB per second: 125 MB/s. */
const RATE = 122_070;
/** At some 500 batches a second the runtime has compiled what they need after so long; it takes both processors for 0.1 s. */
const COMPILED_SECONDS = 10;
const higher = (name: string, unit: string, target: number): Goal => ({ name, unit, target, better: "higher" });
const lower = (name: string, unit: string, target: number): Goal => ({ name, unit, target, better: "lower" });

const small: Workload = { durability: "os", size: 100, consumes: true, batchBytes: 256 * KIB };
const large: Workload = { durability: "os", size: KIB, consumes: true, batchBytes: 256 * KIB };
const produceOs: Workload = { ...large, consumes: false };
const produceDisk: Workload = { ...large, durability: "disk", consumes: false };

const rows: Row[] = [];
const known: string[] = [];

/** @param names of the rows that `run` makes: all or none */
async function add(names: string | readonly string[], run: () => Promise<Row | Row[]>): Promise<void> {
  const all = [names].flat();
  known.push(...all);
  if (!all.some((name) => name.includes(options.only))) return;
  for (const row of [await run()].flat()) {
    rows.push(row);
    console.log(formatRows([row]).split("\n")[1]);
  }
}

build("dist");

// Memory that the machine has never touched is slow at its first use: one run that does not count pays for it.
if (options.only === "") await runThroughput(large, length);

const machine = describeMachine();
console.log(`${machine}\n`);
const stolenTime = new StolenTime();

await add("produce + consume, 100 B, os", async () => {
  const goal = higher("produce + consume, 100 B, os", "records/s", 1_500_000);
  return (await throughputRow(goal, small, length, repetitions)).row;
});
await add("produce + consume, 1 KiB, os", async () => {
  const goal = higher("produce + consume, 1 KiB, os", "MB/s", 300);
  return (await throughputRow(goal, large, length, repetitions)).row;
});
await add("produce, 1 KiB, disk", async () => {
  const goal = higher("produce, 1 KiB, disk", "MB/s", 250);
  return (await throughputRow(goal, produceDisk, length, repetitions)).row;
});
await add("p99 acknowledgement, 1 KiB, disk, at 125 MB/s", () =>
  latencyRow(
    lower("p99 acknowledgement, 1 KiB, disk, at 125 MB/s", "ms", 20),
    "disk",
    0.99,
    {
      size: KIB,
      warmUp: RATE * (options.quick ? length.warmUpSeconds : COMPILED_SECONDS),
      seconds: length.seconds,
      rate: RATE,
      batchBytes: 256 * KIB,
    },
    repetitions,
  ),
);
await add("broker CPU, produce, 1 KiB, os", async () => {
  const goal = lower("broker CPU, produce, 1 KiB, os", "ns/byte", 2);
  const { runs } = await throughputRow(goal, produceOs, length, repetitions);
  const perByte = runs.map(({ brokerCpu }) => (brokerCpu * 1000) / KIB);
  const rates = runs.map(({ records }) => (records * KIB) / 1e6).sort((left, right) => left - right);
  return rowOf(goal, perByte, { "MB/s": rates[rates.length >> 1]! });
});
for (const [durability, target] of [
  ["os", 350],
  ["disk", 650],
] as const) {
  const name = `p50 of one 100 B record in flight, ${durability}`;
  await add(name, () =>
    latencyRow(
      lower(name, "us", target),
      durability,
      0.5,
      { size: 100, warmUp: 2000, seconds: length.seconds, rate: 0, batchBytes: 256 * KIB },
      repetitions,
    ),
  );
}
await add(["start to ready", "idle memory", "idle CPU"], () => startRows(repetitions));
await add(["memory, consumer stalled, 5 GB behind it", "ready after kill -9 with 5 GB"], () =>
  backlogRows(options.quick ? 5e8 : 5e9),
);
await add("point reads: medians apart", () => pointReadRow(options.quick ? 200 : 3000));

if (rows.length === 0)
  wrongUsage(import.meta.filename, `no row's name contains "${options.only}": ${known.join("; ")}`);
const stolen = stolenTime.describe();
console.log(`\n${formatRows(rows)}`);
if (stolen !== "") console.log(`\n${stolen}`);
if (options.json !== "") writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
if (options.readme) quoteInReadme([machine, stolen].filter(Boolean).join("; "), rows);
if (rows.some(({ met }) => !met)) console.log("\nnot every target is met");
