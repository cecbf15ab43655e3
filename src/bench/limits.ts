/** What the machine itself does, in bytes per second: no broker on it is faster. */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MIB } from "../base/units.ts";
import { syncedRate } from "./device.ts";
import { Generator } from "./generator.ts";
import { loopbackCommand } from "./generators.ts";
import { monotonicNs } from "./monotonic.ts";

export interface Limits {
  /** One processor, memory to memory. */
  readonly memcpy: number;
  /** One TCP connection from one process to another, which reads and forgets. */
  readonly loopback: number;
  /** One process that writes a new file and never syncs it. */
  readonly pageCache: number;
  /** The same, with a sync for every few MiB. */
  readonly disk: number;
}

const CHUNK_SIZE = MIB;
const COPIES = 4096;
const WRITES = 2048;

/** @param folder where the brokers' data will be */
export async function measureLimits(folder: string): Promise<Limits> {
  return {
    memcpy: memcpyRate(),
    loopback: await loopbackRate(),
    pageCache: pageCacheRate(folder),
    disk: syncedRate(folder),
  };
}

/** Through more memory than a cache holds. */
function memcpyRate(): number {
  const from = new Uint8Array(64 * CHUNK_SIZE).fill(1);
  const to = new Uint8Array(64 * CHUNK_SIZE).fill(2);
  const beginNs = monotonicNs();
  for (let count = 0; count < COPIES; count++) {
    const at = (count % 64) * CHUNK_SIZE;
    to.set(from.subarray(at, at + CHUNK_SIZE), at);
  }
  return (COPIES * CHUNK_SIZE) / ((monotonicNs() - beginNs) / 1e9);
}

async function loopbackRate(): Promise<number> {
  const generator = new Generator<{ readonly bytesPerSecond: number }>([...loopbackCommand]);
  try {
    return (await generator.report()).bytesPerSecond;
  } finally {
    await generator.kill();
  }
}

/** One process that writes a new file and never syncs it. @returns bytes per second */
export function pageCacheRate(folder: string): number {
  const file = openSync(join(folder, "page-cache"), "w");
  const chunk = new Uint8Array(CHUNK_SIZE).fill(1);
  const beginNs = monotonicNs();
  try {
    for (let count = 0; count < WRITES; count++) writeSync(file, chunk);
  } finally {
    closeSync(file);
  }
  return (WRITES * CHUNK_SIZE) / ((monotonicNs() - beginNs) / 1e9);
}
