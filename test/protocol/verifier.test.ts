import { Builder } from "flatbuffers";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import type { Offset } from "../../src/base/units.ts";
import { Slot } from "../../src/protocol/generated/verifier-tables.ts";
import * as wire from "../../src/protocol/generated/wire.ts";
import { ANSWER_BYTES_MAX, REQUEST_BYTES_MAX } from "../../src/protocol/limits.ts";
import { encodeMessage } from "../../src/protocol/messages.ts";
import { PRODUCE_ENVELOPE_SIZE, ProduceEnvelope } from "../../src/protocol/produce.ts";
import { type FrameFault, FrameReader, violation } from "../../src/protocol/verifier.ts";
import { checkFrame } from "./check-frame.ts";
import { frames, validFrames } from "./frame-mutator.ts";
import { walkFrame } from "./walk-frame.ts";

const topicId = Uint8Array.from({ length: 16 }, (_, index) => 0x10 + index);

function produceFrame(batchSize: number): Uint8Array {
  const frame = new Uint8Array(PRODUCE_ENVELOPE_SIZE + batchSize).fill(0xbb);
  new ProduceEnvelope({ topicId, partition: 3 }).write(frame, 0, 77, batchSize);
  return frame;
}

function fieldsOf(frame: Uint8Array): Int32Array {
  const reader = new FrameReader(REQUEST_BYTES_MAX);
  expect(reader.verify(frame)).toBeNull();
  return reader.fields;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** Where the parts of a frame are, found without the verifier. `table` is its body. */
function anatomy(frame: Uint8Array) {
  const words = viewOf(frame);
  const root = words.getUint32(0, true);
  const rootVtable = root - words.getInt32(root, true);
  const rootEntry = (slot: number) => rootVtable + 4 + 2 * slot;
  const rootField = (slot: number) => root + words.getUint16(rootEntry(slot), true);
  const reference = rootField(Slot.Frame.body);
  const table = reference + words.getUint32(reference, true);
  const vtable = table - words.getInt32(table, true);
  const entry = (slot: number) => vtable + 4 + 2 * slot;
  const field = (slot: number) => table + words.getUint16(entry(slot), true);
  return { words, root, rootEntry, rootField, table, vtable, entry, field };
}

describe("a good frame", () => {
  test("is accepted, whatever body it has and wherever it lies", () => {
    for (const { bytes } of validFrames(1)) {
      for (const shift of [0, 1, 2, 3, 7]) {
        const memory = new Uint8Array(bytes.length + shift + 9);
        memory.set(bytes, shift);
        expect(checkFrame(memory.subarray(shift, shift + bytes.length))).toBeNull();
      }
    }
  });

  test("yields its correlation, its type and where the body's fields are", () => {
    const frame = produceFrame(1000);
    const reader = new FrameReader(REQUEST_BYTES_MAX);
    expect(reader.verify(frame)).toBeNull();
    expect(reader.correlation).toBe(77);
    expect(reader.bodyType).toBe(wire.Body.Produce);
    const { field } = anatomy(frame);
    expect(reader.fields[Slot.Produce.topicId]).toBe(field(Slot.Produce.topicId));
    expect(reader.fields[Slot.Produce.partition]).toBe(field(Slot.Produce.partition));
    expect(reader.fields[Slot.Produce.batch]).toBe(frame.length - 1000 - 4);
  });

  test("leaves no position of an earlier frame behind", () => {
    const reader = new FrameReader(REQUEST_BYTES_MAX);
    reader.verify(encodeMessage("Hello", 1, { version: 1, features: 2n, client: "c", window: 3, mechanism: "m" }));
    reader.verify(encodeMessage("Hello", 0, {}));
    expect([...reader.fields.subarray(0, 6)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(reader.correlation).toBe(0);
    reader.verify(encodeMessage("Window", 1, { window: 2 }));
    reader.verify(new Uint8Array(0));
    expect([reader.correlation, reader.correlationAt, reader.bodyType]).toEqual([0, 0, wire.Body.NONE]);
  });

  test("may have fields that a newer schema has added", () => {
    const builder = new Builder(64);
    builder.startObject(5);
    builder.addFieldInt32(0, 4, 0);
    builder.addFieldInt32(1, 5, 0);
    builder.addFieldInt64(4, 6n, 0n);
    const credit = builder.endObject();
    wire.Frame.finishFrameBuffer(builder, wire.Frame.createFrame(builder, 9, wire.Body.Credit, credit));
    expect(checkFrame(builder.asUint8Array())).toBeNull();
  });

  test("may share a string", () => {
    const builder = new Builder(64);
    const shared = builder.createString("true");
    const settings = [1, 2].map(() => {
      wire.Setting.startSetting(builder);
      wire.Setting.addKey(builder, shared);
      wire.Setting.addValue(builder, shared);
      return wire.Setting.endSetting(builder);
    });
    const list = wire.CreateTopic.createSettingsVector(builder, settings);
    wire.CreateTopic.startCreateTopic(builder);
    wire.CreateTopic.addName(builder, shared);
    wire.CreateTopic.addSettings(builder, list);
    const body = wire.CreateTopic.endCreateTopic(builder);
    wire.Frame.finishFrameBuffer(builder, wire.Frame.createFrame(builder, 1, wire.Body.CreateTopic, body));
    expect(checkFrame(builder.asUint8Array())).toBeNull();
  });

  test("may be as long as the limit, and no longer", () => {
    const size = REQUEST_BYTES_MAX - PRODUCE_ENVELOPE_SIZE;
    const reader = new FrameReader(REQUEST_BYTES_MAX);
    expect(reader.verify(produceFrame(size))).toBeNull();
    expect(reader.verify(produceFrame(size + 1))).toBe("frame size");
  });
});

describe("a hostile frame is refused for its fault", () => {
  const { batch, acks, partition } = Slot.Produce;
  const { body, bodyType } = Slot.Frame;
  type Damage = (frame: ReturnType<typeof anatomy>) => void;

  test.each<readonly [string, FrameFault, Damage]>([
    ["another identifier", "file identifier", ({ words }) => words.setUint8(7, 0x32)],
    ["a root inside the header", "root table", ({ words }) => words.setUint32(0, 4, true)],
    ["a root at the frame's end", "root table", ({ words }) => words.setUint32(0, words.byteLength, true)],
    ["a root at 2^31", "root table", ({ words }) => words.setUint32(0, 2 ** 31, true)],
    ["a root at 2^32 - 1", "root table", ({ words }) => words.setUint32(0, 2 ** 32 - 1, true)],
    ["a root that is not aligned", "alignment", ({ words }) => words.setUint32(0, 18, true)],
    ["a vtable before the frame", "vtable", ({ words, root }) => words.setInt32(root, 1000, true)],
    ["a vtable behind the frame", "vtable", ({ words, root }) => words.setInt32(root, -words.byteLength, true)],
    ["a vtable at an odd position", "vtable", ({ words, root }) => words.setInt32(root, 1, true)],
    ["a vtable 2^31 away", "vtable", ({ words, table }) => words.setInt32(table, -(2 ** 31), true)],
    ["a vtable shorter than its header", "vtable", ({ words, vtable }) => words.setUint16(vtable, 2, true)],
    ["a vtable of odd size", "vtable", ({ words, vtable }) => words.setUint16(vtable, 15, true)],
    ["a vtable longer than the frame", "vtable", ({ words, vtable }) => words.setUint16(vtable, 0x7ffe, true)],
    ["a vtable of negative size", "vtable", ({ words, vtable }) => words.setUint16(vtable, 0x8000, true)],
    ["a table longer than the frame", "table", ({ words, vtable }) => words.setUint16(vtable + 2, 0x7ffe, true)],
    ["a table of no size", "table", ({ words, vtable }) => words.setUint16(vtable + 2, 0, true)],
    ["a field behind its table", "field", ({ words, entry }) => words.setUint16(entry(batch), 40, true)],
    ["a field over its table's own offset", "field", ({ words, entry }) => words.setUint16(entry(acks), 1, true)],
    ["a field at a negative offset", "field", ({ words, entry }) => words.setUint16(entry(batch), 0xfffc, true)],
    ["a field that is not aligned", "alignment", ({ words, entry }) => words.setUint16(entry(partition), 5, true)],
    ["a required field that is absent", "missing field", ({ words, entry }) => words.setUint16(entry(batch), 0, true)],
    ["no body", "missing field", ({ words, rootEntry }) => words.setUint16(rootEntry(body), 0, true)],
    ["a body without a type", "union", ({ words, rootEntry }) => words.setUint16(rootEntry(bodyType), 0, true)],
    ["a body of type NONE", "union", ({ words, rootField }) => words.setUint8(rootField(bodyType), 0)],
    [
      "a body of no known type",
      "union type",
      ({ words, rootField }) => words.setUint8(rootField(bodyType), wire.Body.ProduceProgress + 1),
    ],
    ["a body of type 255", "union type", ({ words, rootField }) => words.setUint8(rootField(bodyType), 255)],
    ["an offset to itself", "reference", ({ words, rootField }) => words.setUint32(rootField(body), 0, true)],
    ["an offset out of the frame", "reference", ({ words, rootField }) => words.setUint32(rootField(body), 1e6, true)],
    ["an offset of 2^31", "reference", ({ words, rootField }) => words.setUint32(rootField(body), 2 ** 31, true)],
    ["an offset of 2^32 - 4", "reference", ({ words, rootField }) => words.setInt32(rootField(body), -4, true)],
    ["an offset that is not aligned", "reference", ({ words, rootField }) => words.setUint32(rootField(body), 6, true)],
  ])("%s: %s", (_, fault, damage) => {
    // Longer than any u16, so that no size or offset in a vtable leads out of the frame by its mere value.
    const frame = produceFrame(fault === "vtable" || fault === "table" ? 1000 : 70_000);
    damage(anatomy(frame));
    expect(checkFrame(frame)).toBe(fault);
  });

  test.each([0, 1, 15])("%d bytes: frame size", (size) => {
    expect(checkFrame(produceFrame(1000).subarray(0, size))).toBe("frame size");
  });

  test("a vtable or table whose size the official accessors take for negative", () => {
    for (const at of [0, 2]) {
      const frame = produceFrame(70_000);
      const { words, vtable } = anatomy(frame);
      words.setUint16(vtable + at, 0x8000, true);
      expect(checkFrame(frame)).toBe(at === 0 ? "vtable" : "table");
    }
  });

  test.each([1001, 100_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])("a batch that claims %d bytes of 1,000", (size) => {
    const frame = produceFrame(1000);
    viewOf(frame).setUint32(fieldsOf(frame)[batch]!, size, true);
    expect(checkFrame(frame)).toBe("vector");
  });

  test("a string without its NUL, or longer than the frame", () => {
    const frame = encodeMessage("DeleteTopic", 1, { name: "abcd" });
    const name = fieldsOf(frame)[Slot.DeleteTopic.name]!;
    for (const size of [3, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 5, 2 ** 32 - 1]) {
      viewOf(frame).setUint32(name, size, true);
      expect(checkFrame(frame)).toBe("string");
    }
  });

  test("a list of more strings than the frame has room for", () => {
    const frame = encodeMessage("DescribeTopics", 1, { names: ["a", "b"] });
    const names = fieldsOf(frame)[Slot.DescribeTopics.names]!;
    for (const count of [1000, 2 ** 30, 2 ** 31, 2 ** 32 - 1]) {
      viewOf(frame).setUint32(names, count, true);
      expect(checkFrame(frame)).toBe("vector");
    }
  });

  test.each([0, 2, 1e6, 2 ** 31, 2 ** 32 - 4])("an element of a list that leads %d bytes on", (distance) => {
    const names = encodeMessage("DescribeTopics", 1, { names: ["a", "b"] });
    viewOf(names).setUint32(fieldsOf(names)[Slot.DescribeTopics.names]! + 8, distance, true);
    expect(checkFrame(names)).toBe("reference");
    const topics = encodeMessage("TopicsResult", 1, { topics: [{ name: "a" }, { name: "b" }] });
    viewOf(topics).setUint32(fieldsOf(topics)[Slot.TopicsResult.topics]! + 8, distance, true);
    expect(checkFrame(topics)).toBe("reference");
  });

  test("eight bytes at a multiple of four", () => {
    const frame = encodeMessage("SubscribeResult", 1, { offset: 1 as Offset });
    const shifted = new Uint8Array(frame.length + 4);
    shifted.set(frame.subarray(0, 8));
    shifted.set(frame.subarray(8), 12);
    viewOf(shifted).setUint32(0, anatomy(frame).root + 4, true);
    expect(checkFrame(shifted)).toBe("alignment");
  });

  test("the fault of a body does not hide whose request it is", () => {
    const frame = produceFrame(1000);
    const { words, rootField } = anatomy(frame);
    words.setUint8(rootField(bodyType), 255);
    const reader = new FrameReader(REQUEST_BYTES_MAX);
    expect(reader.verify(frame)).toBe("union type");
    expect(reader.correlation).toBe(77);
    expect(reader.bodyType).toBe(wire.Body.NONE);
  });
});

describe("a frame that names the same bytes again and again is refused before it costs anything", () => {
  function finish(builder: Builder, type: wire.Body, body: number): Uint8Array {
    wire.Frame.finishFrameBuffer(builder, wire.Frame.createFrame(builder, 1, type, body));
    return builder.asUint8Array();
  }

  test("10,000 names that are one long text", () => {
    const builder = new Builder(1024);
    const name = builder.createString("x".repeat(100_000));
    const names = wire.DescribeTopics.createNamesVector(builder, Array<number>(10_000).fill(name));
    const body = wire.DescribeTopics.createDescribeTopics(builder, names, false);
    expect(checkFrame(finish(builder, wire.Body.DescribeTopics, body))).toBe("sharing");
  });

  /** Topics that all have the same list of partitions, which are all the same partition. */
  function topicsFrame(topicCount: number, partitionCount: number, logEndOffset: bigint): Uint8Array {
    const builder = new Builder(1024);
    wire.PartitionInfo.startPartitionInfo(builder);
    wire.PartitionInfo.addLogEndOffset(builder, logEndOffset);
    const partition = wire.PartitionInfo.endPartitionInfo(builder);
    const partitions = wire.TopicInfo.createPartitionsVector(builder, Array<number>(partitionCount).fill(partition));
    const topics = Array.from({ length: topicCount }, () => {
      const name = builder.createString("leaves");
      wire.TopicInfo.startTopicInfo(builder);
      wire.TopicInfo.addName(builder, name);
      wire.TopicInfo.addPartitions(builder, partitions);
      return wire.TopicInfo.endTopicInfo(builder);
    });
    const body = wire.TopicsResult.createTopicsResult(builder, wire.TopicsResult.createTopicsVector(builder, topics));
    return finish(builder, wire.Body.TopicsResult, body);
  }

  test("10,000 topics with one list of 10,000 partitions", () => {
    expect(checkFrame(topicsFrame(10_000, 10_000, 0n))).toBe("sharing");
  });

  test("10,000 partitions that are one", () => {
    expect(checkFrame(topicsFrame(1, 10_000, 1n))).toBe("sharing");
  });

  test("two topics with one long list", () => {
    expect(checkFrame(topicsFrame(1, 1000, 0n))).toBeNull();
    expect(checkFrame(topicsFrame(2, 1000, 0n))).toBe("sharing");
  });
});

describe("a damaged frame", () => {
  test("that is cut anywhere is refused, or reads as a whole one", () => {
    for (const { bytes } of validFrames(2)) {
      for (let size = Math.min(bytes.length, 600); size >= 0; size--) checkFrame(bytes.slice(0, size));
    }
  });

  test("whose batch is cut is refused", () => {
    const frame = produceFrame(1000);
    for (let size = 0; size < frame.length; size++) expect(checkFrame(frame.subarray(0, size))).not.toBeNull();
  });

  test("never makes anything throw, or read outside it", () => {
    const outcomes = new Map<FrameFault | null, number>();
    for (const frame of frames(20_261_122, 20_000)) {
      const outcome = checkFrame(frame.bytes);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // The damage reaches every rule; where it did not, this test would show nothing.
    expect([...outcomes.keys()].sort()).toEqual(
      [
        ...["alignment", "field", "file identifier", "frame size", "missing field", null, "reference", "root table"],
        ...["string", "table", "union", "union type", "vector", "vtable"],
      ].sort(),
    );
  });

  test("would make the official accessors read outside it, were it not refused", () => {
    let escapes = 0;
    for (const frame of frames(3, 5_000)) {
      if (checkFrame(frame.bytes) === null) continue;
      try {
        walkFrame(frame.bytes);
      } catch {
        escapes++;
      }
    }
    expect(escapes).toBeGreaterThan(1000);
  });

  test("is verified without a read outside it", () => {
    const reader = new FrameReader(ANSWER_BYTES_MAX);
    for (const frame of frames(4, 2_000)) {
      const { bytes } = frame;
      const guarded = new Proxy(bytes, {
        get(target, key) {
          if (typeof key === "string" && /^-?\d/.test(key) && !(Number(key) >= 0 && Number(key) < target.length))
            throw new RangeError(`verify read byte ${key} of ${target.length}`);
          return Reflect.get(target, key, target);
        },
      });
      reader.verify(guarded);
    }
  });
});

test("a fault becomes PROTOCOL_VIOLATION, with the fault in its details", () => {
  const error = violation("vtable");
  expect(error).toBeInstanceOf(BrokerError);
  expect(error).toMatchObject({ code: "PROTOCOL_VIOLATION", retriable: false, details: { fault: "vtable" } });
});
