import type { Offset, Timestamp } from "../base/units.ts";
import type { ConsumedRecord, Header } from "./consumed-record.ts";

/**
 * One record at a time, where it lies: nothing is copied and nothing is made for a record. The fields change with each
 * record, and the bytes belong to the socket's buffer: what is to be kept is copied, by `record()`, or by `key()` and
 * `value()` and their `slice()`.
 */
export interface RecordCursor {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
  /** Unix ms. */
  readonly timestamp: Timestamp;
  /** What the positions below count from. */
  readonly bytes: Uint8Array;
  /** The key is bytes[keyStart, keyEnd); -1: it is null. */
  readonly keyStart: number;
  readonly keyEnd: number;
  /** The value is bytes[valueStart, valueEnd); -1: it is null. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** The key, as a view that is valid as long as the record is. */
  key(): Uint8Array | null;
  /** The value, as a view that is valid as long as the record is. */
  value(): Uint8Array | null;
  /** The key as UTF-8; null: it has none. */
  keyText(): string | null;
  /** The value as UTF-8; null: a tombstone. */
  valueText(): string | null;
  /** In their order; names may repeat. Values are views that are valid as long as the record is. */
  headers(): readonly Header[];
  /** The record as an object, with a copy of its bytes. */
  record(): ConsumedRecord;
}
