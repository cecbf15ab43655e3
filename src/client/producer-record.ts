/** What goes into a producer, and what comes back. */
import { BrokerError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
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

/** A consumed record may be sent on as it is, so it may say what offset it had. */
const FIELDS = ["topic", "partition", "timestamp", "key", "value", "headers", "offset"];

/** @throws BrokerError INVALID_RECORD  it has a field that a record does not have: what it says would be lost in silence */
export function checkFields(record: ProducerRecord): void {
  for (const [name, value] of Object.entries(record)) {
    if (FIELDS.includes(name) || value === undefined) continue;
    const meant = nearest(name, FIELDS);
    const hint = meant === null ? "" : `; did you mean ${meant}?`;
    throw new BrokerError("INVALID_RECORD", `a record has no field ${name}${hint}`, { details: { field: name } });
  }
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
