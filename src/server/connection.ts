/**
 * One client of the binary protocol: frames in, frames out (schemas/cambium.fbs). A frame is handled in the callback that
 * brought it and nothing of it is kept; hot frames make no objects.
 *
 * Bad input gets a typed answer where the frame can be answered, and costs the connection where it cannot.
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import type { Broker } from "../broker/broker.ts";
import type { Encodable } from "../protocol/field-codec.ts";
import type { Bodies, DescribeTopics } from "../protocol/generated/messages.ts";
import { Body } from "../protocol/generated/wire.ts";
import { BATCH_BYTES_INLINE_MAX, PROTOCOL_VERSION, REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import { type BodyName, decodeMessage, encodeMessage, type Message } from "../protocol/messages.ts";
import { violation } from "../protocol/verifier.ts";
import { errorBody } from "../protocol/wire-error.ts";
import { authenticate, type Principal } from "../security/principal.ts";
import { CLOSE_GOING_AWAY, CLOSE_POLICY, CLOSE_PROTOCOL_ERROR, type ClientSocket } from "./client-socket.ts";
import type { HotFrames } from "./hot-frames.ts";
import { ProduceSide } from "./produce-side.ts";
import { ProduceWindow } from "./produce-window.ts";
import { ReadSide } from "./read-side.ts";
import type { RefusalTurns } from "./refusals.ts";
import * as requests from "./requests.ts";
import { FRAME_WORK, refusalWork, requestWork, TurnAllowance, type Turns } from "./turn-allowance.ts";
import type { UploadBudget } from "./uploads.ts";
import type { WindowBudget } from "./windows.ts";

/** What connections share. */
export interface ConnectionContext {
  readonly broker: Broker;
  readonly frames: HotFrames;
  readonly windows: WindowBudget;
  readonly uploads: UploadBudget;
  readonly turns: Turns;
  readonly refusals: RefusalTurns;
  readonly identity: { readonly clusterId: Uint8Array; readonly nodeId: number; readonly name: string };
  monotonicMs(): number;
  stats(): unknown;
  /** The connection has answers or data to send: `flush` is to be called soon. */
  wantsFlush(connection: Connection): void;
}

/** Requests of one connection that may be on their way at a time, produced batches and fetches aside. */
const REQUESTS_MAX = 2000;
/** A client that does not take its answers is cut off at this many unsent bytes. */
const UNSENT_BYTES_MAX = 32 * 1024 * 1024;

export class Connection {
  readonly #context: ConnectionContext;
  readonly #socket: ClientSocket;
  readonly #window: ProduceWindow;
  readonly #produceSide: ProduceSide;
  readonly #readSide: ReadSide;
  readonly #allowance: TurnAllowance;
  #principal: Principal | null = null;
  #requests = 0;
  /** Resolves when the next large answer may be made. */
  #lastTurn: Promise<void> = Promise.resolve();
  /** The broker is going away: what was accepted is answered, nothing more is. */
  #leaving = false;
  #whenAnswered: (() => void)[] = [];
  #closed = false;

  constructor(context: ConnectionContext, socket: ClientSocket) {
    this.#context = context;
    this.#socket = socket;
    const { broker, frames, windows, uploads, turns, refusals, monotonicMs } = context;
    this.#allowance = new TurnAllowance(turns);
    const wantsFlush = (): void => context.wantsFlush(this);
    this.#window = new ProduceWindow(windows, {
      monotonicMs,
      tell: (window) => this.#send("Window", 0, { window }),
    });
    this.#produceSide = new ProduceSide(broker, frames, this.#window, uploads, refusals, {
      wantsFlush,
      granted: (correlation, upload) => this.#send("ProduceGrant", correlation, { upload }),
      progressed: (upload, received) => this.#send("ProduceProgress", 0, { upload, received }),
      refused: (correlation, error) => this.#send("Error", correlation, error),
      uploadTooSlow: () =>
        this.#end(new BrokerError("REQUEST_TIMED_OUT", "a large batch came too slowly, or not at all"), CLOSE_POLICY),
    });
    this.#readSide = new ReadSide(broker, socket, frames.dataEncoder, {
      wantsFlush,
      subscribed: (correlation, result) => this.#send("SubscribeResult", correlation, result),
      subscriptionEnded: (subscription, error) =>
        this.#send("SubscriptionEnd", 0, { subscription, error: errorBody(error) }),
      fetchFailed: (correlation, error) => this.#sendError(correlation, error),
    });
  }

  /** The client has said who it is. */
  get isWelcome(): boolean {
    return this.#principal !== null;
  }

  /** @param bytes one message; the caller's again when this returns */
  receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    const { reader } = this.#context.frames;
    const fault = reader.verify(bytes);
    try {
      if (fault !== null) throw violation(fault);
      if (this.#leaving) throw shuttingDown();
      if (this.#principal === null) this.#hello(decodeMessage(reader));
      else if (reader.bodyType === Body.Produce) this.#produceSide.produce();
      else if (reader.bodyType === Body.ProducePart) this.#part();
      else if (reader.bodyType === Body.Credit) this.#credit();
      else if (this.#affords(requestWork(bytes.length))) this.#handle(decodeMessage(reader));
    } catch (error) {
      if (this.#affords(refusalWork(bytes.length))) this.#refuse(reader.correlation, asBrokerError(error));
    }
  }

  /** Sends acknowledgements, then slices while the socket takes them. */
  flush(): void {
    if (this.#closed) return;
    this.#produceSide.flush(this.#socket);
    this.#readSide.flush();
    this.#refuseUnread();
  }

  /** The socket has sent what it had. */
  drained(): void {
    this.#readSide.drained();
  }

  /** Tells the client that the broker is going away. What was accepted is still answered, until `finish`. */
  leave(): void {
    if (this.#closed || this.#leaving) return;
    this.#leaving = true;
    this.#socket.send(encodeMessage("Goodbye", 0, { error: errorBody(shuttingDown()) }));
    this.#produceSide.leave();
    this.#readSide.close();
  }

  /** Resolves when no request is without its answer, produced batches aside. */
  answered(): Promise<void> {
    return this.#requests === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenAnswered.push(resolve));
  }

  /** Sends the last acknowledgements and closes. */
  finish(): void {
    if (this.#closed) return;
    this.#produceSide.finish(this.#socket);
    this.disconnected();
    this.#socket.end(CLOSE_GOING_AWAY, "SHUTTING_DOWN");
  }

  /** The socket is closed, by whomever. */
  disconnected(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tellAnswered();
    this.#produceSide.close();
    this.#readSide.close();
  }

  #hello(message: Message): void {
    if (message.type !== "Hello") throw new BrokerError("PROTOCOL_VIOLATION", "the first frame must be Hello");
    const { version, window, mechanism, credentials } = message.body;
    if (version < 1) {
      throw new BrokerError("UNSUPPORTED_VERSION", `this broker speaks version ${PROTOCOL_VERSION} of the protocol`);
    }
    this.#principal = authenticate(mechanism ?? "", credentials ?? new Uint8Array(0));
    this.#window.open(window);
    const { clusterId, nodeId, name } = this.#context.identity;
    this.#send("Welcome", message.correlation, {
      version: Math.min(version, PROTOCOL_VERSION),
      clusterId,
      nodeId,
      incarnation: this.#context.broker.incarnation,
      broker: name,
      principal: this.#principal.name,
      window: this.#window.size,
      frameBytesMax: REQUEST_BYTES_MAX,
      batchBytesInlineMax: BATCH_BYTES_INLINE_MAX,
    });
  }

  /** Its bytes are bounded by the upload. */
  #part(): void {
    if (this.#affords(FRAME_WORK)) this.#produceSide.part();
  }

  #credit(): void {
    if (!this.#affords(FRAME_WORK)) return;
    const { reader, credit } = this.#context.frames;
    credit.read(reader);
    this.#readSide.addCredit(credit.subscription, credit.bytes);
  }

  #handle(message: Message): void {
    const { broker } = this.#context;
    const { correlation } = message;
    switch (message.type) {
      case "Fetch":
        return this.#answer(correlation, () => this.#readSide.fetch(correlation, message.body));
      case "Subscribe":
        return this.#answer(correlation, () => this.#readSide.subscribe(correlation, message.body));
      case "Unsubscribe":
        this.#readSide.unsubscribe(message.body.subscription);
        return this.#send("Done", correlation, {});
      case "ProduceBegin":
        return this.#produceSide.begin(correlation, message.body);
      case "WindowRequest":
        return this.#window.request(message.body.window);
      case "WindowAck":
        return this.#window.agreed(message.body.window);
      case "InitProducer":
        return this.#answer(correlation, () => requests.initProducer(broker, message.body));
      case "ListOffset":
        return this.#answer(correlation, () => requests.listOffset(broker, message.body));
      case "DescribeTopics":
        return this.#describe(correlation, () => message.body);
      case "CreateTopic":
        return this.#describe(correlation, () => requests.createTopic(broker, message.body));
      case "DeleteTopic":
        return this.#answer(correlation, () => requests.deleteTopic(broker, message.body));
      case "AlterTopic":
        return this.#describe(correlation, () => requests.alterTopic(broker, message.body));
      case "StatsRequest":
        return this.#answer(correlation, () => this.#inTurn(async () => requests.stats(this.#context.stats())));
      default:
        throw new BrokerError("PROTOCOL_VIOLATION", `${message.type} is not a request`);
    }
  }

  /** @param wanted what is to be described, once that is known */
  #describe(correlation: number, wanted: () => DescribeTopics | Promise<DescribeTopics>): void {
    this.#answer(correlation, async () => {
      const body = await wanted();
      return this.#inTurn(() => requests.describeTopics(this.#context.broker, body));
    });
  }

  /** A connection that wants more done than one turn may take is cut off: others wait. @returns whether it may be done */
  #affords(work: number): boolean {
    if (this.#allowance.take(work)) return true;
    this.#end(new BrokerError("LIMIT_EXCEEDED", "the connection asks for more than one turn may take"), CLOSE_POLICY);
    return false;
  }

  /** Answers later. Too many at once are refused, so that a client cannot pile up work. */
  #answer(correlation: number, run: () => Promise<requests.Answer | null>): void {
    if (this.#requests >= REQUESTS_MAX) {
      throw new BrokerError("BUSY", `${REQUESTS_MAX} requests of this connection are on their way`);
    }
    this.#requests++;
    void this.#run(correlation, run);
  }

  async #run(correlation: number, run: () => Promise<requests.Answer | null>): Promise<void> {
    try {
      const answer = await run();
      if (answer !== null) this.#send(answer[0], correlation, answer[1]);
    } catch (error) {
      if (this.#affords(refusalWork(0))) this.#sendError(correlation, asBrokerError(error));
    }
    if (--this.#requests === 0) this.#tellAnswered();
  }

  /** One after the other, each in a turn of its own: a large answer takes long to make, and others want to be served. */
  async #inTurn(run: () => Promise<requests.Answer>): Promise<requests.Answer | null> {
    const before = this.#lastTurn;
    let done = (): void => {};
    this.#lastTurn = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    try {
      return this.#closed ? null : await run();
    } finally {
      setImmediate(done);
    }
  }

  #tellAnswered(): void {
    const waiting = this.#whenAnswered;
    this.#whenAnswered = [];
    for (const tell of waiting) tell();
  }

  #refuse(correlation: number, error: BrokerError): void {
    if (this.#leaving) {
      if (correlation !== 0) this.#sendError(correlation, error);
    } else if (error.code === "PROTOCOL_VIOLATION") this.#end(error, CLOSE_PROTOCOL_ERROR);
    else if (error.code === "CREDIT_EXCEEDED" || this.#principal === null) this.#end(error, CLOSE_POLICY);
    else this.#sendError(correlation, error);
  }

  #send<Name extends BodyName>(type: Name, correlation: number, body: Encodable<Bodies[Name]>): void {
    if (this.#closed) return;
    this.#socket.send(encodeMessage(type, correlation, body));
    this.#refuseUnread();
  }

  /** Answers that a client does not take are not kept without end. */
  #refuseUnread(): void {
    if (this.#socket.bufferedBytes <= UNSENT_BYTES_MAX) return;
    this.#end(new BrokerError("LIMIT_EXCEEDED", "the client does not take its answers"), CLOSE_POLICY);
  }

  #sendError(correlation: number, error: BrokerError): void {
    this.#send("Error", correlation, errorBody(error));
  }

  #end(error: BrokerError, closeCode: number): void {
    if (this.#closed) return;
    this.#socket.send(encodeMessage("Goodbye", 0, { error: errorBody(error) }));
    this.disconnected();
    this.#socket.end(closeCode, error.code);
  }
}

function shuttingDown(): BrokerError {
  return new BrokerError("SHUTTING_DOWN", "the broker is shutting down");
}
