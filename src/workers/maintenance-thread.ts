/** What the tasks of a maintenance worker run on: this thread's core and scratch memory, and the disk. */
import { workerData } from "node:worker_threads";
import { NodeDisk } from "../storage/node-disk.ts";
import type { ReaderEnvironment } from "../storage/segment-place.ts";
import { SharedFolderFailures } from "./folder-failures.ts";
import { ConsistentReader } from "./publication.ts";
import { outcomeOf, type TaskOutcome } from "./task-outcome.ts";
import { makeThreadCore, newSegmentId, type ThreadData } from "./thread.ts";
import { SharedWriteGate, WriteGateKeeper } from "./write-gate.ts";

const data = workerData as ThreadData;

const shared = data.memory.buffer as SharedArrayBuffer;
const folderFailures = new SharedFolderFailures(data.map, shared);
const gate = new SharedWriteGate(data.map, shared);

/** For metadata, which is written whatever the gate says. */
export const disk = new NodeDisk({ folderFailures });

/** For all else. */
export const gatedDisk = new NodeDisk({ folderFailures, gate });

const pauseWord = new Int32Array(new SharedArrayBuffer(4));
export const gateKeeper = new WriteGateKeeper(gate, data.map, shared, (ms) => void Atomics.wait(pauseWord, 0, 0, ms));

const environment = ((): ReaderEnvironment => {
  const { checksumScratch, scratch } = data.map.maintenanceWorkers[data.index]!;
  const { core, memory, buffer, crc32c } = makeThreadCore(data, checksumScratch);
  const reader = new ConsistentReader(buffer, (words, version, value) => Atomics.wait(words, version, value, 1));
  const { scratchSize } = data.map;
  const consistently = reader.consistently.bind(reader);
  return { disk: gatedDisk, core, memory, crc32c, scratch, scratchSize, newSegmentId, consistently };
})();

/** Runs one task; what it throws by the domain's rules comes back as a value. */
export function task<Value>(run: (environment: ReaderEnvironment) => Value): TaskOutcome<Value> {
  return outcomeOf(() => run(environment));
}

/** Resolves when the thread has loaded and can take tasks. */
export function ready(): void {}

/** Ends the thread by an exception that nobody catches. */
export function die(): Promise<never> {
  return new Promise(() => {
    setImmediate(() => {
      throw new Error("an injected fault");
    });
  });
}
