/** Produce: one batch to one partition. Hot on both sides: the client patches a template, the broker reads in place. */
import { assert } from "../base/assert.ts";
import { readUint32, writeInt32 } from "./bytes.ts";
import type { Encodable } from "./field-codec.ts";
import { int8Field, int32Field } from "./frame-fields.ts";
import { FrameTemplate, trailingBytes } from "./frame-template.ts";
import type { Produce } from "./generated/messages.ts";
import { Slot } from "./generated/verifier-tables.ts";
import * as wire from "./generated/wire.ts";
import type { FrameReader } from "./verifier.ts";

const template = new FrameTemplate(wire.Body.Produce, Slot.Produce, (builder) => {
  const batch = trailingBytes(builder);
  wire.Produce.startProduce(builder);
  wire.Produce.addTopicId(builder, wire.Uuid.createUuid(builder, []));
  wire.Produce.addPartition(builder, 0);
  wire.Produce.addLeaderEpoch(builder, 0);
  wire.Produce.addBatch(builder, batch);
  wire.Produce.addAcks(builder, 0);
  return wire.Produce.endProduce(builder);
});

/** Bytes in front of the batch in a Produce frame of ours; a multiple of 8. */
export const PRODUCE_ENVELOPE_SIZE = template.prefixSize(template.at.batch);

/** What all Produce frames to one partition have in common. Made once, written in front of each batch. */
export class ProduceEnvelope {
  readonly #bytes = template.bytes.slice();

  /** @param partition its topic id is copied */
  constructor(partition: Omit<Encodable<Produce>, "batch">) {
    assert(partition.topicId.length === wire.Uuid.sizeOf(), "a UUID has 16 bytes");
    this.#bytes.set(partition.topicId, template.at.topicId);
    writeInt32(this.#bytes, template.at.partition, partition.partition ?? 0);
    writeInt32(this.#bytes, template.at.leaderEpoch, partition.leaderEpoch ?? -1);
    this.#bytes[template.at.acks] = partition.acks ?? -1;
  }

  /**
   * Writes the envelope to target[at, at + PRODUCE_ENVELOPE_SIZE). With the batch right behind it, that is the frame.
   *
   * @param batchSize bytes of the batch
   */
  write(target: Uint8Array, at: number, correlation: number, batchSize: number): void {
    target.set(this.#bytes, at);
    writeInt32(target, at + template.correlationAt, correlation);
    writeInt32(target, at + template.at.batch, batchSize);
  }
}

/** The body of a Produce frame, read in place. Kept and reused; positions hold as long as the frame's bytes do. */
export class ProduceReader {
  /** Position in the frame of the topic's 16 bytes. */
  topicIdAt = 0;
  partition = 0;
  /** What the client believes; -1: unknown. */
  leaderEpoch = 0;
  /** 0: no answer, 1 and -1: after the topic's durability; any other value is the client's mistake. */
  acks = 0;
  /** Position in the frame of the batch. */
  batchAt = 0;
  /** Bytes of the batch; they lie inside the frame, and nothing else is known of them. */
  batchSize = 0;

  /** @param frame verified, with a body of this type */
  read(frame: FrameReader): void {
    assert(frame.bodyType === wire.Body.Produce, "the frame carries a Produce");
    const batch = frame.fields[Slot.Produce.batch]!;
    this.topicIdAt = frame.fields[Slot.Produce.topicId]!;
    this.partition = int32Field(frame, Slot.Produce.partition, 0);
    this.leaderEpoch = int32Field(frame, Slot.Produce.leaderEpoch, -1);
    this.acks = int8Field(frame, Slot.Produce.acks, -1);
    this.batchAt = batch + 4;
    this.batchSize = readUint32(frame.bytes, batch);
  }
}
