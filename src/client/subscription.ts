/**
 * One partition's reading: where it stands, what the broker may send ahead, and how it goes on after a connection is lost
 * or a batch cannot be read. It hands out batches that are whole, intact and due, each once and in order.
 */
import { assert } from "../base/assert.ts";
import type { BrokerError } from "../base/errors.ts";
import type { Offset } from "../base/units.ts";
import { CREDIT_FRAME_SIZE, writeCredit } from "../protocol/credit.ts";
import type { DataReader } from "../protocol/data.ts";
import type { SubscribeResult } from "../protocol/generated/messages.ts";
import { Start } from "../protocol/generated/wire.ts";
import type { FrameReader } from "../protocol/verifier.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { Backoff } from "./backoff.ts";
import { BatchHeader } from "./batch-header.ts";
import type { Connection } from "./connection.ts";
import { type ConsumerSettings, EARLIEST, LATEST, type StartValue } from "./consumer-options.ts";
import type { LargeTurns, TurnTaker } from "./large-turns.ts";
import { damagedBatch, located } from "./located-error.ts";
import { type BatchSink, SliceAssembler } from "./slice-assembler.ts";
import type { SubscribeTurns } from "./subscribe-turns.ts";
import { HEADROOM } from "./transport.ts";
import { callUser } from "./user-callback.ts";

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1000;
/** A partition that cannot be read for so long is told about; what is over sooner is no news. */
const TELL_MS = 1000;

/** A batch that is to be read now, or later. */
export interface DueBatch {
  readonly subscription: Subscription;
  /** Holds the batch at `at`; unless they are the receiver's, the bytes are only there until `deliver` returns. */
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly size: number;
  readonly isOwned: boolean;
  /** Records before this offset are not wanted. */
  readonly fromOffset: number;
  /** Records before this time (Unix ms) are not wanted, up to the first one that is not. */
  readonly fromTime: number;
}

export interface SubscriptionOwner {
  readonly settings: ConsumerSettings;
  readonly crc32c: Crc32c;
  readonly turns: LargeTurns;
  readonly subscribing: SubscribeTurns;
  /** What comes under this id is the subscription's. */
  route(id: number, subscription: Subscription): void;
  unroute(id: number): void;
  /** @param header the batch's, until this returns */
  deliver(batch: DueBatch, header: BatchHeader): void;
  /** Everything there was when reading began is delivered (`until: "end"`). */
  reachedEnd(subscription: Subscription): void;
  /** It cannot go on. */
  failed(error: BrokerError): void;
}

export class Subscription implements BatchSink, TurnTaker {
  readonly topic: string;
  readonly topicId: Uint8Array;
  readonly partition: number;
  readonly #owner: SubscriptionOwner;
  #creditMax: number;
  readonly #header = new BatchHeader();
  readonly #backoff = new Backoff(RETRY_MIN_MS, RETRY_MAX_MS);
  #assembler: SliceAssembler;
  #connection: Connection | null = null;
  /** On this connection; 0: it has not asked there yet, or was refused. */
  #id = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** When reading failed first since something was read, by performance.now(); -1: it did not. */
  #failingSinceMs = -1;
  #isFailureTold = false;
  /** Where the next Subscribe begins. */
  #start: StartValue;
  /** Offset after what was delivered; -1: not known yet. */
  #nextOffset = -1;
  /** Where it ends, with `until: "end"`; -1: not known yet, or never. */
  #endOffset = -1;
  #isDone = false;
  #fromTime: number;
  /** Bytes delivered and not consumed. */
  #held = 0;
  /** Bytes that the broker may still send. */
  #credit = 0;
  /** Bytes of a batch that is larger than creditMax, for which there is more credit until it is read; 0: there is none. */
  #turnBytes = 0;
  /** It has not come whole yet. */
  #isTurnComing = false;
  /** First offset that cannot be read yet. */
  highWatermark = 0;
  /** Offset after the last record that was handed to the user; -1: not known yet. The owner moves it. */
  position = -1;
  /** Offset after the last record that the user came back from, at most `position`; -1: not known yet. The owner moves it. */
  doneOffset = -1;
  /** Below it nothing comes that was not delivered. Only what lies after what was delivered last counts. */
  #passedOffset = -1;

  /** @param creditMax bytes that may be under way and not consumed */
  constructor(
    topic: string,
    topicId: Uint8Array,
    partition: number,
    start: StartValue,
    creditMax: number,
    owner: SubscriptionOwner,
  ) {
    this.topic = topic;
    this.topicId = topicId;
    this.partition = partition;
    this.#start = start;
    this.#creditMax = creditMax;
    this.#assembler = new SliceAssembler(this, creditMax);
    this.#owner = owner;
    if (start.start === Start.Offset) this.doneOffset = start.value;
    this.#fromTime = start.start === Start.Timestamp ? start.value : Number.NEGATIVE_INFINITY;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Begins, or goes on, over this connection. */
  connected(connection: Connection): void {
    this.#connection = connection;
    this.subscribe();
  }

  disconnected(): void {
    this.#connection = null;
    this.#id = 0;
    clearTimeout(this.#retryTimer);
    this.#wentOn();
    this.#forgetPartial();
  }

  /** All below is handed out and done with. */
  readTo(offset: number): void {
    this.position = offset;
    this.doneOffset = offset;
  }

  /** Nothing below comes that was not delivered: what is not wanted or cannot be read is left out. */
  passed(offset: number): void {
    this.#passedOffset = Math.max(this.#passedOffset, offset);
    this.#settlePassed();
  }

  /** From now on less may be under way and not consumed. What the broker has already it may send. */
  limitCredit(creditMax: number): void {
    this.#creditMax = creditMax;
    this.#giveBack();
  }

  /** The broker's answer to Subscribe. */
  subscribed({ offset, highWatermark }: SubscribeResult): void {
    this.#owner.subscribing.leave(this);
    this.highWatermark = highWatermark;
    this.#goOnAt(offset);
    if (this.position < 0) this.readTo(offset);
    if (this.#owner.settings.untilEnd && this.#endOffset < 0) this.#endOffset = highWatermark;
    this.#checkEnd();
  }

  /** The broker refused Subscribe, or ended the subscription. */
  ended(error: BrokerError): void {
    const { onOutOfRange, onCorrupt } = this.#owner.settings;
    const nextOffset = error.details["nextOffset"];
    this.#owner.subscribing.leave(this);
    this.#owner.unroute(this.#id);
    this.#id = 0;
    this.#forgetPartial();
    if (error.code === "OFFSET_OUT_OF_RANGE" && onOutOfRange !== "fail") {
      this.#start = onOutOfRange === "earliest" ? EARLIEST : LATEST;
      this.#fromTime = Number.NEGATIVE_INFINITY;
    } else if (error.code === "CORRUPT_BATCH" && onCorrupt === "skip" && typeof nextOffset === "number") {
      this.#skipped(nextOffset, error);
      this.#goOnAt(nextOffset);
    } else {
      const reason = located(error, this, this.#nextOffset < 0 ? {} : { offset: this.#nextOffset });
      if (!error.retriable || !this.#mayRetry(reason)) {
        this.#fail(reason);
        return;
      }
    }
    this.#retryTimer = setTimeout(() => this.subscribe(), this.#backoff.next());
  }

  /** A slice. */
  data(data: DataReader, frame: FrameReader): void {
    this.highWatermark = data.highWatermark;
    this.#assembler.take(frame.bytes, data.bytesAt, data.bytesSize, data.batchPosition);
    // Not before: until then it stands for what of the slice is not delivered yet.
    this.#credit -= data.bytesSize;
    this.#giveBack();
  }

  batch(bytes: Uint8Array, at: number, size: number, isOwned: boolean): void {
    if (this.#isDone) return;
    const header = this.#header;
    if (isOwned) this.#isTurnComing = false;
    header.read(bytes, at);
    if (!header.isIntact(bytes, at, this.#owner.crc32c)) {
      this.#damaged(header.nextOffset);
      this.#settled(size);
      return;
    }
    // The first batch may begin before the offset that was asked for, and more may have come since the end was noted.
    const isPast = header.nextOffset <= this.#nextOffset;
    const isBeyond = this.#endOffset >= 0 && header.baseOffset >= this.#endOffset;
    const isEmpty = header.isControl || header.count === 0 || header.maxTimestamp < this.#fromTime;
    const fromOffset = this.#nextOffset;
    const fromTime = this.#fromTime;
    if (!isPast) this.#goOnAt(header.nextOffset);
    if (isPast || isBeyond || isEmpty) {
      if (isEmpty && !isPast && !isBeyond) this.passed(header.nextOffset);
      this.#settled(size);
    } else {
      this.#fromTime = Number.NEGATIVE_INFINITY;
      this.#held += size;
      this.#owner.deliver({ subscription: this, bytes, at, size, isOwned, fromOffset, fromTime }, header);
    }
    this.#checkEnd();
  }

  /** A delivered batch of this size was read. */
  consumed(size: number): void {
    this.#held -= size;
    assert(this.#held >= 0, "a batch is consumed once");
    this.#settlePassed();
    this.#settled(size);
  }

  /** There is memory for the batch that comes in part, although it is larger than this partition's share. */
  turned(): void {
    this.#turnBytes = this.#assembler.size;
    this.#isTurnComing = true;
    this.#giveBack();
  }

  /** Ends it; nothing more is delivered. */
  close(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#retryTimer);
    this.#owner.subscribing.leave(this);
    this.#owner.unroute(this.#id);
    this.#forgetPartial();
    // Its answer, and the slices that are on their way, are nobody's.
    const connection = this.#connection;
    if (this.#id !== 0) connection?.post("Unsubscribe", { subscription: this.#id }, connection.nextCorrelation());
  }

  /** Asks for its records, or will once fewer others do. */
  subscribe(): void {
    const connection = this.#connection;
    if (connection === null || this.#isDone || !this.#owner.subscribing.take(this)) return;
    const { topicId, partition } = this;
    const { start, value } = this.#start;
    const credit = Math.max(0, this.#creditMax + this.#turnBytes - this.#held);
    this.#credit = credit;
    // One number for the subscription and for the request: it is unique on the connection.
    const id = connection.nextCorrelation();
    this.#id = id;
    this.#owner.route(id, this);
    const body = { subscription: id, topicId, partition, start, value: value as Offset, credit };
    connection.post("Subscribe", body, id);
  }

  #mayRetry(error: BrokerError): boolean {
    const { untilEnd, retryTimeoutMs, onRetry } = this.#owner.settings;
    const nowMs = performance.now();
    if (this.#failingSinceMs < 0) this.#failingSinceMs = nowMs;
    const failingMs = nowMs - this.#failingSinceMs;
    if (untilEnd && failingMs >= retryTimeoutMs) return false;
    if (failingMs >= TELL_MS && !this.#isFailureTold) {
      this.#isFailureTold = true;
      const { topic, partition } = this;
      if (onRetry !== null) callUser(onRetry, { topic, partition, error });
    }
    return true;
  }

  /** Something was read, or the connection is another one. That the broker took a Subscribe says nothing: the read comes after. */
  #wentOn(): void {
    this.#backoff.reset();
    this.#failingSinceMs = -1;
    this.#isFailureTold = false;
  }

  #goOnAt(offset: number): void {
    if (offset > this.#nextOffset) this.#wentOn();
    this.#nextOffset = offset;
    this.#start = { start: Start.Offset, value: offset };
  }

  #checkEnd(): void {
    if (this.#isDone || this.#endOffset < 0 || this.#nextOffset < this.#endOffset) return;
    this.close();
    this.#owner.reachedEnd(this);
  }

  /** @param nextOffset by the batch's own header, which may be what is damaged */
  #damaged(nextOffset: number): void {
    const error = damagedBatch(this, { offset: this.position, nextOffset });
    const isPlausible = nextOffset > this.#nextOffset && nextOffset <= this.highWatermark;
    if (this.#owner.settings.onCorrupt === "stop" || !isPlausible) {
      this.#fail(error);
      return;
    }
    this.#skipped(nextOffset, error);
    this.#goOnAt(nextOffset);
    this.#checkEnd();
  }

  #skipped(nextOffset: number, error: BrokerError): void {
    const { topic, partition } = this;
    // A start that is not known yet is wherever the batch begins, which only the broker could say.
    const offset = this.#nextOffset < 0 ? nextOffset : this.#nextOffset;
    const { onSkip } = this.#owner.settings;
    if (onSkip !== null) callUser(onSkip, { topic, partition, offset, nextOffset, error: located(error, this) });
    this.passed(nextOffset);
  }

  #settlePassed(): void {
    if (this.#held === 0 && this.#passedOffset > this.doneOffset) this.readTo(this.#passedOffset);
  }

  #fail(error: BrokerError): void {
    this.close();
    this.#owner.failed(error);
  }

  /** What came of a batch is dropped: it will come again from its beginning. */
  #forgetPartial(): void {
    this.#assembler = new SliceAssembler(this, this.#creditMax);
    if (this.#turnBytes === 0 || this.#isTurnComing) this.#leaveTurn();
  }

  #leaveTurn(): void {
    this.#turnBytes = 0;
    this.#isTurnComing = false;
    this.#owner.turns.leave(this);
  }

  /** A batch of this size is not held any more. */
  #settled(size: number): void {
    if (size === this.#turnBytes) this.#leaveTurn();
    this.#giveBack();
  }

  /**
   * Lets the broker send what there is room for again. It is told at half of the credit, so that it never has to wait; or
   * earlier, when that lets a batch become whole for which it has too little.
   */
  #giveBack(): void {
    if (this.#connection === null || this.#id === 0 || this.#isDone) return;
    const { size, filled, missing } = this.#assembler;
    if (size > this.#creditMax && this.#turnBytes === 0) this.#owner.turns.ask(this);
    const room = this.#creditMax + this.#turnBytes - this.#held - filled - this.#credit;
    const completes = missing > this.#credit && missing <= this.#credit + room;
    if (2 * room < this.#creditMax && !completes) return;
    const frame = new Uint8Array(HEADROOM + CREDIT_FRAME_SIZE);
    writeCredit(frame, HEADROOM, this.#id, room);
    this.#credit += room;
    this.#connection.send(frame, HEADROOM, CREDIT_FRAME_SIZE);
  }
}
