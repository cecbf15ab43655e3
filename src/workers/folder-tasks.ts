/** Tasks that concern the data folder as a whole: opening it, checkpoint and clean mark, metadata. */
import { BrokerError } from "../base/errors.ts";
import type { TopicId } from "../base/topic-id.ts";
import { uuidBytes } from "../base/uuid.ts";
import type { MetadataRecord } from "../broker/local-meta-store.ts";
import { Ballast, isFull } from "../storage/ballast.ts";
import {
  type ExpectedEnds,
  type KnownEnds,
  type TableOwner,
  takeExpectedEnds,
  writeCheckpoint,
  writeCleanMark,
} from "../storage/checkpoint.ts";
import { type FolderMeta, folders, noteRecovered, openDataFolder, readBootId } from "../storage/data-folder.ts";
import {
  type JournalReplay,
  type ReplayReport,
  removeJournal,
  replayJournal,
  type TopicIdOf,
} from "../storage/journal-replay.ts";
import type { MetadataPoint } from "../storage/metadata-lines.ts";
import { appendMetadata, type LoadedMetadata, rewriteMetadata } from "../storage/metadata-log.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { disk, gatedDisk, gateKeeper, task } from "./maintenance-thread.ts";
import type { TaskOutcome } from "./task-outcome.ts";

export interface FolderTask {
  readonly data: string;
  readonly version: string;
  /** What is acknowledged may lie in a journal alone. */
  readonly journal: boolean;
}

export interface FolderState {
  readonly meta: FolderMeta;
  readonly sameBoot: boolean;
  readonly expected: ExpectedEnds;
  /** Names of the partitions' folders that an unclean end left behind. */
  readonly left: readonly string[];
  readonly metadata: LoadedMetadata;
  /** Whose journals there will be, and what was found of earlier ones. */
  readonly journals: JournalReplay;
  readonly replayed: ReplayReport;
  /** false: the disk is too full to take records. */
  readonly hasRoom: boolean;
}

/** Everything that a start reads, and the start itself counted. */
export const openFolder = ({ data: path, version, journal }: FolderTask): TaskOutcome<FolderState> =>
  task(({ crc32c }) => {
    const opening = { version, journal, bootId: readBootId(disk), newId: () => crypto.randomUUID() };
    // One by one: a start that was counted is not counted again.
    const { meta, previous, sameBoot, metadata } = withRoom(path, () => openDataFolder(disk, path, opening, crc32c));
    const owner = { folderId: meta.folderId, incarnation: previous?.incarnation ?? 0 };
    const expected = withRoom(path, () => takeExpectedEnds(disk, path, owner, crc32c));
    const journals = {
      folder: folders.journal(path),
      topics: folders.topics(path),
      folderId: uuidBytes(meta.folderId),
    };
    const topicIdOf = topicIdsOf(metadata.records);
    const replayed = withRoom(path, () => replayJournal(disk, journals, topicIdOf, crc32c));
    const left = expected.clean ? [] : disk.list(folders.topics(path));
    return { meta, sameBoot, expected, left, metadata, journals, replayed, hasRoom: ballastOf(path).fill() };
  });

function topicIdsOf(records: readonly unknown[]): TopicIdOf {
  const ids = new Map<string, TopicId>();
  for (const record of records as readonly MetadataRecord[]) {
    if (record.type === "topic") ids.set(record.name, record.logId);
    else if (record.type === "topicDeleted") ids.delete(record.name);
  }
  return (folderName) => ids.get(folderName.slice(0, folderName.lastIndexOf("-"))) ?? null;
}

/** A broker also starts on a disk that has filled up. @throws BrokerError NO_SPACE not even the ballast is left */
function withRoom<Result>(data: string, run: () => Result): Result {
  try {
    return ballastOf(data).spend("start", run);
  } catch (error) {
    if (!isFull(error)) throw error;
    throw new BrokerError("NO_SPACE", `the disk of ${data} is too full to open it; free some space and start again`, {
      cause: error,
    });
  }
}

export interface JournalTask extends JournalReplay {
  /** Else it is only removed. */
  readonly isNeeded: boolean;
}

export const settleJournal = ({ isNeeded, ...journal }: JournalTask): TaskOutcome<void> =>
  task(({ crc32c }) => {
    // The logs are this process's own: a folder that another topic of the name had is gone, with what the journal holds of it.
    if (isNeeded) replayJournal(gatedDisk, journal, null, crc32c);
    else removeJournal(gatedDisk, journal);
  });

export interface RecoveredTask {
  readonly data: string;
  readonly meta: FolderMeta;
}

export const recovered = ({ data: path, meta }: RecoveredTask): TaskOutcome<void> =>
  task(({ crc32c }) => ballastOf(path).spend("start", () => noteRecovered(disk, path, meta, readBootId(disk), crc32c)));

export interface TableTask {
  readonly data: string;
  readonly owner: TableOwner;
  readonly ends: KnownEnds;
}

/** Not worth the ballast: without it recovery scans more. Makes the ballast whole where there is room again. */
export const checkpoint = ({ data: path, owner, ends }: TableTask): TaskOutcome<void> =>
  task(({ crc32c }) => {
    ballastOf(path).fill();
    writeCheckpoint(gatedDisk, path, owner, ends, crc32c);
  });

export const cleanMark = ({ data: path, owner, ends }: TableTask): TaskOutcome<void> =>
  task(({ crc32c }) => ballastOf(path).spend("running", () => writeCleanMark(disk, path, owner, ends, crc32c)));

export interface MetadataTask {
  readonly data: string;
  readonly folderId: string;
  readonly records: readonly unknown[];
  readonly how: "append" | "replace";
  /** The log's end before. */
  readonly point: MetadataPoint;
}

/** @returns the log's new end */
export const writeMetadata = (change: MetadataTask): TaskOutcome<MetadataPoint> =>
  task(({ crc32c }) => ballastOf(change.data).spend("running", () => writeRecords(change, crc32c)));

function writeRecords({ data, folderId, records, how, point }: MetadataTask, crc32c: Crc32c): MetadataPoint {
  const folder = folders.metadata(data);
  return how === "replace"
    ? rewriteMetadata(disk, folder, folderId, point.generation, records, crc32c)
    : appendMetadata(disk, folder, point, records, crc32c);
}

function ballastOf(data: string): Ballast {
  return new Ballast(disk, data, gateKeeper);
}
