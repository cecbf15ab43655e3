/** WebSocket as browsers have it. Node has it too, from version 22 on, which is how this file is tested. */
import { BrokerError } from "../base/errors.ts";
import { SUBPROTOCOL, WEBSOCKET_PATH } from "../protocol/endpoint.ts";
import { CloseCode } from "../protocol/websocket.ts";
import type { OpenTransport, Transport, TransportHandlers, TransportOptions } from "./transport.ts";

export const openTransport: OpenTransport = (options, handlers) => new BrowserTransport(options, handlers);

class BrowserTransport implements Transport {
  readonly #socket: WebSocket;
  readonly #handlers: TransportHandlers;
  readonly #timer: ReturnType<typeof setTimeout>;
  #closed = false;

  constructor({ server, connectTimeoutMs }: TransportOptions, handlers: TransportHandlers) {
    const host = server.host.includes(":") ? `[${server.host}]` : server.host;
    this.#handlers = handlers;
    this.#socket = new WebSocket(`ws://${host}:${server.port}${WEBSOCKET_PATH}`, SUBPROTOCOL);
    this.#socket.binaryType = "arraybuffer";
    this.#timer = setTimeout(() => {
      this.destroy(new BrokerError("CONNECTION_LOST", `no connection to ${host} within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    this.#socket.addEventListener("open", () => {
      clearTimeout(this.#timer);
      if (!this.#closed) handlers.opened(this);
    });
    this.#socket.addEventListener("message", ({ data }) => this.#take(data));
    // A browser does not say why; that comes with the close event, or never.
    this.#socket.addEventListener("error", () => {});
    this.#socket.addEventListener("close", ({ code, reason }) => {
      const details = { code, reason };
      this.#end(new BrokerError("CONNECTION_LOST", `the connection to ${host}:${server.port} is closed`, { details }));
    });
  }

  send(buffer: Uint8Array, at: number, size: number): void {
    if (!this.#closed) this.#socket.send(buffer.subarray(at, at + size) as Uint8Array<ArrayBuffer>);
  }

  batch(run: () => void): void {
    run();
  }

  close(): void {
    this.#socket.close(CloseCode.Normal);
  }

  destroy(error: BrokerError): void {
    this.#socket.close();
    // The closing handshake with a peer that is gone takes a minute.
    this.#end(error);
  }

  #take(data: unknown): void {
    if (this.#closed) return;
    if (data instanceof ArrayBuffer) this.#handlers.message(new Uint8Array(data));
    else this.destroy(new BrokerError("PROTOCOL_VIOLATION", "the broker sent text"));
  }

  #end(error: BrokerError): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    queueMicrotask(() => this.#handlers.closed(error));
  }
}
