/**
 * WebSocket over a plain socket of Node: no copy on the way in, none on the way out.
 *
 * The socket reads into one buffer, in which messages are found and handed out where they lie. On the way out the header
 * is written in front of the frame, so that one write of the caller's own bytes is the whole message.
 */
import { createHash, randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { assert } from "../base/assert.ts";
import { BrokerError } from "../base/errors.ts";
import { KIB, MIB } from "../base/units.ts";
import { SUBPROTOCOL, WEBSOCKET_PATH } from "../protocol/endpoint.ts";
import { ANSWER_BYTES_MAX } from "../protocol/limits.ts";
import {
  CloseCode,
  clientHeaderSize,
  encodeClose,
  encodeControlFrame,
  MessageReader,
  Opcode,
  writeClientHeader,
} from "../protocol/websocket.ts";
import {
  checkUpgrade,
  expectedAccept,
  parseUpgradeResponse,
  type UpgradeResponse,
  upgradeRequest,
} from "../protocol/websocket-upgrade.ts";
import {
  HEADROOM,
  type OpenTransport,
  type ServerAddress,
  type Transport,
  type TransportHandlers,
  type TransportOptions,
} from "./transport.ts";

const RECEIVE_BYTES_MIN: number = 64 * KIB;
/** The buffer grows up to here while reads fill it; beyond, only for a message that needs it. */
const RECEIVE_BYTES_MAX: number = 1 * MIB;
/** Less room than this at the buffer's end is not worth a read. */
const READ_BYTES_MIN: number = 16 * KIB;
/** A peer that does not close in turn is cut off. */
const CLOSE_TIMEOUT_MS = 1000;

export const openTransport: OpenTransport = (options, handlers) => new NodeTransport(options, handlers);

class NodeTransport implements Transport {
  readonly #handlers: TransportHandlers;
  readonly #socket: Socket;
  readonly #reader = new MessageReader(ANSWER_BYTES_MAX);
  readonly #server: ServerAddress;
  readonly #accept: string;
  #timer: NodeJS.Timeout | undefined;
  #received = new Uint8Array(RECEIVE_BYTES_MIN);
  /** What was received and is still needed: #received[#start, #end). */
  #start = 0;
  #end = 0;
  #opened = false;
  #closed = false;
  #error: BrokerError | null = null;

  constructor({ server, connectTimeoutMs }: TransportOptions, handlers: TransportHandlers) {
    const { host, port } = server;
    this.#server = server;
    const key = randomBytes(16).toString("base64");
    this.#handlers = handlers;
    this.#accept = expectedAccept(key, (text) => createHash("sha1").update(text).digest("base64"));
    this.#timer = setTimeout(() => {
      this.destroy(
        new BrokerError("CONNECTION_LOST", `no connection to ${host}:${port} within ${connectTimeoutMs} ms`),
      );
    }, connectTimeoutMs);
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: () => this.#received.subarray(this.#end),
        callback: (size) => this.#read(size),
      },
    });
    this.#socket.once("connect", () => {
      const authority = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
      this.#socket.write(
        upgradeRequest({ host: authority, path: WEBSOCKET_PATH, key, protocol: SUBPROTOCOL }),
        "latin1",
      );
    });
    this.#socket.on("error", (error) => {
      this.#error ??= new BrokerError("CONNECTION_LOST", `the connection to ${host}:${port} failed: ${error.message}`, {
        cause: error,
      });
    });
    this.#socket.once("close", () => {
      clearTimeout(this.#timer);
      this.#closed = true;
      handlers.closed(this.#error ?? new BrokerError("CONNECTION_LOST", `${host}:${port} closed the connection`));
    });
  }

  send(buffer: Uint8Array, at: number, size: number): void {
    assert(at >= HEADROOM, "there is room for the header");
    if (this.#closed) return;
    const start = at - clientHeaderSize(size);
    writeClientHeader(buffer, start, Opcode.Binary, size);
    this.#socket.write(buffer.subarray(start, at + size));
  }

  batch(run: () => void): void {
    this.#socket.cork();
    run();
    this.#socket.uncork();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.end(encodeClose(CloseCode.Normal));
    this.#timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
  }

  destroy(error: BrokerError): void {
    this.#error ??= error;
    this.#closed = true;
    this.#socket.destroy();
  }

  /** @returns true: read on */
  #read(size: number): boolean {
    const filled = this.#end + size === this.#received.length;
    this.#end += size;
    try {
      if (this.#opened || this.#upgrade()) this.#takeMessages();
    } catch (error) {
      // The broker's mistakes only: what a handler throws is a bug, and ends the process.
      if (!(error instanceof BrokerError)) throw error;
      this.destroy(error);
    }
    this.#makeRoom(filled);
    return true;
  }

  /** @returns whether the WebSocket is open now */
  #upgrade(): boolean {
    const response = this.#upgradeResponse();
    if (response === null) return false;
    clearTimeout(this.#timer);
    this.#start += response.size;
    this.#opened = true;
    this.#handlers.opened(this);
    return true;
  }

  /** What is refused says who answered: it is often no broker. */
  #upgradeResponse(): UpgradeResponse | null {
    try {
      const response = parseUpgradeResponse(this.#received.subarray(this.#start, this.#end));
      if (response !== null) checkUpgrade(response, this.#accept, SUBPROTOCOL);
      return response;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      const { code, message, details } = error;
      throw new BrokerError(code, `${this.#server.host}:${this.#server.port}: ${message}`, { details });
    }
  }

  #takeMessages(): void {
    const reader = this.#reader;
    while (!this.#closed) {
      const event = reader.read(this.#received, this.#start, this.#end);
      this.#start = reader.next;
      switch (event) {
        case "incomplete":
          return;
        case "binary":
          this.#handlers.message(this.#received.subarray(reader.payloadAt, reader.payloadAt + reader.payloadSize));
          break;
        case "ping":
          this.#socket.write(
            encodeControlFrame(
              Opcode.Pong,
              this.#received.subarray(reader.payloadAt, reader.payloadAt + reader.payloadSize),
            ),
          );
          break;
        case "pong":
          break;
        case "close":
          this.close();
          return;
        case "text":
          throw new BrokerError("PROTOCOL_VIOLATION", "the broker sent text");
        case "violation":
          this.#socket.write(encodeClose(reader.closeCode));
          throw new BrokerError("PROTOCOL_VIOLATION", reader.violation);
      }
    }
  }

  /** Makes sure that the next read has room, and that what is awaited can become complete. */
  #makeRoom(filled: boolean): void {
    const kept = this.#end - this.#start;
    const { length } = this.#received;
    if (kept === 0) this.#start = this.#end = 0;
    const needed = Math.max(this.#opened ? this.#reader.bytesNeeded : 0, kept + READ_BYTES_MIN);
    let wanted = length;
    if (filled && length < RECEIVE_BYTES_MAX) wanted = 2 * length;
    while (wanted < needed) wanted *= 2;
    // What one large message needed is given back once it is gone.
    if (kept === 0 && length > RECEIVE_BYTES_MAX) wanted = RECEIVE_BYTES_MAX;
    if (wanted !== length) {
      const larger = new Uint8Array(wanted);
      larger.set(this.#received.subarray(this.#start, this.#end));
      this.#received = larger;
    } else if (this.#start + needed > length) {
      this.#received.copyWithin(0, this.#start, this.#end);
    } else {
      return;
    }
    this.#start = 0;
    this.#end = kept;
  }
}
