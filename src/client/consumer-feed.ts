/**
 * A consumer's connection and its subscriptions, and the batches that wait to be read. Batches come from all partitions
 * through one queue; what may be in it is bounded by the credit that the broker has.
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { KIB } from "../base/units.ts";
import type { DataReader } from "../protocol/data.ts";
import { Start } from "../protocol/generated/wire.ts";
import type { Message } from "../protocol/messages.ts";
import type { FrameReader } from "../protocol/verifier.ts";
import { brokerError } from "../protocol/wire-error.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { BATCH_HEADER_SIZE, CODEC_NONE } from "../wasm/layout.ts";
import { retry } from "./backoff.ts";
import type { WalkableBatch } from "./batch-cursor.ts";
import { BatchHeader } from "./batch-header.ts";
import { decompressedRecords } from "./batch-records.ts";
import { Channel, type ChannelOwner } from "./channel.ts";
import type { Connection } from "./connection.ts";
import { type ConsumerSettings, EARLIEST, type SkippedOffsets, type StartValue } from "./consumer-options.ts";
import { LargeTurns } from "./large-turns.ts";
import { located } from "./located-error.ts";
import type { ConnectSettings } from "./options.ts";
import type { PausedPartitions } from "./paused-partitions.ts";
import { PullQueue } from "./pull-queue.ts";
import { SubscribeTurns } from "./subscribe-turns.ts";
import { type DueBatch, Subscription, type SubscriptionOwner } from "./subscription.ts";
import { describedTopic, topicInfo } from "./topics.ts";
import { callUser } from "./user-callback.ts";

/** Less would cut every slice short. */
const CREDIT_MIN: number = 256 * KIB;

export interface ReadableBatch extends WalkableBatch {
  readonly subscription: Subscription;
  /** As it was delivered. */
  readonly due: DueBatch;
}

/** Takes a batch as it arrives; its bytes and its header are only there until it returns. */
export type InPlaceReader = (batch: ReadableBatch) => void;

export class ConsumerFeed implements ChannelOwner, SubscriptionOwner {
  readonly settings: ConsumerSettings;
  readonly crc32c: Crc32c;
  readonly turns: LargeTurns;
  readonly subscribing: SubscribeTurns = new SubscribeTurns();
  readonly #channel: Channel;
  readonly #inPlace: InPlaceReader | null;
  readonly #paused: PausedPartitions;
  readonly #queue: PullQueue<DueBatch>;
  /** Subscriptions by the ids they have on this connection. */
  readonly #routes = new Map<number, Subscription>();
  #ended: { readonly error: unknown } | null = null;
  #connection: Connection | null = null;
  #subscriptions: readonly Subscription[] = [];
  #refresher: ReturnType<typeof setInterval> | undefined;
  #isRefreshing = false;

  /**
   * @param paused  partitions that are kept and not handed out; `pausedChanged` tells that they are others
   * @param inPlace reads batches as they arrive, unless others wait before them; null: all are pulled
   */
  constructor(
    connect: ConnectSettings,
    settings: ConsumerSettings,
    crc32c: Crc32c,
    paused: PausedPartitions,
    inPlace: InPlaceReader | null,
  ) {
    this.#paused = paused;
    this.turns = new LargeTurns((partition) => paused.has(partition));
    this.#queue = new PullQueue((batch) => this.#isPaused(batch));
    this.settings = settings;
    this.crc32c = crc32c;
    this.#inPlace = inPlace;
    this.#channel = new Channel(connect, 0, this);
    this.#subscribe(connect.requestTimeoutMs).catch((error: unknown) => this.failed(asBrokerError(error)));
  }

  get subscriptions(): readonly Subscription[] {
    return this.#subscriptions;
  }

  /**
   * Takes the next batch that was not read in place.
   *
   * @returns null: there is none and will be none
   * @throws BrokerError  reading cannot go on; or what `end` was given
   */
  async pull(): Promise<ReadableBatch | null> {
    for (;;) {
      const batch = await this.#queue.pull();
      if (batch === null) return null;
      const readable = await this.#readableOrSkipped(batch);
      if (this.isEnded) {
        this.throwEnd();
        return null;
      }
      if (readable === null) continue;
      if (!this.#isPaused(batch)) return readable;
      this.#queue.putBack(batch);
    }
  }

  /**
   * If the batch's partition is paused, keeps what is left of it.
   *
   * @param nextOffset where that begins
   * @returns false: it is not paused, or nothing is left, or reading was ended
   */
  holdsBack({ due, header }: ReadableBatch, nextOffset: number): boolean {
    if (this.isEnded || !this.#isPaused(due) || nextOffset >= header.nextOffset) return false;
    this.#queue.putBack({ ...owned(due), fromOffset: nextOffset, fromTime: Number.NEGATIVE_INFINITY });
    return true;
  }

  /**
   * For who pulled a batch, and begins with it a moment later.
   *
   * @returns false: reading was ended meanwhile, or its partition was paused, and it comes again
   * @throws what `end` was given
   */
  isStillDue({ due }: ReadableBatch): boolean {
    if (this.isEnded) this.throwEnd();
    else if (this.#isPaused(due)) this.#queue.putBack(due);
    else return true;
    return false;
  }

  /** Nothing more is to be handed out, not even of a batch that was pulled. */
  get isEnded(): boolean {
    return this.#ended !== null;
  }

  /** For who had not read all that was there. @throws what `end` was given */
  throwEnd(): void {
    const error = this.#ended?.error ?? null;
    if (error !== null) throw error;
  }

  /** Other partitions are paused now. */
  pausedChanged(): void {
    this.#queue.wake();
    this.turns.wake();
  }

  /**
   * A batch was read.
   *
   * @param fault why not all of it could be read; null: nothing was wrong
   * @throws BrokerError  the fault, unless such batches are skipped
   */
  consumed({ subscription, header, due }: ReadableBatch, fault: BrokerError | null): void {
    if (fault !== null && this.settings.onCorrupt === "stop") throw fault;
    if (fault !== null) this.#tellSkipped(fault);
    subscription.readTo(header.nextOffset);
    subscription.consumed(due.size);
  }

  /**
   * Ends reading at once.
   *
   * @param error what `pull` throws; null: it returns null
   */
  end(error: unknown): void {
    this.#ended ??= { error };
    this.#queue.stop(error);
    this.#closeAll();
  }

  /** Ends reading, and closes the connection. */
  close(): Promise<void> {
    this.end(null);
    return this.#channel.close();
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    connection.batch(() => {
      for (const subscription of this.#subscriptions) subscription.connected(connection);
    });
    if (this.#refresher !== undefined) void this.#refresh();
  }

  disconnected(): void {
    this.#connection = null;
    this.#routes.clear();
    this.subscribing.clear();
    for (const subscription of this.#subscriptions) subscription.disconnected();
  }

  data(data: DataReader, frame: FrameReader): void {
    this.#routes.get(data.subscription)?.data(data, frame);
  }

  message(message: Message): void {
    switch (message.type) {
      case "SubscribeResult":
        this.#routes.get(message.correlation)?.subscribed(message.body);
        break;
      case "Error":
        this.#routes.get(message.correlation)?.ended(brokerError(message.body));
        break;
      case "SubscriptionEnd":
        this.#routes.get(message.body.subscription)?.ended(brokerError(message.body.error));
        break;
      case "Done":
      case "Window":
        break;
      default:
        throw new BrokerError("PROTOCOL_VIOLATION", `the broker sent a consumer ${message.type}`);
    }
  }

  /** Also what a subscription tells that cannot go on: what was delivered before is read before. */
  failed(error: BrokerError): void {
    this.#queue.end(error);
    this.#closeAll();
  }

  route(id: number, subscription: Subscription): void {
    this.#routes.set(id, subscription);
  }

  unroute(id: number): void {
    this.#routes.delete(id);
  }

  deliver(batch: DueBatch, header: BatchHeader): void {
    const { subscription, bytes, at, size, fromOffset, fromTime } = batch;
    const isNext = this.#inPlace !== null && this.#queue.isAwaited && !this.#isPaused(batch);
    if (isNext && header.codec === CODEC_NONE) {
      const { topic, partition } = subscription;
      const records = { bytes, at: at + BATCH_HEADER_SIZE, end: at + size };
      this.#inPlace!({ subscription, due: batch, topic, partition, header, ...records, fromOffset, fromTime });
      return;
    }
    this.#queue.push(owned(batch));
  }

  reachedEnd(): void {
    if (this.#subscriptions.every(({ isDone }) => isDone)) this.#queue.end(null);
  }

  async #subscribe(timeoutMs: number): Promise<void> {
    const { topic, partitions, from, offsets, untilEnd, metadataMaxAgeMs } = this.settings;
    const info = await retry(() => topicInfo(this.#channel, topic, false), timeoutMs);
    const { topicId, partitionCount } = describedTopic(info);
    const chosen = partitions ?? Array.from({ length: partitionCount }, (_, partition) => partition);
    const named = [...chosen, ...Object.keys(offsets).map(Number)];
    const missing = named.find((partition) => partition >= partitionCount);
    if (missing !== undefined)
      throw new BrokerError(
        "UNKNOWN_TOPIC_OR_PARTITION",
        `there is no partition ${missing} in topic ${topic} (partition count: ${partitionCount})`,
      );
    if (this.#queue.isEnded) return;
    this.#add(chosen, topicId, from);
    // What was not there when reading began is not waited for.
    if (partitions === null && !untilEnd) this.#refresher = setInterval(() => void this.#refresh(), metadataMaxAgeMs);
  }

  /** Reads these partitions, too; the credit is divided anew. */
  #add(partitions: readonly number[], topicId: Uint8Array, from: StartValue): void {
    const { topic, offsets, bufferBytes } = this.settings;
    const count = this.#subscriptions.length + partitions.length;
    const credit = Math.max(CREDIT_MIN, Math.floor(bufferBytes / count));
    const added = partitions.map((partition) => {
      const offset = offsets[partition];
      const start = offset === undefined ? from : { start: Start.Offset, value: offset };
      return new Subscription(topic, topicId, partition, start, credit, this);
    });
    for (const subscription of this.#subscriptions) subscription.limitCredit(credit);
    this.#subscriptions = [...this.#subscriptions, ...added];
    const connection = this.#connection;
    connection?.batch(() => {
      for (const subscription of added) subscription.connected(connection);
    });
  }

  /** Looks for partitions that were added to the topic. */
  async #refresh(): Promise<void> {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    try {
      const { topicId, partitionCount } = describedTopic(await topicInfo(this.#channel, this.settings.topic, false));
      const known = this.#subscriptions.length;
      // Another topic of that name is not this consumer's: the subscriptions are told that theirs is gone.
      const isSame = this.#subscriptions[0]!.topicId.every((byte, index) => byte === topicId[index]);
      if (this.#queue.isEnded || !isSame || partitionCount <= known) return;
      this.#add(
        Array.from({ length: partitionCount - known }, (_, index) => known + index),
        topicId,
        EARLIEST,
      );
    } catch {
      // It is asked again; what is wrong for good the subscriptions are told.
    } finally {
      this.#isRefreshing = false;
    }
  }

  #closeAll(): void {
    clearInterval(this.#refresher);
    this.subscribing.clear(); // Or each that is closed would let another one ask first.
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #isPaused({ subscription }: DueBatch): boolean {
    return this.#paused.has(subscription.partition);
  }

  /** @returns null: it cannot be read, and is skipped. @throws BrokerError  it cannot be read */
  async #readableOrSkipped(batch: DueBatch): Promise<ReadableBatch | null> {
    try {
      return await this.#readable(batch);
    } catch (error) {
      if (!this.#skips(error)) throw error;
      this.#tellSkipped(error);
      batch.subscription.passed(Number(error.details["nextOffset"]));
      batch.subscription.consumed(batch.size);
      return null;
    }
  }

  async #readable(due: DueBatch): Promise<ReadableBatch> {
    const { subscription, bytes, at, fromOffset, fromTime } = due;
    const { topic, partition } = subscription;
    const header = new BatchHeader();
    header.read(bytes, at);
    try {
      const records = await decompressedRecords(header, bytes, at, this.settings.decompressedBytesMax);
      return { subscription, due, topic, partition, header, ...records, fromOffset, fromTime };
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      const offset = Math.max(header.baseOffset, fromOffset);
      throw located(error, subscription, { offset, nextOffset: header.nextOffset });
    }
  }

  /** @param error of a batch, whose details say where it is */
  #tellSkipped(error: BrokerError): void {
    const { onSkip } = this.settings;
    if (onSkip === null) return;
    const { topic, partition, offset, nextOffset } = error.details as unknown as Omit<SkippedOffsets, "error">;
    callUser(onSkip, { topic, partition, offset, nextOffset, error });
  }

  #skips(error: unknown): error is BrokerError {
    return this.settings.onCorrupt === "skip" && error instanceof BrokerError && error.code === "CORRUPT_BATCH";
  }
}

/** The batch, with bytes of its own. */
function owned(batch: DueBatch): DueBatch {
  const { bytes, at, size, isOwned } = batch;
  return isOwned ? batch : { ...batch, bytes: bytes.slice(at, at + size), at: 0, isOwned: true };
}
