/**
 * Reads a topic's partitions, in one of three ways: `forEach` calls back per record with a reused cursor and is the
 * fastest, `batches` hands out batches, and the consumer itself is an async iterable of records as objects.
 *
 * Promises
 * - Of a partition every record comes once and in order, whatever connections are lost; nothing at or above the high
 *   watermark comes.
 * - What is under way and not read is bounded by `bufferBytes` and one batch: who reads slowly slows only himself.
 *
 * A consumer is read once, in one way. Where it stands is told by `positions`; another one goes on with its `offsets`.
 */
import { BrokerError } from "../base/errors.ts";
import { partitionOption, requireOption } from "../base/options.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { BatchCursor } from "./batch-cursor.ts";
import type { ConsumedRecord } from "./consumed-record.ts";
import { ConsumerFeed, type InPlaceReader, type ReadableBatch } from "./consumer-feed.ts";
import { type ConsumerOptions, type ConsumerSettings, consumerSettings } from "./consumer-options.ts";
import type { ConnectSettings } from "./options.ts";
import { PausedPartitions } from "./paused-partitions.ts";
import { RecordBatch } from "./record-batch.ts";
import type { RecordCursor } from "./record-cursor.ts";
import { RecordIterator } from "./record-iterator.ts";
import type { Subscription } from "./subscription.ts";

export interface PartitionPosition {
  readonly partition: number;
  /** Of the next record that will be handed out; -1: not known yet. */
  readonly offset: number;
  /** First offset that cannot be read yet, as last heard: the lag is the difference. */
  readonly highWatermark: number;
  readonly paused: boolean;
}

export class Consumer implements AsyncIterable<ConsumedRecord> {
  readonly #connect: ConnectSettings;
  readonly #settings: ConsumerSettings;
  readonly #crc32c: Crc32c;
  readonly #ended: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #paused = new PausedPartitions();
  readonly #onAbort = (): void => this.#end(this.#signal?.reason);
  #feed: ConsumerFeed | null = null;
  #isEnded = false;
  /** Reading was ended, or some partition was paused since this was false: whoever walks a batch has to look. */
  #isInterrupted = false;
  /** Where the callback is. */
  #walked: { readonly subscription: Subscription; readonly cursor: RecordCursor } | null = null;
  /** It was ended within a batch. */
  #isCut = false;
  #closing: Promise<void> | null = null;

  /**
   * Use `Client.consumer`.
   *
   * @param ended called when it was closed, or was read to its end
   * @throws BrokerError INVALID_OPTION, INVALID_TOPIC
   */
  constructor(connect: ConnectSettings, options: ConsumerOptions, crc32c: Crc32c, ended: () => void) {
    this.#connect = connect;
    this.#settings = consumerSettings(options);
    this.#crc32c = crc32c;
    this.#ended = ended;
    this.#signal = options.signal;
  }

  /** Where reading stands, by partition; empty before it began. */
  get positions(): readonly PartitionPosition[] {
    const subscriptions = this.#feed?.subscriptions ?? [];
    return subscriptions.map((subscription) => {
      const { partition, position, highWatermark } = subscription;
      const offset = subscription === this.#walked?.subscription ? this.#walked.cursor.offset + 1 : position;
      return { partition, offset, highWatermark, paused: this.#paused.has(partition) };
    });
  }

  /**
   * Where a consumer that is given them as `offsets` goes on, as far as it is known. Nothing is left out: a record, or a batch,
   * counts as read when the callback has returned or the loop has asked for the next one. So what a loop is left with, by
   * `break` or an error, comes again; after `close()` within the loop it does not. Give that consumer `from: "earliest"`, too,
   * for partitions of which nothing is known yet.
   */
  get offsets(): Record<number, number> {
    const offsets: Record<number, number> = { ...this.#settings.offsets };
    for (const subscription of this.#feed?.subscriptions ?? []) {
      const { partition, doneOffset } = subscription;
      if (doneOffset >= 0) offsets[partition] = doneOffset;
      if (subscription === this.#walked?.subscription) offsets[partition] = this.#walked.cursor.offset;
    }
    return offsets;
  }

  /**
   * Hands out nothing more of some partitions, not even the rest of a batch that is being walked, while the others go on.
   * What the broker has sent of them is kept, and counts in their share of `bufferBytes`: more than that it does not send, but
   * for the rest of one batch that is larger.
   * Paused partitions do not end: with `until: "end"` reading ends after `resume`.
   *
   * @param partitions default: all, also those that are added to the topic later
   * @throws BrokerError INVALID_OPTION
   */
  pause(partitions?: readonly number[]): void {
    this.#setPaused(true, partitions);
    this.#isInterrupted = true;
  }

  /**
   * Goes on where `pause` stopped.
   *
   * @param partitions default: all
   * @throws BrokerError INVALID_OPTION
   */
  resume(partitions?: readonly number[]): void {
    this.#setPaused(false, partitions);
  }

  /**
   * Calls back for each record, until `close`, the end (`until: "end"`) or an error. Batches are walked where the socket
   * has put them, without a copy.
   *
   * @param visit gets the same cursor again and again; it is valid until `visit` returns. What it throws ends reading. It is
   *   not awaited: one that returns a promise ends reading, too
   * @throws BrokerError INVALID_OPTION  `visit` is no function, or asynchronous
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, OFFSET_OUT_OF_RANGE, CORRUPT_BATCH, UNSUPPORTED_COMPRESSION
   * @throws what `visit` throws, or the signal's reason
   */
  async forEach(visit: (record: RecordCursor) => void): Promise<void> {
    requireOption(typeof visit === "function", `forEach calls a function, not ${typeof visit}`);
    const cursor = new BatchCursor();
    const feed = this.#begin((batch) => {
      try {
        this.#walk(batch, cursor, visit);
      } catch (error) {
        this.#end(error);
      }
    });
    try {
      for (let batch = await feed.pull(); batch !== null; batch = await feed.pull())
        if (feed.isStillDue(batch)) this.#walk(batch, cursor, visit);
      if (this.#isCut) feed.throwEnd();
    } finally {
      await this.close();
    }
  }

  /**
   * Hands out batches, until the loop is left, `close`, the end (`until: "end"`) or an error.
   *
   * @throws as `forEach` does
   */
  async *batches(): AsyncGenerator<RecordBatch, void, undefined> {
    const feed = this.#begin(null);
    try {
      for (let batch = await feed.pull(); batch !== null; batch = await feed.pull()) {
        if (!feed.isStillDue(batch)) continue;
        batch.subscription.position = batch.header.nextOffset;
        yield new RecordBatch(batch);
        feed.consumed(batch, null);
      }
    } finally {
      await this.close();
    }
  }

  /**
   * Hands out records as objects, until the loop is left, `close`, the end (`until: "end"`) or an error.
   *
   * @throws as `forEach` does
   */
  [Symbol.asyncIterator](): AsyncIterator<ConsumedRecord, undefined> {
    return new RecordIterator(this.#begin(null), () => this.close());
  }

  /** Ends reading, and closes the connection. Who reads comes to the end of the loop. */
  close(): Promise<void> {
    this.#isEnded = true;
    this.#isInterrupted = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#closing ??= (this.#feed?.close() ?? Promise.resolve()).then(this.#ended);
    return this.#closing;
  }

  /**
   * Ends reading at once, and closes the connection.
   *
   * @param reason what whoever reads gets as an exception
   */
  abort(reason: BrokerError = new BrokerError("CLOSED", "the consumer was aborted")): Promise<void> {
    this.#end(reason);
    return this.close();
  }

  #begin(inPlace: InPlaceReader | null): ConsumerFeed {
    if (this.#feed !== null) throw new BrokerError("INVALID_REQUEST", "a consumer is read once; make another one");
    if (this.#isEnded) throw new BrokerError("CLOSED", "the consumer is closed");
    this.#signal?.throwIfAborted();
    this.#signal?.addEventListener("abort", this.#onAbort);
    this.#feed = new ConsumerFeed(this.#connect, this.#settings, this.#crc32c, this.#paused, inPlace);
    return this.#feed;
  }

  #setPaused(isPaused: boolean, partitions: readonly number[] | undefined): void {
    requireOption(partitions === undefined || Array.isArray(partitions), "partitions is a list of partitions");
    for (const partition of partitions ?? []) partitionOption("a partition of partitions", partition);
    this.#paused.set(isPaused, partitions);
    this.#feed?.pausedChanged();
  }

  #walk(batch: ReadableBatch, cursor: BatchCursor, visit: (record: RecordCursor) => void): void {
    const { subscription } = batch;
    cursor.open(batch);
    this.#walked = { subscription, cursor };
    try {
      while (cursor.next()) {
        // Typed as void, which a function that returns a promise may be given for.
        const returned: unknown = visit(cursor);
        if (returned !== undefined && isThenable(returned)) refuseAsynchronous(returned);
        if (!this.#isInterrupted) continue;
        if (this.#isEnded || this.#feed!.holdsBack(batch, cursor.offset + 1)) {
          subscription.readTo(cursor.offset + 1);
          this.#isCut ||= this.#isEnded && cursor.offset + 1 < batch.header.nextOffset;
          return;
        }
        this.#isInterrupted = false;
      }
    } catch (error) {
      subscription.readTo(cursor.offset);
      throw error;
    } finally {
      this.#walked = null;
    }
    this.#feed!.consumed(batch, cursor.fault);
  }

  /** @param error null is a reason, too, and no way to say that there is none */
  #end(error: unknown): void {
    this.#isEnded = true;
    this.#isInterrupted = true;
    this.#feed?.end(error ?? new BrokerError("CLOSED", `reading was ended by ${error}`));
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function refuseAsynchronous(returned: PromiseLike<unknown>): never {
  Promise.resolve(returned).catch(() => {}); // What it fails with is not the point.
  const ways = "read by `for await (const record of consumer)`, or by batches()";
  throw new BrokerError("INVALID_OPTION", `forEach does not wait for its callback, which is asynchronous: ${ways}`);
}
