import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ERR_COUNT,
  ERR_CRC,
  ERR_LENGTH,
  ERR_MAGIC,
  ERR_OFFSET_ORDER,
  ERR_OFFSET_RANGE,
  SCAN_ATTRIBUTES_AT,
  SCAN_BASE_OFFSET_AT,
  SCAN_BASE_SEQUENCE_AT,
  SCAN_CRC,
  SCAN_ENTRY_SIZE,
  SCAN_GAPS,
  SCAN_LAST_OFFSET_DELTA_AT,
  SCAN_LEADER_EPOCH_AT,
  SCAN_MAX_TIMESTAMP_AT,
  SCAN_POSITION_AT,
  SCAN_PRODUCER_EPOCH_AT,
  SCAN_PRODUCER_ID_AT,
  SCAN_RECORDS_COUNT_AT,
  SCAN_RESULT_NEXT_OFFSET_AT,
  SCAN_RESULT_POSITION_AT,
  SCAN_RESULT_SIZE,
  SCAN_RESULT_SIZE_NEEDED_AT,
  SCAN_RESULT_STOP_AT,
  SCAN_SIZE_AT,
  STOP_END,
  STOP_FULL,
  STOP_TRUNCATED,
  STOP_ZEROS,
} from "../../assembly/layout.ts";
import { assembleBatch, type BatchFields, plainBatch } from "./batch-writer.ts";
import { openCore } from "./core-memory.ts";

interface Scan {
  readonly found: number;
  readonly stop: number;
  readonly position: number;
  readonly nextOffset: number;
  readonly sizeNeeded: number;
}

interface ScanOptions {
  readonly expectedOffset?: number;
  readonly flags?: number;
  readonly capacity?: number;
}

const memory = openCore();
const result = memory.free;
const table = memory.free + SCAN_RESULT_SIZE;

function scan(
  log: Uint8Array,
  { expectedOffset = 0, flags = 0, capacity = 100 }: ScanOptions = {},
  opened = memory,
): Scan {
  const { core, view, placeLast } = opened;
  const found = core.scanBatches(placeLast(log), log.length, expectedOffset, flags, table, capacity, result);
  return {
    found,
    stop: view.getInt32(result + SCAN_RESULT_STOP_AT, true),
    position: view.getUint32(result + SCAN_RESULT_POSITION_AT, true),
    nextOffset: view.getFloat64(result + SCAN_RESULT_NEXT_OFFSET_AT, true),
    sizeNeeded: view.getUint32(result + SCAN_RESULT_SIZE_NEEDED_AT, true),
  };
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Batches of 3, 1 and 5 records at the offsets 0, 3 and 4. */
const batches = [plainBatch(3), plainBatch(1, { baseOffset: 3n }), plainBatch(5, { baseOffset: 4n })] as const;
const log = joined(...batches);
const starts = [0, batches[0].length, batches[0].length + batches[1].length, log.length];

describe("a scan", () => {
  test.each(["shared", "unshared"] as const)("by the %s core finds every batch of a whole log", (kind) => {
    const scanned = scan(log, { flags: SCAN_CRC }, openCore(kind));
    expect(scanned).toEqual({ found: 3, stop: STOP_END, position: log.length, nextOffset: 9, sizeNeeded: 0 });
  });

  test("of nothing finds nothing", () => {
    const nothing = { found: 0, stop: STOP_END, position: 0, nextOffset: 7, sizeNeeded: 0 };
    expect(scan(new Uint8Array(0), { expectedOffset: 7 })).toEqual(nothing);
  });

  test("says of each batch what its header says", () => {
    const fields: Partial<BatchFields> = {
      baseOffset: 2n ** 40n,
      leaderEpoch: 12,
      attributes: 0x38,
      lastOffsetDelta: 20,
      maxTimestamp: 1_800_000_000_123n,
      producerId: 2n ** 61n + 1n,
      producerEpoch: 9,
      baseSequence: 2 ** 31 - 2,
    };
    const special = plainBatch(4, fields);
    const scanned = scan(joined(plainBatch(1, { baseOffset: 2n ** 40n - 1n }), special), { expectedOffset: -1 });
    expect(scanned).toMatchObject({ found: 2, stop: STOP_END, nextOffset: 2 ** 40 + 21 });
    const { view } = memory;
    const entry = table + SCAN_ENTRY_SIZE;
    expect({
      baseOffset: view.getFloat64(entry + SCAN_BASE_OFFSET_AT, true),
      maxTimestamp: view.getFloat64(entry + SCAN_MAX_TIMESTAMP_AT, true),
      producerId: view.getBigInt64(entry + SCAN_PRODUCER_ID_AT, true),
      position: view.getUint32(entry + SCAN_POSITION_AT, true),
      size: view.getUint32(entry + SCAN_SIZE_AT, true),
      lastOffsetDelta: view.getUint32(entry + SCAN_LAST_OFFSET_DELTA_AT, true),
      recordsCount: view.getUint32(entry + SCAN_RECORDS_COUNT_AT, true),
      leaderEpoch: view.getInt32(entry + SCAN_LEADER_EPOCH_AT, true),
      attributes: view.getUint32(entry + SCAN_ATTRIBUTES_AT, true),
      baseSequence: view.getInt32(entry + SCAN_BASE_SEQUENCE_AT, true),
      producerEpoch: view.getInt32(entry + SCAN_PRODUCER_EPOCH_AT, true),
    }).toEqual({
      baseOffset: 2 ** 40,
      maxTimestamp: 1_800_000_000_123,
      producerId: 2n ** 61n + 1n,
      position: plainBatch(1).length,
      size: special.length,
      lastOffsetDelta: 20,
      recordsCount: 4,
      leaderEpoch: 12,
      attributes: 0x38,
      baseSequence: 2 ** 31 - 2,
      producerEpoch: 9,
    });
  });

  test("of a log cut at any byte finds the batches before it and says how much is missing", () => {
    for (let size = 0; size < log.length; size++) {
      const scanned = scan(log.subarray(0, size));
      const whole = starts.filter((start) => start <= size).length - 1;
      const position = starts[whole] ?? 0;
      expect(scanned).toMatchObject({ found: whole, position, nextOffset: [0, 3, 4][whole] });
      if (size === position) expect(scanned.stop).toBe(STOP_END);
      else {
        expect(scanned.stop).toBe(STOP_TRUNCATED);
        expect(scanned.sizeNeeded).toBe(size - position < 61 ? 61 : (starts[whole + 1] ?? 0) - position);
      }
    }
  });

  test("ends where nothing was written", () => {
    for (const zeros of [12, 13, 61, 200]) {
      expect(scan(joined(log, new Uint8Array(zeros)))).toMatchObject({
        found: 3,
        stop: STOP_ZEROS,
        position: log.length,
      });
    }
    // An offset alone, its length never written.
    const torn = plainBatch(1, { baseOffset: 9n });
    torn.fill(0, 8);
    expect(scan(joined(log, torn))).toMatchObject({ found: 3, stop: STOP_ZEROS });
  });

  test("does not take the first bytes of a batch at offset 0 for zeros", () => {
    for (const size of [1, 8, 11]) {
      expect(scan(plainBatch(1).subarray(0, size))).toMatchObject({ stop: STOP_TRUNCATED, sizeNeeded: 61 });
    }
  });

  test("stops when its table is full, and goes on from there", () => {
    const first = scan(log, { capacity: 2 });
    expect(first).toEqual({ found: 2, stop: STOP_FULL, position: starts[2], nextOffset: 4, sizeNeeded: 0 });
    const rest = scan(log.subarray(first.position), { expectedOffset: first.nextOffset });
    expect(rest).toMatchObject({ found: 1, stop: STOP_END, nextOffset: 9 });
    expect(scan(log, { capacity: 3 })).toMatchObject({ found: 3, stop: STOP_END });
    expect(scan(log, { capacity: 0 })).toMatchObject({ found: 0, stop: STOP_FULL });
  });

  test("takes any first offset if none is expected", () => {
    expect(scan(plainBatch(3, { baseOffset: 500n }), { expectedOffset: -1 })).toMatchObject({
      found: 1,
      nextOffset: 503,
    });
    expect(scan(plainBatch(3, { baseOffset: 0n }), { expectedOffset: -1 })).toMatchObject({ found: 1, nextOffset: 3 });
    const gap = joined(plainBatch(1, { baseOffset: 5n }), plainBatch(1, { baseOffset: 7n }));
    expect(scan(gap, { expectedOffset: -1 })).toMatchObject({ found: 1, stop: ERR_OFFSET_ORDER, nextOffset: 6 });
  });

  test("takes gaps between batches only where they may be", () => {
    const gap = joined(batches[0], plainBatch(2, { baseOffset: 10n }));
    expect(scan(gap)).toMatchObject({ found: 1, stop: ERR_OFFSET_ORDER, position: starts[1], nextOffset: 3 });
    expect(scan(gap, { flags: SCAN_GAPS })).toMatchObject({ found: 2, stop: STOP_END, nextOffset: 12 });
    const overlap = joined(batches[0], plainBatch(2, { baseOffset: 2n }));
    expect(scan(overlap, { flags: SCAN_GAPS })).toMatchObject({ found: 1, stop: ERR_OFFSET_ORDER });
  });

  test("counts offsets that compaction left empty", () => {
    const compacted = assembleBatch([], { count: 0, lastOffsetDelta: 41, maxTimestamp: 5n });
    expect(scan(joined(compacted, plainBatch(1, { baseOffset: 42n })))).toMatchObject({ found: 2, nextOffset: 43 });
  });

  test.each([
    ["another magic", { magic: 1 }, ERR_MAGIC],
    ["a length below the header's", { length: 48 }, ERR_LENGTH],
    ["a negative length", { length: -1 }, ERR_LENGTH],
    ["more records than offsets", { count: 9 }, ERR_COUNT],
    ["a negative offset", { baseOffset: -1n }, ERR_OFFSET_RANGE],
    ["an offset that does not follow", { baseOffset: 3n }, ERR_OFFSET_ORDER],
  ] as const)("stops at a batch with %s", (_, fields, code) => {
    const bad = plainBatch(1, { baseOffset: 4n, ...fields });
    const scanned = scan(joined(batches[0], batches[1], bad, batches[2]));
    expect(scanned).toEqual({ found: 2, stop: code, position: starts[2], nextOffset: 4, sizeNeeded: 0 });
  });

  test("does not wait for the rest of a batch whose header is wrong", () => {
    const bad = plainBatch(1, { baseOffset: 4n, count: 9, length: 2 ** 31 - 13 });
    expect(scan(joined(batches[0], batches[1], bad))).toMatchObject({ found: 2, stop: ERR_COUNT });
  });

  test("says how long a batch claims to be, up to 2 GiB", () => {
    const scanned = scan(plainBatch(1, { length: 2 ** 31 - 13 }));
    expect(scanned).toMatchObject({ stop: STOP_TRUNCATED, sizeNeeded: 2 ** 31 - 1 });
  });

  test("looks into the batches only if asked for their CRC", () => {
    const damaged = Uint8Array.from(log);
    damaged[starts[1] ?? 0] = damaged[starts[1] ?? 0] ?? 0;
    const last = (starts[2] ?? 0) - 1;
    damaged[last] = (damaged[last] ?? 0) ^ 1;
    expect(scan(damaged)).toMatchObject({ found: 3, stop: STOP_END });
    expect(scan(damaged, { flags: SCAN_CRC })).toMatchObject({
      found: 1,
      stop: ERR_CRC,
      position: starts[1],
      nextOffset: 3,
    });
  });

  test("of bytes at random stays within them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, withCrc) => {
        const behind = joined(batches[0], noise);
        const scanned = scan(behind, { flags: withCrc ? SCAN_CRC : 0 });
        expect(scanned.found).toBe(1);
        expect(scanned.position).toBe(batches[0].length);
      }),
      { numRuns: 2000 },
    );
  });
});
