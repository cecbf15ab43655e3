/** A connected client as the protocol code sees it: messages out, nothing of the library that carries them. */

export interface ClientSocket {
  readonly remoteAddress: string;
  /** Bytes that the kernel has not taken yet. */
  readonly bufferedBytes: number;
  /** Sends one message. The bytes are the caller's again when this returns. */
  send(frame: Uint8Array): void;
  /** Sends one message in two pieces, the second straight from where it lies. */
  sendPieces(prefix: Uint8Array, bytes: Uint8Array): void;
  /** Sends of `run` leave together. Not for large messages. */
  cork(run: () => void): void;
  /** Closes with a code of RFC 6455, after what was sent. */
  end(code: number, reason: string): void;
}

/** Close codes by reason; part of the protocol (schemas/cambium.fbs, Goodbye). */
export const CLOSE_GOING_AWAY = 1001;
export const CLOSE_PROTOCOL_ERROR = 1002;
export const CLOSE_NOT_BINARY = 1003;
export const CLOSE_POLICY = 1008;
