/** Tasks that concern one log: recovery, checked reads, removal, the files of a dead worker. */
import { syncFile } from "../storage/node-disk.ts";
import {
  findOffsetByTime,
  type ReadRequest,
  type ReadResult,
  type ReadSource,
  readBatches,
} from "../storage/reader.ts";
import { type RecoveredLog, type RecoveryTask, recoverLog } from "../storage/recovery.ts";
import { disk, task } from "./maintenance-thread.ts";
import type { TaskOutcome } from "./task-outcome.ts";
import { newSegmentId } from "./thread.ts";

export type RecoverTask = Omit<RecoveryTask, "segmentId">;

export const recover = (recovery: RecoverTask): Promise<TaskOutcome<RecoveredLog>> =>
  task((ready) => recoverLog(ready, { ...recovery, segmentId: newSegmentId() }));

export interface ReadTask {
  readonly source: ReadSource;
  readonly request: ReadRequest;
}

export const read = ({ source, request }: ReadTask): Promise<TaskOutcome<ReadResult>> =>
  task((ready) => readBatches(ready, source, request));

export interface TimeTask {
  readonly source: ReadSource;
  readonly timestamp: number;
  readonly limit: number;
}

export const findByTime = ({ source, timestamp, limit }: TimeTask): Promise<TaskOutcome<number>> =>
  task((ready) => findOffsetByTime(ready, source, timestamp, limit));

/** The folder is out of the way at once, and gone when this returns. */
export const removePartition = (folder: string): Promise<TaskOutcome<void>> =>
  task(() => {
    if (disk.status(folder) === null) return;
    const parent = folder.slice(0, folder.lastIndexOf("/"));
    const doomed = `${folder}.${newSegmentId().toString(16)}${DELETED_SUFFIX}`;
    disk.rename(folder, doomed);
    disk.syncDirectory(parent);
    disk.remove(doomed);
  });

/** Kafka's suffix for a folder that only waits to be removed. */
const DELETED_SUFFIX = "-delete";

/** Removes what deletions before a crash left behind. */
export const removeLeftovers = (path: string): Promise<TaskOutcome<void>> =>
  task(() => {
    for (const name of disk.list(path)) if (name.endsWith(DELETED_SUFFIX)) disk.remove(`${path}/${name}`);
  });

/**
 * Syncs and closes the files that a dead log worker left open; nobody else may sync them.
 *
 * @returns those whose sync failed
 */
export const closeOrphans = (files: readonly number[]): Promise<TaskOutcome<readonly number[]>> =>
  task(() =>
    files.filter((file) => {
      const errno = syncFile(file);
      disk.close(file);
      return errno !== 0;
    }),
  );
