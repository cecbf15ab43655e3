/** One run of a workload: a fresh broker, its generators, and the audit without which there is no figure. */
import type { BrokerUnderTest, Driver, Durability } from "./driver.ts";
import { type BrokerSample, figuresOf, type RunFigures } from "./figures.ts";
import { Generator } from "./generator.ts";
import { monotonicNs } from "./monotonic.ts";
import { cpuOf, memoryOf } from "./process-figures.ts";
import { type ConsumeReport, type ConsumeTask, type ProduceReport, type ProduceTask, taskArguments } from "./task.ts";

export interface Workload {
  readonly name: string;
  readonly durability: Durability;
  readonly partitions: number;
  readonly producers: number;
  readonly consumers: 0 | 1;
  /** Bytes of a value. */
  readonly size: number;
  readonly batchBytes: number;
  readonly lingerMs: number;
  /** Records per second of all producers on a fixed schedule; 0: as fast as they are let; -1: one in flight each. */
  readonly rate: number;
}

export interface RunLength {
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

/** A run that lost, doubled, reordered or damaged a record: it has no other figure. */
export class AuditError extends Error {}

const TOPIC = "load";
/** For all to hear when they begin. */
const HEAD_START_NS = 100e6;
const SAMPLE_MS = 50;
const TIMED_EVERY = 16;

/** @throws AuditError; and what the broker or a generator failed with */
export async function run(driver: Driver, folder: string, workload: Workload, length: RunLength): Promise<RunFigures> {
  const broker = await driver.start(folder, workload.durability);
  const generators: Generator<unknown>[] = [];
  try {
    await broker.createTopic(TOPIC, workload.partitions, workload.durability);
    return await measure(driver, broker, workload, length, generators);
  } finally {
    await Promise.all(generators.map((generator) => generator.kill()));
    await broker.kill();
  }
}

async function measure(
  driver: Driver,
  { server, pid }: BrokerUnderTest,
  workload: Workload,
  length: RunLength,
  generators: Generator<unknown>[],
): Promise<RunFigures> {
  const { partitions, producers, size, batchBytes, lingerMs, rate } = workload;
  const common = { client: driver.client, server, topic: TOPIC, partitions, size };
  const consumers = Array.from({ length: workload.consumers }, () => {
    const task: ConsumeTask = { ...common, producers, timedEvery: rate === 0 ? TIMED_EVERY : 1 };
    return new Generator<ConsumeReport>([...driver.consume, ...taskArguments(task)]);
  });
  const loads = Array.from({ length: producers }, (_, producer) => {
    const rateOfEach = rate > 0 ? rate / producers : rate;
    const task: ProduceTask = { ...common, batchBytes, lingerMs, producer, rate: rateOfEach };
    return new Generator<ProduceReport>([...driver.produce, ...taskArguments(task)]);
  });
  generators.push(...consumers, ...loads);
  await Promise.all(generators.map((generator) => generator.ready()));
  const beginNs = Math.round(monotonicNs() + HEAD_START_NS);
  const warmNs = beginNs + length.warmUpSeconds * 1e9;
  const endNs = warmNs + length.seconds * 1e9;
  const window = { beginNs, warmNs, endNs };
  for (const generator of generators) generator.begin(window);
  const samples: BrokerSample[] = [];
  const timer = setInterval(
    () => samples.push({ atNs: monotonicNs(), cpu: cpuOf(pid), memoryBytes: memoryOf(pid, "now") }),
    SAMPLE_MS,
  );
  try {
    const produced = await Promise.all(loads.map((load) => load.report()));
    const acknowledged = sum(produced.flatMap(({ acked }) => acked));
    for (const consumer of consumers) consumer.stop(acknowledged);
    const consumed = await Promise.all(consumers.map((consumer) => consumer.report()));
    for (const report of consumed) audit(produced, report);
    return figuresOf({ produced, consumed, broker: samples, brokerMemoryBytes: memoryOf(pid, "most") }, window, size);
  } finally {
    clearInterval(timer);
  }
}

function audit(produced: readonly ProduceReport[], { good, bad }: ConsumeReport): void {
  const acked = produced.flatMap((report) => report.acked);
  if (bad === 0 && acked.every((count, sequence) => count === good[sequence])) return;
  throw new AuditError(`acknowledged ${acked}, consumed in order and whole ${good}, other than those ${bad}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
