/** What goes into a producer, and what comes back. */
import type { RecordContent } from "./record-encoder.ts";
import type { DurabilityName } from "./topics.ts";

export interface ProducerRecord extends RecordContent {
  /** Default: the producer's. */
  readonly topic?: string | undefined;
  /** Default: as the key says. */
  readonly partition?: number | undefined;
  /** Unix ms. Default: now. */
  readonly timestamp?: number | undefined;
}

/** A record is in the log; with `acks: 0`, on its way there. */
export interface Ack {
  readonly topic: string;
  readonly partition: number;
  /** -1 with `acks: 0`. */
  readonly offset: number;
  /** Unix ms. */
  readonly timestamp: number;
  /** What was given before this answer; null with `acks: 0`. */
  readonly durability: DurabilityName | null;
  /** The record had been in the log before, and was sent again. */
  readonly duplicate: boolean;
}
