import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ATTRIBUTE_CONTROL,
  ATTRIBUTE_DELETE_HORIZON,
  ATTRIBUTE_LOG_APPEND_TIME,
  ATTRIBUTE_TRANSACTIONAL,
  BATCH_RECORDS_MAX,
  CODEC_GZIP,
  CODEC_ZSTD,
  ERR_ATTRIBUTES,
  ERR_CODEC,
  ERR_CONTROL,
  ERR_COUNT,
  ERR_CRC,
  ERR_KEY_MISSING,
  ERR_LENGTH,
  ERR_LOG_APPEND_TIME,
  ERR_MAGIC,
  ERR_MAX_TIMESTAMP,
  ERR_OFFSET_RANGE,
  ERR_PRODUCER,
  ERR_RECORD,
  ERR_TIMESTAMP_AHEAD,
  ERR_TOO_LARGE,
  ERR_TOO_MANY_RECORDS,
  ERR_TRANSACTIONAL,
  ERR_TRUNCATED,
  RULE_KEY_REQUIRED,
  RULE_REPLICATED,
  RULE_TRANSACTIONAL,
} from "../../assembly/layout.ts";
import { anyRecords } from "./arbitraries.ts";
import {
  assembleBatch,
  type BatchFields,
  framed,
  plainBatch,
  plainRecords,
  recordBody,
  recordBytes,
  type TestRecord,
  text,
  varint,
  writeBatch,
} from "./batch-writer.ts";
import { type CoreMemory, openCore } from "./core-memory.ts";
import { encodeByKafkaJs, encodeByPlatformatic } from "./kafka-clients.ts";

const memory = openCore();
const forever = Number.POSITIVE_INFINITY;
const sizeMax = 1_000_000;

interface CheckOptions {
  readonly rules?: number;
  readonly timestampMax?: number;
  readonly sizeMax?: number;
}

/** Checks the batch where its last byte is the memory's last: to read behind it traps. */
function check(batch: Uint8Array, options: CheckOptions = {}, { core, placeLast }: CoreMemory = memory): number {
  const { rules = 0, timestampMax = forever } = options;
  return core.checkBatch(placeLast(batch), batch.length, options.sizeMax ?? sizeMax, rules, timestampMax);
}

function checkCrc(batch: Uint8Array): number {
  return memory.core.verifyBatchCrc(memory.placeLast(batch), batch.length);
}

/** One record with these bytes as its body, in a batch that is right otherwise. */
function batchOf(body: readonly number[], fields: Partial<BatchFields> = {}): Uint8Array {
  return assembleBatch(framed(body), fields);
}

describe("a good batch", () => {
  test.each(["shared", "unshared"] as const)("has its records counted by the %s core", (kind) => {
    const opened = openCore(kind);
    for (const count of [1, 2, 63, 64, 65, 500]) {
      expect(check(plainBatch(count), {}, opened)).toBe(count);
      expect(opened.core.verifyBatchCrc(opened.placeLast(plainBatch(count)), plainBatch(count).length)).toBe(0);
    }
  });

  test("of KafkaJS is accepted, with its CRC", async () => {
    await fc.assert(
      fc.asyncProperty(anyRecords({ nullHeaders: false, near: false }), async (records) => {
        const batch = await encodeByKafkaJs(records);
        expect(check(batch)).toBe(records.length);
        expect(checkCrc(batch)).toBe(0);
      }),
    );
  });

  test("of platformatic's client is accepted, with its CRC", () => {
    fc.assert(
      fc.property(anyRecords({ nullHeaders: true, near: true }), (records) => {
        const batch = encodeByPlatformatic(records);
        expect(check(batch)).toBe(records.length);
        expect(checkCrc(batch)).toBe(0);
      }),
    );
  });

  test("may be compressed: then its count is its own word", () => {
    const batch = encodeByPlatformatic(plainRecords(20), "gzip");
    expect(check(batch)).toBe(20);
    for (let codec = CODEC_GZIP; codec <= CODEC_ZSTD; codec++) {
      const opaque = assembleBatch([1, 2, 3], { attributes: codec, count: 9, lastOffsetDelta: 8 });
      expect(check(opaque)).toBe(9);
    }
  });

  test("may spell its ints longer than needed, as Kafka allows", () => {
    const body = [0, ...varint(0, 10), ...varint(0, 5), ...varint(-1, 3), ...varint(1, 4), 65, ...varint(0, 2)];
    expect(check(assembleBatch([...varint(body.length, 5), ...body], {}))).toBe(1);
  });

  test("may have a later maxTimestamp than its records, within the limit", () => {
    expect(check(plainBatch(3, { maxTimestamp: 1_800_000_000_000n }))).toBe(3);
  });

  test("may be of 131,072 records, and of no more", () => {
    const large = openCore("unshared", 4_000_000);
    const one = (offsetDelta: number): number[] => framed([0, 0, ...varint(offsetDelta), 1, 1, 0]);
    const records = Array.from({ length: BATCH_RECORDS_MAX + 1 }, (_, index) => one(index));
    const full = assembleBatch(records.slice(0, -1).flat(), {
      count: BATCH_RECORDS_MAX,
      lastOffsetDelta: BATCH_RECORDS_MAX - 1,
    });
    expect(check(full, { sizeMax: 4_000_000 }, large)).toBe(BATCH_RECORDS_MAX);
    const over = assembleBatch(records.flat(), { count: BATCH_RECORDS_MAX + 1, lastOffsetDelta: BATCH_RECORDS_MAX });
    expect(check(over, { sizeMax: 4_000_000 }, large)).toBe(ERR_TOO_MANY_RECORDS);
  });
});

describe("damage", () => {
  test("a batch cut at any byte is truncated", () => {
    const batch = plainBatch(30);
    for (let size = 0; size < batch.length; size++) expect(check(batch.subarray(0, size))).toBe(ERR_TRUNCATED);
  });

  test("a batch with more bytes behind it is not one batch", () => {
    const batch = plainBatch(3);
    expect(check(Uint8Array.of(...batch, 0))).toBe(ERR_LENGTH);
    expect(check(Uint8Array.of(...batch, ...batch))).toBe(ERR_LENGTH);
  });

  test("any flipped bit is refused, but for those the broker stamps and vouches for", () => {
    const batch = plainBatch(9);
    for (let bit = 0; bit < batch.length * 8; bit++) {
      const at = bit >> 3;
      const isStamped = at < 8 || (at >= 12 && at < 16);
      const damaged = Uint8Array.from(batch);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (bit & 7));
      const refused = check(damaged) < 0 || checkCrc(damaged) < 0;
      expect(refused, `bit ${bit}`).toBe(!isStamped);
      if (at >= 17) expect(checkCrc(damaged), `bit ${bit}`).toBe(ERR_CRC);
    }
  });

  test("a batch too short for a header has no CRC", () => {
    expect(checkCrc(new Uint8Array(60))).toBe(ERR_TRUNCATED);
  });

  test("bytes at random never make it read outside, and never pass the CRC", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(check(noise)).toBeLessThan(0);
        expect(checkCrc(noise)).toBeLessThan(0);
      }),
      { numRuns: 2000 },
    );
  });

  test("records at random behind a good header never make it read outside", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.integer({ min: 1, max: 4 }), (noise, count) => {
        for (const rules of [0, RULE_REPLICATED]) {
          const code = check(assembleBatch(noise, { count, lastOffsetDelta: count - 1 }), { rules });
          expect(code === count || [ERR_RECORD, ERR_COUNT, ERR_MAX_TIMESTAMP].includes(code)).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("good records with some bytes changed never make it read outside", () => {
    const batch = plainBatch(12);
    const change = fc.tuple(fc.integer({ min: 61, max: batch.length - 1 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = Uint8Array.from(batch);
        for (const [at, byte] of changes) damaged[at] = byte;
        const code = check(damaged);
        expect(code === 12 || [ERR_RECORD, ERR_COUNT, ERR_MAX_TIMESTAMP].includes(code)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test("the bytes around a batch are left alone", () => {
    const { core, bytes, free } = memory;
    bytes.fill(0xa5, free, free + 4096);
    const batch = plainBatch(5);
    bytes.set(batch, free + 1000);
    core.checkBatch(free + 1000, batch.length, sizeMax, 0, forever);
    core.stampBatch(free + 1000, 5, 1);
    core.sealBatch(free + 1000, batch.length);
    const end = free + 1000 + batch.length;
    expect(bytes.subarray(free, free + 1000).every((byte) => byte === 0xa5)).toBe(true);
    expect(bytes.subarray(end, free + 4096).every((byte) => byte === 0xa5)).toBe(true);
  });
});

describe("the header", () => {
  const producer = { producerId: 7n, producerEpoch: 0, baseSequence: 0 };
  const replicated = RULE_REPLICATED | RULE_TRANSACTIONAL;
  const refused: readonly (readonly [string, Partial<BatchFields>, number])[] = [
    ["magic 0", { magic: 0 }, ERR_MAGIC],
    ["magic 1", { magic: 1 }, ERR_MAGIC],
    ["magic 3", { magic: 3 }, ERR_MAGIC],
    ["a length of 0", { length: 0 }, ERR_LENGTH],
    ["a length below the header's", { length: 48 }, ERR_LENGTH],
    ["a negative length", { length: -1 }, ERR_LENGTH],
    ["the least length", { length: -(2 ** 31) }, ERR_LENGTH],
    ["the greatest length", { length: 2 ** 31 - 1 }, ERR_TOO_LARGE],
    ["a length that would overflow to a small size", { length: 2 ** 31 - 12 }, ERR_TOO_LARGE],
    ["codec 5", { attributes: 5 }, ERR_CODEC],
    ["codec 7", { attributes: 7 }, ERR_CODEC],
    ["attribute bit 7", { attributes: 0x80 }, ERR_ATTRIBUTES],
    ["attribute bit 15", { attributes: -0x8000 }, ERR_ATTRIBUTES],
    ["a delete horizon", { attributes: ATTRIBUTE_DELETE_HORIZON }, ERR_ATTRIBUTES],
    ["the control bit", { attributes: ATTRIBUTE_CONTROL }, ERR_CONTROL],
    ["LogAppendTime", { attributes: ATTRIBUTE_LOG_APPEND_TIME }, ERR_LOG_APPEND_TIME],
    ["a transaction", { attributes: ATTRIBUTE_TRANSACTIONAL, ...producer }, ERR_TRANSACTIONAL],
    ["count 0", { count: 0, lastOffsetDelta: -1 }, ERR_COUNT],
    ["count 0 with an offset", { count: 0, lastOffsetDelta: 0 }, ERR_COUNT],
    ["a negative count", { count: -1, lastOffsetDelta: -2 }, ERR_COUNT],
    ["a count beyond the offsets", { count: 4 }, ERR_COUNT],
    ["offsets beyond the count", { lastOffsetDelta: 3 }, ERR_COUNT],
    ["the greatest lastOffsetDelta", { count: -(2 ** 31), lastOffsetDelta: 2 ** 31 - 1 }, ERR_COUNT],
    ["more records than there are", { count: 4, lastOffsetDelta: 3 }, ERR_COUNT],
    ["fewer records than there are", { count: 2, lastOffsetDelta: 1 }, ERR_COUNT],
    ["too many records", { count: 131_073, lastOffsetDelta: 131_072 }, ERR_TOO_MANY_RECORDS],
    ["producer id -2", { producerId: -2n }, ERR_PRODUCER],
    ["a producer without an epoch", { ...producer, producerEpoch: -1 }, ERR_PRODUCER],
    ["a producer without a sequence", { ...producer, baseSequence: -1 }, ERR_PRODUCER],
    ["a maxTimestamp below a record's", { maxTimestamp: 1_700_000_001_999n }, ERR_MAX_TIMESTAMP],
  ];

  test.each(refused)("with %s is refused", (_, fields, code) => {
    expect(check(plainBatch(3, fields))).toBe(code);
  });

  test("counts against the size allowed", () => {
    const batch = plainBatch(3);
    expect(check(batch, { sizeMax: batch.length })).toBe(3);
    expect(check(batch, { sizeMax: batch.length - 1 })).toBe(ERR_TOO_LARGE);
  });

  test("without a producer id may have any epoch and sequence: the clients disagree", () => {
    expect(check(plainBatch(3, { producerEpoch: 0, baseSequence: 0 }))).toBe(3);
    expect(check(plainBatch(3, { producerEpoch: -1, baseSequence: -1 }))).toBe(3);
  });

  test("with a whole producer is accepted", () => {
    expect(check(plainBatch(3, { producerId: 2n ** 62n, producerEpoch: 32_767, baseSequence: 2 ** 31 - 1 }))).toBe(3);
  });

  test("may be transactional where a transaction is open, of a producer", () => {
    const attributes = ATTRIBUTE_TRANSACTIONAL;
    expect(check(plainBatch(3, { attributes, ...producer }), { rules: RULE_TRANSACTIONAL })).toBe(3);
    expect(check(plainBatch(3, { attributes }), { rules: RULE_TRANSACTIONAL })).toBe(ERR_PRODUCER);
  });

  test("may have any base offset and epoch from a client: both are stamped", () => {
    expect(check(plainBatch(3, { baseOffset: -5n, leaderEpoch: -5 }))).toBe(3);
  });

  test.each([
    ["a control batch", { attributes: ATTRIBUTE_CONTROL | ATTRIBUTE_TRANSACTIONAL, ...producer, baseSequence: -1 }],
    ["LogAppendTime, whose records may be later", { attributes: ATTRIBUTE_LOG_APPEND_TIME, maxTimestamp: 5n }],
    ["a delete horizon", { attributes: ATTRIBUTE_DELETE_HORIZON }],
    ["offsets beyond the count", { lastOffsetDelta: 100 }],
    ["a producer without a sequence", { ...producer, baseSequence: -1 }],
    ["the last offset of all", { baseOffset: 2n ** 53n - 3n }],
  ])("of a replicated batch may have %s", (_, fields) => {
    expect(check(plainBatch(3, fields), { rules: replicated })).toBe(3);
  });

  test.each([
    ["a negative base offset", { baseOffset: -1n }, ERR_OFFSET_RANGE],
    ["an offset that is no safe integer", { baseOffset: 2n ** 53n - 2n }, ERR_OFFSET_RANGE],
    ["the greatest base offset", { baseOffset: 2n ** 63n - 1n }, ERR_OFFSET_RANGE],
    ["a count beyond the offsets", { lastOffsetDelta: 1 }, ERR_COUNT],
    ["unknown attributes", { attributes: 0x100 }, ERR_ATTRIBUTES],
    ["a maxTimestamp below a record's", { maxTimestamp: 0n }, ERR_MAX_TIMESTAMP],
  ])("of a replicated batch may not have %s", (_, fields, code) => {
    expect(check(plainBatch(3, fields), { rules: replicated })).toBe(code);
  });

  test("of a replicated batch may stand alone, all records compacted away", () => {
    const empty = { count: 0, lastOffsetDelta: 41, baseTimestamp: -1n, maxTimestamp: 5n };
    expect(check(assembleBatch([], empty), { rules: RULE_REPLICATED })).toBe(0);
    expect(check(assembleBatch([0], empty), { rules: RULE_REPLICATED })).toBe(ERR_COUNT);
  });
});

describe("timestamps", () => {
  const record = (timestamp: number): TestRecord => ({ timestamp, key: null, value: null, headers: [] });

  test("at the limit are accepted, above it refused", () => {
    const batch = writeBatch([record(1000), record(3000), record(2000)]);
    expect(check(batch, { timestampMax: 3000 })).toBe(3);
    expect(check(batch, { timestampMax: 2999 })).toBe(ERR_TIMESTAMP_AHEAD);
  });

  test("of a compressed batch are the header's word", () => {
    const compressed = { attributes: CODEC_GZIP, maxTimestamp: 5000n };
    expect(check(assembleBatch([1], compressed), { timestampMax: 5000 })).toBe(1);
    expect(check(assembleBatch([1], compressed), { timestampMax: 4999 })).toBe(ERR_TIMESTAMP_AHEAD);
  });

  test("may be Kafka's none, -1, and far in the past", () => {
    expect(check(writeBatch([record(-1), record(-1)]), { timestampMax: 0 })).toBe(2);
    expect(check(writeBatch([record(0), record(-5_000_000_000_000)]))).toBe(2);
  });

  test("of the first records may be later than the others'", () => {
    expect(check(writeBatch([record(90_000_000_000), record(7), record(90_000_000_000)]))).toBe(3);
  });

  test("of records wrap around as in Java, so that every reader sees the same", () => {
    const body = [0, ...varint(2n ** 63n - 1n), 0, 1, 1, 0];
    expect(check(batchOf(body, { baseTimestamp: 1n, maxTimestamp: 0n }))).toBe(1);
    expect(check(batchOf(body, { baseTimestamp: 0n, maxTimestamp: 0n }))).toBe(ERR_MAX_TIMESTAMP);
  });
});

describe("a record", () => {
  const good = plainRecords(1)[0] as TestRecord;
  const header = (key: readonly number[], value: readonly number[]): number[] => [0, 0, 0, 1, 1, 2, ...key, ...value];

  test.each([
    ["attributes", [1, 0, 0, 1, 1, 0]],
    ["an offset delta that is not its index", [0, 0, 2, 1, 1, 0]],
    ["a negative offset delta", [0, 0, 1, 1, 1, 0]],
    ["a key size below null", [0, 0, 0, 3, 1, 0]],
    ["a key beyond the record", [0, 0, 0, 100, 1, 0]],
    ["a key beyond everything", [0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1, 0]],
    ["a value size below null", [0, 0, 0, 1, 3, 0]],
    ["a value beyond the record", [0, 0, 0, 1, 100, 0]],
    ["a negative header count", [0, 0, 0, 1, 1, 1]],
    ["a header count beyond the record", [0, 0, 0, 1, 1, 100]],
    ["the greatest header count", [0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f]],
    ["a null header key", header([1], [0])],
    ["a header key beyond the record", header([100], [0])],
    ["a header value size below null", header([0], [3])],
    ["a header value beyond the record", header([0], [100])],
    ["a header without a value", header([0], [])],
    ["no header count", [0, 0, 0, 1, 1]],
    ["a byte behind its headers", [0, 0, 0, 1, 1, 0, 0]],
    ["a timestamp of 11 bytes", [0, ...varint(0, 11), 0, 1, 1, 0]],
    ["a timestamp beyond 64 bits", [0, ...Array<number>(9).fill(0xff), 0x02, 0, 1, 1, 0]],
    ["a key size of 6 bytes", [0, 0, 0, ...varint(0, 6), 1, 0]],
    ["a key size beyond 32 bits", [0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x10, 1, 0]],
    ["an unfinished int", [0, 0, 0, 1, 1, 0x80]],
  ])("with %s is refused", (_, body) => {
    expect(check(batchOf(body))).toBe(ERR_RECORD);
  });

  test("whose length is not what it holds is refused", () => {
    const body = recordBody(good, 0, good.timestamp);
    const base = { baseTimestamp: BigInt(good.timestamp), maxTimestamp: BigInt(good.timestamp) };
    for (const length of [-1, 0, 1, 5, body.length - 1, body.length + 1, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(check(assembleBatch([...varint(length), ...body], base)), `length ${length}`).toBe(ERR_RECORD);
    }
    expect(check(assembleBatch([...varint(body.length), ...body], base))).toBe(1);
  });

  test("that reaches into the next one is refused, though both add up", () => {
    const records = recordBytes(plainRecords(2));
    records[0] = (records[0] ?? 0) + 2;
    const { length } = records;
    expect(check(assembleBatch(records, { count: 2, lastOffsetDelta: 1, maxTimestamp: 2n ** 62n }))).toBe(ERR_RECORD);
    expect(records.length).toBe(length);
  });

  test("may hold headers at the very end, with null and empty values", () => {
    const headers = [["", null] as const, ["k", new Uint8Array(0)] as const, ["long", new Uint8Array(200)] as const];
    expect(check(writeBatch([{ ...good, headers }]))).toBe(1);
  });

  test("without a key is refused where keys are required", () => {
    const records = plainRecords(9).map((record) => ({ ...record, key: text.encode("k") }));
    expect(check(writeBatch(records), { rules: RULE_KEY_REQUIRED })).toBe(9);
    const last = { ...good, key: null };
    expect(check(writeBatch([...records, last]), { rules: RULE_KEY_REQUIRED })).toBe(ERR_KEY_MISSING);
    const empty = { ...good, key: new Uint8Array(0) };
    expect(check(writeBatch([empty]), { rules: RULE_KEY_REQUIRED })).toBe(1);
  });

  test("of a replicated batch may leave offsets out, but not turn back or pass the last", () => {
    const records = plainRecords(3);
    const checkDeltas = (offsetDeltas: number[], lastOffsetDelta: number): number => {
      const fields = { count: 3, lastOffsetDelta, maxTimestamp: 2n ** 62n };
      return check(assembleBatch(recordBytes(records, offsetDeltas), fields), { rules: RULE_REPLICATED });
    };
    expect(checkDeltas([0, 1, 2], 2)).toBe(3);
    expect(checkDeltas([3, 70, 9000], 9000)).toBe(3);
    expect(checkDeltas([3, 70, 9000], 9500)).toBe(3);
    expect(checkDeltas([3, 70, 9000], 8999)).toBe(ERR_RECORD);
    expect(checkDeltas([1, 2, 3], 2)).toBe(ERR_RECORD);
    expect(checkDeltas([3, 3, 4], 5)).toBe(ERR_RECORD);
    expect(checkDeltas([3, 2, 4], 5)).toBe(ERR_RECORD);
    expect(checkDeltas([-1, 0, 1], 5)).toBe(ERR_RECORD);
  });
});

describe("decompressed records", () => {
  const { core, bytes, free, placeLast } = memory;

  function checkRecords(records: readonly number[], fields: Partial<BatchFields>, rules = 0): number {
    bytes.set(assembleBatch([], { attributes: CODEC_GZIP, ...fields }), free);
    return core.checkRecords(free, placeLast(Uint8Array.from(records)), records.length, rules);
  }

  test("are checked against the header of their batch", () => {
    const records = recordBytes(plainRecords(5));
    const fields = { count: 5, lastOffsetDelta: 4, baseTimestamp: 0n, maxTimestamp: 4000n };
    expect(checkRecords(records, fields)).toBe(5);
    expect(checkRecords(records, fields, RULE_KEY_REQUIRED)).toBe(ERR_KEY_MISSING);
    expect(checkRecords(records, { ...fields, maxTimestamp: 3999n })).toBe(ERR_MAX_TIMESTAMP);
    expect(checkRecords(records, { ...fields, count: 4, lastOffsetDelta: 3 })).toBe(ERR_COUNT);
    expect(checkRecords(records, { ...fields, count: 6, lastOffsetDelta: 5 })).toBe(ERR_COUNT);
    expect(checkRecords(records.slice(0, -1), fields)).toBe(ERR_RECORD);
  });
});
