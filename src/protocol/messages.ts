/** Messages as plain objects on one side and frames on the other. Hot ones have modules of their own beside this. */
import { Builder, ByteBuffer } from "flatbuffers";
import { assert } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { KIB } from "../base/units.ts";
import { type Encodable, encodeInteger } from "./field-codec.ts";
import { type Bodies, bodyDecoders, bodyEncoders } from "./generated/messages.ts";
import { Body, Frame } from "./generated/wire.ts";
import { ANSWER_BYTES_MAX } from "./limits.ts";
import type { FrameReader } from "./verifier.ts";

export type BodyName = keyof Bodies;

/** A frame's content; `type` says what `body` is. */
export type Message = {
  readonly [Name in BodyName]: { readonly type: Name; readonly correlation: number; readonly body: Bodies[Name] };
}[BodyName];

const bodyNames: (BodyName | undefined)[] = [];
for (const [name, type] of Object.entries(Body)) if (type !== Body.NONE) bodyNames[type] = name as BodyName;

const BUILDER_BYTES_INITIAL = 1 * KIB;
/** One Builder for all messages keeps its memory, but not what a large answer needed. */
const BUILDER_BYTES_KEPT = 64 * KIB;
let builder = new Builder(BUILDER_BYTES_INITIAL);

/**
 * @param correlation of a request: its own, chosen by the client; of an answer: the request's; 0: neither
 * @param body        scalars that are left out take the schema's defaults
 * @param bytesMax    of the largest frame that the other end takes
 * @returns the frame, in memory of its own
 * @throws BrokerError MESSAGE_TOO_LARGE  the other end would not accept the frame
 * @throws AssertionFailure  a number does not fit its field
 */
export function encodeMessage<Name extends BodyName>(
  type: Name,
  correlation: number,
  body: Encodable<Bodies[Name]>,
  bytesMax: number = ANSWER_BYTES_MAX,
): Uint8Array {
  builder.clear();
  const reference = bodyEncoders[type](builder, body);
  const id = encodeInteger(correlation, 0, 0xffff_ffff);
  Frame.finishFrameBuffer(builder, Frame.createFrame(builder, id, Body[type], reference));
  const built = builder.asUint8Array();
  if (builder.dataBuffer().capacity() > BUILDER_BYTES_KEPT) builder = new Builder(BUILDER_BYTES_INITIAL);
  if (built.length > bytesMax)
    throw new BrokerError("MESSAGE_TOO_LARGE", `a ${type} takes ${built.length} bytes; at most ${bytesMax} are taken`);
  return built.slice();
}

/**
 * @param frame verified; the message keeps nothing of its bytes
 * @throws BrokerError PROTOCOL_VIOLATION  a value is none of the protocol's: text that is not UTF-8, an unknown enum
 *                                         value, an offset or timestamp out of range
 */
export function decodeMessage(frame: FrameReader): Message {
  const type = bodyNames[frame.bodyType];
  assert(type !== undefined, "the frame was verified");
  const body = bodyDecoders[type](Frame.getRootAsFrame(new ByteBuffer(frame.bytes)));
  return { type, correlation: frame.correlation, body } as Message;
}
