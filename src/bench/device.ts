/** What the disk itself does: no broker that syncs is faster. */
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Latencies } from "./latencies.ts";
import { monotonicNs } from "./monotonic.ts";

const APPEND_SIZE = 4096;
const APPENDS = 1000;

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
