/**
 * A producer's batches for one partition, in order: those in flight, those that wait, and one that is open.
 *
 * Order and once-only (contract G1). The broker remembers the last five batches of a producer, so at most five are in
 * flight: whatever was written of them before a connection was cut is recognised when all of them are sent again. The
 * first batch under an identity goes alone, because to a broker that knows nothing of a producer any sequence is good.
 * When one batch is refused, those behind it in flight are refused for their sequence; nothing more is sent until all of
 * them are answered, then they are sent again, from the oldest on.
 *
 * A batch that is given up leaves a gap in the sequence. If the broker then refuses the next one, the partition takes the
 * producer's next epoch and numbers what is left anew.
 */
import { assert } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import type { ProduceEnvelope } from "../protocol/produce.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { Backoff } from "./backoff.ts";
import type { Batch, BatchOutcome } from "./batch.ts";
import { ANONYMOUS, type ProducerIdentity } from "./batch-header.ts";
import type { Compressor } from "./compression.ts";

/** Sequences wrap from 2^31 - 1 to 0. */
const SEQUENCE_MODULUS = 2 ** 31;
const RETRY_MIN_MS = 20;
const RETRY_MAX_MS = 1000;

/** Where batches go. */
export interface PartitionTarget {
  readonly topic: string;
  readonly topicId: Uint8Array;
  readonly partition: number;
  /** Of every batch, as the protocol counts them. */
  readonly acks: number;
  readonly envelope: ProduceEnvelope;
  /** Bytes of the largest batch, as last heard. */
  batchBytesMax: number;
}

/** The producer, as its partitions see it. */
export interface QueueOwner {
  readonly isIdempotent: boolean;
  /** At most so many batches of a partition are in flight. */
  readonly inFlightMax: number;
  readonly crc32c: Crc32c;
  /** Bytes above which a batch travels in parts, and alone. */
  inlineMax(): number;
  /** Batches that were sent and not answered are sent again. */
  readonly resends: boolean;
  readonly compressor: Compressor | null;
  /** Calls `identified` or `unidentified`: with the producer's first identity, or with the epoch after `previous`. */
  identify(previous: ProducerIdentity | null, queue: PartitionQueue): void;
  /** The queue has something that may be sent. */
  sendable(queue: PartitionQueue): void;
  /** A batch is settled; its memory is free. */
  acknowledged(queue: PartitionQueue, batch: Batch, outcome: BatchOutcome): void;
  lost(queue: PartitionQueue, batch: Batch, error: BrokerError): void;
}

export class PartitionQueue {
  readonly target: PartitionTarget;
  readonly #owner: QueueOwner;
  /** Sent and not answered, or to be sent again once all are answered; oldest first. */
  readonly #inFlight: Batch[] = [];
  #unanswered = 0;
  /** Bytes of all batches that take no more records. */
  closedBytes = 0;
  /** Batches sent so far; one that is sent again counts once, as the broker remembers it once. */
  #sentCount = 0;
  readonly #waiting: Batch[] = [];
  /** The batch that takes records now. */
  open: Batch | null = null;
  /** Bytes of the batch that was closed last: what the next one begins with. */
  sizeHint = 0;
  #identity: ProducerIdentity | null = null;
  #previousIdentity: ProducerIdentity | null = null;
  #isIdentifying = false;
  #nextSequence = 0;
  /** The broker has acknowledged a batch under this identity. */
  #isKnown = false;
  /** Sequence after the newest batch that the broker acknowledged. */
  #knownSequence = 0;
  /** The broker expects another sequence: the next epoch is taken once everything is answered. */
  #isOutOfStep = false;
  /** What is in flight was refused, and is sent again. */
  #isRewinding = false;
  /** The broker could not take it now, and is given time. */
  #needsPause = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #backoff = new Backoff(RETRY_MIN_MS, RETRY_MAX_MS);
  /** What was opened before is given up as soon as it is not in flight. */
  #tooOldMs = Number.NEGATIVE_INFINITY;
  /** Why the oldest batch was not taken so far. */
  #lastError: BrokerError | null = null;

  constructor(target: PartitionTarget, owner: QueueOwner) {
    this.target = target;
    this.#owner = owner;
    if (!owner.isIdempotent) {
      this.#identity = ANONYMOUS;
      this.#isKnown = true;
    }
  }

  /** Batches sent so far, each counted once. */
  get sentCount(): number {
    return this.#sentCount;
  }

  /** Nothing that is closed is not settled. */
  get isIdle(): boolean {
    return this.#inFlight.length === 0 && this.#waiting.length === 0;
  }

  /** Every batch that is not settled, oldest first. */
  batches(): Batch[] {
    const closed = [...this.#inFlight, ...this.#waiting];
    return this.open === null ? closed : [...closed, this.open];
  }

  /** Closes the open batch: it will be sent as it is. */
  close(): void {
    const batch = this.open;
    if (batch === null) return;
    this.open = null;
    this.sizeHint = batch.size;
    this.enqueue(batch);
  }

  /** Takes a batch that is complete. */
  enqueue(batch: Batch): void {
    this.closedBytes += batch.size;
    this.#waiting.push(batch);
    const { compressor } = this.#owner;
    if (compressor === null) this.#announce();
    // A batch that cannot be compressed is sent as it is.
    else
      void batch.compress(compressor.codec, compressor.compress).then(
        () => this.#announce(),
        () => this.#announce(),
      );
  }

  /** @returns the batch that may be sent now, null: none may */
  next(): Batch | null {
    const batch = this.#waiting[0];
    if (batch === undefined || batch.isCompressing || this.#isRewinding || this.#retryTimer !== undefined) return null;
    if (this.#identity === null) {
      this.#identify();
      return null;
    }
    const inlineMax = this.#owner.inlineMax();
    const oldest = this.#inFlight[0];
    if (oldest === undefined) return batch;
    const isAlone = !this.#isKnown || batch.size > inlineMax || oldest.size > inlineMax;
    // From the oldest one on: those behind it that are acknowledged count, too, since the broker remembers them.
    const ordinal = this.#isNumbered(batch) ? batch.ordinal : this.#sentCount;
    return !isAlone && ordinal - oldest.ordinal < this.#owner.inFlightMax ? batch : null;
  }

  /** Seals the batch that `next` returned; from here on it is in flight. */
  send(batch: Batch): void {
    assert(batch === this.#waiting[0] && this.#identity !== null, "the next batch is sent");
    this.#waiting.shift();
    this.#inFlight.push(batch);
    this.#unanswered++;
    const identity = this.#identity;
    if (!this.#isNumbered(batch)) batch.ordinal = this.#sentCount++;
    if (identity === ANONYMOUS) {
      batch.seal(identity, -1, this.#owner.crc32c);
    } else if (batch.identity === identity) {
      batch.seal(identity, batch.baseSequence, this.#owner.crc32c);
    } else {
      batch.seal(identity, this.#nextSequence, this.#owner.crc32c);
      this.#nextSequence = sequenceAfter(batch);
    }
    if (!this.#owner.resends) batch.forget();
  }

  /** The broker has it. */
  acknowledged(batch: Batch, outcome: BatchOutcome): void {
    this.#answered();
    this.#remove(this.#inFlight, batch);
    this.#isKnown = true;
    this.#knownSequence = sequenceAfter(batch);
    this.#lastError = null;
    this.#backoff.reset();
    batch.acknowledge(outcome);
    this.#owner.acknowledged(this, batch, outcome);
    this.#goOn();
  }

  /** The broker does not have it, or does not know. */
  refused(batch: Batch, refusal: BrokerError): void {
    const error = this.#named(refusal);
    this.#answered();
    const isOldest = this.#inFlight[0] === batch;
    const isSequence = error.code === "OUT_OF_ORDER_SEQUENCE" || error.code === "INVALID_PRODUCER_EPOCH";
    if (error.retriable && this.#owner.resends) {
      this.#isRewinding = true;
      this.#needsPause = true;
      this.#lastError = error;
    } else if (isSequence && isOldest && batch.baseSequence !== this.#knownSequence) {
      // A batch between the one acknowledged last and this one was given up.
      this.#isRewinding = true;
      this.#isOutOfStep = true;
    } else if (isSequence && !isOldest) {
      // Only because a batch before it is missing.
      this.#isRewinding = true;
    } else {
      this.#giveUp(this.#inFlight, batch, error);
    }
    this.#goOn();
  }

  /** Nothing that is in flight will be answered. */
  disconnected(error: BrokerError): void {
    this.#unanswered = 0;
    // That we lost patience tells less than what the broker said before.
    if (error.code !== "REQUEST_TIMED_OUT") this.#lastError = error;
    this.#lastError ??= error;
    if (!this.#owner.resends) this.#giveUpAll(this.#inFlight, error);
    this.#rewind();
    this.#giveUpOld();
    // The next broker may know nothing of this producer: one that lost its memory, say.
    this.#isKnown = this.#identity === ANONYMOUS;
  }

  /** A connection is up: what waits may go. */
  connected(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#announce();
  }

  /** The identity that was asked for. */
  identified(identity: ProducerIdentity): void {
    this.#isIdentifying = false;
    this.#identity = identity;
    this.#nextSequence = 0;
    this.#isKnown = false;
    this.#knownSequence = 0;
    this.#announce();
  }

  /** No identity is to be had: nothing can be sent. */
  unidentified(error: BrokerError): void {
    this.#isIdentifying = false;
    this.#giveUpAll(this.#waiting, error);
  }

  /**
   * Gives up what is older than allowed.
   *
   * @param openedMs batches opened before then, by the monotonic clock
   * @returns whether a batch in flight is too old: its outcome can only be known on another connection
   */
  expire(openedMs: number): boolean {
    this.#tooOldMs = openedMs;
    if (this.#inFlight.length > 0 && this.#inFlight[0]!.openedMs < openedMs) return true;
    this.#giveUpOld();
    return false;
  }

  /** The producer is closed, or can do no more: everything is given up. */
  fail(error: BrokerError): void {
    this.disconnected(error);
    clearTimeout(this.#retryTimer);
    // Not by `close`, which would send what waits.
    if (this.open !== null) this.#waiting.push(this.open);
    this.open = null;
    this.#giveUpAll(this.#waiting, error);
  }

  /** It was sent before, under this identity. */
  #isNumbered(batch: Batch): boolean {
    return batch.ordinal >= 0 && batch.identity === this.#identity;
  }

  /** The broker knows topics by their ids, who sends by their names. */
  #named(error: BrokerError): BrokerError {
    if (error.code !== "UNKNOWN_TOPIC_ID") return error;
    const { topic, partition } = this.target;
    const details = { topic, partition };
    return new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", `topic ${topic} was deleted`, { details, cause: error });
  }

  #answered(): void {
    assert(this.#unanswered > 0, "only what was sent is answered");
    this.#unanswered--;
  }

  #giveUp(from: Batch[], batch: Batch, error: BrokerError): void {
    this.#remove(from, batch);
    batch.fail(error);
    this.#owner.lost(this, batch, error);
  }

  /** Gives up what is there now. Who is told of one of them may have given up others by then. */
  #giveUpAll(from: Batch[], error: BrokerError): void {
    for (const batch of from.slice()) if (from.includes(batch)) this.#giveUp(from, batch, error);
  }

  #remove(from: Batch[], batch: Batch): void {
    const index = from.indexOf(batch);
    assert(index >= 0, "a batch is in its queue until it is settled");
    from.splice(index, 1);
  }

  #giveUpOld(): void {
    while (this.#waiting.length > 0 && this.#waiting[0]!.openedMs < this.#tooOldMs) {
      const batch = this.#waiting[0]!;
      const hint = batch.baseSequence < 0 ? "" : "; it may be in the log or not";
      const cause = this.#lastError;
      const last = cause === null ? "" : `; the last try ended with ${cause.code}: ${cause.message}`;
      const message = `a batch was not acknowledged in time${hint}${last}`;
      this.#giveUp(
        this.#waiting,
        batch,
        new BrokerError("REQUEST_TIMED_OUT", message, cause === null ? {} : { cause }),
      );
    }
  }

  /** After an answer: sends what is next, or, once all are answered, what was refused. */
  #goOn(): void {
    if (!this.#isRewinding) {
      this.#announce();
      return;
    }
    if (this.#unanswered > 0) return;
    this.#rewind();
    if (this.#needsPause) this.#retryLater();
    else this.#announce();
  }

  /** What is in flight waits again, in front of the rest. */
  #rewind(): void {
    this.#isRewinding = false;
    this.#waiting.unshift(...this.#inFlight);
    this.#inFlight.length = 0;
    if (!this.#isOutOfStep) return;
    this.#isOutOfStep = false;
    this.#previousIdentity = this.#identity;
    this.#identity = null;
  }

  #retryLater(): void {
    this.#needsPause = false;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#announce();
    }, this.#backoff.next());
  }

  #identify(): void {
    if (this.#isIdentifying) return;
    this.#isIdentifying = true;
    this.#owner.identify(this.#previousIdentity, this);
  }

  #announce(): void {
    if (this.next() !== null) this.#owner.sendable(this);
  }
}

function sequenceAfter({ baseSequence, count }: Batch): number {
  return (baseSequence + count) % SEQUENCE_MODULUS;
}
