import { BATCH_HEADER_SIZE, CODEC_NONE } from "../wasm/layout.ts";
import type { BatchHeader } from "./batch-header.ts";
import { decompress } from "./compression.ts";

/** A batch's records, decompressed: bytes[at, end). */
export interface RecordBytes {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
}

/**
 * @param header   of the batch that lies, whole and intact, at bytes[at]; the bytes must stay as they are
 * @param bytesMax bytes that compressed records may have, decompressed
 * @throws BrokerError UNSUPPORTED_COMPRESSION, CORRUPT_BATCH, MESSAGE_TOO_LARGE
 */
export async function decompressedRecords(
  { codec, size }: BatchHeader,
  bytes: Uint8Array,
  at: number,
  bytesMax: number,
): Promise<RecordBytes> {
  const recordsAt = at + BATCH_HEADER_SIZE;
  const end = at + size;
  if (codec === CODEC_NONE) return { bytes, at: recordsAt, end };
  const records = await decompress(codec, bytes.subarray(recordsAt, end), bytesMax);
  return { bytes: records, at: 0, end: records.length };
}
