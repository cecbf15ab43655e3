/** Readers and encoders of the hot frames, one of each for all connections: frames are handled one at a time, in one turn. */
import { CreditReader } from "../protocol/credit.ts";
import { DataEncoder } from "../protocol/data.ts";
import { REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import { ProduceReader } from "../protocol/produce.ts";
import { ProduceAckEncoder } from "../protocol/produce-ack.ts";
import { ProducePartReader } from "../protocol/produce-part.ts";
import { FrameReader } from "../protocol/verifier.ts";

export class HotFrames {
  readonly reader = new FrameReader(REQUEST_BYTES_MAX);
  readonly produce = new ProduceReader();
  readonly part = new ProducePartReader();
  readonly credit = new CreditReader();
  readonly ackEncoder = new ProduceAckEncoder();
  readonly dataEncoder = new DataEncoder();
}
