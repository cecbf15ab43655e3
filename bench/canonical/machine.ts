/** What the figures were measured on. */
import { readFileSync } from "node:fs";
import os from "node:os";
import { pageCacheRate } from "../../src/bench/limits.ts";
import { makeFolder, removeFolder } from "./processes.ts";

/**
 * One line, with the rate at which one process writes a new file into the page cache: no broker is faster. In a virtual
 * machine it falls to a fraction where the hypervisor takes freed memory back and has to supply it anew.
 */
export function describeMachine(): string {
  const rate = Math.round(bareWriteRate());
  const processors = `${os.cpus()[0]!.model}, ${os.availableParallelism()} processors`;
  const system = `${os.type()} ${os.release()}, Node ${process.versions.node}`;
  return `${processors}, ${system}; a bare loop writes a new file at ${rate.toLocaleString("en")} MB/s`;
}

function bareWriteRate(): number {
  const folder = makeFolder();
  try {
    return pageCacheRate(folder) / 1e6;
  } finally {
    removeFolder(folder);
  }
}

interface ProcessorTime {
  readonly all: number;
  readonly stolen: number;
}

/** What the hypervisor took of the processors' time since it was made: the same broker is slower by more than that share. */
export class StolenTime {
  readonly #before = processorTime();

  /** One clause; empty where the system does not say. */
  describe(): string {
    const [before, now] = [this.#before, processorTime()];
    if (before === null || now === null || now.all === before.all) return "";
    const share = (now.stolen - before.stolen) / (now.all - before.all);
    return `the hypervisor took ${(100 * share).toFixed(1)} % of the processors' time`;
  }
}

/** In ticks, of all processors. Linux (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal. */
function processorTime(): ProcessorTime | null {
  if (process.platform !== "linux") return null;
  const ticks = readFileSync("/proc/stat", "utf8").split("\n")[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
  return { all: ticks.reduce((sum, count) => sum + count, 0), stolen: ticks[7] ?? 0 };
}
