/**
 * Small files of facts: JSON that a person can read, one line of CRC-32C that a torn or edited file betrays.
 *
 *   {"version":1,...}
 *   crc32c:1a2b3c4d
 */
import type { Crc32c } from "../wasm/crc32c.ts";
import { type Disk, replaceFile } from "./disk.ts";

const CRC_PREFIX = "crc32c:";

export function encodeSealedJson(value: unknown, crc32c: Crc32c): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(value));
  const trailer = new TextEncoder().encode(`\n${CRC_PREFIX}${crc32c(text).toString(16).padStart(8, "0")}\n`);
  const bytes = new Uint8Array(text.length + trailer.length);
  bytes.set(text);
  bytes.set(trailer, text.length);
  return bytes;
}

/** @returns null when the bytes are torn, edited or no JSON */
export function decodeSealedJson(bytes: Uint8Array, crc32c: Crc32c): unknown {
  const trailerSize = CRC_PREFIX.length + 10;
  const end = bytes.length - trailerSize;
  if (end < 0) return null;
  const trailer = new TextDecoder().decode(bytes.subarray(end));
  const text = bytes.subarray(0, end);
  if (trailer !== `\n${CRC_PREFIX}${crc32c(text).toString(16).padStart(8, "0")}\n`) return null;
  return JSON.parse(new TextDecoder().decode(text));
}

/** Replaces the file by temp, sync, rename and sync of the folder. @throws DiskError the old file stands */
export function replaceSealedJson(disk: Disk, folder: string, name: string, value: unknown, crc32c: Crc32c): void {
  replaceFile(disk, folder, name, encodeSealedJson(value, crc32c));
}
