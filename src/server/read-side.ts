/**
 * The reading side of one connection: its subscriptions and fetches, and the slices that leave in turn while the socket takes
 * them. A slice is sent in the turn that read it, so nothing keeps an address (contract H2).
 */
import { BrokerError } from "../base/errors.ts";
import { topicIdFromBytes } from "../base/topic-id.ts";
import type { Offset } from "../base/units.ts";
import type { Broker } from "../broker/broker.ts";
import type { Partition } from "../broker/partition.ts";
import type { DataEncoder, DataHeader } from "../protocol/data.ts";
import type { Encodable } from "../protocol/field-codec.ts";
import type { Fetch, Subscribe, SubscribeResult } from "../protocol/generated/messages.ts";
import type { ClientSocket } from "./client-socket.ts";
import { type DataStream, FetchAnswer, type StreamHost, Subscription } from "./data-streams.ts";
import { checkLeaderEpoch, resolveWithNumbers } from "./requests.ts";

const SUBSCRIPTIONS_MAX = 10_000;
const FETCHES_MAX = 1000;
/** Slices sent in one turn, so that other connections get theirs. */
const SLICES_PER_TURN = 4;

export interface ReadSideOwner {
  /** There may be something to send: `flush` is to be called soon. */
  wantsFlush(): void;
  subscribed(correlation: number, result: Encodable<SubscribeResult>): void;
  /** A subscription ended by itself: the client is to be told. */
  subscriptionEnded(id: number, error: BrokerError): void;
  fetchFailed(correlation: number, error: BrokerError): void;
}

export class ReadSide implements StreamHost {
  readonly #broker: Broker;
  readonly #socket: ClientSocket;
  readonly #encoder: DataEncoder;
  readonly #owner: ReadSideOwner;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #fetches = new Set<FetchAnswer>();
  /** Streams that may have something to send, in turn. */
  readonly #ready = new Set<DataStream>();
  #closed = false;

  constructor(broker: Broker, socket: ClientSocket, encoder: DataEncoder, owner: ReadSideOwner) {
    this.#broker = broker;
    this.#socket = socket;
    this.#encoder = encoder;
    this.#owner = owner;
  }

  /** Data frames follow. @throws BrokerError OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_ID, BUSY, ... */
  async fetch(correlation: number, body: Fetch): Promise<null> {
    if (this.#fetches.size >= FETCHES_MAX)
      throw new BrokerError("BUSY", `${FETCHES_MAX} fetches of this connection are open`);
    const partition = this.#find(body);
    const offset = await resolveWithNumbers(this.#broker, partition, body);
    if (this.#closed) return null;
    const answer = new FetchAnswer(correlation, this, body);
    this.#fetches.add(answer);
    answer.start(this.#broker.reader(partition, offset, answer, body.readCommitted));
    return null;
  }

  /**
   * The answer goes out when the start is known, slices follow.
   *
   * @throws BrokerError INVALID_REQUEST, LIMIT_EXCEEDED, OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_ID, ...
   */
  async subscribe(correlation: number, body: Subscribe): Promise<null> {
    const id = body.subscription;
    if (id === 0 || this.#subscriptions.has(id)) {
      throw new BrokerError("INVALID_REQUEST", `subscription id ${id} is 0 or in use`);
    }
    if (this.#subscriptions.size >= SUBSCRIPTIONS_MAX) {
      throw new BrokerError("LIMIT_EXCEEDED", `a connection has at most ${SUBSCRIPTIONS_MAX} subscriptions`);
    }
    const partition = this.#find(body);
    const subscription = new Subscription(id, this, body.credit);
    this.#subscriptions.set(id, subscription);
    const isWanted = (): boolean => this.#subscriptions.get(id) === subscription;
    const offset = await resolveWithNumbers(this.#broker, partition, body).catch((error: unknown) => {
      if (isWanted()) this.#subscriptions.delete(id);
      throw error;
    });
    if (this.#closed) return null;
    if (!isWanted()) throw new BrokerError("INVALID_REQUEST", `subscription ${id} was given up before it began`);
    const { leaderEpoch, logStartOffset, highWatermark, lastStableOffset } = partition;
    this.#owner.subscribed(correlation, {
      offset: offset as Offset,
      leaderEpoch,
      logStartOffset: logStartOffset as Offset,
      highWatermark: highWatermark as Offset,
      lastStableOffset: lastStableOffset as Offset,
    });
    subscription.start(this.#broker.reader(partition, offset, subscription, body.readCommitted));
    return null;
  }

  unsubscribe(id: number): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    subscription.close();
    this.#subscriptions.delete(id);
    this.#ready.delete(subscription);
  }

  addCredit(id: number, bytes: number): void {
    this.#subscriptions.get(id)?.addCredit(bytes);
  }

  /** Sends slices while the socket takes them; the rest waits for `drained`. */
  flush(): void {
    let slices = 0;
    for (const stream of this.#ready) {
      if (this.#socket.bufferedBytes > 0) return;
      this.#ready.delete(stream);
      if (!stream.step()) continue;
      this.#ready.add(stream);
      if (++slices === SLICES_PER_TURN) break;
    }
    if (this.#ready.size > 0) this.#owner.wantsFlush();
  }

  /** The socket has sent what it had. */
  drained(): void {
    if (this.#ready.size > 0) this.#owner.wantsFlush();
  }

  close(): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions.values()) subscription.close();
    for (const fetch of this.#fetches) fetch.close();
    this.#subscriptions.clear();
    this.#fetches.clear();
    this.#ready.clear();
  }

  sendData(correlation: number, header: DataHeader, address: number, length: number): void {
    const prefix = this.#encoder.encodePrefix(correlation, header, length);
    this.#socket.sendPieces(prefix, this.#broker.store.memory.bytes.subarray(address, address + length));
  }

  ready(stream: DataStream): void {
    this.#ready.add(stream);
    this.#owner.wantsFlush();
  }

  ended(stream: DataStream, error: BrokerError | null): void {
    this.#ready.delete(stream);
    if (stream instanceof FetchAnswer) {
      this.#fetches.delete(stream);
      if (error !== null) this.#owner.fetchFailed(stream.correlation, error);
    } else if (stream instanceof Subscription) {
      if (this.#subscriptions.get(stream.id) !== stream) return;
      this.#subscriptions.delete(stream.id);
      if (error !== null) this.#owner.subscriptionEnded(stream.id, error);
    }
  }

  #find({ topicId, partition: index, leaderEpoch }: Fetch | Subscribe): Partition {
    const partition = this.#broker.topics.partition(topicIdFromBytes(topicId), index);
    checkLeaderEpoch(partition, leaderEpoch);
    return partition;
  }
}
