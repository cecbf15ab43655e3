/**
 * Data: a slice of consecutive batches, to a subscription or as the answer to a Fetch.
 *
 * The broker sends the prefix and the log's bytes as two fragments of one WebSocket message, the second straight from
 * where the bytes lie. So the bytes come last in the frame, and the frame ends with them, whatever their number.
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/units.ts";
import { readUint32, writeInt32, writeInt64 } from "./bytes.ts";
import { boolField, int32Field, offsetField, uint32Field } from "./frame-fields.ts";
import { FrameTemplate, trailingBytes } from "./frame-template.ts";
import type { Data } from "./generated/messages.ts";
import { Slot } from "./generated/verifier-tables.ts";
import * as wire from "./generated/wire.ts";
import type { FrameReader } from "./verifier.ts";

const template = new FrameTemplate(wire.Body.Data, Slot.Data, (builder) => {
  const bytes = trailingBytes(builder);
  wire.Data.startData(builder);
  wire.Data.addBaseOffset(builder, 0n);
  wire.Data.addLogStartOffset(builder, 0n);
  wire.Data.addHighWatermark(builder, 0n);
  wire.Data.addLastStableOffset(builder, 0n);
  wire.Data.addSubscription(builder, 0);
  wire.Data.addBatchPosition(builder, 0);
  wire.Data.addLeaderEpoch(builder, 0);
  wire.Data.addBytes(builder, bytes);
  wire.Data.addLast(builder, false);
  return wire.Data.endData(builder);
});

/** Bytes in front of the log's in a Data frame of ours; a multiple of 8. */
export const DATA_PREFIX_SIZE = template.prefixSize(template.at.bytes);

/** All of a Data frame but the log's bytes. */
export type DataHeader = Omit<Data, "bytes">;

export class DataEncoder {
  readonly #prefix = template.bytes.slice();

  /**
   * @param bytesSize how many bytes of log follow
   * @returns what comes before them, in memory that the next call overwrites
   */
  encodePrefix(correlation: number, header: DataHeader, bytesSize: number): Uint8Array {
    const prefix = this.#prefix;
    const at = template.at;
    writeInt32(prefix, template.correlationAt, correlation);
    writeInt32(prefix, at.subscription, header.subscription);
    writeInt64(prefix, at.baseOffset, header.baseOffset);
    writeInt32(prefix, at.batchPosition, header.batchPosition);
    prefix[at.last] = header.last ? 1 : 0;
    writeInt64(prefix, at.logStartOffset, header.logStartOffset);
    writeInt64(prefix, at.highWatermark, header.highWatermark);
    writeInt64(prefix, at.lastStableOffset, header.lastStableOffset);
    writeInt32(prefix, at.leaderEpoch, header.leaderEpoch);
    writeInt32(prefix, at.bytes, bytesSize);
    return prefix;
  }
}

/** The body of a Data frame, read in place. Kept and reused; positions hold as long as the frame's bytes do. */
export class DataReader implements DataHeader {
  /** 0: the answer to the Fetch with the frame's correlation id. */
  subscription = 0;
  /** Of the first batch in the slice, also where the slice begins inside it. */
  baseOffset = 0 as Offset;
  /** Bytes of that batch that earlier slices carried. */
  batchPosition = 0;
  /** Fetch: nothing more follows. */
  last = false;
  logStartOffset = 0 as Offset;
  highWatermark = 0 as Offset;
  lastStableOffset = 0 as Offset;
  leaderEpoch = 0;
  /** Position in the frame of the log's bytes. */
  bytesAt = 0;
  /** How many they are; they lie inside the frame. */
  bytesSize = 0;

  /**
   * @param frame verified, with a body of this type
   * @throws BrokerError PROTOCOL_VIOLATION  an offset is none
   */
  read(frame: FrameReader): void {
    assert(frame.bodyType === wire.Body.Data, "the frame carries Data");
    const bytes = frame.fields[Slot.Data.bytes]!;
    this.subscription = uint32Field(frame, Slot.Data.subscription);
    this.baseOffset = offsetField(frame, Slot.Data.baseOffset);
    this.batchPosition = uint32Field(frame, Slot.Data.batchPosition);
    this.last = boolField(frame, Slot.Data.last);
    this.logStartOffset = offsetField(frame, Slot.Data.logStartOffset);
    this.highWatermark = offsetField(frame, Slot.Data.highWatermark);
    this.lastStableOffset = offsetField(frame, Slot.Data.lastStableOffset);
    this.leaderEpoch = int32Field(frame, Slot.Data.leaderEpoch, 0);
    this.bytesAt = bytes + 4;
    this.bytesSize = readUint32(frame.bytes, bytes);
  }
}
