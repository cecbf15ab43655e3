/** ProduceAck: the answer to a Produce. Hot on both sides: the broker patches a template, the client reads in place. */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/units.ts";
import { writeInt32, writeInt64 } from "./bytes.ts";
import { boolField, durabilityField, int32Field, offsetField } from "./frame-fields.ts";
import { FrameTemplate } from "./frame-template.ts";
import type { ProduceAck } from "./generated/messages.ts";
import { Slot } from "./generated/verifier-tables.ts";
import * as wire from "./generated/wire.ts";
import type { FrameReader } from "./verifier.ts";

const template = new FrameTemplate(wire.Body.ProduceAck, Slot.ProduceAck, (builder) => {
  wire.ProduceAck.startProduceAck(builder);
  wire.ProduceAck.addBaseOffset(builder, 0n);
  wire.ProduceAck.addLogStartOffset(builder, 0n);
  wire.ProduceAck.addHighWatermark(builder, 0n);
  wire.ProduceAck.addLastStableOffset(builder, 0n);
  wire.ProduceAck.addLeaderEpoch(builder, 0);
  wire.ProduceAck.addDurability(builder, wire.Durability.Disk);
  wire.ProduceAck.addDuplicate(builder, false);
  return wire.ProduceAck.endProduceAck(builder);
});

export class ProduceAckEncoder {
  readonly #frame = template.bytes.slice();

  /** @returns the frame, in memory that the next call overwrites */
  encode(correlation: number, body: ProduceAck): Uint8Array {
    const frame = this.#frame;
    const at = template.at;
    writeInt32(frame, template.correlationAt, correlation);
    writeInt64(frame, at.baseOffset, body.baseOffset);
    writeInt64(frame, at.logStartOffset, body.logStartOffset);
    writeInt64(frame, at.highWatermark, body.highWatermark);
    writeInt64(frame, at.lastStableOffset, body.lastStableOffset);
    writeInt32(frame, at.leaderEpoch, body.leaderEpoch);
    frame[at.durability] = body.durability;
    frame[at.duplicate] = body.duplicate ? 1 : 0;
    return frame;
  }
}

/** The body of a ProduceAck frame. Kept and reused. */
export class ProduceAckReader implements ProduceAck {
  baseOffset = 0 as Offset;
  logStartOffset = 0 as Offset;
  highWatermark = 0 as Offset;
  lastStableOffset = 0 as Offset;
  leaderEpoch = 0;
  durability: wire.Durability = wire.Durability.Disk;
  duplicate = false;

  /**
   * @param frame verified, with a body of this type
   * @throws BrokerError PROTOCOL_VIOLATION  an offset or the durability is none
   */
  read(frame: FrameReader): void {
    assert(frame.bodyType === wire.Body.ProduceAck, "the frame carries a ProduceAck");
    this.baseOffset = offsetField(frame, Slot.ProduceAck.baseOffset);
    this.logStartOffset = offsetField(frame, Slot.ProduceAck.logStartOffset);
    this.highWatermark = offsetField(frame, Slot.ProduceAck.highWatermark);
    this.lastStableOffset = offsetField(frame, Slot.ProduceAck.lastStableOffset);
    this.leaderEpoch = int32Field(frame, Slot.ProduceAck.leaderEpoch, 0);
    this.durability = durabilityField(frame, Slot.ProduceAck.durability);
    this.duplicate = boolField(frame, Slot.ProduceAck.duplicate);
  }
}
