/** Reads what `walkRecords` filled. */
import {
  RECORD_ENTRY_SIZE,
  RECORD_HEADER_COUNT_AT,
  RECORD_HEADERS_AT,
  RECORD_KEY_AT,
  RECORD_KEY_HASH_AT,
  RECORD_KEY_SIZE_AT,
  RECORD_NAMED_HEADER_SIZE,
  RECORD_OFFSET_DELTA_AT,
  RECORD_POSITION_AT,
  RECORD_SIZE_AT,
  RECORD_TIMESTAMP_DELTA_AT,
  RECORD_VALUE_AT,
  RECORD_VALUE_SIZE_AT,
  SIZE_ABSENT,
} from "../../assembly/layout.ts";
import type { CoreMemory } from "./core-memory.ts";

export interface TableEntry {
  readonly timestampDelta: number;
  readonly offsetDelta: number;
  readonly position: number;
  readonly size: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headersAt: number;
  readonly headerCount: number;
  readonly keyHash: number;
  /** Values of the named headers. */
  readonly named: readonly (Uint8Array | null | "absent")[];
}

export function readTable(
  { bytes, view }: CoreMemory,
  table: number,
  records: number,
  count: number,
  nameCount = 0,
): TableEntry[] {
  const entrySize = RECORD_ENTRY_SIZE + nameCount * RECORD_NAMED_HEADER_SIZE;
  const slice = (positionAt: number, sizeAt: number): Uint8Array | null => {
    const size = view.getInt32(sizeAt, true);
    const start = records + view.getUint32(positionAt, true);
    return size < 0 ? null : bytes.slice(start, start + size);
  };
  return Array.from({ length: count }, (_, index) => {
    const entry = table + index * entrySize;
    return {
      timestampDelta: view.getFloat64(entry + RECORD_TIMESTAMP_DELTA_AT, true),
      offsetDelta: view.getUint32(entry + RECORD_OFFSET_DELTA_AT, true),
      position: view.getUint32(entry + RECORD_POSITION_AT, true),
      size: view.getUint32(entry + RECORD_SIZE_AT, true),
      key: slice(entry + RECORD_KEY_AT, entry + RECORD_KEY_SIZE_AT),
      value: slice(entry + RECORD_VALUE_AT, entry + RECORD_VALUE_SIZE_AT),
      headersAt: view.getUint32(entry + RECORD_HEADERS_AT, true),
      headerCount: view.getUint32(entry + RECORD_HEADER_COUNT_AT, true),
      keyHash: view.getUint32(entry + RECORD_KEY_HASH_AT, true),
      named: Array.from({ length: nameCount }, (_, name) => {
        const at = entry + RECORD_ENTRY_SIZE + name * RECORD_NAMED_HEADER_SIZE;
        return view.getInt32(at + 4, true) === SIZE_ABSENT ? "absent" : slice(at, at + 4);
      }),
    };
  });
}
