/**
 * The bounded verifier: decides whether bytes from the network are a Frame of schemas/cambium.fbs, before anything
 * reads them as one. The JavaScript FlatBuffers runtime has none, and its accessors trust every offset: a vector's view
 * is cut from the memory behind the frame, so a hostile length hands out a neighbour's bytes.
 *
 * Promises
 * - verify() never throws, reads no byte outside the frame, and allocates nothing.
 * - After it returned null, no accessor of generated/wire.ts reads or hands out a byte outside the frame.
 * - Its work, and the memory that decoding the frame can take, are proportional to the frame's size: what is referred
 *   to twice is counted twice (SHARING_MAX), so a few bytes cannot name the same megabyte a thousand times.
 *
 * It does not judge values: enum numbers, UTF-8, ranges and meaning belong to those who decode them. Objects that
 * overlap are harmless and pass, within the same budget.
 *
 *   at   size  a Frame, little-endian; positions and alignment count from the frame's first byte
 *    0      4  position of the root table
 *    4      4  file identifier
 *   then tables, vtables, vectors and strings in any order:
 *   table      i32: its position minus its vtable's; then the fields at the offsets that the vtable gives
 *   vtable     u16: its own size; u16: the table's size; then per slot u16: the field's offset in the table; 0: absent
 *   vector     u32: count; then the elements
 *   string     a vector of bytes, with a NUL after it that does not count
 *   A field or an element that refers to a table, vector or string holds a u32: the target's position minus its own.
 */
import { assert } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { readInt32, readUint16, readUint32 } from "./bytes.ts";
import { FILE_IDENTIFIER, Slot } from "./generated/verifier-tables.ts";
import { Body } from "./generated/wire.ts";
import {
  alignmentOf,
  firstSlots,
  isRequired,
  Kind,
  kindOf,
  rootTable,
  SLOT_COUNT_MAX,
  sizeOf,
  slotWords,
  targetOf,
  unionTables,
} from "./slot-words.ts";

/** Why bytes are not a frame; the first reason met. */
export type FrameFault =
  /** Shorter than any frame, or longer than the limit. */
  | "frame size"
  | "file identifier"
  | "root table"
  /** Outside the frame, odd, or of an impossible size. */
  | "vtable"
  /** Not wholly inside the frame. */
  | "table"
  /** Not wholly inside its table. */
  | "field"
  /** Something is not at a multiple of its size. */
  | "alignment"
  /** An offset that leads nowhere, to itself or outside the frame. */
  | "reference"
  /** Not wholly inside the frame. */
  | "vector"
  /** Not wholly inside the frame, or without its NUL. */
  | "string"
  /** The body's type is NONE. */
  | "union"
  /** The body's type is none that this version of the schema has. */
  | "union type"
  | "missing field"
  /** The same bytes are referred to again and again. */
  | "sharing";

/** The shortest frame there can be: header, vtable and table of nothing. */
const FRAME_BYTES_MIN = 16;

/** Bytes visited per byte of the frame. Builders share vtables, which are not counted, and may share a few strings. */
const SHARING_MAX = 2;

/**
 * Sizes of vtables and tables are u16, but the official JavaScript accessors read them, and the offsets in a vtable, as
 * i16. Above this they would see other fields than we verified.
 */
const TABLE_BYTES_MAX = 0x7fff;

const identifierWord = readInt32(new TextEncoder().encode(FILE_IDENTIFIER), 0);

/** One frame at a time: verify() checks it, and leaves here what hot code needs to read it. Kept and reused. */
export class FrameReader {
  /** The frame that was verified last. */
  bytes: Uint8Array = new Uint8Array(0);
  /** 0 if even that could not be read. Also set when the fault lies in the body, so that the fault can be answered. */
  correlation = 0;
  /** Where it is; 0: absent, which means a correlation of 0. */
  correlationAt = 0;
  /** NONE unless the frame is good. */
  bodyType: Body = Body.NONE;
  /**
   * Where the body's fields are, by slot number (`Slot` in generated/verifier-tables.ts): the position of a scalar or
   * struct itself; of what a reference refers to: a vector's or string's count, a table. 0: absent. Only the slots of
   * the body's own type are meaningful.
   */
  readonly fields = new Int32Array(SLOT_COUNT_MAX);

  readonly #rootFields = new Int32Array(SLOT_COUNT_MAX);
  /** Takes the positions of the fields of nested tables, which nobody asks for: cheaper than a branch per field. */
  readonly #nestedFields = new Int32Array(SLOT_COUNT_MAX);
  readonly #bytesMax: number;
  /** Bytes that may still be visited. */
  #budget = 0;

  /** @param bytesMax of the largest acceptable frame: REQUEST_BYTES_MAX at the broker, ANSWER_BYTES_MAX at a client */
  constructor(bytesMax: number) {
    assert(bytesMax < 2 ** 30, "positions in a frame are small integers");
    this.#bytesMax = bytesMax;
  }

  /**
   * @param bytes  one whole WebSocket message; kept until the next call. It must not change between this check and
   *               the reads that rely on it
   * @returns null: the bytes are a frame; otherwise what is wrong, and the frame must not be read
   */
  verify(bytes: Uint8Array): FrameFault | null {
    this.bytes = bytes;
    this.correlation = 0;
    this.correlationAt = 0;
    this.bodyType = Body.NONE;
    const size = bytes.length;
    if (size < FRAME_BYTES_MIN || size > this.#bytesMax) return "frame size";
    if (readInt32(bytes, 4) !== identifierWord) return "file identifier";
    const root = readInt32(bytes, 0);
    if (root < 8 || root > size - 4) return "root table";
    if ((root & 3) !== 0) return "alignment";

    const rootFields = this.#rootFields;
    rootFields[Slot.Frame.correlation] = 0;
    this.#budget = SHARING_MAX * size;
    const fault = this.#table(rootTable, root, rootFields);
    this.correlationAt = rootFields[Slot.Frame.correlation]!;
    if (this.correlationAt !== 0) this.correlation = readUint32(bytes, this.correlationAt);
    if (fault !== null) return fault;
    this.bodyType = bytes[rootFields[Slot.Frame.bodyType]!] as Body;
    return null;
  }

  /**
   * @param table  its number
   * @param at     its position; aligned, and its first four bytes are inside the frame
   * @param fields takes the positions of the table's fields
   */
  #table(table: number, at: number, fields: Int32Array): FrameFault | null {
    const bytes = this.bytes;
    const size = bytes.length;
    const vtable = at - readInt32(bytes, at);
    if (vtable < 0 || vtable > size - 4 || (vtable & 1) !== 0) return "vtable";
    const vtableSize = readUint16(bytes, vtable);
    if (vtableSize < 4 || vtableSize > TABLE_BYTES_MAX || (vtableSize & 1) !== 0) return "vtable";
    if (vtableSize > size - vtable) return "vtable";
    const tableSize = readUint16(bytes, vtable + 2);
    if (tableSize < 4 || tableSize > TABLE_BYTES_MAX || tableSize > size - at) return "table";
    this.#budget -= tableSize;
    if (this.#budget < 0) return "sharing";

    const firstSlot = firstSlots[table]!;
    const slotCount = firstSlots[table + 1]! - firstSlot;
    const slotCountPresent = (vtableSize - 4) >> 1;
    for (let slot = 0; slot < slotCount; slot++) {
      const word = slotWords[firstSlot + slot]!;
      const offset = slot < slotCountPresent ? readUint16(bytes, vtable + 4 + 2 * slot) : 0;
      if (offset === 0) {
        if (isRequired(word)) return "missing field";
        fields[slot] = 0;
        continue;
      }
      // Before 4 lies the table's own offset to its vtable.
      if (offset < 4 || offset + sizeOf(word) > tableSize) return "field";
      const field = at + offset;
      if ((field & (alignmentOf(word) - 1)) !== 0) return "alignment";
      const kind = kindOf(word);
      if (kind === Kind.inline) {
        fields[slot] = field;
        continue;
      }
      const fault = this.#reference(kind, targetOf(word), field, slot, fields);
      if (fault !== null) return fault;
    }
    return null;
  }

  /**
   * Follows the offset at `field` and checks what it leads to.
   *
   * @param target number of the table or union it should be
   */
  #reference(kind: number, target: number, field: number, slot: number, fields: Int32Array): FrameFault | null {
    const at = this.#follow(field);
    if (at === 0) return "reference";
    fields[slot] = at;
    switch (kind) {
      case Kind.string:
        return this.#string(at);
      case Kind.bytes:
        return this.#vector(at, 1);
      case Kind.strings:
      case Kind.tables:
        return this.#references(kind, target, at);
      case Kind.table:
        return this.#table(target, at, this.#nestedFields);
      default: {
        const type = this.#unionType(slot, fields);
        if (type === Body.NONE) return "union";
        const members = unionTables[target]!;
        if (type >= members.length) return "union type";
        // The schema's only union is the frame's body.
        return this.#table(members[type]!, at, this.fields);
      }
    }
  }

  /** @returns the position that the offset at `field` leads to, aligned and with four bytes inside the frame; else 0 */
  #follow(field: number): number {
    const distance = readInt32(this.bytes, field);
    // A u32 above 2^31 reads as negative, and leads outside any frame.
    if (distance <= 0 || distance > this.bytes.length - 4 - field) return 0;
    const at = field + distance;
    return (at & 3) === 0 ? at : 0;
  }

  /** @returns the type of the union whose value is at `slot`; it always sits in the slot before */
  #unionType(slot: number, fields: Int32Array): number {
    const at = fields[slot - 1]!;
    return at === 0 ? Body.NONE : this.bytes[at]!;
  }

  #vector(at: number, elementSize: number): FrameFault | null {
    const count = readUint32(this.bytes, at);
    const vectorSize = 4 + count * elementSize;
    if (vectorSize > this.bytes.length - at) return "vector";
    this.#budget -= vectorSize;
    return this.#budget < 0 ? "sharing" : null;
  }

  #string(at: number): FrameFault | null {
    const count = readUint32(this.bytes, at);
    const end = at + 4 + count;
    if (end >= this.bytes.length || this.bytes[end] !== 0) return "string";
    this.#budget -= count + 5;
    return this.#budget < 0 ? "sharing" : null;
  }

  /** A vector of offsets to strings, or to tables of this number. */
  #references(kind: number, table: number, at: number): FrameFault | null {
    const fault = this.#vector(at, 4);
    if (fault !== null) return fault;
    const end = at + 4 + 4 * readUint32(this.bytes, at);
    for (let element = at + 4; element < end; element += 4) {
      const target = this.#follow(element);
      if (target === 0) return "reference";
      const targetFault = kind === Kind.strings ? this.#string(target) : this.#table(table, target, this.#nestedFields);
      if (targetFault !== null) return targetFault;
    }
    return null;
  }
}

/** @returns what to tell a peer whose frame failed verification */
export function violation(fault: FrameFault): BrokerError {
  return new BrokerError("PROTOCOL_VIOLATION", `not a frame of this protocol: ${fault}`, { details: { fault } });
}
