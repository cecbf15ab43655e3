/**
 * Fields between flatc's accessors and plain TypeScript values, one function per kind of field. generated/messages.ts
 * calls them; they are what makes its output plain: 64-bit offsets and timestamps are checked numbers, byte vectors
 * and UUIDs are copies, absent references are undefined.
 *
 * Decoding expects a verified frame, and throws BrokerError PROTOCOL_VIOLATION for values that the schema's types allow
 * and the protocol does not. Encoding asserts what its types promise: a number that does not fit its field is a bug.
 */
import { type Builder, type ByteBuffer, Encoding } from "flatbuffers";
import { assert } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { Uuid } from "./generated/wire.ts";

/** Position of something already in the Builder, as it counts them; 0: absent. */
export type Reference = number;

type Scalar = number | bigint | boolean;

/** What can be encoded as T: scalars that are left out take the schema's default. */
export type Encodable<T> = T extends Scalar | string | Uint8Array | undefined
  ? T
  : T extends readonly (infer Element)[]
    ? readonly Encodable<Element>[]
    : { readonly [K in keyof T as T[K] extends Scalar ? never : K]: Encodable<T[K]> } & {
        readonly [K in keyof T as T[K] extends Scalar ? K : never]?: T[K] | undefined;
      };

/** What flatc's accessors have in common. */
interface Accessor {
  readonly bb: ByteBuffer | null;
  readonly bb_pos: number;
}

// ignoreBOM means to keep it: a string comes out as it went in.
const textDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function refuse(field: string, complaint: string): never {
  throw new BrokerError("PROTOCOL_VIOLATION", `${field} ${complaint}`, { details: { field } });
}

/** To be passed to accessors of strings: decodeString decides how the bytes are read. */
export const RAW = Encoding.UTF8_BYTES;

/** Tells an absent field from an empty one, which accessors of vectors do not. */
export function isPresent(table: Accessor, slot: number): boolean {
  assert(table.bb !== null, "the accessor points at a table");
  return table.bb.__offset(table.bb_pos, 4 + 2 * slot) !== 0;
}

/** For what the verifier has found present. */
export function present<T>(value: T | null): T {
  assert(value !== null, "a verified frame has its required fields");
  return value;
}

export function decodeString(raw: string | Uint8Array | null, field: string): string {
  assert(raw instanceof Uint8Array, "strings are read raw");
  try {
    return textDecoder.decode(raw);
  } catch {
    return refuse(field, "is not UTF-8");
  }
}

/** @returns a copy */
export function decodeBytes(view: Uint8Array | null): Uint8Array {
  return present(view).slice();
}

/** @returns its 16 bytes, copied */
export function decodeUuid(uuid: Uuid | null): Uint8Array {
  const { bb, bb_pos } = present(uuid);
  return present(bb)
    .bytes()
    .slice(bb_pos, bb_pos + Uuid.sizeOf());
}

/** @param minimum the least value the field may have */
export function decodeSafeInteger(value: bigint, minimum: number, field: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < minimum) refuse(field, "is out of range");
  return number;
}

export function decodeEnum<Value extends number>(
  values: Readonly<Record<string, Value>>,
  value: number,
  field: string,
): Value {
  for (const known of Object.values(values)) if (known === value) return known;
  return refuse(field, "has an unknown value");
}

/** @param decode takes the index of an element */
export function decodeList<T>(count: number, decode: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => decode(index));
}

/** A surrogate without its other half becomes U+FFFD, as everywhere on the web. */
export function encodeString(builder: Builder, text: string | undefined): Reference {
  return text === undefined ? 0 : builder.createString(text);
}

export function encodeBytes(builder: Builder, bytes: Uint8Array | undefined): Reference {
  return bytes === undefined ? 0 : builder.createByteVector(bytes);
}

/** A struct lies inside its table: to be called between the table's start and its end. */
export function encodeUuid(builder: Builder, uuid: Uint8Array | undefined): Reference {
  if (uuid === undefined) return 0;
  assert(uuid.length === Uuid.sizeOf(), "a UUID has 16 bytes");
  return Uuid.createUuid(builder, uuid);
}

/** Asserts that the field can hold the value. */
export function encodeInteger(value: number, minimum: number, maximum: number): number {
  assert(Number.isInteger(value) && value >= minimum && value <= maximum, "a number fits its field");
  return value;
}

/** Asserts that the field may have the value. */
export function encodeSafeInteger(value: number, minimum: number): bigint {
  assert(Number.isSafeInteger(value) && value >= minimum, "a number fits its field");
  return BigInt(value);
}

export function encodeInt64(value: bigint): bigint {
  assert(BigInt.asIntN(64, value) === value, "a number fits its field");
  return value;
}

export function encodeUint64(value: bigint): bigint {
  assert(BigInt.asUintN(64, value) === value, "a number fits its field");
  return value;
}

export function encodeTable<T>(
  builder: Builder,
  table: T | undefined,
  encode: (builder: Builder, table: T) => Reference,
): Reference {
  return table === undefined ? 0 : encode(builder, table);
}

/** @param encode writes one element and returns its reference */
export function encodeList<T>(
  builder: Builder,
  list: readonly T[] | undefined,
  encode: (builder: Builder, element: T) => Reference,
): Reference {
  if (list === undefined) return 0;
  const references = list.map((element) => encode(builder, element));
  builder.startVector(4, references.length, 4);
  for (const reference of references.reverse()) builder.addOffset(reference);
  return builder.endVector();
}
