import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BATCH_HEADER_SIZE,
  ENCODE_END_AT,
  ENCODE_ENTRY_SIZE,
  ENCODE_HEADER_COUNT_AT,
  ENCODE_HEADERS_AT,
  ENCODE_HEADERS_SIZE_AT,
  ENCODE_KEY_AT,
  ENCODE_KEY_SIZE_AT,
  ENCODE_TIMESTAMP_DELTA_AT,
  ENCODE_VALUE_AT,
  ENCODE_VALUE_SIZE_AT,
  ERR_FULL,
  ERR_TOO_LARGE,
} from "../../assembly/layout.ts";
import { KIB } from "../../src/base/units.ts";
import { anyRecords } from "./arbitraries.ts";
import { framed, plainRecords, recordBody, type TestRecord, text, writeBatch } from "./batch-writer.ts";
import { type CoreMemory, openCore } from "./core-memory.ts";
import { decodeByKafkaJs, decodeByPlatformatic } from "./kafka-clients.ts";

const memory = openCore("unshared", 4096 * KIB);
const table = memory.free;
const payload = memory.free + 64 * KIB;
const target = memory.free + 2048 * KIB;

/** Lays the records' bytes and the table out in memory. */
function layOut({ core, bytes, view }: CoreMemory, records: readonly TestRecord[]): void {
  let free = payload;
  const place = (placed: Uint8Array | null): number => {
    const at = free;
    bytes.set(placed ?? [], at);
    free += placed?.length ?? 0;
    return at;
  };
  for (const [index, { timestamp, key, value, headers }] of records.entries()) {
    const entry = table + index * ENCODE_ENTRY_SIZE;
    view.setFloat64(entry + ENCODE_TIMESTAMP_DELTA_AT, timestamp - (records[0]?.timestamp ?? 0), true);
    view.setUint32(entry + ENCODE_KEY_AT, place(key), true);
    view.setInt32(entry + ENCODE_KEY_SIZE_AT, key?.length ?? -1, true);
    view.setUint32(entry + ENCODE_VALUE_AT, place(value), true);
    view.setInt32(entry + ENCODE_VALUE_SIZE_AT, value?.length ?? -1, true);
    const encoded = headers.map(([name, headerValue]) => {
      const nameBytes = text.encode(name);
      const nameAt = place(nameBytes);
      const valueAt = place(headerValue);
      return { nameAt, nameSize: nameBytes.length, valueAt, valueSize: headerValue?.length ?? -1 };
    });
    const headersAt = free;
    for (const { nameAt, nameSize, valueAt, valueSize } of encoded) {
      free += core.encodeHeader(free, 64 * KIB, nameAt, nameSize, valueAt, valueSize);
    }
    view.setUint32(entry + ENCODE_HEADERS_AT, headersAt, true);
    view.setUint32(entry + ENCODE_HEADERS_SIZE_AT, free - headersAt, true);
    view.setUint32(entry + ENCODE_HEADER_COUNT_AT, headers.length, true);
    view.setUint32(entry + ENCODE_END_AT, 0, true);
  }
}

/** Encodes a batch through the table. */
function encode(opened: CoreMemory, records: readonly TestRecord[]): Uint8Array {
  const { core, bytes, view } = opened;
  layOut(opened, records);
  expect(core.encodeRecords(target + BATCH_HEADER_SIZE, 1024 * KIB, 0, table, records.length)).toBe(records.length);
  const recordsSize = view.getUint32(table + (records.length - 1) * ENCODE_ENTRY_SIZE + ENCODE_END_AT, true);
  const size = BATCH_HEADER_SIZE + recordsSize;
  const timestamps = records.map(({ timestamp }) => timestamp);
  core.finishBatch(target, size, records.length, 0, timestamps[0] ?? 0, Math.max(...timestamps));
  core.sealBatch(target, size);
  return bytes.slice(target, target + size);
}

/** Encodes one record by its own call. @returns the code, or the bytes */
function encodeOne(
  record: TestRecord,
  offsetDelta: number,
  timestampDelta: number,
  capacity: number,
): number | number[] {
  layOut(memory, [record]);
  const { core, bytes, view } = memory;
  const written = core.encodeRecord(
    target,
    capacity,
    offsetDelta,
    timestampDelta,
    view.getUint32(table + ENCODE_KEY_AT, true),
    view.getInt32(table + ENCODE_KEY_SIZE_AT, true),
    view.getUint32(table + ENCODE_VALUE_AT, true),
    view.getInt32(table + ENCODE_VALUE_SIZE_AT, true),
    view.getUint32(table + ENCODE_HEADERS_AT, true),
    view.getUint32(table + ENCODE_HEADERS_SIZE_AT, true),
    record.headers.length,
  );
  return written < 0 ? written : [...bytes.subarray(target, target + written)];
}

describe("a batch encoded by the core", () => {
  test.each(["shared", "unshared"] as const)("is byte for byte the format, from the %s core", (kind) => {
    const opened = openCore(kind, 4096 * KIB);
    fc.assert(
      fc.property(anyRecords({ nullHeaders: true, near: false }), (records) => {
        expect(encode(opened, records)).toEqual(writeBatch(records));
      }),
    );
  });

  test("is what both Kafka clients decode", async () => {
    await fc.assert(
      fc.asyncProperty(anyRecords({ nullHeaders: true, near: false }), async (records) => {
        const batch = encode(memory, records);
        const expected = records.map((record, offset) => ({ ...record, offset }));
        expect(decodeByPlatformatic(batch)).toEqual(expected);
        expect(await decodeByKafkaJs(batch)).toEqual(expected);
      }),
    );
  });

  test("is accepted by the core", () => {
    const batch = encode(memory, plainRecords(100));
    const address = memory.placeLast(batch);
    expect(memory.core.checkBatch(address, batch.length, batch.length, 0, 2e12)).toBe(100);
    expect(memory.core.verifyBatchCrc(address, batch.length)).toBe(0);
  });

  test("may have thousands of records", () => {
    const records = plainRecords(1500);
    expect(encode(memory, records)).toEqual(writeBatch(records));
  });

  test("carries attributes and producer", () => {
    const { core, bytes } = memory;
    const records = plainRecords(2);
    const plain = encode(memory, records);
    core.finishBatch(
      target,
      plain.length,
      2,
      0x10,
      1_700_000_000_000,
      1_700_000_001_000,
      0x1234,
      0xfedc_ba98,
      7,
      2 ** 31 - 1,
    );
    core.sealBatch(target, plain.length);
    expect(bytes.slice(target, target + plain.length)).toEqual(
      writeBatch(records, {
        attributes: 0x10,
        producerId: 0x1234_fedc_ba98n,
        producerEpoch: 7,
        baseSequence: 2 ** 31 - 1,
      }),
    );
  });
});

describe("one record", () => {
  const sizes = [
    0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 1000, 8190, 8191, 8192, 8193, 70_000,
  ];

  test.each(sizes)("with a value of %i bytes is the format, whatever its neighbours", (size) => {
    const record = {
      timestamp: 0,
      key: null,
      value: Uint8Array.from({ length: size }, (_, index) => index * 7),
      headers: [],
    };
    expect(encodeOne(record, 5, 0, 100_000)).toEqual(framed(recordBody(record, 5, 0)));
    expect(encodeOne({ ...record, key: record.value, value: null }, 5, 0, 100_000)).toEqual(
      framed(recordBody({ ...record, key: record.value, value: null }, 5, 0)),
    );
  });

  test.each([0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8192, -8193, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53) + 1])(
    "may be %i ms after its batch's base",
    (timestamp) => {
      const record = { timestamp, key: null, value: text.encode("v"), headers: [] };
      expect(encodeOne(record, 3, timestamp, 1000)).toEqual(framed(recordBody(record, 3, 0)));
    },
  );

  test.each([0, 63, 64, 8191, 8192, 2 ** 20, 2 ** 31 - 1])("may have the offset delta %i", (offsetDelta) => {
    const record = { timestamp: 0, key: null, value: null, headers: [] };
    expect(encodeOne(record, offsetDelta, 0, 1000)).toEqual(framed(recordBody(record, offsetDelta, 0)));
  });

  test("fits into exactly the bytes it takes, and not into one less", () => {
    const { core, bytes } = memory;
    for (const record of [
      ...plainRecords(30),
      { timestamp: 0, key: null, value: new Uint8Array(9000), headers: [] },
      { timestamp: 0, key: new Uint8Array(8100), value: new Uint8Array(85), headers: [] },
      // Copied last, in pieces of every size.
      ...[2, 5, 9, 20, 40, 62].map((size) => {
        const header = ["h", new Uint8Array(size)] as const;
        return { timestamp: 0, key: null, value: null, headers: [header] };
      }),
    ]) {
      const expected = framed(recordBody(record, 900, record.timestamp - 40));
      const headersSize = record.headers.reduce(
        (sum, [name, value]) => sum + 2 + text.encode(name).length + (value?.length ?? 0),
        0,
      );
      const { key, value, headers } = record;
      const sizeOf = (field: Uint8Array | null): number => field?.length ?? -1;
      expect(core.recordSize(900, 40, sizeOf(key), sizeOf(value), headersSize, headers.length)).toBe(expected.length);

      bytes.fill(0xa5, target, target + 10_000);
      expect(encodeOne(record, 900, 40, expected.length)).toEqual(expected);
      expect(bytes[target + expected.length]).toBe(0xa5);
      bytes.fill(0xa5, target, target + 10_000);
      expect(encodeOne(record, 900, 40, expected.length - 1)).toBe(ERR_FULL);
      expect(bytes.subarray(target, target + 10_000).every((byte) => byte === 0xa5)).toBe(true);
    }
  });

  test("above 2 GiB has no size and fits nowhere", () => {
    const { core } = memory;
    expect(core.encodeRecord(target, 2 ** 31 - 1, 0, 0, 0, -1, 0, -1, payload, 2 ** 32 - 4, 1)).toBe(ERR_FULL);
    expect(core.recordSize(0, 0, -1, 2 ** 31 - 1, 0, 0)).toBe(ERR_TOO_LARGE);
    expect(core.recordSize(0, 0, 2 ** 31 - 1, 2 ** 31 - 1, 2 ** 32 - 1, 0)).toBe(ERR_TOO_LARGE);
    expect(core.recordSize(0, 0, -1, 2 ** 31 - 100, 0, 0)).toBe(2 ** 31 - 100 + 15);
  });
});

describe("a table of records", () => {
  test("is encoded until the target is full, and goes on in the next batch", () => {
    const { core, view } = memory;
    const records = plainRecords(50);
    layOut(memory, records);
    const whole = records.map((record, index) => framed(recordBody(record, index, records[0]?.timestamp ?? 0)).length);
    for (let capacity = 0; capacity < 700; capacity++) {
      const encoded = core.encodeRecords(target, capacity, 0, table, records.length);
      const end = encoded === 0 ? 0 : view.getUint32(table + (encoded - 1) * ENCODE_ENTRY_SIZE + ENCODE_END_AT, true);
      expect(end).toBe(whole.slice(0, encoded).reduce((sum, size) => sum + size, 0));
      expect(end).toBeLessThanOrEqual(capacity);
      expect(end + (whole[encoded] ?? 0)).toBeGreaterThan(capacity);
    }
  });

  test("may begin at any offset delta", () => {
    const { core, bytes, view } = memory;
    const records = plainRecords(3);
    layOut(memory, records);
    core.encodeRecords(target, 10_000, 62, table, 3);
    const end = view.getUint32(table + 2 * ENCODE_ENTRY_SIZE + ENCODE_END_AT, true);
    expect([...bytes.subarray(target, target + end)]).toEqual(
      records.flatMap((record, index) => framed(recordBody(record, 62 + index, records[0]?.timestamp ?? 0))),
    );
  });
});

describe("a header", () => {
  test("that does not fit is not written", () => {
    const { core, bytes } = memory;
    bytes.fill(0xa5, target, target + 64);
    bytes.set(text.encode("namevalue"), payload);
    expect(core.encodeHeader(target, 10, payload, 4, payload + 4, 5)).toBe(ERR_FULL);
    expect(bytes.subarray(target, target + 64).every((byte) => byte === 0xa5)).toBe(true);
    expect(core.encodeHeader(target, 11, payload, 4, payload + 4, 5)).toBe(11);
    expect(core.encodeHeader(target, 6, payload, 4, payload + 4, -1)).toBe(6);
    expect(bytes[target + 11]).toBe(0xa5);
  });
});
