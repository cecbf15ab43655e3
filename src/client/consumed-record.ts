/** A record as an object of its own. */
import type { Offset, Timestamp } from "../base/units.ts";
import { readVarint, readVarintSize } from "./varint.ts";

/** Name and value of a header; null: it has no value. */
export type Header = readonly [name: string, value: Uint8Array | null];

/** A byte order mark belongs to the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const NO_HEADERS: readonly Header[] = [];
/** What "no headers" looks like: a count of zero. */
const NO_HEADERS_SIZE = 1;

export class ConsumedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
  /** Unix ms. */
  readonly timestamp: Timestamp;
  readonly key: Uint8Array | null;
  /** null: a tombstone. */
  readonly value: Uint8Array | null;
  /** In their order; names may repeat. */
  readonly headers: readonly Header[];

  constructor(
    topic: string,
    partition: number,
    offset: Offset,
    timestamp: Timestamp,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly Header[],
  ) {
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
    this.timestamp = timestamp;
    this.key = key;
    this.value = value;
    this.headers = headers;
  }

  /** The key as UTF-8; null: it has none. */
  keyText(): string | null {
    return this.key === null ? null : decoder.decode(this.key);
  }

  /** The value as UTF-8; null: a tombstone. */
  valueText(): string | null {
    return this.value === null ? null : decoder.decode(this.value);
  }
}

/**
 * @param bytes the count and the headers
 * @returns as many of them as there are; values are views of `bytes`
 */
export function decodeHeaders(bytes: Uint8Array): readonly Header[] {
  if (bytes.length <= NO_HEADERS_SIZE) return NO_HEADERS;
  const headers: Header[] = [];
  const count = readVarint(bytes, 0);
  let at = readVarintSize(bytes, 0);
  for (let index = 0; index < count && at < bytes.length; index++) {
    const nameSize = readVarint(bytes, at);
    const nameAt = at + readVarintSize(bytes, at);
    const valueSizeAt = nameAt + Math.max(0, nameSize);
    const valueSize = readVarint(bytes, valueSizeAt);
    const valueAt = valueSizeAt + readVarintSize(bytes, valueSizeAt);
    at = valueAt + Math.max(0, valueSize);
    headers.push([
      decoder.decode(bytes.subarray(nameAt, valueSizeAt)),
      valueSize < 0 ? null : bytes.subarray(valueAt, at),
    ]);
  }
  return headers;
}
