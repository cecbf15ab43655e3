/**
 * The metadata's log, `metadata/metadata.log`: one line an append, `<crc32c in hex> <JSON array of records>`. An append is
 * durable when it returns. The owner of the state serialises the calls, keeps the size, and rewrites the file as a snapshot
 * when it has doubled or when an append's sync failed. The first line names the folder that the log belongs to; a log that was
 * lost, emptied or exchanged does not pass for a folder without topics, whose files new topics of their names would take over.
 *
 * A torn last line was never acknowledged and is cut. A bad line with good ones behind it is damage, and nothing is opened.
 */
import { BrokerError } from "../base/errors.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { type Disk, replaceFile } from "./disk.ts";

const FILE = "metadata.log";
const CRC_DIGITS = 8;

interface FolderRecord {
  readonly type: "folder";
  readonly id: string;
}

export interface LoadedMetadata {
  /** All records, oldest first; without the line that names the folder. */
  readonly records: readonly unknown[];
  /** Bytes of the file. */
  readonly size: number;
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
  if (bytes !== null && decode(bytes, crc32c).records.length > 0) {
    throw new BrokerError("LOG_DAMAGED", `${path} holds records, but its folder has no cambium.meta; it is not opened`);
  }
  return { records: [], size: rewriteMetadata(disk, folder, folderId, [], crc32c) };
}

/**
 * Reads the log, cutting a torn tail. What is returned is durable.
 *
 * @throws BrokerError LOG_DAMAGED a record that was acknowledged cannot be read, or the log is not this folder's
 * @throws DiskError
 */
export function loadMetadata(disk: Disk, folder: string, folderId: string, crc32c: Crc32c): LoadedMetadata {
  const path = `${folder}/${FILE}`;
  const bytes = disk.readFile(path);
  if (bytes === null) throw notOurs(path, "is missing");
  const { owner, records, size } = decode(bytes, crc32c);
  if (owner === null) throw notOurs(path, "does not begin with the line that names its folder");
  if (owner !== folderId) throw notOurs(path, `belongs to the folder with id ${owner}, this one is ${folderId}`);
  const file = disk.open(path, "write");
  try {
    if (size < bytes.length) disk.truncate(file, size);
    // A kill may have come between an append and its sync, or the sync have failed, after which only what is written again
    // is synced (contract D4): what is acted upon from here on has to be durable.
    disk.write(file, bytes.subarray(0, size), 0);
    disk.sync(file);
  } finally {
    disk.close(file);
  }
  return { records, size };
}

function notOurs(path: string, what: string): BrokerError {
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
  /** Bytes behind the last good line: an append under way, one that a crash tore, or damage that looks like one. */
  readonly tornBytes: number;
}

/**
 * Reads the log, changes nothing, and tells what its owner would refuse or cut.
 *
 * @returns null: there is no log
 * @throws BrokerError LOG_DAMAGED a record that was acknowledged cannot be read
 * @throws DiskError
 */
export function inspectMetadata(disk: Disk, folder: string, crc32c: Crc32c): InspectedMetadata | null {
  const bytes = disk.readFile(`${folder}/${FILE}`);
  if (bytes === null) return null;
  const { records, owner, size } = decode(bytes, crc32c);
  return { records, owner, tornBytes: bytes.length - size };
}

/**
 * Appends records behind `size` bytes and makes them durable.
 *
 * @returns the new size
 * @throws DiskError nothing was appended. After a failed sync the page cache is no evidence (contract D4): rewrite before
 *   the next append
 */
export function appendMetadata(
  disk: Disk,
  folder: string,
  size: number,
  records: readonly unknown[],
  crc32c: Crc32c,
): number {
  const bytes = encode(records, crc32c);
  const file = disk.open(`${folder}/${FILE}`, "write");
  try {
    disk.truncate(file, size); // Whatever an earlier failure left behind.
    disk.write(file, bytes, size);
    disk.sync(file);
  } finally {
    disk.close(file);
  }
  return size + bytes.length;
}

/**
 * Replaces the log by these records, which hold the whole state.
 *
 * @returns the new size
 * @throws DiskError the old log stands
 */
export function rewriteMetadata(
  disk: Disk,
  folder: string,
  folderId: string,
  records: readonly unknown[],
  crc32c: Crc32c,
): number {
  const owner: FolderRecord = { type: "folder", id: folderId };
  const bytes = Buffer.concat([encode([owner], crc32c), ...(records.length > 0 ? [encode(records, crc32c)] : [])]);
  replaceFile(disk, folder, FILE, bytes);
  return bytes.length;
}

function encode(records: readonly unknown[], crc32c: Crc32c): Uint8Array {
  const json = JSON.stringify(records);
  const encoder = new TextEncoder();
  return encoder.encode(`${crcText(encoder.encode(json), crc32c)} ${json}\n`);
}

function decode(bytes: Uint8Array, crc32c: Crc32c): LoadedMetadata & { readonly owner: string | null } {
  const decoder = new TextDecoder();
  const records: unknown[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(10, at);
    const line = bytes.subarray(at, end < 0 ? bytes.length : end);
    const json = line.subarray(CRC_DIGITS + 1);
    const good = end >= 0 && decoder.decode(line.subarray(0, CRC_DIGITS)) === crcText(json, crc32c);
    if (!good) {
      // Only what follows the last durable append can be torn, and that is the end of the file.
      if (holdsGoodLine(bytes, at + line.length + 1, crc32c)) {
        throw new BrokerError("LOG_DAMAGED", `the metadata log is damaged at byte ${at}; valid records follow it`, {
          details: { at },
        });
      }
      break;
    }
    records.push(...(JSON.parse(decoder.decode(json)) as unknown[]));
    at = end + 1;
  }
  const first = records[0] as FolderRecord | null | undefined;
  if (first?.type !== "folder") return { owner: null, records, size: at };
  return { owner: first.id, records: records.slice(1), size: at };
}

function holdsGoodLine(bytes: Uint8Array, from: number, crc32c: Crc32c): boolean {
  const decoder = new TextDecoder();
  for (let at = from; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    if (end < 0) return false;
    if (
      decoder.decode(bytes.subarray(at, at + CRC_DIGITS)) === crcText(bytes.subarray(at + CRC_DIGITS + 1, end), crc32c)
    )
      return true;
    at = end + 1;
  }
  return false;
}

function crcText(bytes: Uint8Array, crc32c: Crc32c): string {
  return crc32c(bytes).toString(16).padStart(CRC_DIGITS, "0");
}
