/**
 * The gate of a log: what contract C1 asks of a batch, then the producer's sequence (G1). One object per log, reused for
 * every batch: after `check` its fields describe the batch.
 */
import {
  BATCH_BASE_SEQUENCE_AT,
  BATCH_LAST_OFFSET_DELTA_AT,
  BATCH_MAX_TIMESTAMP_AT,
  BATCH_PRODUCER_EPOCH_AT,
  BATCH_PRODUCER_ID_AT,
} from "../wasm/layout.ts";
import { REFUSED_OUT_OF_ORDER, REFUSED_STALE_EPOCH } from "./append-result.ts";
import type { LogEnvironment, LogSettings } from "./partition-log.ts";
import { ACCEPTED, OUT_OF_ORDER, type Producers, STALE_EPOCH } from "./producers.ts";

const TWO_TO_32 = 2 ** 32;

export class Admission {
  readonly #environment: LogEnvironment;
  readonly #producers: Producers;
  readonly #view: DataView;

  lastOffsetDelta = 0;
  maxTimestamp = 0;
  producerId = -1;
  #producerEpoch = -1;
  #baseSequence = -1;
  #count = 0;
  /** Base offset and end of the batch that the checked one duplicates, -1: it is new. */
  duplicateOf = -1;
  duplicateEnd = -1;

  constructor(environment: LogEnvironment, producers: Producers) {
    this.#environment = environment;
    this.#producers = producers;
    this.#view = environment.memory.view;
  }

  /** @returns 0, or the negative code of the refusal */
  check(address: number, length: number, settings: LogSettings, nowMs: number): number {
    const { core } = this.#environment;
    const timestampMax = nowMs + settings.timestampAheadMaxMs;
    const count = core.checkBatch(address, length, settings.messageBytesMax, 0, timestampMax);
    if (count < 0) return count;
    const verdict = core.verifyBatchCrc(address, length);
    if (verdict < 0) return verdict;
    const view = this.#view;
    this.#count = count;
    this.lastOffsetDelta = view.getInt32(address + BATCH_LAST_OFFSET_DELTA_AT);
    this.maxTimestamp = readInt64(view, address + BATCH_MAX_TIMESTAMP_AT);
    this.producerId = readInt64(view, address + BATCH_PRODUCER_ID_AT);
    this.duplicateOf = -1;
    return this.producerId < 0 ? 0 : this.#checkSequence(address);
  }

  /** Remembers the checked batch as appended at `baseOffset`. */
  stage(baseOffset: number): void {
    if (this.producerId < 0) return;
    const lastOffset = baseOffset + this.lastOffsetDelta;
    this.#producers.stage(
      this.producerId,
      this.#producerEpoch,
      this.#baseSequence,
      this.#count,
      baseOffset,
      lastOffset,
    );
  }

  #checkSequence(address: number): number {
    this.#producerEpoch = this.#view.getInt16(address + BATCH_PRODUCER_EPOCH_AT);
    this.#baseSequence = this.#view.getInt32(address + BATCH_BASE_SEQUENCE_AT);
    const found = this.#producers.check(this.producerId, this.#producerEpoch, this.#baseSequence, this.#count);
    if (found === ACCEPTED) return 0;
    if (found === OUT_OF_ORDER) return REFUSED_OUT_OF_ORDER;
    if (found === STALE_EPOCH) return REFUSED_STALE_EPOCH;
    this.duplicateOf = found;
    this.duplicateEnd = this.#producers.lastOffsetOf(this.producerId, found) + 1;
    return 0;
  }
}

/** A big-endian i64 as a number, without a BigInt; exact below 2^53, and -1 stays -1. */
function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * TWO_TO_32 + view.getUint32(at + 4);
}
