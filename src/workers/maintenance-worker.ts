/**
 * A maintenance worker: everything that waits for the disk and is not the append path. Its piscina tasks are what this file
 * exports; each is one call of storage and leaves no state behind.
 */
export { checkpoint, cleanMark, openFolder, recovered, settleJournal, writeMetadata } from "./folder-tasks.ts";
export { findByTime, read, recover, removeLeftovers, removePartition } from "./log-tasks.ts";
export { die, ready } from "./maintenance-thread.ts";
