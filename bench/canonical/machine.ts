/** What the figures were measured on. */
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
