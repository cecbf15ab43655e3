/**
 * One connection to the broker, from Hello to its end: requests and their answers, and a heartbeat that finds out when the
 * other end is gone without a word. It does not reconnect; `Channel` does.
 */
import { openTransport } from "#transport";
import { assert } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { DataReader } from "../protocol/data.ts";
import type { Encodable } from "../protocol/field-codec.ts";
import type { Bodies, Fetch, Welcome } from "../protocol/generated/messages.ts";
import { Body } from "../protocol/generated/wire.ts";
import { ANSWER_BYTES_MAX, PROTOCOL_VERSION, REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import { type BodyName, decodeMessage, encodeMessage, type Message } from "../protocol/messages.ts";
import { FrameReader, violation } from "../protocol/verifier.ts";
import { brokerError } from "../protocol/wire-error.ts";
import { LoopClock, TICK_MS } from "./loop-clock.ts";
import type { ConnectSettings } from "./options.ts";
import { HEADROOM, type Transport, withHeadroom } from "./transport.ts";

export interface ConnectionHandlers {
  /** The broker's Welcome came. */
  welcomed(connection: Connection): void;
  /** A ProduceAck. The frame is only there until this returns. */
  produceAck(frame: FrameReader): void;
  /** A slice of a subscription. Its bytes, in `frame`, are only there until this returns. */
  data(data: DataReader, frame: FrameReader): void;
  /** Any other message that answers no `request`. */
  message(message: Message): void;
  /** The end; called once, also when there was no Welcome. */
  closed(error: BrokerError): void;
}

interface Pending {
  /** What the answer must be. */
  readonly answer: BodyName;
  /** By the loop's clock. */
  readonly deadlineMs: number;
  /** Takes each slice of the answer to a Fetch. */
  readonly slice: ((data: DataReader, frame: FrameReader) => void) | null;
  resolve(body: never): void;
  reject(error: BrokerError): void;
}

export class Connection {
  readonly #settings: ConnectSettings;
  readonly #handlers: ConnectionHandlers;
  readonly #opening: Pick<Transport, "destroy">;
  readonly #reader = new FrameReader(ANSWER_BYTES_MAX);
  readonly #data = new DataReader();
  readonly #pending = new Map<number, Pending>();
  readonly #timer: ReturnType<typeof setInterval>;
  #transport: Transport | null = null;
  #welcome: Welcome | null = null;
  #correlation = 0;
  readonly #clock = new LoopClock();
  /** When the broker was heard last, to a tick, and since when it is asked for a sign of life; null: it is not. */
  #lastHeardMs = 0;
  #askedMs: number | null = null;
  #heard = false;
  /** Requests that nobody waits for any more, and whose answers may still come: behind a large batch on a slow link, say. */
  readonly #timedOut = new Set<number>();
  #goodbye: BrokerError | null = null;
  /** It is being closed: nobody gets an answer any more. */
  #leftWith: BrokerError | null = null;

  /** @param window bytes of batches that it would like to have unacknowledged; 0: it will produce little or nothing */
  constructor(settings: ConnectSettings, window: number, handlers: ConnectionHandlers) {
    this.#settings = settings;
    this.#handlers = handlers;
    this.#opening = openTransport(settings, {
      opened: (transport) => {
        this.#transport = transport;
        this.#lastHeardMs = this.#clock.now();
        this.post("Hello", { version: PROTOCOL_VERSION, client: settings.clientId, window });
      },
      message: (frame) => this.#receive(frame),
      closed: (error) => this.#closed(error),
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** What the broker said when the connection was made. */
  get welcome(): Welcome {
    assert(this.#welcome !== null, "the connection is welcome");
    return this.#welcome;
  }

  /** A number for a request of one's own, whose answer comes to `produceAck` or `message`. */
  nextCorrelation(): number {
    this.#correlation = this.#correlation === 0xffff_ffff ? 1 : this.#correlation + 1;
    return this.#correlation;
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @param answer the type that the answer must have
   * @throws BrokerError  the broker's, or CONNECTION_LOST, REQUEST_TIMED_OUT: the request may have been carried out
   * @throws BrokerError MESSAGE_TOO_LARGE  it was not sent
   */
  request<Answer extends BodyName, Name extends BodyName>(
    type: Name,
    body: Encodable<Bodies[Name]>,
    answer: Answer,
  ): Promise<Bodies[Answer]> {
    return this.#request(type, body, answer, 0, null);
  }

  /**
   * Sends a Fetch and waits for its last slice.
   *
   * @param slice takes each slice; its bytes, in the frame, are only there until it returns
   */
  async fetch(body: Encodable<Fetch>, slice: (data: DataReader, frame: FrameReader) => void): Promise<void> {
    // The broker answers a fetch when it has waited as long as it was asked to.
    await this.#request("Fetch", body, "Data", body.waitMsMax ?? 0, slice);
  }

  /**
   * Sends a message that is not answered.
   *
   * @throws BrokerError MESSAGE_TOO_LARGE  the broker would not take it, and cut the connection
   */
  post<Name extends BodyName>(type: Name, body: Encodable<Bodies[Name]>, correlation = 0): void {
    const frame = encodeMessage(type, correlation, body, this.#welcome?.frameBytesMax ?? REQUEST_BYTES_MAX);
    this.send(withHeadroom(frame), HEADROOM, frame.length);
  }

  /** Sends a frame as Transport.send does. */
  send(buffer: Uint8Array, at: number, size: number): void {
    this.#transport?.send(buffer, at, size);
  }

  /** What `run` sends leaves together. */
  batch(run: () => void): void {
    if (this.#transport !== null) this.#transport.batch(run);
  }

  /** Closes properly; `closed` follows. @param error what those are told at once who wait for an answer */
  close(error: BrokerError): void {
    this.#leftWith = error;
    this.#refusePending(error);
    if (this.#transport === null || this.#welcome === null) this.#opening.destroy(error);
    else this.#transport.close();
  }

  /** Gives the connection up; `closed` follows with this error. */
  destroy(error: BrokerError): void {
    this.#opening.destroy(error);
  }

  /** @param waitMs how long the broker may take before it begins to answer */
  #request<Answer extends BodyName, Name extends BodyName>(
    type: Name,
    body: Encodable<Bodies[Name]>,
    answer: Answer,
    waitMs: number,
    slice: Pending["slice"],
  ): Promise<Bodies[Answer]> {
    if (this.#leftWith !== null) return Promise.reject(this.#leftWith);
    return new Promise((resolve, reject) => {
      const correlation = this.nextCorrelation();
      // A tick more: what comes first after a stall is a tick, and then what the broker has answered long ago.
      const deadlineMs = this.#clock.now() + this.#settings.requestTimeoutMs + waitMs + TICK_MS;
      this.post(type, body, correlation);
      this.#pending.set(correlation, { answer, deadlineMs, slice, resolve, reject });
    });
  }

  #receive(bytes: Uint8Array): void {
    this.#heard = true;
    const frame = this.#reader;
    try {
      const fault = frame.verify(bytes);
      if (fault !== null) throw violation(fault);
      if (frame.bodyType === Body.ProduceAck) this.#handlers.produceAck(frame);
      else if (frame.bodyType === Body.Data) this.#takeData(frame);
      else this.#take(decodeMessage(frame));
    } catch (error) {
      // What the broker did wrong ends the connection; what we did wrong ends the process.
      if (!(error instanceof BrokerError)) throw error;
      this.destroy(error);
    }
  }

  #takeData(frame: FrameReader): void {
    const data = this.#data;
    data.read(frame);
    if (data.subscription !== 0) {
      this.#handlers.data(data, frame);
      return;
    }
    const pending = this.#pending.get(frame.correlation);
    if (pending === undefined) {
      if (data.last) this.#timedOut.delete(frame.correlation);
      return;
    }
    if (pending.slice === null) throw unexpected("Data", pending.answer);
    pending.slice(data, frame);
    if (!data.last) return;
    this.#pending.delete(frame.correlation);
    pending.resolve(undefined as never);
  }

  #take(message: Message): void {
    if (this.#welcome === null) return this.#takeWelcome(message);
    if (message.type === "Goodbye") {
      this.#goodbye = brokerError(message.body.error);
      return;
    }
    const pending = this.#pending.get(message.correlation);
    if (pending === undefined) {
      if (!this.#timedOut.delete(message.correlation)) this.#handlers.message(message);
      return;
    }
    if (message.type === pending.answer) pending.resolve(message.body as never);
    else if (message.type === "Error") pending.reject(brokerError(message.body));
    else throw unexpected(message.type, pending.answer);
    this.#pending.delete(message.correlation);
  }

  #takeWelcome(message: Message): void {
    if (message.type === "Goodbye") throw brokerError(message.body.error);
    if (message.type === "Error") throw brokerError(message.body);
    if (message.type !== "Welcome") throw unexpected(message.type, "Welcome");
    if (message.body.version !== PROTOCOL_VERSION)
      throw new BrokerError("UNSUPPORTED_VERSION", `the broker speaks version ${message.body.version} of the protocol`);
    this.#welcome = message.body;
    this.#handlers.welcomed(this);
  }

  #tick(): void {
    this.#clock.tick();
    const nowMs = this.#clock.now();
    for (const [correlation, pending] of this.#pending) {
      if (pending.deadlineMs > nowMs) continue;
      this.#pending.delete(correlation);
      this.#timedOut.add(correlation);
      pending.reject(new BrokerError("REQUEST_TIMED_OUT", "the broker did not answer in time"));
    }
    if (this.#heard) {
      this.#heard = false;
      this.#askedMs = null;
      this.#lastHeardMs = nowMs;
    }
    this.#heartbeat(nowMs, nowMs - this.#lastHeardMs);
  }

  #heartbeat(nowMs: number, silentMs: number): void {
    const { heartbeatMs, connectTimeoutMs } = this.#settings;
    if (this.#transport === null) return;
    if (this.#welcome === null) {
      if (silentMs > connectTimeoutMs + TICK_MS)
        this.destroy(new BrokerError("CONNECTION_LOST", "the broker said no Welcome"));
    } else if (this.#askedMs !== null) {
      // Counted from the question on, and a tick more, as for any request.
      if (nowMs - this.#askedMs < heartbeatMs + TICK_MS) return;
      this.destroy(
        new BrokerError("CONNECTION_LOST", `nothing was heard from the broker for ${Math.round(silentMs)} ms`),
      );
    } else if (silentMs > heartbeatMs) {
      this.#askedMs = nowMs;
      // The smallest request there is. A ping would be answered by the socket library of a broker that is stuck.
      this.request("DescribeTopics", { names: [] }, "TopicsResult").catch(() => {});
    }
  }

  #closed(reason: BrokerError): void {
    clearInterval(this.#timer);
    this.#transport = null;
    const error = this.#goodbye ?? reason;
    const lost = error.retriable ? error : new BrokerError("CONNECTION_LOST", error.message, { cause: error });
    this.#refusePending(lost);
    this.#handlers.closed(error);
  }

  #refusePending(error: BrokerError): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

function unexpected(type: string, expected: string): BrokerError {
  return new BrokerError("PROTOCOL_VIOLATION", `the broker answered ${type} instead of ${expected}`);
}
