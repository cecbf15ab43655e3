/**
 * The door for the binary protocol: uWebSockets.js on the main thread.
 *
 * Traps of the library that this file lives around (test/traps.ts): messages are views that end with the
 * callback; a large send from inside `drain` can hang its socket for ever, so `drain` only schedules; a message of 16 KiB or
 * more leaves straight from our memory only when nothing is corked.
 */
import type { HttpRequest, HttpResponse, us_listen_socket, us_socket_context_t, WebSocket } from "uWebSockets.js";
import { integerOption } from "../base/options.ts";
import { IDLE_SECONDS_LIMITS } from "../base/start-limits.ts";
import type { Broker } from "../broker/broker.ts";
import { SUBPROTOCOL, WEBSOCKET_PATH } from "../protocol/endpoint.ts";
import { REQUEST_BYTES_MAX } from "../protocol/limits.ts";
import { addressInUse, claimPort } from "./claim-port.ts";
import { CLOSE_NOT_BINARY, CLOSE_POLICY, type ClientSocket } from "./client-socket.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { HotFrames } from "./hot-frames.ts";
import { RefusalTurns } from "./refusals.ts";
import { type RefusalSink, RefusedConnections } from "./refused-connections.ts";
import { ReleasedApp } from "./released-app.ts";
import { Turns } from "./turn-allowance.ts";
import { UploadBudget } from "./uploads.ts";
import { loadUws, type UwsModule } from "./uws.ts";
import { WindowBudget } from "./windows.ts";

export interface WebSocketServerOptions extends RefusalSink {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly connectionsMax: number;
  /** A peer that is silent for so long is pinged and cut off: 8 to 960, default 60. */
  readonly idleSeconds?: number;
  readonly identity: ConnectionContext["identity"];
  /** Facts of the whole broker, for `stats`. */
  stats(): Record<string, unknown>;
}

const IDLE_SECONDS = 60;
/** More sockets than connections are let in, so that who comes too many is told so; beyond, they are cut: each is a file. */
const STRANGERS_SPARE = 16;
/** Time to say Hello. */
const HELLO_MS = 10_000;
/** At the end: time for requests to be answered, and for clients to take what was sent and close. */
const ANSWERS_MS_MAX = 5000;
const FAREWELL_MS_MAX = 1000;
/** Below this a message is sent in one piece, because it is copied anyway. */
const PIECES_MIN = 16 * 1024;
/** Above any that we let build up: a dropped send would be a lost answer. */
const BACKPRESSURE_MAX = 256 * 1024 * 1024;
/** A peer that goes on pinging and does not read is cut off at this many bytes of pongs: thousands of a library's heartbeats. */
const UNREAD_PONGS_MAX = 64 * 1024;
/** Of a pong's frame, before its payload. */
const PONG_HEADER_SIZE = 2;
/** Who pings more often is cut off: a heartbeat takes seconds, and the library goes on reading whoever keeps its buffer full. */
const PINGS_PER_SECOND_MAX = 1000;

interface Session {
  connection: Connection | null;
  helloTimer: NodeJS.Timeout | undefined;
  /** Bytes of pongs among what waits to be sent, at most. */
  unreadPongs: number;
  /** Pings of the second that began then. */
  pings: number;
  pingsSinceMs: number;
}

/** Part of the library, missing in its types: one message in pieces, each sent without a copy where it is large. */
interface Fragments {
  sendFirstFragment(message: Uint8Array, isBinary: boolean, compress: boolean): number;
  sendLastFragment(message: Uint8Array, compress: boolean): number;
}

type Socket = WebSocket<Session> & Fragments;

export class WebSocketServer {
  readonly #uws: UwsModule;
  readonly #app: ReleasedApp<Session>;
  readonly #context: ConnectionContext;
  readonly #options: WebSocketServerOptions;
  readonly #connections = new Set<Connection>();
  readonly #refused: RefusedConnections;
  /** Sockets that are no connections yet, and may never be. */
  #strangers = 0;
  readonly #waiting = new Set<Connection>();
  #flushScheduled = false;
  #listening: us_listen_socket | null = null;
  #port = 0;
  #whenEmpty: () => void = () => {};

  /** @throws BrokerError TRANSPORT_UNAVAILABLE, ADDRESS_IN_USE, INVALID_OPTION */
  static async start(broker: Broker, options: WebSocketServerOptions): Promise<WebSocketServer> {
    integerOption("idleSeconds", options.idleSeconds ?? IDLE_SECONDS, ...IDLE_SECONDS_LIMITS);
    const server = new WebSocketServer(await loadUws(), broker, options);
    try {
      await server.#listen();
    } catch (error) {
      server.#app.close();
      throw error;
    }
    return server;
  }

  private constructor(uws: UwsModule, broker: Broker, options: WebSocketServerOptions) {
    this.#uws = uws;
    this.#options = options;
    this.#refused = new RefusedConnections(options);
    this.#context = {
      broker,
      frames: new HotFrames(),
      // Half of the memory may be on its way in; the other half serves readers.
      windows: new WindowBudget(broker.pool.size / 2, options.monotonicMs),
      uploads: new UploadBudget(broker.pool.size / 4),
      turns: new Turns(),
      refusals: new RefusalTurns(),
      identity: options.identity,
      monotonicMs: options.monotonicMs,
      stats: () => ({ ...options.stats(), connections: this.#connections.size }),
      wantsFlush: (connection) => this.#wantsFlush(connection),
    };
    broker.onSettled(() => this.#flush());
    this.#app = this.#makeApp();
  }

  get port(): number {
    return this.#port;
  }

  /** Stops listening and tells every client. Resolves when what was asked before is answered, produced batches aside. */
  async leave(): Promise<void> {
    if (this.#listening !== null) this.#uws.us_listen_socket_close(this.#listening);
    this.#listening = null;
    for (const connection of this.#connections) connection.leave();
    await inTime(Promise.all([...this.#connections].map((connection) => connection.answered())), ANSWERS_MS_MAX);
  }

  /** Sends the last acknowledgements and closes every connection. */
  async close(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const connection of this.#connections) connection.finish();
    if (this.#connections.size > 0) await inTime(gone, FAREWELL_MS_MAX);
    this.#app.close();
  }

  async #listen(): Promise<void> {
    const { host } = this.#options;
    const port = await claimPort(host, this.#options.port);
    this.#listening = await this.#app.listen(host, port);
    if (this.#listening === null) throw addressInUse(host, port);
    this.#port = port;
  }

  #makeApp(): ReleasedApp<Session> {
    const options = {
      path: WEBSOCKET_PATH,
      notFound: `Cambium speaks its binary protocol at ${WEBSOCKET_PATH}\n`,
      limits: {
        maxPayloadLength: REQUEST_BYTES_MAX,
        maxBackpressure: BACKPRESSURE_MAX,
        closeOnBackpressureLimit: true,
        idleTimeout: this.#options.idleSeconds ?? IDLE_SECONDS,
        sendPingsAutomatically: true,
      },
    };
    return new ReleasedApp<Session>(this.#uws, options, {
      counted: (socket, change) => this.#counted(socket, change),
      upgrade: (response, request, context) => this.#upgrade(response, request, context),
      open: (socket) => this.#open(socket as Socket),
      message: (socket, message, isBinary) => {
        if (isBinary) socket.getUserData().connection?.receive(new Uint8Array(message));
        else socket.end(CLOSE_NOT_BINARY, "binary messages only");
      },
      ping: (socket, message) => this.#pinged(socket as Socket, message.byteLength),
      pong: (socket) => this.#pinged(socket as Socket, 0),
      drain: (socket) => {
        const session = socket.getUserData();
        const { connection } = session;
        session.unreadPongs = Math.min(session.unreadPongs, socket.getBufferedAmount());
        setImmediate(() => connection?.drained());
      },
      close: (socket) => this.#closed(socket as Socket),
    });
  }

  /** A socket came (1) or went (-1). */
  #counted(socket: HttpResponse, change: number): void {
    this.#strangers += change;
    const isTooMany = this.#strangers + this.#connections.size > this.#options.connectionsMax + STRANGERS_SPARE;
    if (change <= 0 || !isTooMany) return;
    this.#refused.refused(this.#connections.size);
    socket.close();
  }

  #upgrade(response: HttpResponse, request: HttpRequest, context: us_socket_context_t): void {
    if (this.#connections.size >= this.#options.connectionsMax) {
      this.#refused.refused(this.#connections.size);
      response.writeStatus("503 Service Unavailable").end("too many connections", true);
      return;
    }
    const session = { connection: null, helloTimer: undefined, unreadPongs: 0, pings: 0, pingsSinceMs: 0 };
    const protocols = request.getHeader("sec-websocket-protocol");
    const protocol = protocols.split(",").some((name) => name.trim() === SUBPROTOCOL) ? SUBPROTOCOL : "";
    const key = request.getHeader("sec-websocket-key");
    response.upgrade(session, key, protocol, request.getHeader("sec-websocket-extensions"), context);
  }

  #open(socket: Socket): void {
    this.#strangers--; // The filter does not hear of it.
    const session = socket.getUserData();
    const connection = new Connection(this.#context, new UwsSocket(socket));
    session.connection = connection;
    session.helloTimer = setTimeout(() => {
      if (!connection.isWelcome) socket.end(CLOSE_POLICY, "no Hello");
    }, HELLO_MS);
    this.#connections.add(connection);
  }

  /**
   * The library has answered a ping, whoever sent it. It has no bound for that but BACKPRESSURE_MAX, and where something waits
   * already each pong costs an attempt to send all of it: thousands in what one read of the socket brings.
   */
  #pinged(socket: Socket, size: number): void {
    const session = socket.getUserData();
    session.unreadPongs = Math.min(session.unreadPongs + PONG_HEADER_SIZE + size, socket.getBufferedAmount());
    const nowMs = this.#options.monotonicMs();
    if (nowMs - session.pingsSinceMs >= 1000) {
      session.pings = 0;
      session.pingsSinceMs = nowMs;
    }
    // A close frame would only lie behind what is not read.
    if (session.unreadPongs > UNREAD_PONGS_MAX || ++session.pings > PINGS_PER_SECOND_MAX) socket.close();
  }

  #closed(socket: Socket): void {
    const session = socket.getUserData();
    const { connection } = session;
    clearTimeout(session.helloTimer);
    session.connection = null;
    if (connection === null) return;
    connection.disconnected();
    this.#connections.delete(connection);
    this.#waiting.delete(connection);
    if (this.#connections.size === 0) this.#whenEmpty();
  }

  /** Answers and slices leave once per turn, or at the end of a round of results. */
  #wantsFlush(connection: Connection): void {
    this.#waiting.add(connection);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const connections = [...this.#waiting];
    this.#waiting.clear();
    for (const connection of connections) connection.flush();
  }
}

class UwsSocket implements ClientSocket {
  readonly #socket: Socket;
  readonly remoteAddress: string;
  #open = true;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddress = new TextDecoder().decode(socket.getRemoteAddressAsText());
  }

  get bufferedBytes(): number {
    return this.#open ? this.#socket.getBufferedAmount() : 0;
  }

  send(frame: Uint8Array): void {
    if (this.#open) this.#socket.send(frame, true, false);
  }

  sendPieces(prefix: Uint8Array, bytes: Uint8Array): void {
    if (!this.#open) return;
    if (bytes.length < PIECES_MIN) {
      whole.set(prefix);
      whole.set(bytes, prefix.length);
      this.#socket.send(whole.subarray(0, prefix.length + bytes.length), true, false);
      return;
    }
    this.#socket.sendFirstFragment(prefix, true, false);
    this.#socket.sendLastFragment(bytes, false);
  }

  cork(run: () => void): void {
    if (this.#open) this.#socket.cork(run);
  }

  end(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.end(code, reason);
  }
}

/** Where a small message is put together. */
const whole = new Uint8Array(PIECES_MIN + 4096);

/** Resolves with the promise, or when the time is over. */
async function inTime(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
}
