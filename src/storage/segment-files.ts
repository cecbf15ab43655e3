/**
 * The files of a segment: their names and the bytes of their headers (contract B2, B6). All integers are little-endian.
 *
 *   <base, 20 digits>.log        record batches, nothing else
 *   <base>.slots                 64-byte header, then one u32 per offset (dense): position of the batch that holds it
 *   <base>.times                 64-byte header, then 16-byte entries: {f64 largest timestamp so far, u32 offset - base, u32 position}
 *   <base>.seal                  one 160-byte block, written at the roll
 *   <offset>.producers           a snapshot of the producers' state up to `offset` (producers.ts)
 */
import type { Offset } from "../base/units.ts";
import type { Crc32c } from "../wasm/crc32c.ts";

export type SegmentFileKind = "log" | "slots" | "times" | "seal" | "producers";

const NAME_DIGITS = 20;
const NAME_PATTERN = /^(\d{20})\.(log|slots|times|seal|producers)$/;

export function segmentFileName(base: number, kind: SegmentFileKind): string {
  return `${String(base).padStart(NAME_DIGITS, "0")}.${kind}`;
}

/** @returns null for a name that is not one of ours, or whose offset is not a safe integer */
export function parseSegmentFileName(name: string): { base: Offset; kind: SegmentFileKind } | null {
  const match = NAME_PATTERN.exec(name);
  if (match === null) return null;
  const base = Number(match[1]);
  if (!Number.isSafeInteger(base)) return null;
  return { base: base as Offset, kind: match[2] as SegmentFileKind };
}

/**
 * Header of a `.slots` or `.times` file.
 *
 *   at size field
 *    0    4 magic            "CMIX"
 *    4    2 version          1
 *    6    2 kind             1 dense slots, 2 sparse slots (reserved), 3 times
 *    8    8 base             f64
 *   16    4 slots            most offsets this segment may hold
 *   20    4 incompatible     feature bits; an unknown one makes the file unusable, so it is rebuilt
 *   24    8 segmentId        ties the segment's files to one another
 *   32   28 zero
 *   60    4 crc              CRC-32C of bytes [0, 60)
 */
export const INDEX_HEADER_SIZE = 64;
const INDEX_MAGIC = 0x58494d43;
const INDEX_VERSION = 1;
const INDEX_CRC_AT = 60;

export const INDEX_KIND_DENSE = 1;
export const INDEX_KIND_TIMES = 3;
export type IndexKind = typeof INDEX_KIND_DENSE | typeof INDEX_KIND_TIMES;

export interface IndexHeader {
  readonly kind: IndexKind;
  readonly base: number;
  readonly slots: number;
  readonly segmentId: bigint;
}

export function encodeIndexHeader(header: IndexHeader, crc32c: Crc32c): Uint8Array {
  const bytes = new Uint8Array(INDEX_HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, INDEX_MAGIC, true);
  view.setUint16(4, INDEX_VERSION, true);
  view.setUint16(6, header.kind, true);
  view.setFloat64(8, header.base, true);
  view.setUint32(16, header.slots, true);
  view.setBigUint64(24, header.segmentId, true);
  view.setUint32(INDEX_CRC_AT, crc32c(bytes.subarray(0, INDEX_CRC_AT)), true);
  return bytes;
}

/** @returns null when the bytes are not a header of this kind that this version understands: rebuild the file */
export function decodeIndexHeader(bytes: Uint8Array, kind: IndexKind, crc32c: Crc32c): IndexHeader | null {
  if (bytes.length < INDEX_HEADER_SIZE) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, INDEX_HEADER_SIZE);
  const intact =
    view.getUint32(0, true) === INDEX_MAGIC &&
    view.getUint16(4, true) === INDEX_VERSION &&
    view.getUint16(6, true) === kind &&
    view.getUint32(20, true) === 0 &&
    view.getUint32(INDEX_CRC_AT, true) === crc32c(bytes.subarray(0, INDEX_CRC_AT));
  if (!intact) return null;
  return {
    kind,
    base: view.getFloat64(8, true),
    slots: view.getUint32(16, true),
    segmentId: view.getBigUint64(24, true),
  };
}

/**
 * What is known of a sealed segment (contract B6).
 *
 *   at size field
 *    0    4 magic            "CMSL"
 *    4    4 version          1
 *    8    8 base             f64
 *   16    8 nextOffset       f64, first offset of the next segment
 *   24    8 maxTimestamp     f64, Unix ms; -1: no records
 *   32    8 firstAppendMs    f64, wall time
 *   40    8 lastAppendMs     f64, wall time
 *   48    8 size             f64, bytes of the .log
 *   56    8 segmentId
 *   64    4 headersCrc       CRC-32C over the 61-byte headers of all batches, in order
 *   68    4 slots            most offsets the segment could hold
 *   72   32 sha256           of the .log; zero until scrub or backup fills it in
 *  104   20 cipher, key id   zero, reserved
 *  124    4 tier state       zero, reserved
 *  128   28 zero
 *  156    4 crc              CRC-32C of bytes [0, 156)
 */
export const SEAL_SIZE = 160;
const SEAL_MAGIC = 0x4c534d43;
const SEAL_VERSION = 1;
const SEAL_CRC_AT = 156;

export interface Seal {
  readonly base: number;
  readonly nextOffset: number;
  readonly maxTimestamp: number;
  readonly firstAppendMs: number;
  readonly lastAppendMs: number;
  readonly size: number;
  readonly segmentId: bigint;
  readonly headersCrc: number;
  readonly slots: number;
}

export function encodeSeal(seal: Seal, crc32c: Crc32c): Uint8Array {
  const bytes = new Uint8Array(SEAL_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SEAL_MAGIC, true);
  view.setUint32(4, SEAL_VERSION, true);
  view.setFloat64(8, seal.base, true);
  view.setFloat64(16, seal.nextOffset, true);
  view.setFloat64(24, seal.maxTimestamp, true);
  view.setFloat64(32, seal.firstAppendMs, true);
  view.setFloat64(40, seal.lastAppendMs, true);
  view.setFloat64(48, seal.size, true);
  view.setBigUint64(56, seal.segmentId, true);
  view.setUint32(64, seal.headersCrc, true);
  view.setUint32(68, seal.slots, true);
  view.setUint32(SEAL_CRC_AT, crc32c(bytes.subarray(0, SEAL_CRC_AT)), true);
  return bytes;
}

/** @returns null when the bytes are not an intact seal */
export function decodeSeal(bytes: Uint8Array, crc32c: Crc32c): Seal | null {
  if (bytes.length !== SEAL_SIZE) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, SEAL_SIZE);
  const intact =
    view.getUint32(0, true) === SEAL_MAGIC &&
    view.getUint32(4, true) === SEAL_VERSION &&
    view.getUint32(SEAL_CRC_AT, true) === crc32c(bytes.subarray(0, SEAL_CRC_AT));
  if (!intact) return null;
  return {
    base: view.getFloat64(8, true),
    nextOffset: view.getFloat64(16, true),
    maxTimestamp: view.getFloat64(24, true),
    firstAppendMs: view.getFloat64(32, true),
    lastAppendMs: view.getFloat64(40, true),
    size: view.getFloat64(48, true),
    segmentId: view.getBigUint64(56, true),
    headersCrc: view.getUint32(64, true),
    slots: view.getUint32(68, true),
  };
}
