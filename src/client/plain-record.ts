/**
 * The usual record on its short way into a batch: bytes for key and value, no headers, and no number that takes more than
 * two bytes. One function without detours; `RecordEncoder`, which takes everything, costs twice as much.
 */
import { SHORT_LIMIT, shortSize, writeShort } from "./varint.ts";

/** A varint of -1. */
const NULL_SIZE = 1;
/** What comes on top of key and value: at most seven numbers of two bytes, and the attributes. */
const OVERHEAD_MAX = 16;

/**
 * Writes a record to target[at, limit).
 *
 * @param timestampDelta ms after the batch's first record
 * @returns position after it; -1: it is no such record, or does not fit for sure
 */
export function writePlainRecord(
  target: Uint8Array,
  at: number,
  limit: number,
  offsetDelta: number,
  timestampDelta: number,
  key: Uint8Array | null,
  value: Uint8Array,
): number {
  const keySize = key === null ? 0 : key.length;
  const valueSize = value.length;
  const encodedOffset = 2 * offsetDelta;
  const encodedTime = timestampDelta < 0 ? -2 * timestampDelta - 1 : 2 * timestampDelta;
  const encodedKey = key === null ? NULL_SIZE : 2 * keySize;
  const encodedValue = 2 * valueSize;
  const body =
    2 +
    shortSize(encodedTime) +
    shortSize(encodedOffset) +
    shortSize(encodedKey) +
    keySize +
    shortSize(encodedValue) +
    valueSize;
  const isPlain = encodedOffset < SHORT_LIMIT && encodedTime < SHORT_LIMIT && 2 * body < SHORT_LIMIT;
  if (!isPlain || at + keySize + valueSize + OVERHEAD_MAX > limit) return -1;
  let position = writeShort(target, at, 2 * body);
  target[position] = 0; // Attributes: there are none.
  position = writeShort(target, position + 1, encodedTime);
  position = writeShort(target, position, encodedOffset);
  position = writeShort(target, position, encodedKey);
  if (key !== null) target.set(key, position);
  position = writeShort(target, position + keySize, encodedValue);
  target.set(value, position);
  position += valueSize;
  target[position] = 0; // Headers: there are none.
  return position + 1;
}
