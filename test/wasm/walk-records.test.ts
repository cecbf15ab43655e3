import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BATCH_HEADER_SIZE,
  CODEC_GZIP,
  ERR_CODEC,
  ERR_COUNT,
  ERR_NOT_FOUND,
  ERR_RECORD,
  ERR_TRUNCATED,
  RECORD_ENTRY_SIZE,
  WALK_KEY_HASH,
} from "../../assembly/layout.ts";
import { KIB } from "../../src/base/units.ts";
import { anyRecords } from "./arbitraries.ts";
import {
  assembleBatch,
  plainBatch,
  plainRecords,
  recordBytes,
  type TestRecord,
  text,
  varint,
  writeBatch,
} from "./batch-writer.ts";
import { type CoreMemory, openCore } from "./core-memory.ts";
import { decodeByPlatformatic, encodeByKafkaJs, encodeByPlatformatic, murmur2OfKafkaJs } from "./kafka-clients.ts";
import { readTable, type TableEntry } from "./record-table.ts";

const memory = openCore();
const table = memory.free;
const names = memory.free + 256 * KIB;

interface WalkOptions {
  readonly capacity?: number;
  readonly flags?: number;
  readonly names?: readonly string[];
}

/** @returns the code, or the entries */
function walk(
  records: Uint8Array,
  count: number,
  options: WalkOptions = {},
  opened: CoreMemory = memory,
): number | TableEntry[] {
  const { core, bytes, view, placeLast } = opened;
  const named = options.names ?? [];
  let at = names;
  for (const name of named) {
    const encoded = text.encode(name);
    view.setUint32(at, encoded.length, true);
    bytes.set(encoded, at + 4);
    at += 4 + encoded.length;
  }
  const address = placeLast(records);
  const { capacity = count, flags = 0 } = options;
  const filled = core.walkRecords(address, records.length, count, table, capacity, flags, names, named.length);
  return filled < 0 ? filled : readTable(opened, table, address, filled, named.length);
}

function entriesOf(records: Uint8Array, count: number, options: WalkOptions = {}): TableEntry[] {
  const walked = walk(records, count, options);
  if (typeof walked === "number") throw new Error(`the walk ended with ${walked}`);
  return walked;
}

describe("the record table", () => {
  test.each(["shared", "unshared"] as const)("of the %s core is what a Kafka client decodes", async (kind) => {
    const opened = openCore(kind);
    const expectDecoded = (batch: Uint8Array, count: number): void => {
      const decoded = decodeByPlatformatic(batch);
      const [first] = decoded;
      expect(walk(batch.subarray(BATCH_HEADER_SIZE), count, {}, opened)).toMatchObject(
        decoded.map(({ timestamp, offset, key, value, headers }) => ({
          timestampDelta: timestamp - (first?.timestamp ?? 0),
          offsetDelta: offset,
          key,
          value,
          headerCount: headers.length,
          keyHash: 0,
        })),
      );
    };
    await fc.assert(
      fc.asyncProperty(anyRecords({ nullHeaders: false, near: false }), async (records) => {
        expectDecoded(await encodeByKafkaJs(records), records.length);
      }),
    );
    fc.assert(
      fc.property(anyRecords({ nullHeaders: true, near: true }), (records) => {
        expectDecoded(encodeByPlatformatic(records), records.length);
      }),
    );
  });

  test("gives where each record lies, one after the other", () => {
    const records = plainRecords(200);
    const bytes = Uint8Array.from(recordBytes(records));
    let position = 0;
    for (const [index, entry] of entriesOf(bytes, 200).entries()) {
      expect(entry.position).toBe(position);
      const alone = recordBytes([records[index] as TestRecord], [index]);
      position += entry.size;
      expect(entry.size - alone.length).toBeLessThanOrEqual(4);
    }
    expect(position).toBe(bytes.length);
  });

  test("gives where the headers begin", () => {
    const headers = [["a", text.encode("b")] as const];
    const record = { timestamp: 0, key: null, value: text.encode("v"), headers };
    const bytes = Uint8Array.from(recordBytes([record]));
    const [entry] = entriesOf(bytes, 1);
    expect(entry?.headerCount).toBe(1);
    expect([...bytes.subarray(entry?.headersAt)]).toEqual([...varint(1), 97, ...varint(1), 98]);
  });

  test("holds Kafka's hash of each key if asked for, 0 for null", () => {
    const records = plainRecords(50);
    const hashed = entriesOf(Uint8Array.from(recordBytes(records)), 50, { flags: WALK_KEY_HASH });
    expect(hashed.map(({ keyHash }) => keyHash)).toEqual(
      records.map(({ key }) => (key === null ? 0 : murmur2OfKafkaJs(Buffer.from(key)) >>> 0)),
    );
  });

  test("holds the headers named, the last of several, null and absent told apart", () => {
    const record = (headers: TestRecord["headers"]): TestRecord => ({ timestamp: 0, key: null, value: null, headers });
    const one = text.encode("1");
    const two = text.encode("2");
    const records = [
      record([]),
      record([["delay", one]]),
      record([["delay", null]]),
      record([
        ["dela", one],
        ["delayed", one],
        ["id", new Uint8Array(0)],
      ]),
      record([
        ["delay", one],
        ["x", one],
        ["delay", two],
      ]),
      record([["", one]]),
    ];
    const entries = entriesOf(Uint8Array.from(recordBytes(records)), records.length, { names: ["delay", "id", ""] });
    expect(entries.map(({ named }) => named)).toEqual([
      ["absent", "absent", "absent"],
      [one, "absent", "absent"],
      [null, "absent", "absent"],
      ["absent", new Uint8Array(0), "absent"],
      [two, "absent", "absent"],
      ["absent", "absent", one],
    ]);
  });

  test("that is too small is filled piece by piece", () => {
    const { core, placeLast } = memory;
    const all = Uint8Array.from(recordBytes(plainRecords(100)));
    const whole = entriesOf(all, 100);
    let address = placeLast(all);
    const collected: TableEntry[] = [];
    while (collected.length < 100) {
      const left = memory.end - address;
      const filled = core.walkRecords(address, left, 100 - collected.length, table, 7);
      expect(filled).toBe(Math.min(7, 100 - collected.length));
      const piece = readTable(memory, table, address, filled);
      const start = address - placeLast(all);
      collected.push(...piece.map((entry) => ({ ...entry, position: entry.position + start })));
      const last = piece.at(-1) as TableEntry;
      address += last.position + last.size;
    }
    const comparable = ({ headersAt: _, ...entry }: TableEntry): object => entry;
    expect(collected.map(comparable)).toEqual(whole.map(comparable));
  });

  test("is written no further than its records", () => {
    const { bytes } = memory;
    const records = Uint8Array.from(recordBytes(plainRecords(10)));
    bytes.fill(0xa5, table, table + 64 * RECORD_ENTRY_SIZE);
    entriesOf(records, 10, { capacity: 4 });
    const untouched = bytes.subarray(table + 4 * RECORD_ENTRY_SIZE, table + 64 * RECORD_ENTRY_SIZE);
    expect(untouched.every((byte) => byte === 0xa5)).toBe(true);
  });

  test("takes offset deltas with gaps, as compaction leaves them", () => {
    const records = Uint8Array.from(recordBytes(plainRecords(3), [4, 70, 9000]));
    expect(entriesOf(records, 3).map(({ offsetDelta }) => offsetDelta)).toEqual([4, 70, 9000]);
    expect(walk(Uint8Array.from(recordBytes(plainRecords(2), [4, 4])), 2)).toBe(ERR_RECORD);
    expect(walk(Uint8Array.from(recordBytes(plainRecords(2), [-2, 4])), 2)).toBe(ERR_RECORD);
    expect(walk(Uint8Array.from(recordBytes(plainRecords(1), [2 ** 31 - 1])), 1)).toHaveLength(1);
    const wrapped = recordBytes(plainRecords(2), [2 ** 31 - 1, -(2 ** 31)]);
    expect(walk(Uint8Array.from(wrapped), 2)).toBe(ERR_RECORD);
  });

  test("is refused when the count is not that of the bytes", () => {
    const records = Uint8Array.from(recordBytes(plainRecords(5)));
    expect(walk(records, 4)).toBe(ERR_COUNT);
    expect(walk(records, 6)).toBe(ERR_COUNT);
    expect(walk(new Uint8Array(0), 1)).toBe(ERR_COUNT);
    expect(walk(new Uint8Array(0), 0)).toEqual([]);
  });

  test("of records cut at any byte is refused", () => {
    const records = Uint8Array.from(recordBytes(plainRecords(9)));
    for (let size = 0; size < records.length; size++) {
      expect([ERR_RECORD, ERR_COUNT]).toContain(walk(records.subarray(0, size), 9));
    }
  });

  test("of bytes at random names only what lies within them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0, max: 3 }), (noise, count) => {
        const walked = walk(noise, count, { names: ["a", ""], flags: WALK_KEY_HASH });
        if (typeof walked === "number") expect([ERR_RECORD, ERR_COUNT]).toContain(walked);
        else for (const { position, size } of walked) expect(position + size).toBeLessThanOrEqual(noise.length);
      }),
      { numRuns: 5000 },
    );
  });

  test("of changed records names only what lies within them", () => {
    const records = Uint8Array.from(recordBytes(plainRecords(8)));
    const change = fc.tuple(fc.integer({ min: 0, max: records.length - 1 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const damaged = Uint8Array.from(records);
        for (const [at, byte] of changes) damaged[at] = byte;
        const walked = walk(damaged, 8, { names: ["trace"] });
        if (typeof walked === "number") expect([ERR_RECORD, ERR_COUNT]).toContain(walked);
        else expect(walked.reduce((sum, { size }) => sum + size, 0)).toBe(records.length);
      }),
      { numRuns: 5000 },
    );
  });
});

describe("finding a record by its offset", () => {
  const { core, placeLast } = memory;

  function find(records: Uint8Array, count: number, offsetDelta: number): number {
    return core.findRecord(placeLast(records), records.length, count, offsetDelta);
  }

  test("gives the position of the one asked for", () => {
    const records = Uint8Array.from(recordBytes(plainRecords(300)));
    const positions = entriesOf(records, 300).map(({ position }) => position);
    for (let delta = 0; delta < 300; delta++) expect(find(records, 300, delta)).toBe(positions[delta]);
    expect(find(records, 300, 300)).toBe(ERR_NOT_FOUND);
  });

  test("gives the next one where it was compacted away", () => {
    const records = Uint8Array.from(recordBytes(plainRecords(3), [5, 70, 9000]));
    const [first, second, third] = entriesOf(records, 3).map(({ position }) => position);
    expect([0, 5].map((delta) => find(records, 3, delta))).toEqual([first, first]);
    expect([6, 70].map((delta) => find(records, 3, delta))).toEqual([second, second]);
    expect([71, 9000].map((delta) => find(records, 3, delta))).toEqual([third, third]);
    expect(find(records, 3, 9001)).toBe(ERR_NOT_FOUND);
  });

  test("in bytes at random stays within them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 0, max: 5 }), (noise, count) => {
        const position = find(noise, count, 3);
        expect(position < noise.length).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("finding a record by its time", () => {
  const { core, placeLast } = memory;

  function find(batch: Uint8Array, timestamp: number): number {
    return core.findTimestamp(placeLast(batch), batch.length, timestamp);
  }

  const at = (timestamp: number): TestRecord => ({ timestamp, key: null, value: text.encode("v"), headers: [] });

  test("gives the offset delta of the first that is not earlier", () => {
    const batch = writeBatch([1000, 3000, 2000, 5000, 5000].map(at));
    expect([-1, 0, 1000].map((time) => find(batch, time))).toEqual([0, 0, 0]);
    expect([1001, 2000, 2999.5, 3000].map((time) => find(batch, time))).toEqual([1, 1, 1, 1]);
    expect([3000.5, 4000, 5000].map((time) => find(batch, time))).toEqual([3, 3, 3]);
    expect([5001, 9e15, Number.POSITIVE_INFINITY].map((time) => find(batch, time))).toEqual(
      Array<number>(3).fill(ERR_NOT_FOUND),
    );
  });

  test("agrees with a search through the records", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 100_000 }), { minLength: 1, maxLength: 40 }),
        fc.nat(100_001),
        (times, time) => {
          const index = times.findIndex((candidate) => candidate >= time);
          expect(find(writeBatch(times.map(at)), time)).toBe(index < 0 ? ERR_NOT_FOUND : index);
        },
      ),
    );
  });

  test("gives the first record of a batch with LogAppendTime, or none", () => {
    const earlier = plainBatch(5, { attributes: 8, maxTimestamp: 1000n });
    expect(find(earlier, 1000)).toBe(0);
    expect(find(earlier, 1001)).toBe(ERR_NOT_FOUND);
    const later = plainBatch(5, { attributes: 8, maxTimestamp: 2_000_000_000_000n });
    expect(find(later, 2_000_000_000_000)).toBe(0);
  });

  test("is refused for a batch that is compressed or cut off", () => {
    expect(find(assembleBatch([1, 2], { attributes: CODEC_GZIP, maxTimestamp: 9n }), 1)).toBe(ERR_CODEC);
    expect(find(plainBatch(1).subarray(0, 60), 1)).toBe(ERR_TRUNCATED);
    expect([ERR_RECORD, ERR_COUNT]).toContain(find(plainBatch(5).subarray(0, 80), 1_700_000_004_000));
  });

  test("in records at random stays within them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (noise, count) => {
        find(assembleBatch(noise, { count, lastOffsetDelta: count - 1, maxTimestamp: 10n }), 5);
      }),
      { numRuns: 3000 },
    );
  });
});
