/**
 * One client of the binary protocol: frames in, frames out (schemas/cambium.fbs). A frame is handled in the callback that
 * brought it and nothing of it is kept; hot frames make no objects.
 *
 * Bad input gets a typed answer where the frame can be answered, and costs the connection where it cannot.
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { topicIdFromBytes } from "../base/topic-id.ts";
import type { Offset } from "../base/units.ts";
import type { Broker } from "../broker/broker.ts";
import type { Partition } from "../broker/partition.ts";
import type { ProduceOwner } from "../broker/request-table.ts";
import type { DataHeader } from "../protocol/data.ts";
import type { Encodable } from "../protocol/field-codec.ts";
import type { Bodies, Fetch, Hello, ProduceBegin, Subscribe } from "../protocol/generated/messages.ts";
import { Body } from "../protocol/generated/wire.ts";
import { BATCH_BYTES_INLINE_MAX, PROTOCOL_VERSION, REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import { type BodyName, decodeMessage, encodeMessage, type Message } from "../protocol/messages.ts";
import { violation } from "../protocol/verifier.ts";
import { errorBody } from "../protocol/wire-error.ts";
import { authenticate, type Principal } from "../security/principal.ts";
import {
  CLOSE_GOING_AWAY,
  CLOSE_POLICY,
  CLOSE_PROTOCOL_ERROR,
  type ClientSocket,
} from "./client-socket.ts";
import { type DataStream, FetchAnswer, type StreamHost, Subscription } from "./data-streams.ts";
import type { HotFrames } from "./hot-frames.ts";
import * as requests from "./requests.ts";
import { Uploads } from "./uploads.ts";
import { STANDING_WINDOW, type WindowBudget, type WindowHolder } from "./windows.ts";

/** What connections share. */
export interface ConnectionContext {
  readonly broker: Broker;
  readonly frames: HotFrames;
  readonly windows: WindowBudget;
  readonly identity: { readonly clusterId: Uint8Array; readonly nodeId: number; readonly name: string };
  monotonicMs(): number;
  stats(): unknown;
  /** The connection has answers or data to send: `flush` will be called soon. */
  wantsFlush(connection: Connection): void;
}

/** Requests of one connection that may be on their way at a time, produced batches aside. */
const REQUESTS_MAX = 1000;
const SUBSCRIPTIONS_MAX = 10_000;
/** A client that does not take its answers is cut off at this many unsent bytes. */
const UNSENT_BYTES_MAX = 32 * 1024 * 1024;
/** Slices sent in one turn, so that other connections get theirs. */
const SLICES_PER_TURN = 4;
/** Given to a client that does not say what window it wants. */
const WINDOW_DEFAULT = 1024 * 1024;

export class Connection implements ProduceOwner, StreamHost, WindowHolder {
  readonly #context: ConnectionContext;
  readonly #socket: ClientSocket;
  readonly #broker: Broker;
  readonly #frames: HotFrames;
  /** Takes the outcome of batches that want no answer. */
  readonly #silent: ProduceOwner = {
    produced: (_token, length) => this.#returnWindow(length),
    refused: (_token, length) => this.#returnWindow(length),
  };
  readonly #uploads: Uploads;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #fetches = new Set<FetchAnswer>();
  /** Streams that may have something to send, in turn. */
  readonly #ready = new Set<DataStream>();
  /** Acknowledgements of this round, as parallel arrays. */
  readonly #ackTokens: number[] = [];
  readonly #ackOffsets: number[] = [];
  readonly #ackPartitions: Partition[] = [];
  readonly #ackDuplicates: boolean[] = [];
  #principal: Principal | null = null;
  #granted = 0;
  #unacknowledged = 0;
  #lastUsedMs: number;
  #narrowing = false;
  #requests = 0;
  #closed = false;

  constructor(context: ConnectionContext, socket: ClientSocket) {
    this.#context = context;
    this.#socket = socket;
    this.#broker = context.broker;
    this.#frames = context.frames;
    this.#lastUsedMs = context.monotonicMs();
    const { store, pool } = context.broker;
    this.#uploads = new Uploads(store.memory.bytes, pool, (correlation, upload) => this.#send("ProduceGrant", correlation, { upload }));
  }

  /** Has said who it is. */
  get isWelcome(): boolean {
    return this.#principal !== null;
  }

  // ---- frames in

  /** @param bytes one message; the caller's again when this returns */
  receive(bytes: Uint8Array): void {
    const { reader } = this.#frames;
    const fault = reader.verify(bytes);
    try {
      if (fault !== null) throw violation(fault);
      if (this.#principal === null) this.#hello(decodeMessage(reader));
      else if (reader.bodyType === Body.Produce) this.#produce();
      else if (reader.bodyType === Body.Credit) this.#credit();
      else if (reader.bodyType === Body.ProducePart) this.#producePart();
      else this.#handle(decodeMessage(reader));
    } catch (error) {
      this.#refuse(reader.correlation, asBrokerError(error));
    }
  }

  #hello(message: Message): void {
    if (message.type !== "Hello") throw new BrokerError("PROTOCOL_VIOLATION", "the first frame must be Hello");
    const { version, window, mechanism, credentials }: Hello = message.body;
    if (version < 1) throw new BrokerError("UNSUPPORTED_VERSION", `this broker speaks version ${PROTOCOL_VERSION} of the protocol`);
    this.#principal = authenticate(mechanism ?? "", credentials ?? new Uint8Array(0));
    const wanted = window === 0 ? WINDOW_DEFAULT : window;
    this.#granted = this.#context.windows.take(this, Math.max(0, wanted - STANDING_WINDOW));
    const { clusterId, nodeId, name } = this.#context.identity;
    this.#send("Welcome", message.correlation, {
      version: Math.min(version, PROTOCOL_VERSION),
      clusterId,
      nodeId,
      incarnation: this.#broker.incarnation,
      broker: name,
      principal: this.#principal.name,
      window: this.#window,
      frameBytesMax: REQUEST_BYTES_MAX,
      batchBytesInlineMax: BATCH_BYTES_INLINE_MAX,
    });
  }

  #handle(message: Message): void {
    const broker = this.#broker;
    switch (message.type) {
      case "Fetch":
        return this.#answer(message.correlation, () => this.#fetch(message.correlation, message.body));
      case "Subscribe":
        return this.#answer(message.correlation, () => this.#subscribe(message.body));
      case "Unsubscribe":
        this.#subscriptions.get(message.body.subscription)?.close();
        this.#subscriptions.delete(message.body.subscription);
        return this.#send("Done", message.correlation, {});
      case "ProduceBegin":
        return this.#produceBegin(message.correlation, message.body);
      case "WindowRequest":
        return this.#context.windows.request(this, message.body.window - STANDING_WINDOW);
      case "WindowAck":
        return this.#narrowed(message.body.window);
      case "InitProducer":
        return this.#answer(message.correlation, () => requests.initProducer(broker, message.body));
      case "ListOffset":
        return this.#answer(message.correlation, () => requests.listOffset(broker, message.body));
      case "DescribeTopics":
        return this.#answer(message.correlation, () => requests.describeTopics(broker, message.body));
      case "CreateTopic":
        return this.#answer(message.correlation, () => requests.createTopic(broker, message.body));
      case "DeleteTopic":
        return this.#answer(message.correlation, () => requests.deleteTopic(broker, message.body));
      case "AlterTopic":
        return this.#answer(message.correlation, () => requests.alterTopic(broker, message.body));
      case "StatsRequest":
        return this.#send("StatsResult", message.correlation, { json: JSON.stringify(this.#context.stats()) });
      default:
        throw new BrokerError("PROTOCOL_VIOLATION", `${message.type} is not a request`);
    }
  }

  /** Answers later. Too many at once are refused, so that a client cannot pile up work. */
  #answer(correlation: number, run: () => Promise<requests.Answer | null>): void {
    if (this.#requests >= REQUESTS_MAX) throw new BrokerError("BUSY", `${REQUESTS_MAX} requests of this connection are on their way`);
    this.#requests++;
    run().then(
      (answer) => {
        this.#requests--;
        if (answer !== null) this.#send(answer[0], correlation, answer[1]);
      },
      (error: unknown) => {
        this.#requests--;
        this.#sendError(correlation, asBrokerError(error));
      },
    );
  }

  #refuse(correlation: number, error: BrokerError): void {
    if (error.code === "PROTOCOL_VIOLATION") this.#end(error, CLOSE_PROTOCOL_ERROR);
    else if (error.code === "CREDIT_EXCEEDED" || this.#principal === null) this.#end(error, CLOSE_POLICY);
    else this.#sendError(correlation, error);
  }

  // ---- producing

  #produce(): void {
    const { reader, produce } = this.#frames;
    produce.read(reader);
    const { correlation } = reader;
    const length = produce.batchSize;
    this.#takeWindow(length);
    try {
      const partition = this.#broker.partitionByBytes(reader.bytes, produce.topicIdAt, produce.partition);
      requests.checkLeaderEpoch(partition, produce.leaderEpoch);
      refuseStalled(this.#broker, partition);
      const sizeMax = partition.topic.settings["max.message.bytes"];
      if (length > sizeMax) throw new BrokerError("MESSAGE_TOO_LARGE", `the batch has ${length} bytes; max.message.bytes is ${sizeMax}`);
      const owner = produce.acks === 0 ? this.#silent : this;
      this.#broker.intake.take(partition, reader.bytes, produce.batchAt, length, owner, correlation);
    } catch (error) {
      this.#returnWindow(length);
      if (produce.acks !== 0) throw error;
    }
  }

  #produceBegin(correlation: number, { topicId, partition: index, leaderEpoch, acks, size }: ProduceBegin): void {
    const partition = this.#broker.partition(topicIdFromBytes(topicId), index);
    requests.checkLeaderEpoch(partition, leaderEpoch);
    refuseStalled(this.#broker, partition);
    // The block is taken before the bytes come, so they do not count against the window.
    const owner: ProduceOwner = {
      produced: (token, _length, ...outcome) => this.produced(token, 0, ...outcome),
      refused: (token, _length, error) => this.refused(token, 0, error),
    };
    const silent: ProduceOwner = { produced: () => {}, refused: () => {} };
    this.#uploads.begin({ correlation, partition, size, owner: acks === 0 ? silent : owner, token: correlation });
  }

  #producePart(): void {
    const { reader, part } = this.#frames;
    part.read(reader);
    this.#uploads.part(part.upload, part.position, reader.bytes, part.bytesAt, part.bytesSize);
  }

  produced(token: number, length: number, partition: Partition, baseOffset: number, duplicate: boolean): void {
    this.#returnWindow(length);
    if (this.#closed) return;
    this.#ackTokens.push(token);
    this.#ackOffsets.push(baseOffset);
    this.#ackPartitions.push(partition);
    this.#ackDuplicates.push(duplicate);
    this.#context.wantsFlush(this);
  }

  refused(token: number, length: number, error: BrokerError): void {
    this.#returnWindow(length);
    this.#sendError(token, error);
  }

  #sendAcks(): void {
    const count = this.#ackTokens.length;
    for (let index = 0; index < count; index++) {
      const partition = this.#ackPartitions[index]!;
      const frame = this.#frames.ackEncoder.encode(this.#ackTokens[index]!, {
        baseOffset: this.#ackOffsets[index]! as Offset,
        logStartOffset: partition.logStartOffset as Offset,
        highWatermark: partition.highWatermark as Offset,
        lastStableOffset: partition.lastStableOffset as Offset,
        leaderEpoch: partition.leaderEpoch,
        durability: requests.durabilityOf(partition.topic),
        duplicate: this.#ackDuplicates[index]!,
      });
      this.#socket.send(frame);
    }
    this.#ackTokens.length = 0;
    this.#ackOffsets.length = 0;
    this.#ackPartitions.length = 0;
    this.#ackDuplicates.length = 0;
  }

  // ---- the produce window

  get granted(): number {
    return this.#granted;
  }

  get lastUsedMs(): number {
    return this.#unacknowledged > 0 ? Number.POSITIVE_INFINITY : this.#lastUsedMs;
  }

  get #window(): number {
    return STANDING_WINDOW + this.#granted;
  }

  #takeWindow(length: number): void {
    this.#unacknowledged += length;
    if (this.#unacknowledged <= this.#window) return;
    throw new BrokerError("CREDIT_EXCEEDED", `${this.#unacknowledged} bytes are unacknowledged; the window is ${this.#window}`);
  }

  #returnWindow(length: number): void {
    this.#unacknowledged -= length;
    if (this.#unacknowledged === 0) this.#lastUsedMs = this.#context.monotonicMs();
  }

  widen(granted: number): void {
    this.#granted = granted;
    this.#narrowing = false;
    this.#send("Window", 0, { window: this.#window });
  }

  narrow(): void {
    if (this.#narrowing) return;
    this.#narrowing = true;
    this.#send("Window", 0, { window: STANDING_WINDOW });
  }

  #narrowed(window: number): void {
    if (!this.#narrowing || window !== STANDING_WINDOW) return;
    this.#narrowing = false;
    const given = this.#granted;
    this.#granted = 0;
    this.#context.windows.give(given);
  }

  // ---- reading

  async #fetch(correlation: number, body: Fetch): Promise<null> {
    const partition = this.#broker.partition(topicIdFromBytes(body.topicId), body.partition);
    requests.checkLeaderEpoch(partition, body.leaderEpoch);
    const offset = await this.#resolve(partition, body);
    if (this.#closed) return null;
    const answer = new FetchAnswer(correlation, this, body);
    this.#fetches.add(answer);
    answer.start(this.#broker.reader(partition, offset, answer, body.readCommitted));
    return null;
  }

  async #subscribe(body: Subscribe): Promise<requests.Answer | null> {
    const id = body.subscription;
    if (id === 0 || this.#subscriptions.has(id)) throw new BrokerError("INVALID_REQUEST", `subscription id ${id} is 0 or in use`);
    if (this.#subscriptions.size >= SUBSCRIPTIONS_MAX) throw new BrokerError("LIMIT_EXCEEDED", `a connection has at most ${SUBSCRIPTIONS_MAX} subscriptions`);
    const partition = this.#broker.partition(topicIdFromBytes(body.topicId), body.partition);
    requests.checkLeaderEpoch(partition, body.leaderEpoch);
    const subscription = new Subscription(id, this, body.credit);
    this.#subscriptions.set(id, subscription);
    let offset: number;
    try {
      offset = await this.#resolve(partition, body);
    } catch (error) {
      this.#subscriptions.delete(id);
      throw error;
    }
    if (this.#closed || this.#subscriptions.get(id) !== subscription) return null;
    // The answer goes out before the first slice, which `flush` sends in a later turn.
    subscription.start(this.#broker.reader(partition, offset, subscription, body.readCommitted));
    const { leaderEpoch, logStartOffset, highWatermark, lastStableOffset } = partition;
    return [
      "SubscribeResult",
      {
        offset: offset as Offset,
        leaderEpoch,
        logStartOffset: logStartOffset as Offset,
        highWatermark: highWatermark as Offset,
        lastStableOffset: lastStableOffset as Offset,
      },
    ];
  }

  async #resolve(partition: Partition, { start, value }: Fetch | Subscribe): Promise<number> {
    try {
      return await this.#broker.resolveStart(partition, requests.startOf(start, value));
    } catch (error) {
      throw requests.withNumbers(asBrokerError(error), partition);
    }
  }

  #credit(): void {
    const { reader, credit } = this.#frames;
    credit.read(reader);
    this.#subscriptions.get(credit.subscription)?.addCredit(credit.bytes);
  }

  sendData(correlation: number, header: DataHeader, address: number, length: number): void {
    const prefix = this.#frames.dataEncoder.encodePrefix(correlation, header, length);
    this.#socket.sendPieces(prefix, this.#broker.store.memory.bytes.subarray(address, address + length));
  }

  ready(stream: DataStream): void {
    this.#ready.add(stream);
    this.#context.wantsFlush(this);
  }

  ended(stream: DataStream, error: BrokerError | null): void {
    this.#ready.delete(stream);
    if (stream instanceof FetchAnswer) {
      this.#fetches.delete(stream);
      if (error !== null) this.#sendError(stream.correlation, error);
    } else if (stream instanceof Subscription) {
      this.#subscriptions.delete(stream.id);
      if (error !== null) this.#send("SubscriptionEnd", 0, { subscription: stream.id, error: errorBody(error) });
    }
  }

  // ---- frames out

  /** Sends acknowledgements, then slices while the socket takes them. */
  flush(): void {
    if (this.#closed) return;
    if (this.#ackTokens.length > 0) this.#socket.cork(() => this.#sendAcks());
    let slices = 0;
    for (const stream of this.#ready) {
      if (this.#socket.bufferedBytes > 0) return; // `drained` goes on.
      this.#ready.delete(stream);
      if (!stream.step()) continue;
      this.#ready.add(stream);
      if (++slices === SLICES_PER_TURN) break;
    }
    if (this.#ready.size > 0) this.#context.wantsFlush(this);
  }

  /** The socket has sent what it had. */
  drained(): void {
    if (this.#ready.size > 0) this.#context.wantsFlush(this);
  }

  /** Tells the client that the broker is going away, and closes. */
  goAway(): void {
    this.#end(new BrokerError("SHUTTING_DOWN", "the broker is shutting down"), CLOSE_GOING_AWAY);
  }

  /** The socket is closed, by whomever. */
  disconnected(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#uploads.close();
    for (const subscription of this.#subscriptions.values()) subscription.close();
    for (const fetch of this.#fetches) fetch.close();
    this.#subscriptions.clear();
    this.#fetches.clear();
    this.#ready.clear();
    this.#context.windows.remove(this);
  }

  #send<Name extends BodyName>(type: Name, correlation: number, body: Encodable<Bodies[Name]>): void {
    if (this.#closed) return;
    this.#socket.send(encodeMessage(type, correlation, body));
    if (this.#socket.bufferedBytes > UNSENT_BYTES_MAX) {
      this.#end(new BrokerError("LIMIT_EXCEEDED", "the client does not take its answers"), CLOSE_POLICY);
    }
  }

  #sendError(correlation: number, error: BrokerError): void {
    this.#send("Error", correlation, errorBody(error));
  }

  #end(error: BrokerError, closeCode: number): void {
    if (this.#closed) return;
    this.#socket.send(encodeMessage("Goodbye", 0, { error: errorBody(error) }));
    const socket = this.#socket;
    this.disconnected();
    socket.end(closeCode, error.code);
  }
}

/** Contract H1: a thread stuck in the disk cannot be ended; what it would write is refused meanwhile. */
function refuseStalled(broker: Broker, partition: Partition): void {
  if (broker.store.stateOf(partition.worker) !== "stalled") return;
  throw new BrokerError("DISK_STALLED", "a write to the disk has not returned for several seconds");
}
