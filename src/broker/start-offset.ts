/** Where reading begins: from what a reader asks for to an offset. */
import { BrokerError } from "../base/errors.ts";
import type { LogStore } from "./log-store.ts";
import type { Partition } from "./partition.ts";

export type StartAt =
  | { readonly kind: "earliest" }
  | { readonly kind: "latest" }
  | { readonly kind: "offset"; readonly value: number }
  | { readonly kind: "timestamp"; readonly value: number };

/**
 * @returns the offset at which reading begins; the high watermark for a timestamp that no record reaches
 * @throws BrokerError OFFSET_OUT_OF_RANGE, and whatever opening the log brings
 */
export async function resolveStart(store: LogStore, partition: Partition, start: StartAt): Promise<number> {
  await partition.ensureCertain();
  const { logStartOffset, highWatermark } = partition;
  if (start.kind === "earliest") return logStartOffset;
  if (start.kind === "latest") return highWatermark;
  if (start.kind === "timestamp") {
    const found = await findByTime(store, partition, start.value);
    return found < 0 ? partition.highWatermark : found;
  }
  if (start.value >= logStartOffset && start.value <= highWatermark) return start.value;
  throw new BrokerError(
    "OFFSET_OUT_OF_RANGE",
    `offset ${start.value} is not in ${partition.log.folderName}, which begins at ${logStartOffset} and ends before ${highWatermark}`,
  );
}

/** @returns the first offset whose record is not earlier, -1: none. In a compressed batch, the batch's first offset. */
async function findByTime(store: LogStore, partition: Partition, timestamp: number): Promise<number> {
  const { log, tail } = partition;
  if (partition.isMemory) {
    for (let index = 0; index < tail.count; index++) {
      if (store.maxTimestampAt(tail.addressAt(index)) >= timestamp) return tail.baseAt(index);
    }
    return -1;
  }
  await partition.open();
  const limit = partition.highWatermark;
  if (partition.logStartOffset === limit) return -1;
  return partition.read((entry) => store.findByTime(entry, log.folder, timestamp, limit));
}
