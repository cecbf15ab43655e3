/**
 * A maintenance worker: everything that waits for the disk and is not the append path. Its piscina tasks are the exports of
 * this file; each is one call of storage, with this thread's core and scratch memory. No task leaves state behind.
 */
import { workerData } from "node:worker_threads";
import { ensureBallast, withBallast } from "../storage/ballast.ts";
import {
  type ExpectedEnds,
  type LogTable,
  type TableOwner,
  takeExpectedEnds,
  writeCheckpoint,
  writeCleanMark,
} from "../storage/checkpoint.ts";
import { type FolderMeta, folders, openDataFolder, readBootId } from "../storage/data-folder.ts";
import { appendMetadata, loadMetadata, rewriteMetadata } from "../storage/metadata-log.ts";
import { NodeDisk, syncFile } from "../storage/node-disk.ts";
import {
  findOffsetByTime,
  type ReaderEnvironment,
  type ReadRequest,
  type ReadResult,
  type ReadSource,
  readBatches,
} from "../storage/reader.ts";
import { type RecoveredLog, type RecoveryTask, recoverLog } from "../storage/recovery.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { ConsistentReader } from "./publication.ts";
import { outcomeOf, type TaskOutcome } from "./task-outcome.ts";
import { makeThreadCore, newSegmentId, type ThreadData } from "./thread.ts";

const disk = new NodeDisk();
const data = workerData as ThreadData;

const environment = (async (): Promise<ReaderEnvironment> => {
  const scratch = data.map.scratches[data.index]!;
  const { core, memory, buffer, crc32c } = await makeThreadCore(data, scratch);
  const reader = new ConsistentReader(buffer, (words, version, value) => Atomics.wait(words, version, value, 1));
  const { scratchSize } = data.map;
  const consistently = reader.consistently.bind(reader);
  return { disk, core, memory, crc32c, scratch, scratchSize, newSegmentId, consistently };
})();

async function task<Value>(run: (environment: ReaderEnvironment) => Value): Promise<TaskOutcome<Value>> {
  const ready = await environment;
  return outcomeOf(() => run(ready));
}

// ---- logs

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

// ---- the data folder

export interface FolderTask {
  readonly data: string;
  readonly version: string;
}

export interface FolderState {
  readonly meta: FolderMeta;
  readonly sameBoot: boolean;
  readonly expected: ExpectedEnds;
  readonly metadata: { readonly records: readonly unknown[]; readonly size: number };
  readonly hasBallast: boolean;
}

/** Everything that a start reads, and the start itself counted. */
export const openFolder = ({ data: path, version }: FolderTask): Promise<TaskOutcome<FolderState>> =>
  task(({ crc32c }) => {
    const opening = { version, bootId: readBootId(disk), newId: () => crypto.randomUUID() };
    const { meta, previous, sameBoot } = openDataFolder(disk, path, opening, crc32c);
    const owner = { folderId: meta.folderId, incarnation: previous?.incarnation ?? 0 };
    const expected = takeExpectedEnds(disk, path, owner, crc32c);
    const metadata = loadMetadata(disk, folders.metadata(path), crc32c);
    return { meta, sameBoot, expected, metadata, hasBallast: ensureBallast(disk, path) };
  });

export interface TableTask {
  readonly data: string;
  readonly owner: TableOwner;
  readonly logs: LogTable;
}

export const checkpoint = ({ data: path, owner, logs }: TableTask): Promise<TaskOutcome<void>> =>
  task(({ crc32c }) => {
    withBallast(disk, path, () => writeCheckpoint(disk, path, owner, logs, crc32c));
    ensureBallast(disk, path);
  });

export const cleanMark = ({ data: path, owner, logs }: TableTask): Promise<TaskOutcome<void>> =>
  task(({ crc32c }) => withBallast(disk, path, () => writeCleanMark(disk, path, owner, logs, crc32c)));

export interface MetadataTask {
  readonly data: string;
  readonly records: readonly unknown[];
  /** Append behind so many bytes; -1: replace everything. */
  readonly size: number;
}

/** @returns the log's new size */
export const writeMetadata = ({ data: path, records, size }: MetadataTask): Promise<TaskOutcome<number>> =>
  task(({ crc32c }) => withBallast(disk, path, () => writeRecords(folders.metadata(path), records, size, crc32c)));

function writeRecords(folder: string, records: readonly unknown[], size: number, crc32c: Crc32c): number {
  return size < 0
    ? rewriteMetadata(disk, folder, records, crc32c)
    : appendMetadata(disk, folder, size, records, crc32c);
}
