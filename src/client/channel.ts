/**
 * A way to the broker that outlives its connections: when one is lost it makes the next, with pauses, until it is closed.
 *
 * What was under way on a lost connection is lost; the owner hears of it and begins anew on the next one. Only what no
 * other connection can mend ends the channel: a broker that refuses us before the first Welcome, or our credentials or
 * version at any time.
 */
import pLimit from "p-limit";
import { BrokerError } from "../base/errors.ts";
import type { DataReader } from "../protocol/data.ts";
import type { Encodable } from "../protocol/field-codec.ts";
import type { Bodies, Fetch } from "../protocol/generated/messages.ts";
import type { BodyName, Message } from "../protocol/messages.ts";
import type { FrameReader } from "../protocol/verifier.ts";
import { Backoff } from "./backoff.ts";
import { Connection } from "./connection.ts";
import type { ConnectSettings } from "./options.ts";
import { callUser } from "./user-callback.ts";

/** Who uses a channel. Frames are only there until the handler returns. */
export interface ChannelOwner {
  connected?(connection: Connection): void;
  /** The connection is gone; another one is on its way. */
  disconnected?(error: BrokerError): void;
  /** There will be no other connection. Not called for `close`. */
  failed?(error: BrokerError): void;
  produceAck?(frame: FrameReader): void;
  data?(data: DataReader, frame: FrameReader): void;
  message?(message: Message): void;
}

/** Under way at a time, below what a broker takes before it answers BUSY; the rest wait here. */
const REQUESTS_MAX = 500;
const FETCHES_MAX = 1000;

interface Waiter {
  resolve(connection: Connection): void;
  reject(error: BrokerError): void;
}

export class Channel {
  readonly #settings: ConnectSettings;
  readonly #window: number;
  readonly #owner: ChannelOwner;
  readonly #backoff: Backoff;
  readonly #waiters = new Set<Waiter>();
  readonly #requests = pLimit(REQUESTS_MAX);
  readonly #fetches = pLimit(FETCHES_MAX);
  #connection: Connection | null = null;
  /** The same, or what will be it once it is welcome. */
  #attempt: Connection | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wasWelcome = false;
  #lastError: BrokerError | null = null;
  /** Why there will be no connection any more. */
  #end: BrokerError | null = null;
  #closing: Promise<void> | null = null;
  #closed: () => void = () => {};

  /** @param window bytes of batches that the owner would like to have unacknowledged; 0: it will produce nothing */
  constructor(settings: ConnectSettings, window: number, owner: ChannelOwner) {
    this.#settings = settings;
    this.#window = window;
    this.#owner = owner;
    this.#backoff = new Backoff(settings.reconnectMinMs, settings.reconnectMaxMs);
    this.#connect();
  }

  /** The connection, while there is one. */
  get connection(): Connection | null {
    return this.#connection;
  }

  /**
   * @param timeoutMs how long to wait for a connection
   * @throws BrokerError CONNECTION_LOST  there was none in time; `cause` is why the last attempt failed
   */
  connected(timeoutMs: number = this.#settings.requestTimeoutMs): Promise<Connection> {
    if (this.#connection !== null) return Promise.resolve(this.#connection);
    if (this.#end !== null) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => waiter.reject(this.#noConnection(timeoutMs)), timeoutMs);
      const settle =
        <Value>(then: (value: Value) => void) =>
        (value: Value): void => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          then(value);
        };
      const waiter: Waiter = { resolve: settle(resolve), reject: settle(reject) };
      this.#waiters.add(waiter);
    });
  }

  /** Connection.request on the connection there is or comes next. */
  request<Answer extends BodyName, Name extends BodyName>(
    type: Name,
    body: Encodable<Bodies[Name]>,
    answer: Answer,
  ): Promise<Bodies[Answer]> {
    const connected = this.#connectedInTime();
    return this.#requests(async () => (await connected()).request(type, body, answer));
  }

  /** Connection.fetch on the connection there is or comes next. */
  fetch(body: Encodable<Fetch>, slice: (data: DataReader, frame: FrameReader) => void): Promise<void> {
    const connected = this.#connectedInTime();
    return this.#fetches(async () => (await connected()).fetch(body, slice));
  }

  /** Gives the present connection up, because the owner can do nothing with it any more. */
  drop(error: BrokerError): void {
    this.#connection?.destroy(error);
  }

  /** Closes the connection properly, and makes no other. @param error what is told to those who wait, and who come later */
  close(error: BrokerError = new BrokerError("CLOSED", "the client was closed")): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#finish(error);
      this.#closed = resolve;
      if (this.#attempt === null) resolve();
      else this.#attempt.close(error);
    });
    return this.#closing;
  }

  /**
   * The time for a connection counts from here, with what others of this client take before: who had to wait for them so long
   * is not sent any more.
   */
  #connectedInTime(): () => Promise<Connection> {
    const { requestTimeoutMs } = this.#settings;
    const calledMs = performance.now();
    return () => {
      const leftMs = Math.round(calledMs + requestTimeoutMs - performance.now());
      if (leftMs > 0) return this.connected(leftMs);
      throw new BrokerError("REQUEST_TIMED_OUT", "the broker did not answer earlier requests in time");
    };
  }

  #connect(): void {
    const owner = this.#owner;
    this.#attempt = new Connection(this.#settings, this.#window, {
      welcomed: (connection) => this.#welcomed(connection),
      produceAck: (frame) => owner.produceAck?.(frame),
      data: (data, frame) => owner.data?.(data, frame),
      message: (message) => owner.message?.(message),
      closed: (error) => this.#lost(error),
    });
  }

  #welcomed(connection: Connection): void {
    if (this.#end !== null) return;
    this.#connection = connection;
    if (this.#wasWelcome) callUser(this.#settings.onConnectionRestored);
    this.#wasWelcome = true;
    if (this.#end !== null) return; // By the callback.
    this.#owner.connected?.(connection);
    for (const waiter of this.#waiters) waiter.resolve(connection);
  }

  #lost(error: BrokerError): void {
    const wasConnected = this.#connection !== null;
    this.#connection = null;
    this.#attempt = null;
    this.#lastError = error;
    // A broker that lets us in only to throw us out again is not asked more and more often.
    if (wasConnected && error.retriable) this.#backoff.reset();
    if (this.#end === null && wasConnected) this.#owner.disconnected?.(error);
    // Callbacks of the user's may have closed it, here and below.
    if (this.#end === null) this.#goOn(error, wasConnected);
    this.#closed();
  }

  #goOn(error: BrokerError, wasConnected: boolean): void {
    if (this.#isFinal(error)) {
      this.#finish(error);
      this.#owner.failed?.(error);
      return;
    }
    this.#timer = setTimeout(() => this.#connect(), this.#backoff.next());
    if (wasConnected) callUser(this.#settings.onConnectionLost, error);
  }

  #isFinal(error: BrokerError): boolean {
    if (error.retriable) return false;
    return !this.#wasWelcome || error.code === "AUTHENTICATION_FAILED" || error.code === "UNSUPPORTED_VERSION";
  }

  #finish(error: BrokerError): void {
    this.#end ??= error;
    clearTimeout(this.#timer);
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  #noConnection(timeoutMs: number): BrokerError {
    const { host, port } = this.#settings.server;
    const reason = this.#lastError === null ? "" : `: ${this.#lastError.message}`;
    return new BrokerError("CONNECTION_LOST", `no connection to ${host}:${port} within ${timeoutMs} ms${reason}`, {
      cause: this.#lastError,
    });
  }
}
