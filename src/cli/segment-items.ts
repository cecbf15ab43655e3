/**
 * What lies in a segment's `.log`, one item after another, good or bad: storage's own scan says what is good, and after
 * damage the reading goes on with the next good batch. Nothing is changed.
 */
import { BatchHeader } from "../client/batch-header.ts";
import type { FileHandle } from "../storage/disk.ts";
import { findNextBatch, type ScanEnvironment, type ScannedBatch, scanSegment } from "../storage/segment-scan.ts";

/** `misplaced`: the bytes are as they were written, but the offsets do not follow those before. `unchecked`: too large. */
export type BatchState = "ok" | "BAD" | "misplaced" | "unchecked";

export interface BatchItem {
  readonly kind: "batch";
  readonly state: BatchState;
  readonly position: number;
  readonly size: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly records: number;
  readonly attributes: number;
  /** As it is stored. */
  readonly crc: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly leaderEpoch: number;
  /** null: none, or not to be trusted. */
  readonly producer: { readonly id: number; readonly epoch: number; readonly baseSequence: number } | null;
}

/** Bytes that are no batch: `zeros`, nothing was written yet; `torn`, a batch that is cut off; `unreadable`, anything else. */
export interface GapItem {
  readonly kind: "zeros" | "torn" | "unreadable";
  readonly position: number;
  readonly size: number;
}

export type SegmentItem = BatchItem | GapItem;

/** Taken together from one scan, so that many batches cost little and few memory. */
const BATCHES_AT_ONCE = 512;
export const BATCH_HEADER_SIZE = 61;
const MAGIC = 2;

/**
 * @param size bytes of the file to look at
 * @param seen called for each good batch while its bytes lie in the environment's memory
 */
export function* segmentItems(
  environment: ScanEnvironment,
  file: FileHandle,
  size: number,
  seen: (batch: ScannedBatch) => void = () => {},
): Generator<SegmentItem, void> {
  let position = 0;
  let nextOffset = -1;
  while (position < size) {
    const batches: BatchItem[] = [];
    const range = { position, end: size, expectedOffset: nextOffset, gaps: true };
    const outcome = scanSegment(environment, file, range, (batch) => {
      if (batches.length === BATCHES_AT_ONCE) return false;
      batches.push(itemOf(environment, batch));
      seen(batch);
      return true;
    });
    yield* batches;
    position = outcome.position;
    nextOffset = outcome.nextOffset;
    if (batches.length === BATCHES_AT_ONCE || outcome.stop === "end") continue;
    const next = findNextBatch(environment, file, { position: position + 1, end: size }, Math.max(0, nextOffset));
    const end = next?.position ?? size;
    yield* damageItems(
      environment,
      file,
      position,
      end,
      outcome.stop === "zeros" ? "zeros" : next === null ? "torn" : "unreadable",
    );
    position = end;
    nextOffset = next?.baseOffset ?? nextOffset;
  }
}

/** What can be said of bytes from `position` to `end` that are no good batch. */
function* damageItems(
  environment: ScanEnvironment,
  file: FileHandle,
  position: number,
  end: number,
  otherwise: GapItem["kind"],
): Generator<SegmentItem, void> {
  const batch = otherwise === "zeros" ? null : badBatch(environment, file, position, end);
  const rest = position + (batch?.size ?? 0);
  if (batch !== null) yield batch;
  if (rest < end) yield { kind: batch === null ? otherwise : "unreadable", position: rest, size: end - rest };
}

/** @returns the batch that seems to begin there, though it is not good; null: nothing like one */
function badBatch(
  { disk, crc32c, scratchSize }: ScanEnvironment,
  file: FileHandle,
  position: number,
  end: number,
): BatchItem | null {
  const header = new BatchHeader();
  const bytes = new Uint8Array(BATCH_HEADER_SIZE);
  if (disk.read(file, bytes, position) < BATCH_HEADER_SIZE) return null;
  header.read(bytes, 0);
  if (header.magic !== MAGIC || header.size < BATCH_HEADER_SIZE || position + header.size > end) return null;
  if (header.size > scratchSize) return batchItem(header, position, "unchecked", null);
  const whole = new Uint8Array(header.size);
  disk.read(file, whole, position);
  return batchItem(header, position, header.isIntact(whole, 0, crc32c) ? "misplaced" : "BAD", null);
}

function itemOf({ memory }: ScanEnvironment, batch: ScannedBatch): BatchItem {
  const header = new BatchHeader();
  header.read(memory.bytes, batch.address);
  const { producerId, producerEpoch, baseSequence } = batch;
  const producer = producerId < 0 ? null : { id: producerId, epoch: producerEpoch, baseSequence };
  return batchItem(header, batch.position, "ok", producer);
}

function batchItem(
  header: BatchHeader,
  position: number,
  state: BatchState,
  producer: BatchItem["producer"],
): BatchItem {
  const { size, baseOffset, count, attributes, crc, baseTimestamp, maxTimestamp, leaderEpoch } = header;
  return {
    kind: "batch",
    state,
    position,
    size,
    baseOffset,
    lastOffset: header.nextOffset - 1,
    records: count,
    attributes,
    crc,
    baseTimestamp,
    maxTimestamp,
    leaderEpoch,
    producer,
  };
}
