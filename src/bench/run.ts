/** One run of a workload: a fresh broker, its generators, and the audit without which there is no figure. */

import { MIB } from "../base/units.ts";
import type { BrokerUnderTest, Driver } from "./driver.ts";
import { type BrokerSample, figuresOf, type RunFigures } from "./figures.ts";
import { Generator } from "./generator.ts";
import { idleCommand } from "./generators.ts";
import { monotonicNs } from "./monotonic.ts";
import { dropPageCache } from "./page-cache.ts";
import { cpuOf, memoryOf } from "./process-figures.ts";
import {
  type ConsumeReport,
  type ConsumeTask,
  type IdleTask,
  type ProduceReport,
  type ProduceTask,
  taskArguments,
  topicsOf,
  type Window,
} from "./task.ts";
import type { Workload } from "./workload.ts";

export interface RunLength {
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** A run that lost, doubled, reordered or damaged a record: it has no other figure. */
export class AuditError extends Error {}

const TOPIC = "load";
/** Bytes of a batch beside its largest record. */
const BATCH_OVERHEAD_MAX = MIB;
/** For all to hear when they begin. */
const HEAD_START_NS = 100e6;
const SAMPLE_MS = 50;
const TIMED_EVERY = 16;

/** @throws AuditError; and what the broker or a generator failed with */
export async function run(driver: Driver, folder: string, workload: Workload, length: RunLength): Promise<RunFigures> {
  const broker = await driver.start(folder, workload.durability);
  const generators: Generator<unknown>[] = [];
  try {
    await createTopics(broker, workload);
    return await measure(driver, broker, workload, length, generators);
  } finally {
    await Promise.all(generators.map((generator) => generator.kill()));
    await broker.kill();
  }
}

/**
 * Has the broker take records for that long, as fast as it does, into topics that are there.
 *
 * @returns how many it acknowledged
 */
export async function load(
  driver: Driver,
  broker: BrokerUnderTest,
  workload: Workload,
  seconds: number,
): Promise<number> {
  const loads = producersOf(driver, broker.server, workload);
  try {
    await Promise.all(loads.map((each) => each.ready()));
    const beginNs = Math.round(monotonicNs() + HEAD_START_NS);
    const window = { beginNs, warmNs: beginNs, endNs: beginNs + seconds * 1e9 };
    for (const each of loads) each.begin(window);
    const reports = await Promise.all(loads.map((each) => each.report()));
    return sum(reports.flatMap(({ acked }) => acked));
  } finally {
    await Promise.all(loads.map((each) => each.kill()));
  }
}

export async function createTopics(broker: BrokerUnderTest, workload: Workload): Promise<void> {
  const { topics, partitions, durability, size, batchBytes } = workload;
  const names = topicsOf({ topic: TOPIC, topics });
  const batchBytesMax = Math.max(batchBytes, size) + BATCH_OVERHEAD_MAX;
  await broker.createTopics({ names, partitions: topics === 1 ? partitions : 1, durability, batchBytesMax });
}

async function measure(
  driver: Driver,
  { server, pid }: BrokerUnderTest,
  workload: Workload,
  length: RunLength,
  generators: Generator<unknown>[],
): Promise<RunFigures> {
  const consumers = consumeTasks(driver, server, workload).map((task) => consumer(driver, task));
  const loads = producersOf(driver, server, workload);
  generators.push(...consumers, ...loads);
  if (workload.idle > 0) generators.push(idle(driver, server, workload));
  await Promise.all(generators.map((generator) => generator.ready()));
  const beginNs = Math.round(monotonicNs() + HEAD_START_NS);
  const warmNs = beginNs + length.warmUpSeconds * 1e9;
  const endNs = warmNs + length.seconds * 1e9;
  const window = { beginNs, warmNs, endNs };
  for (const generator of [...consumers, ...loads]) generator.begin(window);
  const samples: BrokerSample[] = [];
  const timer = setInterval(
    () => samples.push({ atNs: monotonicNs(), cpu: cpuOf(pid), memoryBytes: memoryOf(pid, "now") }),
    SAMPLE_MS,
  );
  try {
    const produced = await Promise.all(loads.map((load) => load.report()));
    const acknowledged = sum(produced.flatMap(({ acked }) => acked));
    const brokerMemoryBytes = memoryOf(pid, "most");
    if (workload.consumers === 0 && driver.keepsNothing !== true)
      consumers.push(...(await readersBack(driver, server, workload, window, generators)));
    for (const each of consumers) each.stop(acknowledged);
    const consumed = await Promise.all(consumers.map((each) => each.report()));
    for (const report of consumed) audit(produced, report);
    const reports = { produced, consumed, broker: samples, brokerMemoryBytes };
    return figuresOf(reports, window, workload);
  } finally {
    clearInterval(timer);
  }
}

function isJavaScript({ client }: Driver): boolean {
  return client !== "";
}

/** At most speed, and on a schedule, each producer has a process: one event loop for all would be what is measured. */
function produceTasks(driver: Driver, server: string, workload: Workload): ProduceTask[] {
  const { topics, partitions, producers, size, batchBytes, lingerMs, rate, inFlight, durability } = workload;
  const connections = isJavaScript(driver) && rate < 0 ? producers : 1;
  return Array.from({ length: producers / connections }, (_, index) => ({
    ...{ client: driver.client, server, topic: TOPIC, topics, partitions, size, batchBytes, lingerMs },
    ...{ lane: index * connections, rate: rate > 0 ? rate / producers : rate, connections, inFlight, durability },
  }));
}

function consumeTasks(driver: Driver, server: string, workload: Workload): ConsumeTask[] {
  const { topics, partitions, producers, consumers, size, rate } = workload;
  const subscribers = isJavaScript(driver) ? consumers : 1;
  return Array.from({ length: Math.ceil(consumers / Math.max(1, subscribers)) }, () => ({
    ...{ client: driver.client, server, topic: TOPIC, topics, partitions, size },
    ...{ lanes: producers, timedEvery: rate === 0 ? TIMED_EVERY : 1, subscribers },
  }));
}

/** Not ready until all of its connections are there. */
function idle({ client }: Driver, server: string, { topics, idle: connections }: Workload): Generator<unknown> {
  const task: IdleTask = { client, server, topic: TOPIC, topics, connections };
  return new Generator([...idleCommand, ...taskArguments(task)]);
}

function producersOf(driver: Driver, server: string, workload: Workload): Generator<ProduceReport>[] {
  return produceTasks(driver, server, workload).map(
    (task) => new Generator<ProduceReport>([...driver.produce, ...taskArguments(task)]),
  );
}

function consumer(driver: Driver, task: ConsumeTask): Generator<ConsumeReport> {
  return new Generator<ConsumeReport>([...driver.consume, ...taskArguments(task)]);
}

/** Who produces only has what it wrote looked at, too, and how fast that is read. */
async function readersBack(
  driver: Driver,
  server: string,
  workload: Workload,
  window: Window,
  generators: Generator<unknown>[],
): Promise<Generator<ConsumeReport>[]> {
  if (workload.isCold) dropPageCache();
  const tasks = consumeTasks(driver, server, { ...workload, consumers: workload.readers });
  const readers = tasks.map((task) => consumer(driver, task));
  generators.push(...readers);
  await Promise.all(readers.map((reader) => reader.ready()));
  for (const reader of readers) reader.begin(window);
  return readers;
}

function audit(produced: readonly ProduceReport[], { good, bad }: ConsumeReport): void {
  const acked = produced.flatMap((report) => report.acked);
  if (bad === 0 && acked.every((count, sequence) => count === good[sequence])) return;
  throw new AuditError(`acknowledged ${acked}, consumed in order and whole ${good}, other than those ${bad}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
