/** ProducePart: a stretch of a batch that is too large for one frame, sent into a block granted before. */
import { assert } from "../base/assert.ts";
import { readUint32, writeInt32 } from "./bytes.ts";
import { uint32Field } from "./frame-fields.ts";
import { FrameTemplate, trailingBytes } from "./frame-template.ts";
import { Slot } from "./generated/verifier-tables.ts";
import * as wire from "./generated/wire.ts";
import type { FrameReader } from "./verifier.ts";

const template = new FrameTemplate(wire.Body.ProducePart, Slot.ProducePart, (builder) => {
  const bytes = trailingBytes(builder);
  wire.ProducePart.startProducePart(builder);
  wire.ProducePart.addUpload(builder, 0);
  wire.ProducePart.addPosition(builder, 0);
  wire.ProducePart.addBytes(builder, bytes);
  return wire.ProducePart.endProducePart(builder);
});

/** Bytes in front of the batch's bytes in a ProducePart frame of ours; a multiple of 8. */
export const PRODUCE_PART_ENVELOPE_SIZE = template.prefixSize(template.at.bytes);

/**
 * Writes what comes before a part's bytes to target[at, at + PRODUCE_PART_ENVELOPE_SIZE). With those bytes right behind
 * it, that is the frame.
 *
 * @param position where in the batch the bytes begin
 * @param size     how many they are
 */
export function writeProducePartEnvelope(
  target: Uint8Array,
  at: number,
  correlation: number,
  upload: number,
  position: number,
  size: number,
): void {
  target.set(template.bytes, at);
  writeInt32(target, at + template.correlationAt, correlation);
  writeInt32(target, at + template.at.upload, upload);
  writeInt32(target, at + template.at.position, position);
  writeInt32(target, at + template.at.bytes, size);
}

/** The body of a ProducePart frame, read in place. Kept and reused; positions hold as long as the frame's bytes do. */
export class ProducePartReader {
  upload = 0;
  /** Where in the batch the bytes begin, as the client says. */
  position = 0;
  /** Position in the frame of the batch's bytes. */
  bytesAt = 0;
  /** How many they are; they lie inside the frame. */
  bytesSize = 0;

  /** @param frame verified, with a body of this type */
  read(frame: FrameReader): void {
    assert(frame.bodyType === wire.Body.ProducePart, "the frame carries a ProducePart");
    const bytes = frame.fields[Slot.ProducePart.bytes]!;
    this.upload = uint32Field(frame, Slot.ProducePart.upload);
    this.position = uint32Field(frame, Slot.ProducePart.position);
    this.bytesAt = bytes + 4;
    this.bytesSize = readUint32(frame.bytes, bytes);
  }
}
