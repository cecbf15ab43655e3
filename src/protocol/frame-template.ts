/**
 * A frame built once by flatbuffers' own Builder, of which later only some words change.
 *
 * Where a FlatBuffer's field lies depends on which fields are present, not on their values. So a frame with all its
 * fields present (the Builder is told to write defaults too) is sent again and again with other numbers patched in:
 * a copy of about a hundred bytes and a few stores, instead of a build.
 *
 * The Builder writes from back to front. A byte vector that is built first and empty ends the template with its count,
 * and the template is then the prefix of a frame: its bytes simply follow, wherever they come from.
 */
import { Builder } from "flatbuffers";
import { assert } from "../base/assert.ts";
import { type Body, Frame } from "./generated/wire.ts";
import { FrameReader } from "./verifier.ts";

/** The trailing bytes of a frame start at a multiple of this, counted from the start of the frame. */
const TRAILING_ALIGNMENT = 8;

export class FrameTemplate<Slots extends Readonly<Record<string, number>>> {
  /** The whole template. Copy it; never change it. */
  readonly bytes: Uint8Array;
  /** Position of the correlation id. */
  readonly correlationAt: number;
  /** Position of each field of the body, by its name: of a vector, its count. */
  readonly at: { readonly [Name in keyof Slots]: number };

  /**
   * @param type  of the body
   * @param slots of the body's table: `Slot.Produce` for Produce
   * @param build writes the body with all its fields, and returns its offset in the builder
   */
  constructor(type: Body, slots: Slots, build: (builder: Builder) => number) {
    const builder = new Builder(256);
    builder.forceDefaults(true);
    Frame.finishFrameBuffer(builder, Frame.createFrame(builder, 0, type, build(builder)));
    this.bytes = builder.asUint8Array().slice();

    const reader = new FrameReader(this.bytes.length);
    assert(reader.verify(this.bytes) === null, "a template is a frame");
    this.correlationAt = reader.correlationAt;
    const positions = Object.entries(slots).map(([name, slot]) => [name, reader.fields[slot]!] as const);
    assert(this.correlationAt !== 0 && positions.every(([, at]) => at !== 0), "a template has all its fields");
    this.at = Object.fromEntries(positions) as { [Name in keyof Slots]: number };
  }

  /**
   * @param at position of the vector that was made by `trailingBytes`
   * @returns where its bytes start: the size of the prefix
   */
  prefixSize(at: number): number {
    assert(at + 4 === this.bytes.length, "the bytes of the body end the frame");
    assert(this.bytes.length % TRAILING_ALIGNMENT === 0, "the bytes of the body are aligned");
    return this.bytes.length;
  }
}

/** Makes the empty vector behind which the bytes of a frame will follow. To be called before anything else is built. */
export function trailingBytes(builder: Builder): number {
  builder.startVector(1, 0, TRAILING_ALIGNMENT);
  return builder.endVector();
}
