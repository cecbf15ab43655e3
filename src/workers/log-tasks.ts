/** Tasks that concern one log: recovery, checked reads, removal. */
import type { Leftover } from "../broker/log-store.ts";
import { DiskError } from "../storage/disk.ts";
import { type ReadRequest, type ReadResult, readBatches } from "../storage/reader.ts";
import { type RecoveredLog, type RecoveryTask, recoverLog } from "../storage/recovery.ts";
import type { ReadSource } from "../storage/segment-place.ts";
import { findOffsetByTime } from "../storage/time-lookup.ts";
import { disk, task } from "./maintenance-thread.ts";
import type { TaskOutcome } from "./task-outcome.ts";
import { newSegmentId } from "./thread.ts";

export type RecoverTask = Omit<RecoveryTask, "segmentId">;

export const recover = (recovery: RecoverTask): TaskOutcome<RecoveredLog> =>
  task((ready) => recoverLog(ready, { ...recovery, segmentId: newSegmentId() }));

export interface ReadTask {
  readonly source: ReadSource;
  readonly request: ReadRequest;
}

export const read = ({ source, request }: ReadTask): TaskOutcome<ReadResult> =>
  task((ready) => readBatches(ready, source, request));

export interface TimeTask {
  readonly source: ReadSource;
  readonly timestamp: number;
  readonly limit: number;
}

export const findByTime = ({ source, timestamp, limit }: TimeTask): TaskOutcome<number> =>
  task((ready) => findOffsetByTime(ready, source, timestamp, limit));

/**
 * The folder is out of the way, for good, and gone, when this returns.
 *
 * @returns what of it could not be removed: the next start tries again
 */
export const removePartition = (folder: string): TaskOutcome<Leftover | null> =>
  task(() => {
    if (disk.status(folder) === null) return null;
    const parent = parentOf(folder);
    // Not the partition's name: with anything behind it, it might be too long for a file's.
    const doomed = `${parent}/${newSegmentId().toString(16)}${DELETED_SUFFIX}`;
    disk.rename(folder, doomed);
    disk.syncDirectory(parent);
    return removeDoomed(doomed);
  });

/** Whose removal the disk refused: an immutable file, another user's, one that a network's file system keeps. */
function removeDoomed(folder: string): Leftover | null {
  try {
    disk.remove(folder);
    return null;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return { folder, error: error.message };
  }
}

function parentOf(folder: string): string {
  return folder.slice(0, folder.lastIndexOf("/"));
}

/** Kafka's suffix for a folder that only waits to be removed. */
const DELETED_SUFFIX = "-delete";

/** Removes what earlier deletions left behind. @returns what there still is of it */
export const removeLeftovers = (path: string): TaskOutcome<readonly Leftover[]> =>
  task(() => {
    const doomed = disk.list(path).filter((name) => name.endsWith(DELETED_SUFFIX));
    return doomed.flatMap((name) => removeDoomed(`${path}/${name}`) ?? []);
  });
