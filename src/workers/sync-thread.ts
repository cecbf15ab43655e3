/**
 * The sync thread of one log worker (contract D2): it makes one group durable while the worker writes the next. Nobody else
 * syncs these files, because Linux tells of a failed write-back once per open file.
 */
import { workerData } from "node:worker_threads";
import { NodeDisk, syncDirectory, syncDirectoryBeside, syncFile, syncFileBeside } from "../storage/node-disk.ts";
import { SharedFolderFailures } from "./folder-failures.ts";
import { BELL, PARKED, SYNC_DONE, SYNC_FAULT, SYNC_STOP, SYNC_SUBMITTED } from "./shared-memory.ts";
import { type HandleSync, runGroup } from "./sync-group.ts";
import type { ThreadData } from "./thread.ts";

const { map, memory, index } = workerData as ThreadData;
const worker = map.logWorkers[index]!;
const control = new Int32Array(memory.buffer, worker.control);
const area = new Int32Array(memory.buffer, worker.sync);
const disk = new NodeDisk();
const folderFailures = new SharedFolderFailures(map, memory.buffer as SharedArrayBuffer);
const file: HandleSync = { now: syncFile, beside: syncFileBeside };
const directory: HandleSync = {
  now: (handle) => counted(syncDirectory(handle)),
  beside: (handle, done) => syncDirectoryBeside(handle, (errno) => done(counted(errno))),
};
const close = (file: number): void => disk.close(file);

/** At once: others must not take a sync of theirs for good meanwhile. */
function counted(errno: number): number {
  if (errno !== 0) folderFailures.add();
  return errno;
}

for (;;) {
  const done = Atomics.load(control, SYNC_DONE);
  if (Atomics.load(control, SYNC_STOP) === 1) break;
  if (Atomics.load(control, SYNC_SUBMITTED) === done) {
    Atomics.wait(control, SYNC_SUBMITTED, done);
    continue;
  }
  if (Atomics.exchange(control, SYNC_FAULT, 0) === 1) throw new Error("an injected fault");
  await runGroup(area, file, directory, close);
  Atomics.store(control, SYNC_DONE, (done + 1) | 0);
  Atomics.add(control, BELL, 1);
  if (Atomics.load(control, PARKED) === 1) Atomics.notify(control, BELL);
}
