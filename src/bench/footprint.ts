/** What a broker costs beside its work: its start, alone and with data, its memory, and its CPU when nobody comes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BrokerUnderTest, Driver } from "./driver.ts";
import { cpuOf, memoryOf } from "./process-figures.ts";
import { createTopics, load } from "./run.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { Workload } from "./workload.ts";

export interface Footprint {
  /** ms from the start of its process until it answered, on an empty folder. */
  readonly startMs: number;
  readonly idleMemoryBytes: number;
  /** Processors that it keeps busy while nobody comes. */
  readonly idleCores: number;
  /** The most there ever were, after it took the data below. */
  readonly loadedMemoryBytes: number;
  readonly dataBytes: number;
  /** With that data: after it was stopped in order, and after a kill. null: its driver starts only on empty folders. */
  readonly restartMs: number | null;
  readonly afterKillMs: number | null;
}

export interface FootprintLength {
  /** After a start, for what a runtime does once. */
  readonly settleSeconds: number;
  readonly idleSeconds: number;
  /** How long it takes data, as fast as it can. */
  readonly loadSeconds: number;
}

/** @param folder for its data, empty */
export async function footprint(
  driver: Driver,
  folder: string,
  workload: Workload,
  length: FootprintLength,
): Promise<Footprint> {
  const broker = await driver.start(folder, workload.durability);
  try {
    await sleep(length.settleSeconds * 1000);
    const cpuBefore = cpuOf(broker.pid);
    await sleep(length.idleSeconds * 1000);
    const idle = {
      startMs: broker.readyMs,
      idleMemoryBytes: memoryOf(broker.pid, "now"),
      idleCores: (cpuOf(broker.pid) - cpuBefore) / length.idleSeconds,
    };
    await createTopics(broker, workload);
    const records = await load(driver, broker, workload, length.loadSeconds);
    const loaded = { loadedMemoryBytes: memoryOf(broker.pid, "most"), dataBytes: records * workload.size };
    return { ...idle, ...loaded, ...(await restarts(driver, broker, folder, workload)) };
  } finally {
    await broker.kill();
  }
}

/** What it costs that there are many topics. */
export interface TopicsFootprint {
  readonly topics: number;
  /** ms from the start of its process until it answered, with topics that nothing was written to. */
  readonly startMs: number;
  /** Beside what it has on an empty folder, before a record came and at most after. */
  readonly idleMemoryBytes: number;
  readonly loadedMemoryBytes: number;
  /** Of records to each topic in turn. */
  readonly recordsPerSecond: number;
}

/**
 * @param folder   for its data, empty
 * @param workload with its topics
 * @throws Error  it cannot be started again on a folder that it had
 */
export async function topicsFootprint(
  driver: Driver,
  folder: string,
  workload: Workload,
  length: FootprintLength,
): Promise<TopicsFootprint> {
  if (driver.restarts !== true) throw new Error(`${driver.name} is not started again on a folder that it had`);
  const first = await driver.start(folder, workload.durability);
  let emptyBytes: number;
  try {
    await sleep(length.settleSeconds * 1000);
    emptyBytes = memoryOf(first.pid, "now");
    await createTopics(first, workload);
  } finally {
    await first.stop();
  }
  const broker = await driver.start(folder, workload.durability);
  try {
    await sleep(length.settleSeconds * 1000);
    const idleBytes = memoryOf(broker.pid, "now");
    const records = await load(driver, broker, workload, length.loadSeconds);
    return {
      topics: workload.topics,
      startMs: broker.readyMs,
      idleMemoryBytes: idleBytes - emptyBytes,
      loadedMemoryBytes: memoryOf(broker.pid, "most") - emptyBytes,
      recordsPerSecond: records / length.loadSeconds,
    };
  } finally {
    await broker.kill();
  }
}

async function restarts(
  driver: Driver,
  broker: BrokerUnderTest,
  folder: string,
  { durability }: Workload,
): Promise<Pick<Footprint, "restartMs" | "afterKillMs">> {
  if (driver.restarts !== true) return { restartMs: null, afterKillMs: null };
  await broker.kill();
  const afterKill = await driver.start(folder, durability);
  await afterKill.stop();
  const restarted = await driver.start(folder, durability);
  await restarted.kill();
  return { restartMs: restarted.readyMs, afterKillMs: afterKill.readyMs };
}

export interface FootprintLine {
  readonly peer: string;
  readonly title: string;
  readonly repetition: number;
  readonly footprint: Footprint;
  /** null: it was not measured. */
  readonly topics: TopicsFootprint | null;
}

/** Of one broker. */
export interface ReportFootprint {
  readonly peer: string;
  readonly title: string;
  readonly repetitions: number;
  readonly figures: { readonly [Figure in keyof Footprint]: Spread | null };
  readonly topics: { readonly [Figure in keyof TopicsFootprint]: Spread } | null;
}

export function reportFootprints(lines: readonly FootprintLine[]): ReportFootprint[] {
  const peers = [...new Set(lines.map(({ peer }) => peer))];
  return peers.map((peer) => {
    const own = lines.filter((line) => line.peer === peer);
    const spread = (figure: keyof Footprint): Spread | null => {
      const values = own.flatMap(({ footprint: each }) => each[figure] ?? []);
      return values.length === 0 ? null : spreadOf(values);
    };
    const figures = {
      startMs: spread("startMs"),
      idleMemoryBytes: spread("idleMemoryBytes"),
      idleCores: spread("idleCores"),
      loadedMemoryBytes: spread("loadedMemoryBytes"),
      dataBytes: spread("dataBytes"),
      restartMs: spread("restartMs"),
      afterKillMs: spread("afterKillMs"),
    };
    return { peer, title: own[0]!.title, repetitions: own.length, figures, topics: topicsOf(own) };
  });
}

function topicsOf(lines: readonly FootprintLine[]): ReportFootprint["topics"] {
  const measured = lines.flatMap(({ topics }) => topics ?? []);
  if (measured.length === 0) return null;
  const spread = (figure: keyof TopicsFootprint): Spread => spreadOf(measured.map((each) => each[figure]));
  return {
    topics: spread("topics"),
    startMs: spread("startMs"),
    idleMemoryBytes: spread("idleMemoryBytes"),
    loadedMemoryBytes: spread("loadedMemoryBytes"),
    recordsPerSecond: spread("recordsPerSecond"),
  };
}
