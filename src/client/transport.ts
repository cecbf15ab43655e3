/**
 * A WebSocket as the connection sees it: whole binary messages in and out. There is one implementation for Node and one
 * for browsers; package.json's `#transport` chooses.
 */
import type { BrokerError } from "../base/errors.ts";
import { CLIENT_HEADER_SIZE_MAX } from "../protocol/websocket.ts";

/** Bytes in front of every frame that is sent, for the transport to write its own header into. */
export const HEADROOM: number = CLIENT_HEADER_SIZE_MAX;

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface TransportOptions {
  readonly server: ServerAddress;
  /** ms until an attempt to connect is given up. */
  readonly connectTimeoutMs: number;
}

export interface TransportHandlers {
  /** The WebSocket is open. Called once, before any message. */
  opened(transport: Transport): void;
  /** @param frame one message; it is only there until this returns */
  message(frame: Uint8Array): void;
  /**
   * The end, called once, also when nothing was ever opened; never from inside a call of ours.
   *
   * @param error CONNECTION_LOST, or why the broker refused the WebSocket
   */
  closed(error: BrokerError): void;
}

export interface Transport {
  /**
   * Sends buffer[at, at + size) as one message. The HEADROOM bytes before `at` are overwritten. All of it must stay as
   * it is until the broker has answered, or until the transport is closed.
   */
  send(buffer: Uint8Array, at: number, size: number): void;
  /** What `run` sends leaves together. */
  batch(run: () => void): void;
  /** Closes properly: what was sent before still goes out. `closed` follows. */
  close(): void;
  /**
   * Gives up at once.
   *
   * @param error what `closed` is told
   */
  destroy(error: BrokerError): void;
}

/** Starts to connect. Whatever happens is told to the handlers, nothing before this returns. */
export type OpenTransport = (options: TransportOptions, handlers: TransportHandlers) => Pick<Transport, "destroy">;

/** @returns a buffer for `send`, at HEADROOM the frame */
export function withHeadroom(frame: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(HEADROOM + frame.length);
  buffer.set(frame, HEADROOM);
  return buffer;
}
