/** A broker, as an app sees it: its topics, and producers and consumers, each with a connection of its own. */
import { BrokerError } from "../base/errors.ts";
import { partitionOption, topicOption } from "../base/options.ts";
import type { Offset, Timestamp } from "../base/units.ts";
import type { ListOffsetResult, StatsResult } from "../protocol/generated/messages.ts";
import { Channel } from "./channel.ts";
import { type ClientCore, clientCore } from "./client-core.ts";
import { Consumer } from "./consumer.ts";
import { type ConsumerOptions, type StartPosition, startValue } from "./consumer-options.ts";
import { type FetchOptions, type FetchResult, fetchRecords, fetchSettings } from "./fetch.ts";
import { type ConnectOptions, type ConnectSettings, connectSettings } from "./options.ts";
import { Producer } from "./producer.ts";
import type { ProducerOptions } from "./producer-options.ts";
import { TopicIds } from "./topic-ids.ts";
import { Topics } from "./topics.ts";
import { untilAborted, type WaitOptions } from "./until-aborted.ts";

export interface OffsetResult {
  /** Of the first record that would be read; that of the next one to be written, if there is none. */
  readonly offset: number;
  /** First offset that can be read. */
  readonly logStartOffset: number;
  /** First offset that cannot be read yet. */
  readonly highWatermark: number;
  /** Counts the leaders the partition has had. */
  readonly leaderEpoch: number;
}

/**
 * Connects to a broker.
 *
 * @throws BrokerError CONNECTION_LOST        there is none within connectTimeoutMs
 * @throws BrokerError AUTHENTICATION_FAILED, UNSUPPORTED_VERSION, PROTOCOL_VIOLATION, INVALID_OPTION
 * @throws the signal's reason
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  const settings = connectSettings(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const core = await clientCore();
  signal?.throwIfAborted();
  const client = new Client(settings, signal, core);
  try {
    await client.connected();
  } catch (error) {
    await client.close();
    signal?.throwIfAborted();
    throw error;
  }
  return client;
}

/** Use `connect`. Close it when it is not needed any more: until then it keeps the process alive. */
export class Client {
  /** What the broker has, and how to change it. */
  readonly topics: Topics;
  readonly #settings: ConnectSettings;
  readonly #signal: AbortSignal | undefined;
  readonly #core: ClientCore;
  readonly #channel: Channel;
  readonly #topicIds: TopicIds;
  readonly #producers = new Set<Producer>();
  readonly #consumers = new Set<Consumer>();
  readonly #abort = (): void => void this.#abortAll();
  /** By its signal. */
  #aborted: BrokerError | null = null;
  #closing: Promise<void> | null = null;

  /** Use `connect`. */
  constructor(settings: ConnectSettings, signal: AbortSignal | undefined, core: ClientCore) {
    this.#settings = settings;
    this.#signal = signal;
    this.#core = core;
    this.#channel = new Channel(settings, 0, {});
    this.#topicIds = new TopicIds(this.#channel);
    this.topics = new Topics(this.#channel);
    signal?.addEventListener("abort", this.#abort);
  }

  /** @throws BrokerError  there is no connection within connectTimeoutMs */
  async connected(): Promise<void> {
    await this.#channel.connected(this.#settings.connectTimeoutMs);
  }

  /**
   * Makes a producer, with a connection of its own. Close it when it is not needed any more.
   *
   * @throws BrokerError INVALID_OPTION, INVALID_TOPIC, UNSUPPORTED_COMPRESSION
   * @throws BrokerError CONNECTION_LOST             there is no connection within connectTimeoutMs
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION  about `options.topic`, if there is one; and as `Producer.prepare` does,
   *   which tries for deliveryTimeoutMs
   * @throws BrokerError CLOSED                      the client is
   * @throws the signal's reason
   */
  async producer(options: ProducerOptions = {}): Promise<Producer> {
    this.#checkOpen();
    // One that is over is let go, and its memory with it.
    const producer: Producer = new Producer(this.#settings, options, this.#core.module, () => {
      this.#producers.delete(producer);
    });
    this.#producers.add(producer);
    try {
      const { topic, signal } = options;
      signal?.throwIfAborted();
      await producer.connected(this.#settings.connectTimeoutMs, { signal });
      if (topic !== undefined) await producer.prepare(topic, { signal });
    } catch (error) {
      await producer.abort();
      throw error;
    }
    return producer;
  }

  /**
   * Makes a consumer. It connects when it is first read, and is closed when that is over.
   *
   * @throws BrokerError INVALID_OPTION, INVALID_TOPIC
   * @throws BrokerError CLOSED  the client is
   */
  consumer(options: ConsumerOptions): Consumer {
    this.#checkOpen();
    const consumer: Consumer = new Consumer(this.#settings, options, this.#core.crc32c, () => {
      this.#consumers.delete(consumer);
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  /**
   * Finds an offset: where reading from there would begin.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, OFFSET_OUT_OF_RANGE; and as all requests do (`Topics`)
   */
  async listOffset(
    topic: string,
    partition: number,
    position: StartPosition,
    options: WaitOptions = {},
  ): Promise<OffsetResult> {
    topicOption("topic", topic);
    partitionOption("partition", partition);
    const { start, value } = startValue(position);
    const find = (topicId: Uint8Array): Promise<ListOffsetResult> => {
      const body = { topicId, partition, start, value: value as Offset | Timestamp };
      return this.#channel.request("ListOffset", body, "ListOffsetResult");
    };
    const numbers = await untilAborted(options, () => this.#topicIds.use(topic, find));
    const { offset, logStartOffset, highWatermark, leaderEpoch } = numbers;
    return { offset, logStartOffset, highWatermark, leaderEpoch };
  }

  /**
   * Reads once, from one partition.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, OFFSET_OUT_OF_RANGE, CORRUPT_BATCH, UNSUPPORTED_COMPRESSION
   * @throws BrokerError as all requests do (`Topics`)
   */
  async fetch(options: FetchOptions): Promise<FetchResult> {
    const settings = fetchSettings(options);
    const run = (topicId: Uint8Array): Promise<FetchResult> =>
      fetchRecords(this.#channel, topicId, settings, this.#core.crc32c);
    return await untilAborted({ signal: options.signal }, () => this.#topicIds.use(settings.topic, run));
  }

  /** What the broker says of itself: an object. @throws BrokerError as all requests do (`Topics`) */
  async stats(options: WaitOptions = {}): Promise<unknown> {
    const request = (): Promise<StatsResult> => this.#channel.request("StatsRequest", {}, "StatsResult");
    const { json } = await untilAborted(options, request);
    try {
      return JSON.parse(json);
    } catch (error) {
      throw new BrokerError("PROTOCOL_VIOLATION", "the broker's stats are not JSON", { cause: error });
    }
  }

  /**
   * Closes producers, once what they have is acknowledged or given up, consumers and the connection.
   *
   * @throws BrokerError  as the producers' flush does
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const producers = await Promise.allSettled([...this.#producers].map((producer) => producer.close()));
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    await this.#channel.close();
    this.#signal?.removeEventListener("abort", this.#abort);
    const failed = producers.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  async #abortAll(): Promise<void> {
    const reason = new BrokerError("CLOSED", "the client was aborted", { cause: this.#signal?.reason });
    this.#aborted = reason;
    const parts = [...this.#producers, ...this.#consumers];
    await Promise.all([this.#channel.close(reason), ...parts.map((part) => part.abort(reason))]);
    // What was lost is told to whoever calls `close`; nobody hears of this.
    await this.close().catch(() => {});
  }

  #checkOpen(): void {
    if (this.#aborted !== null) throw this.#aborted;
    if (this.#closing !== null) throw new BrokerError("CLOSED", "the client is closed");
  }
}
