/**
 * Records as a producer takes them, into the bytes of a batch (their format: `assembly/records.ts`).
 *
 * One record at a time: `take` looks at it, then `size` and `write` may be called until the next one is taken. Bytes are
 * written once, straight to where they will be sent from; to fill a table for the core would take twice as long.
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { KIB } from "../base/units.ts";
import { TextScratch } from "./text-scratch.ts";
import { varintSize, varlongSize, writeVarint, writeVarlong, zigzag } from "./varint.ts";

/** Bytes, or text that is sent as UTF-8. Read before the call returns, and not kept. */
export type Payload = Uint8Array | string;

type HeaderPair = readonly [name: string, value: Payload | null];

/** Names and values in their order: an object, a Map, or pairs, whose names may repeat. Not what can be iterated only once. */
export type Headers = Iterable<HeaderPair> | Readonly<Record<string, Payload | null>>;

export interface RecordContent {
  /** Records with the same key go to the same partition. Default null. */
  readonly key?: Payload | null | undefined;
  /** null: a tombstone. */
  readonly value: Payload | null;
  readonly headers?: Headers | null | undefined;
}

const NO_BYTES = new Uint8Array(0);
const NO_HEADERS = Uint8Array.of(0);
export class RecordEncoder {
  #keyBytes: Uint8Array = NO_BYTES;
  /** The key is #keyBytes[0, #keySize); -1: null. */
  #keySize = -1;
  #valueBytes: Uint8Array = NO_BYTES;
  #valueSize = -1;
  /** The headers' count and all of them, encoded. */
  #headers: Uint8Array = NO_HEADERS;
  /** Bytes of the record without its length, its timestamp and its offset. */
  #fixedSize = 0;
  /** How many records it has taken: who calls the user's code in between sees whether it has the same one still. */
  taken = 0;
  readonly #headersEncoder = new HeadersEncoder();
  readonly #keyText = new TextScratch();
  readonly #valueText = new TextScratch();

  /** @throws BrokerError INVALID_RECORD  key, value or a header is neither text nor bytes */
  take({ key = null, value, headers }: RecordContent): void {
    // First, since to iterate may be the user's code, which may use this encoder.
    const encodedHeaders = headers == null ? NO_HEADERS : this.#headersEncoder.encode(headers);
    this.taken++;
    if (key === null) {
      this.#keySize = -1;
    } else if (typeof key === "string") {
      this.#keySize = this.#keyText.encode(key);
      this.#keyBytes = this.#keyText.bytes;
    } else {
      this.#keySize = byteLength("the key", key);
      this.#keyBytes = key;
    }
    if (value === null) {
      this.#valueSize = -1;
    } else if (typeof value === "string") {
      this.#valueSize = this.#valueText.encode(value);
      this.#valueBytes = this.#valueText.bytes;
    } else {
      this.#valueSize = byteLength("the value", value);
      this.#valueBytes = value;
    }
    this.#headers = encodedHeaders;
    this.#fixedSize = 1 + sizeOf(this.#keySize) + sizeOf(this.#valueSize) + this.#headers.length;
  }

  /** The key's bytes, until the next record is taken. */
  key(): Uint8Array | null {
    return this.#keySize < 0 ? null : this.#keyBytes.subarray(0, this.#keySize);
  }

  /** @returns bytes that `write` will take */
  size(offsetDelta: number, timestampDelta: number): number {
    const body = this.#fixedSize + varlongSize(timestampDelta) + varintSize(zigzag(offsetDelta));
    return varintSize(zigzag(body)) + body;
  }

  /**
   * Writes the record to target[at, at + size).
   *
   * @param timestampDelta ms after the batch's first record, a safe integer
   * @returns position after it
   */
  write(target: Uint8Array, at: number, offsetDelta: number, timestampDelta: number): number {
    const encodedOffset = zigzag(offsetDelta);
    const body = this.#fixedSize + varlongSize(timestampDelta) + varintSize(encodedOffset);
    let position = writeVarint(target, at, zigzag(body));
    target[position] = 0; // Attributes: there are none.
    position = writeVarlong(target, position + 1, timestampDelta);
    position = writeVarint(target, position, encodedOffset);
    position = writeBytes(target, position, this.#keyBytes, this.#keySize);
    position = writeBytes(target, position, this.#valueBytes, this.#valueSize);
    target.set(this.#headers, position);
    return position + this.#headers.length;
  }
}

function sizeOf(size: number): number {
  return varintSize(zigzag(size)) + Math.max(0, size);
}

/** @param size below 0: null; @returns position after the size and the bytes */
function writeBytes(target: Uint8Array, at: number, bytes: Uint8Array, size: number): number {
  const position = writeVarint(target, at, zigzag(size));
  if (size <= 0) return position;
  target.set(size === bytes.length ? bytes : bytes.subarray(0, size), position);
  return position + size;
}

function byteLength(what: string, bytes: Uint8Array): number {
  if (bytes instanceof Uint8Array) return bytes.length;
  const given = bytes === undefined ? "missing" : `of type ${typeof bytes}`;
  const hint = typeof bytes === "object" ? "; JSON.stringify makes text of an object" : "";
  throw new BrokerError("INVALID_RECORD", `${what} is text, Uint8Array or null; it is ${given}${hint}`);
}

function pairsOf(headers: Headers): readonly HeaderPair[] {
  if (typeof headers === "object" && headers !== null) {
    const pairs = Symbol.iterator in headers ? iterated(headers) : Object.entries(headers);
    if (pairs.every((pair) => Array.isArray(pair))) return pairs;
  }
  throw new BrokerError("INVALID_RECORD", "headers are an object, a Map, or an iterable of [name, value]");
}

/** What comes of iterating is the caller's: whatever it throws, the record is what was wrong. */
function iterated(headers: Iterable<HeaderPair>): readonly HeaderPair[] {
  try {
    // A record may be looked at again: when there is memory, or after BUSY.
    if (!Object.is(headers[Symbol.iterator](), headers)) return [...headers];
  } catch (error) {
    throw asBrokerError(error, "INVALID_RECORD");
  }
  throw new BrokerError("INVALID_RECORD", "headers that can be iterated only once: give the Map itself, or an array");
}

/** @returns about as many bytes as they take in a record. @throws BrokerError INVALID_RECORD */
export function headersSize(headers: Headers | null | undefined): number {
  if (headers == null) return 0;
  return pairsOf(headers).reduce((size, [name, value]) => size + 2 + (name?.length ?? 0) + (value?.length ?? 0), 0);
}

/** Each encoder has its own: while one holds its headers, the user's code may have another encode some. */
class HeadersEncoder {
  readonly #name = new TextScratch();
  readonly #value = new TextScratch();
  readonly #scratch = new Uint8Array(16 * KIB);

  /** @returns the count and the headers; valid until the next call */
  encode(headers: Headers): Uint8Array {
    const list = pairsOf(headers);
    let bytes = this.#scratch;
    let at = writeVarint(bytes, 0, 2 * list.length);
    for (const [name, value] of list) {
      if (typeof name !== "string") throw new BrokerError("INVALID_RECORD", "the name of a header is text");
      const nameSize = this.#name.encode(name);
      const isText = typeof value === "string";
      const valueSize =
        value === null ? -1 : isText ? this.#value.encode(value) : byteLength(`the value of header ${name}`, value);
      const needed = at + sizeOf(nameSize) + sizeOf(valueSize);
      if (needed > bytes.length) {
        const larger = new Uint8Array(2 * needed);
        larger.set(bytes.subarray(0, at));
        bytes = larger;
      }
      at = writeBytes(bytes, at, this.#name.bytes, nameSize);
      at = writeBytes(bytes, at, isText || value === null ? this.#value.bytes : value, valueSize);
    }
    return bytes.subarray(0, at);
  }
}
