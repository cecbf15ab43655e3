/**
 * WebSocket framing (RFC 6455) for our Node client, which speaks it over a plain socket: no copy on the way out, none on
 * the way in. The broker's side of it is uWebSockets.js; browsers bring their own.
 *
 *   byte  a frame
 *   0     FIN in bit 7, three reserved bits (0), opcode in bits 0..3
 *   1     MASK in bit 7, length in bits 0..6: up to 125 itself; 126: in the next 2 bytes; 127: in the next 8, big-endian
 *   then  4 bytes of mask, in frames to the server; then the payload
 *
 * Frames to the server must be masked with a random key (section 5.3), to keep a browser's scripts from writing text of
 * their choice to a proxy. Our key is 0, under which the masked payload is the payload: legal on the wire, not random,
 * and it spares a pass over every byte. This client is no browser, and what it sends is its user's own.
 */
import { assert } from "../base/assert.ts";

export const Opcode = {
  Continuation: 0,
  Text: 1,
  Binary: 2,
  Close: 8,
  Ping: 9,
  Pong: 10,
} as const;
export type Opcode = (typeof Opcode)[keyof typeof Opcode];

/** Status codes of section 7.4 that this side sends or, for `None`, understands. */
export const CloseCode = {
  Normal: 1000,
  ProtocolError: 1002,
  /** A close frame that carried no code. */
  None: 1005,
  TooBig: 1009,
} as const;

const FIN_BIT = 0x80;
const RESERVED_BITS = 0x70;
const OPCODE_BITS = 0x0f;
const CONTROL_BIT = 0x08;
const MASK_BIT = 0x80;
const LENGTH_BITS = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_SIZE = 4;
/** Also the longest payload of a control frame. */
const SHORT_LENGTH_MAX = 125;

/** The most that a client's header takes. */
export const CLIENT_HEADER_SIZE_MAX = 2 + 8 + MASK_SIZE;

/** @returns bytes of the header in front of a payload of this size: 6, 8 or 14 */
export function clientHeaderSize(payloadSize: number): number {
  if (payloadSize <= SHORT_LENGTH_MAX) return 2 + MASK_SIZE;
  return payloadSize <= 0xffff ? 4 + MASK_SIZE : CLIENT_HEADER_SIZE_MAX;
}

/**
 * Writes the header of an unfragmented frame to target[at, at + clientHeaderSize(payloadSize)). The payload belongs
 * right behind it, as it is.
 *
 * @param payloadSize bytes, below 2^32
 */
export function writeClientHeader(target: Uint8Array, at: number, opcode: Opcode, payloadSize: number): void {
  target[at] = FIN_BIT | opcode;
  let maskAt = at + 2;
  if (payloadSize <= SHORT_LENGTH_MAX) {
    target[at + 1] = MASK_BIT | payloadSize;
  } else if (payloadSize <= 0xffff) {
    target[at + 1] = MASK_BIT | LENGTH_16;
    target[at + 2] = payloadSize >> 8;
    target[at + 3] = payloadSize;
    maskAt = at + 4;
  } else {
    target[at + 1] = MASK_BIT | LENGTH_64;
    target.fill(0, at + 2, at + 6);
    target[at + 6] = payloadSize >>> 24;
    target[at + 7] = payloadSize >> 16;
    target[at + 8] = payloadSize >> 8;
    target[at + 9] = payloadSize;
    maskAt = at + 10;
  }
  target.fill(0, maskAt, maskAt + MASK_SIZE);
}

/** @returns a whole frame: a ping, or the pong that a ping's payload asks for, of at most 125 bytes */
export function encodeControlFrame(opcode: Opcode, payload: Uint8Array): Uint8Array {
  assert((opcode & CONTROL_BIT) !== 0 && payload.length <= SHORT_LENGTH_MAX, "a control frame is short");
  const headerSize = clientHeaderSize(payload.length);
  const frame = new Uint8Array(headerSize + payload.length);
  writeClientHeader(frame, 0, opcode, payload.length);
  frame.set(payload, headerSize);
  return frame;
}

/** @returns a whole close frame, without a reason */
export function encodeClose(code: number): Uint8Array {
  return encodeControlFrame(Opcode.Close, Uint8Array.of(code >> 8, code));
}

/** What MessageReader.read found. */
export type WebSocketEvent =
  /** More bytes are needed: at least `bytesNeeded` from the start of the retained ones. */
  | "incomplete"
  /** A whole message. */
  | "text"
  | "binary"
  /** A control frame. */
  | "ping"
  | "pong"
  | "close"
  /** The server broke the protocol, as `violation` and `closeCode` say; the connection is of no further use. */
  | "violation";

/**
 * Finds the messages in a server's bytes, incrementally and in place.
 *
 * The caller keeps one contiguous buffer, reads from the socket to its end, and calls read() until it says "incomplete".
 * Whatever lies from `next` on must be there again in the next call, at whatever place: the caller may move it to the
 * buffer's front, or into a larger buffer. Frames of a fragmented message are joined inside the buffer, by moving the
 * smaller of the message so far and the new fragment; for Data that is the prefix of some hundred bytes, not the slice
 * that follows it.
 */
export class MessageReader {
  /** Position of the payload, after any event but "incomplete" and "violation". */
  payloadAt = 0;
  payloadSize = 0;
  /** Where the next call starts: position of the first byte that must be retained. */
  next = 0;
  /** After "incomplete": bytes, counted from `next`, without which the next call can find nothing new. */
  bytesNeeded = 0;
  /** After "close": the server's status code. After "violation": the one to close with. */
  closeCode: number = CloseCode.None;
  /** What the server did wrong. */
  violation = "";

  readonly #messageBytesMax: number;
  /** Bytes at the start of the retained ones that belong to the message so far and to frames that were handed out. */
  #parsedSize = 0;
  /** Opcode of the fragmented message whose end is awaited; Continuation: there is none. */
  #messageOpcode: Opcode = Opcode.Continuation;
  /** Where the message so far lies, from the start of the retained bytes. */
  #messageAt = 0;
  #messageSize = 0;

  /** @param messageBytesMax a longer message is a violation as soon as its header says so; below 2^30 */
  constructor(messageBytesMax: number) {
    assert(messageBytesMax < 2 ** 30, "sizes are small integers");
    this.#messageBytesMax = messageBytesMax;
  }

  /**
   * @param bytes the buffer; payloads of a fragmented message are moved inside it
   * @param start of the retained bytes: `next` after the last call, or where they were moved to since
   * @param end   behind the last byte received
   */
  read(bytes: Uint8Array, start: number, end: number): WebSocketEvent {
    for (;;) {
      const at = start + this.#parsedSize;
      this.next = start;
      if (end - at < 2) return this.#incomplete(2);
      const first = bytes[at]!;
      const second = bytes[at + 1]!;
      const opcode = first & OPCODE_BITS;
      const isControl = (opcode & CONTROL_BIT) !== 0;
      const isLast = (first & FIN_BIT) !== 0;
      if ((first & RESERVED_BITS) !== 0) return this.#violate("reserved bits are set");
      if ((second & MASK_BIT) !== 0) return this.#violate("a server's frame is masked");

      let payloadSize = second & LENGTH_BITS;
      let headerSize = 2;
      if (payloadSize === LENGTH_16) {
        headerSize = 4;
        if (end - at < headerSize) return this.#incomplete(headerSize);
        payloadSize = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      } else if (payloadSize === LENGTH_64) {
        headerSize = 10;
        if (end - at < headerSize) return this.#incomplete(headerSize);
        payloadSize = readUint64(bytes, at + 2);
      }

      if (isControl) {
        if (!isLast) return this.#violate("a control frame is fragmented");
        if (payloadSize > SHORT_LENGTH_MAX) return this.#violate("a control frame is too long");
        if (opcode > Opcode.Pong) return this.#violate("an opcode is unknown");
        if (opcode === Opcode.Close && payloadSize === 1) return this.#violate("a close code is cut short");
      } else {
        const isContinuation = opcode === Opcode.Continuation;
        const isPending = this.#messageOpcode !== Opcode.Continuation;
        if (opcode > Opcode.Binary) return this.#violate("an opcode is unknown");
        if (isContinuation !== isPending) return this.#violate("fragments are out of order");
        if (payloadSize > this.#messageBytesMax - this.#messageSize)
          return this.#violate("a message is too long", CloseCode.TooBig);
      }
      if (end - at < headerSize + payloadSize) return this.#incomplete(headerSize + payloadSize);

      const payloadAt = at + headerSize;
      this.#parsedSize += headerSize + payloadSize;
      if (isControl) return this.#control(opcode, bytes, start, payloadAt, payloadSize);
      if (opcode !== Opcode.Continuation) {
        this.#messageOpcode = opcode as Opcode;
        this.#messageAt = payloadAt - start;
        this.#messageSize = payloadSize;
      } else {
        this.#join(bytes, start, payloadAt, payloadSize);
      }
      if (isLast) return this.#message(start);
    }
  }

  #incomplete(frameSize: number): "incomplete" {
    this.bytesNeeded = this.#parsedSize + frameSize;
    return "incomplete";
  }

  #violate(violation: string, closeCode: number = CloseCode.ProtocolError): "violation" {
    this.violation = violation;
    this.closeCode = closeCode;
    return "violation";
  }

  #control(opcode: number, bytes: Uint8Array, start: number, payloadAt: number, payloadSize: number): WebSocketEvent {
    this.payloadAt = payloadAt;
    this.payloadSize = payloadSize;
    // Between the fragments of a message, the fragments before it are still needed.
    if (this.#messageOpcode === Opcode.Continuation) this.#release(start);
    if (opcode === Opcode.Ping) return "ping";
    if (opcode === Opcode.Pong) return "pong";
    this.closeCode = payloadSize === 0 ? CloseCode.None : (bytes[payloadAt]! << 8) | bytes[payloadAt + 1]!;
    return "close";
  }

  /** Makes one stretch of the message so far and the fragment behind it. */
  #join(bytes: Uint8Array, start: number, payloadAt: number, payloadSize: number): void {
    const messageAt = start + this.#messageAt;
    const messageEnd = messageAt + this.#messageSize;
    if (payloadSize < this.#messageSize) {
      bytes.copyWithin(messageEnd, payloadAt, payloadAt + payloadSize);
    } else {
      this.#messageAt = payloadAt - this.#messageSize - start;
      bytes.copyWithin(start + this.#messageAt, messageAt, messageEnd);
    }
    this.#messageSize += payloadSize;
  }

  #message(start: number): "text" | "binary" {
    const event = this.#messageOpcode === Opcode.Text ? "text" : "binary";
    this.payloadAt = start + this.#messageAt;
    this.payloadSize = this.#messageSize;
    this.#messageOpcode = Opcode.Continuation;
    this.#messageSize = 0;
    this.#release(start);
    return event;
  }

  /** Nothing that was parsed is needed any more once the caller has used the payload. */
  #release(start: number): void {
    this.next = start + this.#parsedSize;
    this.#parsedSize = 0;
  }
}

/** @returns a number that may be rounded, but stays above every limit of ours if the integer is */
function readUint64(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = 0; index < 8; index++) value = value * 256 + bytes[at + index]!;
  return value;
}
