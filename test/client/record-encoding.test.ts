/** What a producer writes is, byte for byte, what Kafka's description of the format says. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KIB, MIB } from "../../src/base/units.ts";
import { BATCH_AT, Batch } from "../../src/client/batch.ts";
import { BatchCursor } from "../../src/client/batch-cursor.ts";
import { BatchHeader } from "../../src/client/batch-header.ts";
import { BatchMemory } from "../../src/client/batch-memory.ts";
import { type Headers, RecordEncoder } from "../../src/client/record-encoder.ts";
import { readVarint, readVarintSize, readVarlong, writeVarint, writeVarlong, zigzag } from "../../src/client/varint.ts";
import { compileCore } from "../../src/wasm/core.ts";
import { type TestRecord, text, varint, writeBatch } from "../wasm/batch-writer.ts";
import { decodeByKafkaJs, decodeByPlatformatic } from "../wasm/kafka-clients.ts";

const module = await compileCore({ shared: false });
const identity = { producerId: 0x1234_5678_9abc_def0n, epoch: 7 };

/** @param plain on the short way where that is possible */
function encode(records: readonly TestRecord[], plain: boolean): Uint8Array {
  const memory = new BatchMemory(module, 4 * MIB, 1 * MIB);
  const batch = Batch.open(memory, 0, 100, 1 * MIB - BATCH_AT, 0)!;
  const encoder = new RecordEncoder();
  for (const { timestamp, key, value, headers } of records) {
    if (plain && headers.length === 0 && value !== null && batch.appendPlain(key, value, timestamp, null)) continue;
    encoder.take({ key, value, ...(headers.length > 0 && { headers }) });
    expect(batch.append(encoder, timestamp, null)).toBe(true);
  }
  batch.seal(identity, 42, memory.crc32c);
  return batch.bytes.slice(batch.at, batch.at + batch.size);
}

function expected(records: readonly TestRecord[]): Uint8Array {
  return writeBatch(records, { producerId: identity.producerId, producerEpoch: 7, baseSequence: 42 });
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.integer({ min: 60, max: 70 }).map((size) => new Uint8Array(size).fill(1)),
  fc.integer({ min: 8185, max: 8195 }).map((size) => new Uint8Array(size).fill(2)),
);
const timestamp = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_200 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1_699_999_000_000, max: 1_700_001_000_000 }) },
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);
const record: fc.Arbitrary<TestRecord> = fc.record({
  timestamp,
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    fc.array(fc.tuple(fc.string({ unit: "grapheme", maxLength: 10 }), fc.option(bytes)), { maxLength: 3 }),
  ),
});

describe("a batch", () => {
  test.each([true, false])("is what a second encoder writes; on the short way: %s", (plain) => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), (records) => {
        expect(Buffer.compare(encode(records, plain), expected(records))).toBe(0);
      }),
    );
  });

  test("of many records: offsets of one, two and three bytes", () => {
    const records = Array.from({ length: 20_000 }, (_, index) => ({
      timestamp: 1_700_000_000_000 + index,
      key: null,
      value: text.encode(`${index}`),
      headers: [],
    }));
    expect(Buffer.compare(encode(records, true), expected(records))).toBe(0);
  });

  test("is read by two other clients", async () => {
    const records: TestRecord[] = [
      { timestamp: 5, key: null, value: text.encode("a"), headers: [] },
      { timestamp: 3, key: text.encode("k"), value: null, headers: [["h", text.encode("v")]] },
      { timestamp: 2 ** 45, key: new Uint8Array(0), value: new Uint8Array(10_000).fill(3), headers: [] },
    ];
    const batch = encode(records, true);
    const read = records.map((written, offset) => ({ ...written, offset }));
    expect(decodeByPlatformatic(batch)).toEqual(read);
    expect(await decodeByKafkaJs(batch)).toEqual(read);
  });

  test("grows into larger blocks, up to what it may have", () => {
    const memory = new BatchMemory(module, 64 * KIB, 32 * KIB);
    const batch = Batch.open(memory, 0, 100, 20_000, 0)!;
    const value = new Uint8Array(1000).fill(5);
    let count = 0;
    const encoder = new RecordEncoder();
    encoder.take({ value });
    while (batch.append(encoder, 0, null)) count++;
    expect(count).toBe(19);
    expect(memory.usedBytes).toBe(32 * KIB);
    batch.seal(identity, 42, memory.crc32c);
    const records = Array.from({ length: 19 }, () => ({ timestamp: 0, key: null, value, headers: [] }));
    expect(Buffer.compare(batch.bytes.slice(batch.at, batch.at + batch.size), expected(records))).toBe(0);
    batch.acknowledge({ baseOffset: 0, durability: "os", duplicate: false });
    expect(memory.usedBytes).toBe(0);
  });
});

describe("headers", () => {
  const record = { timestamp: 100, key: null, value: text.encode("v") };

  function encodeOne(headers: Headers): Uint8Array {
    const memory = new BatchMemory(module, 4 * MIB, 1 * MIB);
    const batch = Batch.open(memory, 0, 100, 1 * MIB - BATCH_AT, 0)!;
    const encoder = new RecordEncoder();
    encoder.take({ key: null, value: "v", headers });
    batch.append(encoder, 100, null);
    batch.seal(identity, 42, memory.crc32c);
    return batch.bytes.slice(batch.at, batch.at + batch.size);
  }

  test.each<[string, Headers]>([
    ["an object", { a: "1", b: null }],
    [
      "a Map",
      new Map([
        ["a", "1"],
        ["b", null],
      ] as const),
    ],
    [
      "pairs",
      [
        ["a", "1"],
        ["b", null],
      ],
    ],
  ])("are %s", (_, headers) => {
    const list: TestRecord["headers"] = [
      ["a", text.encode("1")],
      ["b", null],
    ];
    expect(Buffer.compare(encodeOne(headers), expected([{ ...record, headers: list }]))).toBe(0);
  });

  test.each([7, "ab", ["ab"], [7], { a: 1 }])("and nothing else: %j", (headers) => {
    expect(() => encodeOne(headers as unknown as Headers)).toThrow(
      expect.objectContaining({ code: "INVALID_RECORD" }) as Error,
    );
  });
});

describe("text", () => {
  test.each([
    "",
    "a",
    "ascii of a middling length, longer than the short way",
    "é",
    "日本語",
    "😀 and more",
    "\ud800",
    "x".repeat(100_000),
  ])("%.20s is UTF-8", (value) => {
    const encoder = new RecordEncoder();
    encoder.take({ key: value, value });
    const target = new Uint8Array(encoder.size(0, 0));
    expect(encoder.write(target, 0, 0, 0)).toBe(target.length);
    expect(encoder.key()).toEqual(text.encode(value));
    expect(Buffer.from(target).includes(Buffer.from(value))).toBe(true);
  });
});

describe("a varint", () => {
  const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const safe = fc.maxSafeInteger();
  const target = new Uint8Array(10);

  test("is written and read as Kafka does", () => {
    fc.assert(
      fc.property(int, (value) => {
        const end = writeVarint(target, 0, zigzag(value));
        expect([...target.subarray(0, end)]).toEqual(varint(value));
        expect([readVarint(target, 0), readVarintSize(target, 0)]).toEqual([value, end]);
      }),
    );
  });

  test("of a long, too", () => {
    fc.assert(
      fc.property(safe, (value) => {
        const end = writeVarlong(target, 0, value);
        expect([...target.subarray(0, end)]).toEqual(varint(value));
        expect([readVarlong(target, 0), readVarintSize(target, 0)]).toEqual([value, end]);
      }),
    );
  });
});

describe("a walk", () => {
  function walk(batch: Uint8Array): { readonly records: unknown[]; readonly fault: string | undefined } {
    const header = new BatchHeader();
    header.read(batch, 0);
    const cursor = new BatchCursor();
    const walked = { topic: "t", partition: 0, header, bytes: batch, at: 61, end: batch.length };
    cursor.open({ ...walked, fromOffset: 0, fromTime: Number.NEGATIVE_INFINITY });
    const records: unknown[] = [];
    while (cursor.next()) {
      const { key, value, timestamp, headers } = cursor.record();
      records.push({ timestamp, key, value, headers });
    }
    return { records, fault: cursor.fault?.code };
  }

  test("reads what was written", () => {
    const single = fc.tuple(fc.string({ minLength: 1 }), fc.option(bytes));
    const anyRecord = fc.record({
      timestamp,
      key: fc.option(bytes),
      value: fc.option(bytes),
      headers: fc.array(single, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 1, maxLength: 20 }), (records) => {
        const { records: read, fault } = walk(writeBatch(records));
        expect(fault).toBe(undefined);
        expect(read).toEqual(
          records.map(({ timestamp: at, key, value, headers }) => ({ timestamp: at, key, value, headers })),
        );
      }),
    );
  });

  test("of any bytes ends, inside of them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 50 }), (noise, count) => {
        const batch = new Uint8Array(61 + noise.length);
        batch.set(noise, 61);
        new DataView(batch.buffer).setInt32(57, count);
        const { records } = walk(batch);
        expect(records.length).toBeLessThanOrEqual(count);
      }),
      { numRuns: 2000 },
    );
  });
});
