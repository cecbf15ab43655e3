/** What the disk itself does: no broker that syncs is faster. */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MIB } from "../base/units.ts";
import { Latencies } from "./latencies.ts";
import { monotonicNs } from "./monotonic.ts";

const APPEND_SIZE = 4096;
const APPENDS = 1000;
const CHUNK_SIZE = MIB;
const CHUNKS = 384;
/** What our log does at durability `disk` under load is about so much to a sync. */
const CHUNKS_PER_SYNC = 4;

/** Times appends of 4 KiB to a new file, each with its fdatasync. @param folder where the brokers' data will be */
export function syncLatencies(folder: string): Latencies {
  const latencies = Latencies.empty();
  const file = openSync(join(folder, "device-sync"), "w");
  const bytes = new Uint8Array(APPEND_SIZE).fill(1);
  try {
    for (let count = 0; count < APPENDS; count++) {
      const beginNs = monotonicNs();
      writeSync(file, bytes);
      fdatasyncSync(file);
      latencies.record(monotonicNs() - beginNs);
    }
  } finally {
    closeSync(file);
  }
  return latencies;
}

/** Writes a new file, with an fdatasync for every few MiB. @returns bytes per second */
export function syncedRate(folder: string): number {
  const file = openSync(join(folder, "device-rate"), "w");
  const bytes = new Uint8Array(CHUNK_SIZE).fill(1);
  const beginNs = monotonicNs();
  try {
    for (let count = 1; count <= CHUNKS; count++) {
      writeSync(file, bytes);
      if (count % CHUNKS_PER_SYNC === 0) fdatasyncSync(file);
    }
  } finally {
    closeSync(file);
  }
  return (CHUNK_SIZE * CHUNKS) / ((monotonicNs() - beginNs) / 1e9);
}
