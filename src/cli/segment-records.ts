/** The records of a batch in a segment's file, as the client's own cursor reads them. */
import { BatchCursor } from "../client/batch-cursor.ts";
import { BatchHeader } from "../client/batch-header.ts";
import { decompress } from "../client/compression.ts";
import type { RecordCursor } from "../client/index.ts";
import type { Disk, FileHandle } from "../storage/disk.ts";
import { BATCH_HEADER_SIZE, type BatchItem } from "./segment-items.ts";

/** More than this does not come out of a compressed batch. */
const DECOMPRESSED_BYTES_MAX = 256 * 1024 * 1024;
const CODEC_MASK = 7;

/**
 * @param partition "<topic>-<partition>"
 * @param visit called for each record, with the same cursor
 * @throws BrokerError UNSUPPORTED_COMPRESSION, CORRUPT_BATCH, MESSAGE_TOO_LARGE
 */
export async function forEachRecord(
  disk: Disk,
  file: FileHandle,
  partition: string,
  batch: BatchItem,
  visit: (record: RecordCursor) => void,
): Promise<void> {
  const whole = new Uint8Array(batch.size);
  disk.read(file, whole, batch.position);
  const header = new BatchHeader();
  header.read(whole, 0);
  const codec = batch.attributes & CODEC_MASK;
  const stored = whole.subarray(BATCH_HEADER_SIZE);
  const bytes = codec === 0 ? stored : await decompress(codec, stored, DECOMPRESSED_BYTES_MAX);
  const at = partition.lastIndexOf("-");
  const cursor = new BatchCursor();
  cursor.open({
    topic: partition.slice(0, at),
    partition: Number(partition.slice(at + 1)),
    header,
    bytes,
    at: 0,
    end: bytes.length,
    fromOffset: Number.NEGATIVE_INFINITY,
    fromTime: Number.NEGATIVE_INFINITY,
  });
  while (cursor.next()) visit(cursor);
  if (cursor.fault !== null) throw cursor.fault;
}
