import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../src/base/assert.ts";
import { BrokerError } from "../../src/base/errors.ts";
import type { Offset } from "../../src/base/units.ts";
import { Slot } from "../../src/protocol/generated/verifier-tables.ts";
import { Body } from "../../src/protocol/generated/wire.ts";
import { ANSWER_BYTES_MAX } from "../../src/protocol/limits.ts";
import { type BodyName, decodeMessage, encodeMessage, type Message } from "../../src/protocol/messages.ts";
import { FrameReader } from "../../src/protocol/verifier.ts";
import { bodies, bodyNames, correlation } from "./arbitraries.ts";
import { walkFrame } from "./walk-frame.ts";

const reader = new FrameReader(ANSWER_BYTES_MAX);

function verified(bytes: Uint8Array): FrameReader {
  expect(reader.verify(bytes)).toBeNull();
  return reader;
}

function decoded(bytes: Uint8Array): Message {
  return decodeMessage(verified(bytes));
}

const topicId = Uint8Array.from({ length: 16 }, (_, index) => index);

describe("every message", () => {
  test.each(bodyNames)("%s comes out as it went in", (name: BodyName) => {
    fc.assert(
      fc.property(correlation, bodies[name] as fc.Arbitrary<never>, (id, body) => {
        const bytes = encodeMessage(name, id, body);
        walkFrame(bytes);
        expect(decoded(bytes)).toEqual({ type: name, correlation: id, body });
      }),
    );
  });

  test("has a number in the schema's union, and no number is without one", () => {
    const types = Object.keys(Body).filter((name) => name !== "NONE");
    expect(types.sort()).toEqual([...bodyNames].sort());
  });
});

test("a scalar that is left out takes the schema's default", () => {
  expect(decoded(encodeMessage("CreateTopic", 1, { name: "leaves" })).body).toEqual({
    name: "leaves",
    partitions: 1,
    validateOnly: false,
  });
  expect(decoded(encodeMessage("InitProducer", 1, {})).body).toEqual({ producerId: -1n, producerEpoch: -1 });
});

test("an absent list and an empty one stay apart", () => {
  expect(decoded(encodeMessage("DescribeTopics", 1, {})).body).toHaveProperty("names", undefined);
  expect(decoded(encodeMessage("DescribeTopics", 1, { names: [] })).body).toHaveProperty("names", []);
});

test("text keeps its byte order mark", () => {
  expect(decoded(encodeMessage("StatsResult", 1, { json: "\ufeff{}" })).body).toEqual({ json: "\ufeff{}" });
});

test("a decoded message keeps nothing of the frame's memory", () => {
  const bytes = encodeMessage("Hello", 1, { credentials: Uint8Array.of(1, 2, 3), client: "c" });
  const message = decoded(bytes);
  bytes.fill(0);
  expect(message.body).toMatchObject({ credentials: Uint8Array.of(1, 2, 3), client: "c" });
});

test("an encoded frame is not changed by the next one", () => {
  const first = encodeMessage("DeleteTopic", 1, { name: "a" });
  const copy = first.slice();
  encodeMessage("DeleteTopic", 2, { name: "b" });
  expect(first).toEqual(copy);
});

test("an error while encoding does not spoil the next message", () => {
  expect(() => encodeMessage("CreateTopic", 1, { name: "a", partitions: 2 ** 31 })).toThrow(AssertionFailure);
  expect(decoded(encodeMessage("DeleteTopic", 2, { name: "b" })).body).toEqual({ name: "b" });
});

test.each([
  ["a fraction", () => encodeMessage("Window", 1, { window: 0.5 })],
  ["a negative number for an unsigned field", () => encodeMessage("Window", 1, { window: -1 })],
  ["2^32", () => encodeMessage("Window", 1, { window: 2 ** 32 })],
  ["a correlation of 2^32", () => encodeMessage("Window", 2 ** 32, {})],
  ["2^63 for a producer id", () => encodeMessage("InitProducer", 1, { producerId: 1n << 63n })],
  ["2^64 for features", () => encodeMessage("Hello", 1, { features: 1n << 64n })],
  ["an offset of 2^53", () => encodeMessage("SubscribeResult", 1, { offset: (2 ** 53) as Offset })],
  ["an offset of -1 where there must be one", () => encodeMessage("SubscribeResult", 1, { offset: -1 as Offset })],
  ["a UUID of 15 bytes", () => encodeMessage("ListOffset", 1, { topicId: topicId.subarray(1) })],
])("%s is not encoded", (_, encode) => {
  expect(encode).toThrow(AssertionFailure);
});

test("a message that no client would accept is a typed error", () => {
  const json = "x".repeat(ANSWER_BYTES_MAX);
  expect(() => encodeMessage("StatsResult", 1, { json })).toThrow(
    expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }),
  );
});

describe("a verified frame whose values are not the protocol's is PROTOCOL_VIOLATION", () => {
  function refusal(bytes: Uint8Array, slot: number, damage: (frame: Uint8Array, at: number) => void): BrokerError {
    damage(bytes, verified(bytes).fields[slot]!);
    try {
      decoded(bytes);
    } catch (error) {
      if (error instanceof BrokerError) return error;
      throw error;
    }
    throw new Error("the frame was decoded");
  }

  test.each([
    ["2^53", [0, 0, 0, 0, 0, 0, 0x20, 0]],
    ["2^63 - 1", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ["-1 where there must be one", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])("an offset of %s", (_, value) => {
    const frame = encodeMessage("SubscribeResult", 1, { offset: 1 as Offset });
    const error = refusal(frame, Slot.SubscribeResult.offset, (bytes, at) => bytes.set(value, at));
    expect(error).toMatchObject({ code: "PROTOCOL_VIOLATION", details: { field: "SubscribeResult.offset" } });
  });

  test("an enum value of no version", () => {
    const frame = encodeMessage("ListOffset", 1, { topicId, start: 3 });
    const error = refusal(frame, Slot.ListOffset.start, (bytes, at) => bytes.fill(4, at, at + 1));
    expect(error).toMatchObject({ code: "PROTOCOL_VIOLATION", details: { field: "ListOffset.start" } });
  });

  test("text that is not UTF-8", () => {
    const frame = encodeMessage("DeleteTopic", 1, { name: "leaves" });
    const error = refusal(frame, Slot.DeleteTopic.name, (bytes, at) => bytes.fill(0xff, at + 4, at + 5));
    expect(error).toMatchObject({ code: "PROTOCOL_VIOLATION", details: { field: "DeleteTopic.name" } });
  });
});
