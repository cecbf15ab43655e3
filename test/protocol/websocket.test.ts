import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../src/base/assert.ts";
import {
  CLIENT_HEADER_SIZE_MAX,
  CloseCode,
  clientHeaderSize,
  encodeClose,
  encodeControlFrame,
  MessageReader,
  Opcode,
  type WebSocketEvent,
  writeClientHeader,
} from "../../src/protocol/websocket.ts";

describe("the header of a client's frame", () => {
  test.each([
    [0, [0x82, 0x80, 0, 0, 0, 0]],
    [125, [0x82, 0xfd, 0, 0, 0, 0]],
    [126, [0x82, 0xfe, 0x00, 0x7e, 0, 0, 0, 0]],
    [65_535, [0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0]],
    [65_536, [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]],
    [2 ** 32 - 1, [0x82, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]],
  ])("in front of %d bytes", (size, header) => {
    const target = new Uint8Array(CLIENT_HEADER_SIZE_MAX + 2).fill(0xa5);
    writeClientHeader(target, 1, Opcode.Binary, size);
    expect(clientHeaderSize(size)).toBe(header.length);
    expect([...target.subarray(1, 1 + header.length)]).toEqual(header);
    expect(target[0]).toBe(0xa5);
    expect(target[1 + header.length]).toBe(0xa5);
  });
});

test("a control frame carries its payload unchanged, at most 125 bytes of it", () => {
  expect([...encodeControlFrame(Opcode.Pong, Uint8Array.of(1, 2))]).toEqual([0x8a, 0x82, 0, 0, 0, 0, 1, 2]);
  expect([...encodeClose(CloseCode.TooBig)]).toEqual([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xf1]);
  expect(() => encodeControlFrame(Opcode.Ping, new Uint8Array(126))).toThrow(AssertionFailure);
});

/** A server's frame. */
function frame(opcode: number, payload: Uint8Array, fin = true): Uint8Array {
  const size = payload.length;
  const low = [size >> 8, size];
  const length = size <= 125 ? [size] : size <= 0xffff ? [126, ...low] : [127, 0, 0, 0, 0, 0, size >> 16, ...low];
  return Uint8Array.from([(fin ? 0x80 : 0) | opcode, ...length, ...payload]);
}

const concatenated = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const filled = (size: number, seed: number) => Uint8Array.from({ length: size }, (_, index) => seed + index * 7);

type Received = readonly [event: WebSocketEvent, payload: readonly number[]];

/** Receives as a client does: appends chunks to one buffer, takes out what is whole, and keeps the rest at its front. */
function receive(chunks: readonly Uint8Array[], messageBytesMax: number): Received[] {
  const reader = new MessageReader(messageBytesMax);
  const buffer = new Uint8Array(400_000);
  const received: Received[] = [];
  let end = 0;
  for (const chunk of chunks) {
    buffer.set(chunk, end);
    end += chunk.length;
    let next = 0;
    for (;;) {
      const event = reader.read(buffer, next, end);
      next = reader.next;
      if (event === "incomplete") {
        expect(reader.bytesNeeded).toBeGreaterThan(end - next);
        break;
      }
      if (event === "violation") return [...received, [event, []]];
      received.push([event, [...buffer.subarray(reader.payloadAt, reader.payloadAt + reader.payloadSize)]]);
    }
    buffer.copyWithin(0, next, end);
    end -= next;
  }
  expect(end).toBe(0);
  return received;
}

describe("the messages of a server", () => {
  test.each([0, 1, 125, 126, 127, 65_535, 65_536, 300_000])("of %d bytes are found", (size) => {
    const payload = filled(size, 3);
    expect(receive([frame(Opcode.Binary, payload)], 300_000)).toEqual([["binary", [...payload]]]);
  });

  test("are found however the bytes are cut and the messages fragmented, with control frames between", () => {
    const control = fc.constantFrom<readonly [WebSocketEvent, number]>(["ping", Opcode.Ping], ["pong", Opcode.Pong]);
    const interlude = fc.array(fc.tuple(control, fc.uint8Array({ maxLength: 20 })), { maxLength: 2 });
    const message = fc.record({
      isText: fc.boolean(),
      fragments: fc.array(fc.record({ size: fc.nat(300), interlude }), { minLength: 1, maxLength: 5 }),
    });
    const cuts = fc.array(fc.nat(200), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), cuts, (messages, sizes) => {
        const expected: Received[] = [];
        const frames: Uint8Array[] = [];
        for (const { isText, fragments } of messages) {
          const parts: Uint8Array[] = [];
          for (const [index, fragment] of fragments.entries()) {
            const opcode = index > 0 ? Opcode.Continuation : isText ? Opcode.Text : Opcode.Binary;
            for (const [[event, controlOpcode], payload] of fragment.interlude) {
              frames.push(frame(controlOpcode, payload));
              expected.push([event, [...payload]]);
            }
            const part = filled(fragment.size, frames.length);
            frames.push(frame(opcode, part, index === fragments.length - 1));
            parts.push(part);
          }
          expected.push([isText ? "text" : "binary", [...concatenated(parts)]]);
        }
        const stream = concatenated(frames);
        const chunks: Uint8Array[] = [];
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const size = Math.max(1, sizes[cut % sizes.length]!);
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(receive(chunks, 10_000)).toEqual(expected);
      }),
    );
  });

  test("a small prefix is moved to its large continuation, which stays where it is", () => {
    const [prefix, slice] = [filled(160, 1), filled(200_000, 2)];
    const stream = concatenated([frame(Opcode.Binary, prefix, false), frame(Opcode.Continuation, slice)]);
    const reader = new MessageReader(300_000);
    expect(reader.read(stream, 0, stream.length)).toBe("binary");
    expect(reader.payloadAt + reader.payloadSize).toBe(stream.length);
    expect(reader.payloadSize).toBe(200_160);
  });

  test("a close frame says why, or that it does not", () => {
    const reader = new MessageReader(100);
    const going = frame(Opcode.Close, Uint8Array.of(0x03, 0xe9, 0x62, 0x79, 0x65));
    expect(reader.read(going, 0, going.length)).toBe("close");
    expect(reader.closeCode).toBe(1001);
    expect(going.subarray(reader.payloadAt + 2, reader.payloadAt + reader.payloadSize)).toEqual(
      new TextEncoder().encode("bye"),
    );
    const silent = frame(Opcode.Close, new Uint8Array(0));
    expect(reader.read(silent, 0, silent.length)).toBe("close");
    expect(reader.closeCode).toBe(CloseCode.None);
  });

  test("a message needs exactly its own bytes", () => {
    const stream = frame(Opcode.Binary, filled(1000, 1));
    const reader = new MessageReader(1000);
    expect(reader.read(stream, 0, 1)).toBe("incomplete");
    expect(reader.bytesNeeded).toBe(2);
    expect(reader.read(stream, 0, 3)).toBe("incomplete");
    expect(reader.bytesNeeded).toBe(4);
    expect(reader.read(stream, 0, 500)).toBe("incomplete");
    expect(reader.bytesNeeded).toBe(stream.length);
    expect(reader.read(stream, 0, stream.length)).toBe("binary");
  });
});

describe("what a server must not do is a violation:", () => {
  const byte = Uint8Array.of(1);
  const masked = frame(Opcode.Binary, byte);
  masked[1]! |= 0x80;
  const reserved = frame(Opcode.Binary, byte);
  reserved[0]! |= 0x40;

  test.each([
    ["a masked frame", [masked]],
    ["a reserved bit", [reserved]],
    ["an unknown opcode", [frame(3, byte)]],
    ["an unknown control opcode", [frame(11, byte)]],
    ["a fragmented ping", [frame(Opcode.Ping, byte, false)]],
    ["a ping of 126 bytes", [frame(Opcode.Ping, filled(126, 0))]],
    ["a close frame of one byte", [frame(Opcode.Close, byte)]],
    ["a continuation of nothing", [frame(Opcode.Continuation, byte)]],
    ["a message inside a message", [frame(Opcode.Binary, byte, false), frame(Opcode.Binary, byte)]],
  ])("%s", (_, frames) => {
    const stream = concatenated(frames);
    const reader = new MessageReader(1000);
    expect(reader.read(stream, 0, stream.length)).toBe("violation");
    expect(reader.closeCode).toBe(CloseCode.ProtocolError);
    expect(reader.violation).not.toBe("");
  });

  test.each([
    ["1 byte too many", [0x82, 126, 0x03, 0xe9]],
    ["2^31 bytes", [0x82, 127, 0, 0, 0, 0, 0x80, 0, 0, 0]],
    ["2^64 - 1 bytes", [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]],
    ["1 byte too many in two fragments", [0x02, 2, 1, 1, 0x80, 126, 0x03, 0xe7]],
  ])("a message of %s, as soon as its header says so", (_, header) => {
    const reader = new MessageReader(1000);
    expect(reader.read(Uint8Array.from(header), 0, header.length)).toBe("violation");
    expect(reader.closeCode).toBe(CloseCode.TooBig);
  });
});
