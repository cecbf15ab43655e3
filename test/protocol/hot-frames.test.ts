/** Templates and readers of hot frames, against flatc's accessors, the verifier and the codec of plain objects. */

import fc from "fast-check";
import { ByteBuffer } from "flatbuffers";
import { describe, expect, test } from "vitest";
import { AssertionFailure } from "../../src/base/assert.ts";
import { CREDIT_FRAME_SIZE, CreditReader, writeCredit } from "../../src/protocol/credit.ts";
import { DATA_PREFIX_SIZE, DataEncoder, DataReader } from "../../src/protocol/data.ts";
import type { Bodies } from "../../src/protocol/generated/messages.ts";
import { Slot } from "../../src/protocol/generated/verifier-tables.ts";
import * as wire from "../../src/protocol/generated/wire.ts";
import { REQUEST_BYTES_MAX } from "../../src/protocol/limits.ts";
import { type BodyName, decodeMessage, encodeMessage } from "../../src/protocol/messages.ts";
import { PRODUCE_ENVELOPE_SIZE, ProduceEnvelope, ProduceReader } from "../../src/protocol/produce.ts";
import { ProduceAckEncoder, ProduceAckReader } from "../../src/protocol/produce-ack.ts";
import {
  PRODUCE_PART_ENVELOPE_SIZE,
  ProducePartReader,
  writeProducePartEnvelope,
} from "../../src/protocol/produce-part.ts";
import { FrameReader } from "../../src/protocol/verifier.ts";
import { bodies, correlation } from "./arbitraries.ts";
import { walkFrame } from "./walk-frame.ts";

const reader = new FrameReader(REQUEST_BYTES_MAX);

function verified(frame: Uint8Array): FrameReader {
  expect(reader.verify(frame)).toBeNull();
  walkFrame(frame);
  return reader;
}

/** A frame must say what the same message says when the official Builder writes it: to flatc's accessors and to us. */
function expectMessage<Name extends BodyName>(frame: Uint8Array, type: Name, id: number, body: Bodies[Name]): void {
  expect(decodeMessage(verified(frame))).toEqual({ type, correlation: id, body });
  expect(decodeMessage(verified(encodeMessage(type, id, body as never)))).toEqual({ type, correlation: id, body });
}

/** For every message of the type and correlation: `check(id, body)`. */
function forAll<Name extends BodyName>(name: Name, check: (id: number, body: Bodies[Name]) => void): void {
  fc.assert(fc.property(correlation, bodies[name] as fc.Arbitrary<Bodies[Name]>, check));
}

/** @returns the frame in the middle of other bytes, which `write` must leave alone */
function written(size: number, write: (target: Uint8Array, at: number) => void): Uint8Array {
  const memory = new Uint8Array(size + 40).fill(0xa5);
  write(memory, 17);
  expect(memory.subarray(0, 17).every((byte) => byte === 0xa5)).toBe(true);
  expect(memory.subarray(17 + size).every((byte) => byte === 0xa5)).toBe(true);
  return memory.subarray(17, 17 + size);
}

const accessorOf = (frame: Uint8Array) => wire.Frame.getRootAsFrame(new ByteBuffer(frame));

describe("Produce", () => {
  const produce = new ProduceReader();

  test("an envelope and a batch are the message", () => {
    forAll("Produce", (id, body) => {
      const frame = written(PRODUCE_ENVELOPE_SIZE + body.batch.length, (target, at) => {
        target.set(body.batch, at + PRODUCE_ENVELOPE_SIZE);
        new ProduceEnvelope(body).write(target, at, id, body.batch.length);
      });
      expectMessage(frame, "Produce", id, body);
    });
  });

  test("flatc's accessors read it", () => {
    const topicId = Uint8Array.from({ length: 16 }, (_, index) => 200 + index);
    const frame = new Uint8Array(PRODUCE_ENVELOPE_SIZE + 5).fill(0xbb);
    new ProduceEnvelope({ topicId, partition: 7, leaderEpoch: 8, acks: 1 }).write(frame, 0, 0xffff_fffe, 5);
    const accessor = accessorOf(frame);
    expect(accessor.correlation()).toBe(0xffff_fffe);
    expect(accessor.bodyType()).toBe(wire.Body.Produce);
    const body = accessor.body(new wire.Produce()) as wire.Produce;
    expect(body.topicId()?.bytes(15)).toBe(215);
    expect([body.partition(), body.leaderEpoch(), body.acks()]).toEqual([7, 8, 1]);
    expect(body.batchArray()).toEqual(new Uint8Array(5).fill(0xbb));
  });

  test("is read in place, whoever wrote it", () => {
    forAll("Produce", (id, body) => {
      const patched = new Uint8Array(PRODUCE_ENVELOPE_SIZE + body.batch.length);
      new ProduceEnvelope(body).write(patched, 0, id, body.batch.length);
      patched.set(body.batch, PRODUCE_ENVELOPE_SIZE);
      for (const frame of [patched, encodeMessage("Produce", id, body)]) {
        produce.read(verified(frame));
        const { topicIdAt, partition, leaderEpoch, acks, batchAt, batchSize } = produce;
        expect({ partition, leaderEpoch, acks }).toEqual({
          partition: body.partition,
          leaderEpoch: body.leaderEpoch,
          acks: body.acks,
        });
        expect(frame.subarray(topicIdAt, topicIdAt + 16)).toEqual(body.topicId);
        expect(frame.subarray(batchAt, batchAt + batchSize)).toEqual(body.batch);
      }
    });
  });

  test("an envelope is written again and again, each time for another batch", () => {
    const envelope = new ProduceEnvelope({ topicId: new Uint8Array(16), partition: 1 });
    for (const size of [900, 3, 0]) {
      const frame = new Uint8Array(PRODUCE_ENVELOPE_SIZE + size);
      envelope.write(frame, 0, size + 1, size);
      produce.read(verified(frame));
      expect([reader.correlation, produce.batchSize]).toEqual([size + 1, size]);
    }
  });

  test("the batch starts at a multiple of eight", () => {
    expect(PRODUCE_ENVELOPE_SIZE % 8).toBe(0);
  });

  test("is not read from a frame with another body", () => {
    expect(() => produce.read(verified(encodeMessage("Done", 1, {})))).toThrow(AssertionFailure);
  });
});

test("what a Builder leaves out is read as the schema's default", () => {
  const topicId = new Uint8Array(16).fill(1);
  const produce = new ProduceReader();
  const frame = encodeMessage("Produce", 0, { topicId, batch: new Uint8Array(3) });
  produce.read(verified(frame));
  expect(decodeMessage(reader).body).toMatchObject({
    partition: produce.partition,
    leaderEpoch: produce.leaderEpoch,
    acks: produce.acks,
  });

  const enveloped = new Uint8Array(PRODUCE_ENVELOPE_SIZE + 3);
  new ProduceEnvelope({ topicId }).write(enveloped, 0, 0, 3);
  expect(decodeMessage(verified(enveloped))).toEqual(decodeMessage(verified(frame)));

  const ack = new ProduceAckReader();
  ack.read(verified(encodeMessage("ProduceAck", 0, {})));
  expect(decodeMessage(reader).body).toEqual({ ...ack });

  const data = new DataReader();
  data.read(verified(encodeMessage("Data", 0, { bytes: new Uint8Array(0) })));
  const { bytesAt: _, bytesSize, ...header } = data;
  expect(bytesSize).toBe(0);
  expect(decodeMessage(reader).body).toEqual({ ...header, bytes: new Uint8Array(0) });
});

describe("ProducePart", () => {
  const part = new ProducePartReader();

  test("an envelope and the bytes are the message, and are read in place", () => {
    forAll("ProducePart", (id, body) => {
      const { upload, position, bytes } = body;
      const frame = written(PRODUCE_PART_ENVELOPE_SIZE + bytes.length, (target, at) => {
        target.set(bytes, at + PRODUCE_PART_ENVELOPE_SIZE);
        writeProducePartEnvelope(target, at, id, upload, position, bytes.length);
      });
      expectMessage(frame, "ProducePart", id, body);
      for (const either of [frame, encodeMessage("ProducePart", id, body)]) {
        part.read(verified(either));
        expect([part.upload, part.position]).toEqual([upload, position]);
        expect(either.subarray(part.bytesAt, part.bytesAt + part.bytesSize)).toEqual(bytes);
      }
    });
  });
});

describe("ProduceAck", () => {
  test("the patched frame is the message, and is read", () => {
    const encoder = new ProduceAckEncoder();
    const ack = new ProduceAckReader();
    forAll("ProduceAck", (id, body) => {
      expectMessage(encoder.encode(id, body), "ProduceAck", id, body);
      for (const frame of [encoder.encode(id, body), encodeMessage("ProduceAck", id, body)]) {
        ack.read(verified(frame));
        expect({ ...ack }).toEqual(body);
      }
    });
  });

  test.each([
    ["an offset of 2^53", Slot.ProduceAck.baseOffset, [0, 0, 0, 0, 0, 0, 0x20, 0]],
    ["a negative offset", Slot.ProduceAck.highWatermark, [255, 255, 255, 255, 255, 255, 255, 255]],
    ["an unknown durability", Slot.ProduceAck.durability, [3]],
  ])("with %s is PROTOCOL_VIOLATION", (_, slot, value) => {
    const [body] = fc.sample(bodies.ProduceAck, { seed: 1, numRuns: 1 });
    const frame = new ProduceAckEncoder().encode(1, body!).slice();
    frame.set(value, verified(frame).fields[slot]);
    expect(() => new ProduceAckReader().read(verified(frame))).toThrow(
      expect.objectContaining({ code: "PROTOCOL_VIOLATION" }),
    );
  });
});

describe("Data", () => {
  test("the prefix and the log's bytes are the message, and are read in place", () => {
    const encoder = new DataEncoder();
    const data = new DataReader();
    forAll("Data", (id, body) => {
      const { bytes, ...header } = body;
      const frame = new Uint8Array(DATA_PREFIX_SIZE + bytes.length);
      frame.set(encoder.encodePrefix(id, header, bytes.length));
      frame.set(bytes, DATA_PREFIX_SIZE);
      expectMessage(frame, "Data", id, body);
      for (const either of [frame, encodeMessage("Data", id, body)]) {
        data.read(verified(either));
        const { bytesAt, bytesSize, ...read } = data;
        expect(read).toEqual(header);
        expect(either.subarray(bytesAt, bytesAt + bytesSize)).toEqual(bytes);
      }
    });
  });
});

describe("Credit", () => {
  test("the frame is the message, and is read", () => {
    const credit = new CreditReader();
    forAll("Credit", (_, body) => {
      const frame = written(CREDIT_FRAME_SIZE, (target, at) => writeCredit(target, at, body.subscription, body.bytes));
      expectMessage(frame, "Credit", 0, body);
      credit.read(verified(frame));
      expect({ ...credit }).toEqual(body);
    });
  });
});
