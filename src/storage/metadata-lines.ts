/**
 * The bytes of the metadata log: one line an append, `<crc32c in hex> <JSON array of records>`.
 *
 * The first record is the log's own: the folder that it belongs to, and its generation, which is one more with every rewrite.
 * It stands in one line with the snapshot behind it, so that what a rewrite made durable is whole or is no log.
 */
import type { Crc32c } from "../wasm/crc32c.ts";

const CRC_DIGITS = 8;
const NEWLINE = 10;
const SPACE = 32;

/** How far a metadata log was durable. Within a generation bytes are only added, so this stays true of it. */
export interface MetadataPoint {
  /** How often the log was rewritten: of another generation size and checksum say nothing. */
  readonly generation: number;
  readonly size: number;
  /** CRC-32C over so many bytes. */
  readonly crc: number;
}

interface FolderRecord {
  readonly type: "folder";
  readonly id: string;
  /** Missing where an older version wrote it: 0. */
  readonly generation?: number;
}

export interface DecodedMetadata {
  /** Id of the folder that it belongs to; null: it does not say. */
  readonly owner: string | null;
  /** All good records, oldest first; without the log's own. */
  readonly records: readonly unknown[];
  /** The end of the last good line. */
  readonly point: MetadataPoint;
  /** What lies behind it; null: nothing. */
  readonly tail: BadTail | null;
}

/** A line that is not good, and all that follows it. */
export interface BadTail {
  readonly bytes: number;
  /** It has its newline: a write that was cut short left none. */
  readonly isWholeLine: boolean;
  /** Good lines follow. */
  readonly isFollowed: boolean;
}

export function encodeFirstLine(
  folderId: string,
  generation: number,
  records: readonly unknown[],
  crc32c: Crc32c,
): Uint8Array {
  return encodeLine([{ type: "folder", id: folderId, generation } satisfies FolderRecord, ...records], crc32c);
}

export function encodeLine(records: readonly unknown[], crc32c: Crc32c): Uint8Array {
  const json = JSON.stringify(records);
  const encoder = new TextEncoder();
  return encoder.encode(`${crcText(encoder.encode(json), crc32c)} ${json}\n`);
}

export function decodeLines(bytes: Uint8Array, crc32c: Crc32c): DecodedMetadata {
  const records: unknown[] = [];
  let size = 0;
  let end = 0;
  while (size < bytes.length) {
    end = lineEnd(bytes, size);
    const json = goodLine(bytes, size, end, crc32c);
    if (json === null) break;
    records.push(...(JSON.parse(json) as unknown[]));
    size = end + 1;
  }
  const tail =
    size === bytes.length
      ? null
      : {
          bytes: bytes.length - size,
          isWholeLine: end < bytes.length,
          isFollowed: holdsGoodLine(bytes, end + 1, crc32c),
        };
  const first = records[0] as FolderRecord | null | undefined;
  const crc = crc32c(bytes.subarray(0, size));
  if (first?.type !== "folder") return { owner: null, records, point: { generation: 0, size, crc }, tail };
  const point = { generation: first.generation ?? 0, size, crc };
  return { owner: first.id, records: records.slice(1), point, tail };
}

/** @returns where the newline is, or the end of the bytes */
function lineEnd(bytes: Uint8Array, from: number): number {
  const end = bytes.indexOf(NEWLINE, from);
  return end < 0 ? bytes.length : end;
}

/** @returns its JSON, null: it has no newline, or its checksum does not hold */
function goodLine(bytes: Uint8Array, from: number, end: number, crc32c: Crc32c): string | null {
  if (end === bytes.length || bytes[from + CRC_DIGITS] !== SPACE) return null;
  const decoder = new TextDecoder();
  const json = bytes.subarray(Math.min(from + CRC_DIGITS + 1, end), end);
  const crc = decoder.decode(bytes.subarray(from, from + CRC_DIGITS));
  return crc === crcText(json, crc32c) ? decoder.decode(json) : null;
}

function holdsGoodLine(bytes: Uint8Array, from: number, crc32c: Crc32c): boolean {
  for (let at = from; at < bytes.length; ) {
    const end = lineEnd(bytes, at);
    if (goodLine(bytes, at, end, crc32c) !== null) return true;
    at = end + 1;
  }
  return false;
}

function crcText(bytes: Uint8Array, crc32c: Crc32c): string {
  return crc32c(bytes).toString(16).padStart(CRC_DIGITS, "0");
}
