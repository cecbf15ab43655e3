/** Credit: more bytes may be sent to a subscription. The client sends one for every few slices it has read. */
import { assert } from "../base/assert.ts";
import { writeInt32 } from "./bytes.ts";
import { uint32Field } from "./frame-fields.ts";
import { FrameTemplate } from "./frame-template.ts";
import type { Credit } from "./generated/messages.ts";
import { Slot } from "./generated/verifier-tables.ts";
import * as wire from "./generated/wire.ts";
import type { FrameReader } from "./verifier.ts";

const template = new FrameTemplate(wire.Body.Credit, Slot.Credit, (builder) => {
  wire.Credit.startCredit(builder);
  wire.Credit.addSubscription(builder, 0);
  wire.Credit.addBytes(builder, 0);
  return wire.Credit.endCredit(builder);
});

/** Bytes of a Credit frame of ours. */
export const CREDIT_FRAME_SIZE = template.bytes.length;

/** Writes the frame to target[at, at + CREDIT_FRAME_SIZE). It asks for no answer, so its correlation is 0. */
export function writeCredit(target: Uint8Array, at: number, subscription: number, bytes: number): void {
  target.set(template.bytes, at);
  writeInt32(target, at + template.at.subscription, subscription);
  writeInt32(target, at + template.at.bytes, bytes);
}

/** The body of a Credit frame. Kept and reused. */
export class CreditReader implements Credit {
  subscription = 0;
  bytes = 0;

  /** @param frame verified, with a body of this type */
  read(frame: FrameReader): void {
    assert(frame.bodyType === wire.Body.Credit, "the frame carries a Credit");
    this.subscription = uint32Field(frame, Slot.Credit.subscription);
    this.bytes = uint32Field(frame, Slot.Credit.bytes);
  }
}
