/**
 * A real Apache Kafka with its own Java tools as its clients: fetched, started, warmed, measured, stopped and removed. What
 * librdkafka makes of it is in `npm run bench:peers`.
 *
 *   npm run bench:kafka -- [--out FOLDER] [--versions 4.3.1,3.9.2] [--repetitions N] [--records N]
 *
 * FOLDER/kafka-tools.json has the figures, and `npm run bench:document` takes them from there.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeMachine } from "../bench/canonical/machine.ts";
import { makeFolder, removeFolder } from "../bench/canonical/processes.ts";
import { kafkaClassPath, kafkaDriver, kafkaTuning } from "../bench/drivers/kafka.ts";
import type { KafkaToolsRow } from "../bench/kafka-tools/row.ts";
import * as tools from "../bench/kafka-tools/tools.ts";
import type { BrokerUnderTest } from "../src/bench/driver.ts";
import { cpuOf } from "../src/bench/process-figures.ts";
import { type Spread, spreadOf } from "../src/bench/spread.ts";
import { scriptArguments } from "./script-options.ts";

const { values: options } = scriptArguments(import.meta.filename, {
  out: "build/bench-kafka",
  versions: "4.3.1,3.9.2",
  repetitions: 3,
  records: 4_000_000,
});

const RECORDS = options.records;
const ONE_BY_ONE = Math.min(20_000, RECORDS);
const PARTITIONS = 2;

type Measured = tools.ToolFigures & { readonly brokerCpuUs: number };

async function withCpu(
  broker: BrokerUnderTest,
  records: number,
  run: () => Promise<tools.ToolFigures>,
): Promise<Measured> {
  const before = cpuOf(broker.pid);
  const figures = await run();
  return { ...figures, brokerCpuUs: ((cpuOf(broker.pid) - before) / records) * 1e6 };
}

/** One start of a broker, and each tool once on it, after one that warms it. */
async function measure(version: string, isTuned: boolean, found: Map<string, Measured[]>): Promise<void> {
  const folder = makeFolder();
  const driver = await kafkaDriver({ version, ...(isTuned && kafkaTuning) });
  const classPath = await kafkaClassPath(version);
  const broker = await driver.start(join(folder, "kafka"), "os");
  const note = async (what: string, records: number, run: () => Promise<tools.ToolFigures>): Promise<void> => {
    const figures = await withCpu(broker, records, run);
    const name = `${version}${isTuned ? " tuned" : ""}\t${what}`;
    found.set(name, [...(found.get(name) ?? []), figures]);
    console.log(
      `${name.replace("\t", "  ").padEnd(56)}  ${Math.round(figures.recordsPerSecond).toLocaleString("en")} records/s`,
    );
  };
  try {
    for (const size of [100, 1024]) {
      const payloads = tools.writePayloads(folder, size);
      const records = size > 100 ? Math.ceil(RECORDS / 4) : RECORDS;
      for (const durability of ["os", "disk"] as const) {
        const topic = `tools-${size}-${durability}`;
        await broker.createTopics({ names: [topic], partitions: PARTITIONS, durability, batchBytesMax: 1_048_588 });
        const setup = { classPath, server: broker.server, topic, size, records };
        await tools.producerPerformance({ ...setup, records: Math.ceil(records / 4) }, payloads); // It warms up.
        await note(`produce, ${size} B, ${durability}`, records, () => tools.producerPerformance(setup, payloads));
        if (durability === "disk") continue;
        await note(`consume, ${size} B`, records, () => tools.consumerPerformance(setup));
        if (size === 100 && version.startsWith("4."))
          await note(`share group, ${size} B`, records, () => tools.shareConsumerPerformance(setup));
      }
    }
    const topic = "one-by-one";
    await broker.createTopics({ names: [topic], partitions: 1, durability: "os", batchBytesMax: 1_048_588 });
    const setup = { classPath, server: broker.server, topic, size: 100, records: ONE_BY_ONE };
    const isOld = version.startsWith("3.");
    await note("one in flight end to end, 100 B, os", ONE_BY_ONE, () => tools.endToEndLatency(setup, isOld));
  } finally {
    await broker.kill();
    removeFolder(folder);
  }
}

function rowOf(name: string, runs: readonly Measured[]): KafkaToolsRow {
  const [kafka, what] = name.split("\t") as [string, string];
  const spread = (figure: "p50Ms" | "p99Ms"): Spread | null => {
    const values = runs.flatMap((run) => run[figure] ?? []);
    return values.length === 0 ? null : spreadOf(values);
  };
  return {
    kafka,
    what,
    recordsPerSecond: spreadOf(runs.map(({ recordsPerSecond }) => recordsPerSecond)),
    p50Ms: spread("p50Ms"),
    p99Ms: spread("p99Ms"),
    brokerCpuUs: spreadOf(runs.map(({ brokerCpuUs }) => brokerCpuUs)),
  };
}

const machine = describeMachine();
console.log(`${machine}\n`);
const found = new Map<string, Measured[]>();
for (let repetition = 0; repetition < options.repetitions; repetition++)
  for (const version of options.versions.split(","))
    for (const isTuned of [false, true]) await measure(version, isTuned, found);
mkdirSync(options.out, { recursive: true });
const file = join(options.out, "kafka-tools.json");
const rows = [...found].map(([name, runs]) => rowOf(name, runs));
writeFileSync(file, `${JSON.stringify({ machine, at: Date.now(), rows }, null, 1)}\n`);
console.log(`\n${file}`);
