/**
 * The metadata's log, `metadata/metadata.log`, line by line as metadata-lines.ts has it. An append is durable when it returns.
 * The owner of the state serialises the calls, keeps the point at which the log ends, and rewrites the file as a snapshot when
 * it has doubled or when an append's sync failed. The log names the folder that it belongs to; one that was lost, emptied or
 * exchanged does not pass for a folder without topics, whose files new topics of their names would take over.
 *
 * What is damage, and what is the torn end of an append that nobody was told of (contract E1, E2)
 * - After a clean stop the file is, byte for byte, what the clean mark says of it.
 * - Else the newest of the other marks tells what was durable: that much of it is there and is what it was.
 * - On the same boot of the machine a kill cuts writes short and changes nothing: a line that has its newline is good.
 * - A bad line with good ones behind it is damage on any boot. Any other bad end is torn, and is cut.
 *
 * A mark is of one generation of the file. A rewrite is durable before it is told of, so a file of a later generation than the
 * mark's is in order whatever its size, and one of an earlier is not the file that the mark saw.
 */
import { BrokerError } from "../base/errors.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import type { ExpectedEnds } from "./checkpoint.ts";
import { type Disk, DiskError, type FileHandle, replaceFile } from "./disk.ts";
import {
  type BadTail,
  type DecodedMetadata,
  decodeLines,
  encodeFirstLine,
  encodeLine,
  type MetadataPoint,
} from "./metadata-lines.ts";

const FILE = "metadata.log";

export interface LoadedMetadata {
  /** All records, oldest first; without the log's own. */
  readonly records: readonly unknown[];
  readonly point: MetadataPoint;
  /** Of a torn end. */
  readonly cutBytes: number;
}

/** What is known of the log without looking at it. */
export interface MetadataKnowledge {
  readonly expected: Pick<ExpectedEnds, "metadata" | "clean">;
  /** The machine was not restarted since the log was last written. */
  readonly sameBoot: boolean;
}

/**
 * Begins the log of a new folder. One that a killed first start left behind holds no records and is begun anew.
 *
 * @throws BrokerError LOG_DAMAGED there are records
 * @throws DiskError
 */
export function beginMetadata(disk: Disk, folder: string, folderId: string, crc32c: Crc32c): LoadedMetadata {
  const path = `${folder}/${FILE}`;
  const bytes = disk.readFile(path);
  const found = bytes === null ? null : decodeLines(bytes, crc32c);
  if (found !== null && (found.records.length > 0 || found.tail?.isFollowed)) {
    throw new BrokerError("LOG_DAMAGED", `${path} holds records, but its folder has no cambium.meta; it is not opened`);
  }
  return { records: [], point: rewriteMetadata(disk, folder, folderId, 0, [], crc32c), cutBytes: 0 };
}

/**
 * Reads the log, cutting a torn tail. What is returned is durable.
 *
 * @throws BrokerError LOG_DAMAGED a record that was acknowledged cannot be read, or the log is not this folder's
 * @throws DiskError
 */
export function loadMetadata(
  disk: Disk,
  folder: string,
  folderId: string,
  known: MetadataKnowledge,
  crc32c: Crc32c,
): LoadedMetadata {
  const path = `${folder}/${FILE}`;
  const bytes = disk.readFile(path);
  if (bytes === null) throw damaged(path, "is missing");
  const found = decodeLines(bytes, crc32c);
  const { owner, records, point } = found;
  if (owner === null) throw damaged(path, "does not begin with the line that names its folder");
  if (owner !== folderId) throw damaged(path, `belongs to the folder with id ${owner}, this one is ${folderId}`);
  const damage = damageOf(bytes, found, known, crc32c);
  if (damage !== null) throw damaged(path, damage);
  const cutBytes = bytes.length - point.size;
  const file = disk.open(path, "write");
  try {
    if (cutBytes > 0) disk.truncate(file, point.size);
    // A kill may have come between an append and its sync, or the sync have failed, after which only what is written again
    // is synced (contract D4): what is acted upon from here on has to be durable.
    disk.write(file, bytes.subarray(0, point.size), 0);
    disk.sync(file);
  } finally {
    disk.close(file);
  }
  return { records, point, cutBytes };
}

/** @returns what is wrong with a log of this folder, null: nothing but an end that may be torn */
function damageOf(
  bytes: Uint8Array,
  { point, tail }: DecodedMetadata,
  { expected, sameBoot }: MetadataKnowledge,
  crc32c: Crc32c,
): string | null {
  if (tail?.isFollowed) return `is damaged at byte ${point.size}; valid records follow it`;
  const lost = expected.metadata === null ? null : lossOf(bytes, point, expected.metadata, crc32c);
  if (lost !== null) return lost;
  if (expected.clean && expected.metadata !== null && !isSame(point, bytes.length, expected.metadata)) {
    return `is not what the last clean stop left: it has ${bytes.length} bytes, ${point.size} of them good, and had ${expected.metadata.size}`;
  }
  if (tail?.isWholeLine && sameBoot) return `is damaged at byte ${point.size}, in a line that was written whole`;
  return null;
}

/** @returns what is missing of that which was durable, null: nothing */
function lossOf(bytes: Uint8Array, found: MetadataPoint, durable: MetadataPoint, crc32c: Crc32c): string | null {
  const { generation, size, crc } = durable;
  if (found.generation > generation) return null;
  if (found.generation < generation) return "is an older one than this folder had";
  if (found.size < size) return `is good up to byte ${found.size}, but ${size} bytes of it were durable`;
  return crc32c(bytes.subarray(0, size)) === crc ? null : `is changed within the ${size} bytes that were durable`;
}

function isSame(found: MetadataPoint, length: number, marked: MetadataPoint): boolean {
  return found.generation === marked.generation && length === marked.size && found.size === marked.size;
}

function damaged(path: string, what: string): BrokerError {
  return new BrokerError(
    "LOG_DAMAGED",
    `${path} ${what}; restore it from a backup of this data folder, or begin with another folder. Nothing was changed`,
    { details: { path } },
  );
}

/** What can be told of the log without changing it. */
interface InspectedMetadata {
  readonly records: readonly unknown[];
  /** Id of the folder that it belongs to; null: it does not say. */
  readonly owner: string | null;
  /** For what its owner would refuse it; null: for nothing. */
  readonly damage: string | null;
  /** An append under way, one that a crash tore, or damage that looks like one; null: the log ends with a good line. */
  readonly tail: BadTail | null;
}

/**
 * Reads the log, changes nothing, and tells what its owner would refuse or cut.
 *
 * @returns null: there is no log
 * @throws DiskError
 */
export function inspectMetadata(
  disk: Disk,
  folder: string,
  known: MetadataKnowledge,
  crc32c: Crc32c,
): InspectedMetadata | null {
  const bytes = disk.readFile(`${folder}/${FILE}`);
  if (bytes === null) return null;
  const found = decodeLines(bytes, crc32c);
  const { records, owner, tail } = found;
  return { records, owner, tail, damage: damageOf(bytes, found, known, crc32c) };
}

/**
 * Appends records behind the point at which the log ends, and makes them durable.
 *
 * @returns the new end
 * @throws DiskError nothing was appended. After a failed sync the page cache is no evidence (contract D4): rewrite before
 *   the next append
 */
export function appendMetadata(
  disk: Disk,
  folder: string,
  { generation, size, crc }: MetadataPoint,
  records: readonly unknown[],
  crc32c: Crc32c,
): MetadataPoint {
  const bytes = encodeLine(records, crc32c);
  const file = disk.open(`${folder}/${FILE}`, "write");
  try {
    disk.truncate(file, size); // Whatever an earlier failure left behind.
    disk.write(file, bytes, size);
    disk.sync(file);
  } catch (error) {
    if (error instanceof DiskError) cutBack(disk, file, size);
    throw error;
  } finally {
    disk.close(file);
  }
  return { generation, size: size + bytes.length, crc: crc32c(bytes, crc) };
}

/** A clean mark that comes next says that the log ends there. @throws DiskError of no code that says that nothing was written */
function cutBack(disk: Disk, file: FileHandle, size: number): void {
  try {
    disk.truncate(file, size);
  } catch (error) {
    throw new DiskError("EIO", "cut back what could not be synced", error);
  }
}

/**
 * Replaces the log by these records, which hold the whole state.
 *
 * @param generation of the log that is replaced
 * @returns the new end
 * @throws DiskError the old log stands, or, where only the last sync failed, the new one may
 */
export function rewriteMetadata(
  disk: Disk,
  folder: string,
  folderId: string,
  generation: number,
  records: readonly unknown[],
  crc32c: Crc32c,
): MetadataPoint {
  const bytes = encodeFirstLine(folderId, generation + 1, records, crc32c);
  replaceFile(disk, folder, FILE, bytes);
  return { generation: generation + 1, size: bytes.length, crc: crc32c(bytes) };
}
