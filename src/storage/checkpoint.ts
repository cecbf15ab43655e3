/**
 * What is known of every log's end without looking at it (contract B, E1, E2), that of the metadata log included. Three files
 * in the data folder:
 *
 *   clean        the clean-shutdown mark: every log's checkpoint, taken after all syncs. Its presence means that no log was
 *                written since.
 *   clean.last   the mark of the last clean shutdown, kept while the broker runs, so that logs not written since keep an
 *                expected end.
 *   checkpoint   the logs written since that mark; replaced every second or so.
 *
 * A log's expected end is its entry in `checkpoint`, else in `clean.last`. That of the metadata log stands in each of them.
 */
import type { Crc32c } from "../wasm/crc32c.ts";
import type { Disk } from "./disk.ts";
import type { MetadataPoint } from "./metadata-lines.ts";
import type { LogCheckpoint, SyncedPoint } from "./partition-log.ts";
import { decodeSealedJson, replaceSealedJson } from "./sealed-json.ts";

const CLEAN = "clean";
const CLEAN_LAST = "clean.last";
const CHECKPOINT = "checkpoint";
const VERSION = 1;

/** Of a log: the topic's id and where it stood. */
export type LogRow = LogCheckpoint & {
  readonly topicId: string;
  /**
   * Said by a stop alone, after which nothing was written: what lies behind was never acknowledged, and is still to be cut
   * (contract D4, H1). It holds for the next start, and for no later one: that may have written there.
   */
  readonly cutTo?: SyncedPoint;
};

/** By name of the partition's folder. */
export type LogTable = Record<string, LogRow>;

/** Whose table it is. A mark of another folder or another start is no mark. */
export interface TableOwner {
  readonly folderId: string;
  readonly incarnation: number;
}

/** Where everything stands. */
export interface KnownEnds {
  readonly logs: LogTable;
  /** The metadata log; null: not known. */
  readonly metadata: MetadataPoint | null;
}

interface TableFile extends TableOwner {
  readonly version: number;
  readonly logs: LogTable;
  /** Missing where an older version wrote it. */
  readonly metadata?: MetadataPoint | null;
}

export interface ExpectedEnds extends KnownEnds {
  /** Nothing was written since these were taken. */
  readonly clean: boolean;
  /** Names of tables that exist and cannot be read; logs that only they knew are scanned whole. */
  readonly damaged: readonly string[];
}

/**
 * Reads the expected ends at a start, and takes the clean mark away before anything can be written (contract E1).
 *
 * @param owner the folder and the incarnation of the run before this start
 * @throws DiskError
 */
export function takeExpectedEnds(disk: Disk, folder: string, owner: TableOwner, crc32c: Crc32c): ExpectedEnds {
  const damaged: string[] = [];
  const read = (name: string): TableFile | null => {
    const bytes = disk.readFile(`${folder}/${name}`);
    if (bytes === null) return null;
    const table = decodeSealedJson(bytes, crc32c) as TableFile | null;
    if (table === null) damaged.push(name);
    return table?.version === VERSION && table.folderId === owner.folderId ? withoutStaleCuts(table, owner) : null;
  };
  const mark = read(CLEAN);
  const checkpoint = read(CHECKPOINT);
  if (mark === null) {
    disk.remove(`${folder}/${CLEAN}`);
    disk.syncDirectory(folder);
    return { ...merged(read(CLEAN_LAST), checkpoint), clean: false, damaged };
  }
  disk.rename(`${folder}/${CLEAN}`, `${folder}/${CLEAN_LAST}`);
  if (!isNewer(checkpoint, mark)) disk.remove(`${folder}/${CHECKPOINT}`);
  disk.syncDirectory(folder);
  // A start that died before it came here left a mark of an earlier one: still good as what to expect, though not as a mark.
  return { ...merged(mark, checkpoint), clean: mark.incarnation === owner.incarnation, damaged };
}

function withoutStaleCuts(table: TableFile, owner: TableOwner): TableFile {
  if (table.incarnation === owner.incarnation) return table;
  const logs = Object.entries(table.logs).map(([name, { cutTo: _, ...row }]) => [name, row] as const);
  return { ...table, logs: Object.fromEntries(logs) };
}

/** A checkpoint of the run that the mark ended says less than the mark; a crash may have left it. */
function merged(mark: TableFile | null, checkpoint: TableFile | null): KnownEnds {
  const newest = isNewer(checkpoint, mark) ? checkpoint : mark;
  return { logs: { ...mark?.logs, ...newest?.logs }, metadata: newest?.metadata ?? null };
}

function isNewer(checkpoint: TableFile | null, mark: TableFile | null): boolean {
  return checkpoint !== null && (mark === null || checkpoint.incarnation > mark.incarnation);
}

/**
 * Reads the tables and changes nothing, also while a broker runs.
 *
 * @param owner the folder and the incarnation of the last start; null: not known
 */
export function readExpectedEnds(disk: Disk, folder: string, owner: TableOwner | null, crc32c: Crc32c): ExpectedEnds {
  const damaged: string[] = [];
  const read = (name: string): TableFile | null => {
    const bytes = disk.readFile(`${folder}/${name}`);
    if (bytes === null) return null;
    const table = decodeSealedJson(bytes, crc32c) as TableFile | null;
    const isOurs = table?.version === VERSION && (owner === null || table.folderId === owner.folderId);
    if (!isOurs) damaged.push(name);
    return isOurs ? table : null;
  };
  // The oldest last: a mark that is renamed meanwhile is met under its new name.
  const [mark, checkpoint, last] = [read(CLEAN), read(CHECKPOINT), read(CLEAN_LAST)];
  const clean = mark !== null && (owner === null || mark.incarnation === owner.incarnation);
  return { ...merged(mark ?? last, checkpoint), clean, damaged };
}

/** @param ends of the logs written since the last clean mark, all of them */
export function writeCheckpoint(disk: Disk, folder: string, owner: TableOwner, ends: KnownEnds, crc32c: Crc32c): void {
  writeTable(disk, folder, CHECKPOINT, owner, ends, crc32c);
}

/** @param ends of every log that has files; all of them synced and closed, and no metadata is written any more */
export function writeCleanMark(disk: Disk, folder: string, owner: TableOwner, ends: KnownEnds, crc32c: Crc32c): void {
  writeTable(disk, folder, CLEAN, owner, ends, crc32c);
}

function writeTable(
  disk: Disk,
  folder: string,
  name: string,
  { folderId, incarnation }: TableOwner,
  { logs, metadata }: KnownEnds,
  crc32c: Crc32c,
): void {
  const table: TableFile = { version: VERSION, folderId, incarnation, logs, metadata };
  replaceSealedJson(disk, folder, name, table, crc32c);
}
