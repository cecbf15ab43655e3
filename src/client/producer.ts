/**
 * Sends records to topics, in batches.
 *
 * Promises
 * - In a partition the order is that of the calls, whatever is retried (unless `idempotent` is off).
 * - What is acknowledged is in the log once, as durable as its topic says.
 * - A record is settled within `deliveryTimeoutMs`: acknowledged, or failed with the reason.
 * - Memory is bounded by `bufferBytes`. When it is full `send` waits, and `enqueue` says so.
 *
 * Keys, values and headers are read during the call, and never kept; only what `send` cannot take at once is looked at
 * later, when its promise settles at the latest.
 */
import { assert } from "../base/assert.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { integerOption, TIMER_MS_MAX, topicOption } from "../base/options.ts";
import { checkTopicName } from "../base/topic-name.ts";
import { BATCH_HEADER_SIZE } from "../wasm/layout.ts";
import { retry } from "./backoff.ts";
import { BATCH_AT, Batch, type BatchOutcome, type RecordWaiter } from "./batch.ts";
import { BatchMemory } from "./batch-memory.ts";
import { type DeferredSend, DeferredSends, type Obstacle } from "./deferred-sends.ts";
import { Linger } from "./linger.ts";
import type { ConnectSettings } from "./options.ts";
import type { PartitionQueue, QueueOwner } from "./partition-queue.ts";
import { ProduceSender } from "./produce-sender.ts";
import { ProducerIdentities } from "./producer-identities.ts";
import { type ProducerOptions, type ProducerSettings, producerSettings } from "./producer-options.ts";
import { type Ack, checkFields, type ProducerRecord } from "./producer-record.ts";
import { ProducerTopic } from "./producer-topic.ts";
import { ProducerTopics } from "./producer-topics.ts";
import { RecordEncoder } from "./record-encoder.ts";
import { topicInfo } from "./topics.ts";
import { TurnClock } from "./turn-clock.ts";
import { type OnAbort, untilAborted, type WaitOptions } from "./until-aborted.ts";
import { callUser } from "./user-callback.ts";
import { Waiters } from "./waiters.ts";

const SWEEP_MS = 250;
/** Nothing is refused by limits that were heard of longer ago without asking whether they still hold. */
const LIMITS_MAX_AGE_MS = 1000;

export class Producer {
  readonly #settings: ProducerSettings;
  readonly #ended: () => void;
  readonly #sender: ProduceSender;
  readonly #queueOwner: QueueOwner;
  readonly #topics: ProducerTopics;
  readonly #memory: BatchMemory;
  readonly #encoder = new RecordEncoder();
  readonly #clock = new TurnClock();
  readonly #linger: Linger;
  readonly #deferred: DeferredSends;
  readonly #sweeper: ReturnType<typeof setInterval>;
  readonly #ready = new Waiters();
  /** What was lost of records that nobody waits for, since the last flush. */
  #lost: { readonly error: BrokerError; count: number } | null = null;
  /** Why nothing more is taken; what was taken before may still be on its way. */
  #end: BrokerError | null = null;
  /** Why nothing is on its way any more. */
  #failure: BrokerError | null = null;
  #closing: Promise<void> | null = null;

  /**
   * Use `Client.producer`.
   *
   * @param module the core for memory that is not shared
   * @param ended  called when nothing is on its way any more and nothing will be
   * @throws BrokerError INVALID_OPTION, INVALID_TOPIC, UNSUPPORTED_COMPRESSION
   */
  constructor(connect: ConnectSettings, options: ProducerOptions, module: WebAssembly.Module, ended: () => void) {
    const settings = producerSettings(options);
    const { bufferBytes, batchBytes, windowBytes, lingerMs } = settings;
    this.#settings = settings;
    this.#ended = ended;
    this.#memory = new BatchMemory(module, bufferBytes, batchBytes);
    this.#linger = new Linger(lingerMs);
    this.#deferred = new DeferredSends(bufferBytes);
    this.#topics = new ProducerTopics({
      load: (name) => this.#load(name),
      added: (queues) => {
        for (const queue of queues) this.#sender.add(queue);
      },
      lookedUp: (name, failure) => this.#lookedUp(name, failure),
    });
    this.#sender = new ProduceSender(connect, windowBytes, {
      connected: () => this.#topics.doubt(),
      failed: (error) => this.#fail(error),
    });
    this.#queueOwner = this.#ownQueues();
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Bytes of memory that batches take now. */
  get bufferedBytes(): number {
    return this.#memory.usedBytes;
  }

  /**
   * Sends a record.
   *
   * @returns resolves when the record is as durable as its topic promises
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC, MESSAGE_TOO_LARGE, INVALID_RECORD, INVALID_TIMESTAMP
   * @throws BrokerError REQUEST_TIMED_OUT  not acknowledged within deliveryTimeoutMs; it may be in the log or not
   * @throws BrokerError BUSY               too many sends wait for memory
   * @throws BrokerError CLOSED
   */
  send(record: ProducerRecord): Promise<Ack> {
    return new Promise((resolve, reject) => {
      if (this.#end !== null) throw this.#end;
      const topic = this.#topicName(record);
      // Those that are known have a name that is possible.
      if (this.#topics.get(topic) === undefined) checkTopicName(topic);
      checkFields(record);
      this.#send({ topic, record, resolve, reject });
    });
  }

  /**
   * Sends a record that nobody waits for: a tenth of the cost of `send`. What becomes of it is told by `flush`, and batch
   * by batch by `onAck` and `onError`. Of a batch's first record, fields that a record does not have are refused; the
   * others' are not looked at.
   *
   * @returns false: it was taken, but now the memory is full; await `ready` before the next one
   * @throws BrokerError BUSY                        it was not taken: the memory is full, or a `send` before it has to wait
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION  also for a topic that exists, if it was not made known by `prepare`
   * @throws BrokerError INVALID_TOPIC, MESSAGE_TOO_LARGE, INVALID_RECORD, INVALID_TIMESTAMP, CLOSED
   */
  enqueue(record: ProducerRecord): boolean {
    if (this.#end !== null) throw this.#end;
    const name = this.#topicName(record);
    const topic = this.#topics.get(name);
    if (topic === undefined) throw unknownTopic(name);
    if (this.#deferred.comesBefore(name))
      throw new BrokerError("BUSY", "what was sent before has to wait; await ready() before the next enqueue");
    this.#append(topic, record, null);
    if (!this.#isFull()) return true;
    this.#makeWay();
    return false;
  }

  /**
   * Waits until there is memory for more records, and no `send` that has to wait.
   *
   * @throws BrokerError CLOSED, or why the producer cannot go on
   * @throws the signal's reason
   */
  ready(options: WaitOptions = {}): Promise<void> {
    return untilAborted(options, (onAbort) => {
      if (this.#end !== null) throw this.#end;
      if (!this.#isFull() && this.#deferred.isEmpty) return;
      return this.#ready.wait(onAbort);
    });
  }

  /**
   * Waits until there is a connection; `Client.producer` has done so.
   *
   * @param timeoutMs how long
   * @throws BrokerError CONNECTION_LOST, CLOSED, AUTHENTICATION_FAILED, INVALID_OPTION
   * @throws the signal's reason
   */
  async connected(timeoutMs: number, options: WaitOptions = {}): Promise<void> {
    integerOption("timeoutMs", timeoutMs, 1, TIMER_MS_MAX);
    await untilAborted(options, () => this.#sender.channel.connected(timeoutMs));
  }

  /**
   * Makes a topic known, so that `enqueue` takes records for it. The producer's own topic is known from the start.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC, INVALID_OPTION, CLOSED
   * @throws BrokerError CONNECTION_LOST  there is no connection within requestTimeoutMs
   * @throws BrokerError CONNECTION_LOST, REQUEST_TIMED_OUT, SHUTTING_DOWN, BUSY  the last reason why the broker could not be
   *   asked, which is tried again for deliveryTimeoutMs
   * @throws the signal's reason
   */
  async prepare(topic: string, options: WaitOptions = {}): Promise<void> {
    topicOption("topic", topic);
    if (this.#end !== null) throw this.#end;
    await untilAborted(options, async () => {
      if (this.#topics.get(topic) !== undefined) return;
      await this.#sender.channel.connected();
      await this.#topics.lookUp(topic);
    });
  }

  /**
   * Waits until everything given so far is acknowledged or given up.
   *
   * @throws BrokerError the first reason why records of `enqueue` were lost since the last flush; `details.records` of them
   * @throws the signal's reason; what was lost is then told by the next flush
   */
  async flush(options: WaitOptions = {}): Promise<void> {
    await untilAborted(options, (onAbort) => this.#settleAll(onAbort));
    const lost = this.#lost;
    this.#lost = null;
    if (lost === null) return;
    const { code, message, details } = lost.error;
    throw new BrokerError(code, message, { details: { ...details, records: lost.count }, cause: lost.error });
  }

  /**
   * Takes no more records, waits for those it has as `flush` does, and closes the connection.
   *
   * @throws BrokerError as `flush` does
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * Closes without waiting.
   *
   * @param reason what those are told whose records are not acknowledged; these may be in the log or not
   */
  abort(reason: BrokerError = closedError()): Promise<void> {
    this.#fail(reason);
    return this.#sender.channel.close(reason);
  }

  async #close(): Promise<void> {
    this.#end ??= closedError();
    try {
      await this.flush();
    } finally {
      await this.abort();
    }
  }

  /** A method, since V8 calls its runtime for a private getter. */
  #isFull(): boolean {
    return this.#memory.isFull;
  }

  /** Memory is full. What is under way will give it back; where nothing is, what is open has to go. */
  #makeWay(): void {
    for (const queue of this.#topics.queues()) if (!queue.isIdle) return;
    for (const queue of this.#topics.queues()) queue.close();
  }

  #topicName(record: ProducerRecord): string {
    if (typeof record !== "object" || record === null)
      throw new BrokerError("INVALID_RECORD", `a record is an object such as { value: "text" }, not ${String(record)}`);
    const name = record.topic ?? this.#settings.topic;
    if (name === null) throw new BrokerError("INVALID_RECORD", "neither the record nor the producer names a topic");
    if (typeof name !== "string") throw new BrokerError("INVALID_RECORD", `a topic is text, not ${typeof name}`);
    return name;
  }

  #send(send: DeferredSend): void {
    const obstacle = this.#deferred.comesBefore(send.topic) ? "memory" : this.#take(send, null);
    if (obstacle === null) return;
    try {
      this.#deferred.push(send, obstacle);
      // To iterate its headers may have been the user's code, which may have ended this producer.
      if (this.#failure !== null) this.#deferred.rejectAll(this.#failure);
    } catch (error) {
      send.reject(asBrokerError(error));
    }
  }

  /**
   * Takes a record, or rejects it; or asks the broker whether what stands against it still holds.
   *
   * @param sinceMs since when it waits, by the monotonic clock; null: it was given just now
   * @returns what it has to wait for; null: it is done with
   */
  #take(send: DeferredSend, sinceMs: number | null): Obstacle | null {
    const topic = this.#topics.get(send.topic);
    try {
      if (this.#failure !== null) throw this.#failure;
      if (topic === undefined) return this.#ask(send.topic);
      const mayLack = topic.mayLack(send.record.partition);
      if (mayLack && (sinceMs === null || topic.isOlderThan(sinceMs))) return this.#ask(send.topic);
      if (this.#isFull()) this.#makeWay();
      if (this.#isFull() || !this.#appendSend(topic, send, sinceMs)) return "memory";
    } catch (error) {
      if (isByLimit(error) && topic?.isOlderThan(sinceMs ?? performance.now() - LIMITS_MAX_AGE_MS))
        return this.#ask(send.topic);
      send.reject(asBrokerError(error));
    }
    return null;
  }

  #ask(topic: string): Obstacle {
    void this.#topics.lookUp(topic);
    return "topic";
  }

  #lookedUp(topic: string, failure: BrokerError | null): void {
    const deferred = this.#deferred;
    if (failure === null) deferred.release(topic);
    else if (!failure.retriable) deferred.reject(topic, failure);
    // How long each of them may wait is for `expire` to say.
    else if (deferred.keep(topic, failure)) this.#ask(topic);
    this.#goOn();
  }

  /** @returns false: there is no memory for it until others are acknowledged */
  #appendSend(topic: ProducerTopic, { record, resolve, reject }: DeferredSend, sinceMs: number | null): boolean {
    const acknowledged: RecordWaiter["acknowledged"] = (
      { baseOffset, durability, duplicate },
      partition,
      index,
      timestamp,
    ) => {
      const offset = durability === null ? -1 : baseOffset + index;
      resolve({ topic: topic.name, partition, offset, timestamp, durability, duplicate });
    };
    try {
      const batch = this.#append(topic, record, { acknowledged, failed: reject });
      // What it has waited already counts.
      if (sinceMs !== null) batch.openedMs = Math.min(batch.openedMs, sinceMs);
      return true;
    } catch (error) {
      if (error instanceof BrokerError && error.code === "BUSY" && this.#memory.usedBytes > 0) return false;
      throw error;
    }
  }

  /** @returns the batch it went to */
  #append(topic: ProducerTopic, record: ProducerRecord, waiter: RecordWaiter | null): Batch {
    const encoder = this.#encoder;
    const { partition, key = null, value, headers } = record;
    const nowMs = this.#clock.now();
    const timestamp = record.timestamp ?? nowMs;
    if (timestamp !== nowMs) topic.checkTimestamp(timestamp, nowMs);
    const isPlain = headers === undefined && value instanceof Uint8Array && (key === null || key instanceof Uint8Array);
    if (!isPlain) encoder.take(record);
    const { taken } = encoder;
    let queue = topic.queueFor(partition, isPlain ? key : encoder.key());
    // A partitioner is the user's, and may have used or ended this producer.
    if (this.#failure !== null) throw this.#failure;
    if (isPlain && queue.open?.appendPlain(key, value, timestamp, waiter)) return queue.open;
    if (isPlain || encoder.taken !== taken) encoder.take(record);
    if (queue.open?.append(encoder, timestamp, waiter)) return queue.open;
    if (queue.open !== null) {
      queue = topic.queueAfter(queue, partition, encoder.key());
      if (queue.open?.append(encoder, timestamp, waiter)) return queue.open;
    }
    if (waiter === null) checkFields(record);
    return this.#appendToNew(queue, timestamp, waiter);
  }

  #appendToNew(queue: PartitionQueue, timestamp: number, waiter: RecordWaiter | null): Batch {
    const encoder = this.#encoder;
    const memory = this.#memory;
    const { topic, partition, batchBytesMax } = queue.target;
    const size = BATCH_HEADER_SIZE + encoder.size(0, 0);
    if (size > batchBytesMax) {
      this.#topics.doubt(topic); // It may have been raised.
      throw tooLarge(topic, size, batchBytesMax);
    }
    queue.close();
    const openedMs = performance.now();
    const sizeMax = Math.min(batchBytesMax, memory.blockSizeMax - BATCH_AT);
    const isLarge = size > sizeMax;
    const hint = Math.max(size, Math.min(sizeMax, queue.sizeHint));
    const batch = isLarge
      ? Batch.openLarge(memory, partition, size, openedMs)
      : (Batch.open(memory, partition, hint, sizeMax, openedMs) ??
        Batch.open(memory, partition, size, sizeMax, openedMs));
    if (batch === null) throw noMemory();
    const isTaken = batch.append(encoder, timestamp, waiter);
    assert(isTaken, "a new batch has room for its first record");
    if (isLarge) {
      queue.enqueue(batch);
    } else {
      queue.open = batch;
      this.#linger.opened(queue, openedMs);
    }
    return batch;
  }

  async #load(name: string): Promise<ProducerTopic> {
    const { acks, choice, deliveryTimeoutMs } = this.#settings;
    const info = await retry(() => topicInfo(this.#sender.channel, name, true), deliveryTimeoutMs);
    if (this.#failure !== null) throw this.#failure;
    // The window is given back by answers: so they are asked for even where nobody waits for them.
    return new ProducerTopic(info, acks === "all" ? -1 : 1, choice, this.#queueOwner);
  }

  #ownQueues(): QueueOwner {
    const { acks, isIdempotent, inFlightMax, compressor } = this.#settings;
    const sender = this.#sender;
    const identities = new ProducerIdentities(sender.channel);
    return {
      crc32c: this.#memory.crc32c,
      isIdempotent,
      inFlightMax,
      compressor,
      resends: acks !== 0,
      inlineMax: () => sender.inlineMax,
      identify: (previous, queue) => {
        const identity = previous === null ? identities.first() : identities.after(previous);
        identity.then(
          (found) => queue.identified(found),
          (error: unknown) => queue.unidentified(asBrokerError(error)),
        );
      },
      sendable: (queue) => sender.sendable(queue),
      acknowledged: (queue, batch, outcome) => this.#acknowledged(queue, batch, outcome),
      lost: (queue, batch, error) => this.#batchLost(queue, batch, error),
    };
  }

  #acknowledged(queue: PartitionQueue, { count }: Batch, { baseOffset, durability, duplicate }: BatchOutcome): void {
    const { onAck } = this.#settings;
    const { topic, partition } = queue.target;
    if (onAck !== null && durability !== null)
      callUser(onAck, { topic, partition, baseOffset, count, durability, duplicate });
    this.#settled(queue);
  }

  #batchLost(queue: PartitionQueue, { count, unwatchedCount }: Batch, error: BrokerError): void {
    const { onError, acks } = this.#settings;
    const { topic, topicId, partition } = queue.target;
    if (error.code === "UNKNOWN_TOPIC_OR_PARTITION") this.#topics.forget(topic, topicId);
    if (error.code === "MESSAGE_TOO_LARGE" || error.code === "INVALID_TIMESTAMP") this.#topics.doubt(topic);
    // With acks 0 nobody hears of it.
    if (acks !== 0) {
      if (this.#lost !== null) this.#lost.count += unwatchedCount;
      else if (unwatchedCount > 0) this.#lost = { error, count: unwatchedCount };
      if (onError !== null) callUser(onError, error, { topic, partition, count });
    }
    this.#settled(queue);
  }

  /** A batch is settled: others may go, and there is memory again. */
  #settled(queue: PartitionQueue): void {
    if (queue.isIdle) this.#linger.idle(queue);
    this.#goOn();
  }

  /** What waits may go on, perhaps. */
  #goOn(): void {
    this.#deferred.offer((send, sinceMs) => this.#take(send, sinceMs));
    if (this.#isFull()) this.#makeWay();
    if (this.#isFull() || !this.#deferred.isEmpty) return;
    this.#ready.resolveAll();
  }

  async #settleAll(onAbort: OnAbort): Promise<void> {
    const { pushed } = this.#deferred;
    while (this.#deferred.hasBefore(pushed)) {
      // They may wait for the memory of batches that would linger.
      for (const queue of this.#topics.queues()) queue.close();
      if (this.#deferred.hasBefore(pushed)) await this.#deferred.shrunk(onAbort);
    }
    await this.#settleBatches(onAbort);
  }

  /** Closes the open batches, and waits for all there are. */
  #settleBatches(onAbort: OnAbort): Promise<void> {
    const batches: Batch[] = [];
    for (const queue of this.#topics.queues()) {
      queue.close();
      batches.push(...queue.batches());
    }
    return new Promise((resolve) => {
      let left = batches.length;
      const settled = (): void => {
        if (--left === 0) resolve();
      };
      if (left === 0) resolve();
      for (const batch of batches) batch.onSettled(settled);
      onAbort(() => {
        for (const batch of batches) batch.offSettled(settled);
      });
    });
  }

  /** Gives up what has waited too long, and asks for what may be new. */
  #sweep(): void {
    const { deliveryTimeoutMs, metadataMaxAgeMs } = this.#settings;
    const nowMs = performance.now();
    this.#topics.refresh(nowMs - metadataMaxAgeMs);
    const sinceMs = nowMs - deliveryTimeoutMs;
    let isStuck = false;
    for (const queue of this.#topics.queues()) if (queue.expire(sinceMs)) isStuck = true;
    for (const queue of this.#topics.release()) this.#sender.remove(queue);
    // What the broker neither takes nor refuses is taken back with the connection.
    if (isStuck) this.#sender.channel.drop(new BrokerError("REQUEST_TIMED_OUT", "the broker did not answer in time"));
    this.#deferred.expire(sinceMs);
    this.#goOn();
  }

  #fail(error: BrokerError): void {
    if (this.#failure !== null) return; // Who is told of it here may abort, too.
    this.#end ??= error;
    this.#failure = error;
    clearInterval(this.#sweeper);
    this.#linger.stop();
    for (const queue of this.#topics.queues()) queue.fail(error);
    this.#deferred.rejectAll(error);
    this.#ready.rejectAll(error);
    this.#ended();
  }
}

/** @throws BrokerError INVALID_TOPIC  it cannot be known */
function unknownTopic(name: string): BrokerError {
  checkTopicName(name);
  return new BrokerError(
    "UNKNOWN_TOPIC_OR_PARTITION",
    `this producer does not know topic ${name}; await prepare("${name}")`,
  );
}

function noMemory(): BrokerError {
  return new BrokerError("BUSY", "the producer's memory is full; await ready() when enqueue returns false");
}

/** Was a record refused by a limit of its topic that may have been raised? */
function isByLimit(error: unknown): boolean {
  if (!(error instanceof BrokerError)) return false;
  return error.code === "MESSAGE_TOO_LARGE" || (error.code === "INVALID_TIMESTAMP" && "maxMs" in error.details);
}

function tooLarge(topic: string, size: number, sizeMax: number): BrokerError {
  const message = `a record takes a batch of ${size} bytes; topic ${topic} takes ${sizeMax} (max.message.bytes)`;
  return new BrokerError("MESSAGE_TOO_LARGE", message, { details: { topic, size } });
}

function closedError(): BrokerError {
  return new BrokerError("CLOSED", "the producer is closed");
}
