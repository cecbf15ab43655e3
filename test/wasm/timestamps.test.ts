import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ATTRIBUTE_LOG_APPEND_TIME,
  BATCH_HEADER_SIZE,
  CODEC_GZIP,
  CODEC_ZSTD,
  ERR_CODEC,
  ERR_COUNT,
  ERR_MAX_TIMESTAMP,
  ERR_RECORD,
  ERR_TIMESTAMP_AHEAD,
  ERR_TRUNCATED,
  RULE_REPLICATED,
} from "../../assembly/layout.ts";
import { anyRecords } from "./arbitraries.ts";
import { assembleBatch, plainBatch, writeBatch } from "./batch-writer.ts";
import { openCore } from "./core-memory.ts";
import { encodeByPlatformatic } from "./kafka-clients.ts";

const memory = openCore();
const { core, bytes, placeLast, end } = memory;

describe("a maxTimestamp that the client did not set", () => {
  test("is refused, and corrected as Kafka's broker would", () => {
    fc.assert(
      fc.property(anyRecords({ nullHeaders: true, near: false }), (records) => {
        const batch = writeBatch(records, { maxTimestamp: -1n });
        const address = placeLast(batch);
        expect(core.checkBatch(address, batch.length, batch.length, 0, 2e12)).toBe(ERR_MAX_TIMESTAMP);
        expect(core.verifyBatchCrc(address, batch.length)).toBe(0);
        expect(core.correctMaxTimestamp(address, batch.length)).toBe(0);
        core.sealBatch(address, batch.length);
        expect(bytes.slice(address, end)).toEqual(writeBatch(records));
        expect(core.checkBatch(address, batch.length, batch.length, 0, 2e12)).toBe(records.length);
      }),
    );
  });

  test("does not hide a record from the future", () => {
    const batch = plainBatch(3, { maxTimestamp: 0n });
    const address = placeLast(batch);
    core.correctMaxTimestamp(address, batch.length);
    core.sealBatch(address, batch.length);
    expect(core.checkBatch(address, batch.length, batch.length, 0, 1_700_000_001_999)).toBe(ERR_TIMESTAMP_AHEAD);
  });

  test("is lowered too where it is later than every record", () => {
    const batch = plainBatch(3, { maxTimestamp: 1_900_000_000_000n });
    const address = placeLast(batch);
    expect(core.correctMaxTimestamp(address, batch.length)).toBe(0);
    core.sealBatch(address, batch.length);
    expect(bytes.slice(address, end)).toEqual(plainBatch(3));
  });

  test.each([
    ["compressed", assembleBatch([1], { attributes: CODEC_GZIP }), ERR_CODEC],
    ["too short", plainBatch(1).subarray(0, 60), ERR_TRUNCATED],
    ["without records", assembleBatch([], { count: 0 }), ERR_COUNT],
    ["with fewer records than it says", plainBatch(2, { count: 3 }), ERR_COUNT],
    ["of noise", assembleBatch([200, 200, 200, 200, 200], {}), ERR_RECORD],
  ])("stays as it is in a batch %s", (_, batch, code) => {
    const address = placeLast(batch);
    expect(core.correctMaxTimestamp(address, batch.length)).toBe(code);
    expect(bytes.slice(address, end)).toEqual(batch);
  });

  test("is looked for within the batch only", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (noise, count) => {
        const batch = assembleBatch(noise, { count });
        expect(core.correctMaxTimestamp(placeLast(batch), batch.length)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("LogAppendTime", () => {
  const timestamp = 1_800_000_000_123;
  const stamped = { attributes: ATTRIBUTE_LOG_APPEND_TIME, maxTimestamp: BigInt(timestamp) };

  test("changes what a full recomputation of the batch would, and nothing else", () => {
    const batch = plainBatch(9);
    const address = placeLast(batch);
    core.setLogAppendTime(address, timestamp);
    core.sealBatch(address, batch.length);
    expect(bytes.slice(address, end)).toEqual(plainBatch(9, stamped));
    expect(core.checkBatch(address, batch.length, batch.length, RULE_REPLICATED, Number.POSITIVE_INFINITY)).toBe(9);
  });

  test("keeps the codec, and the compressed records as they are", () => {
    const batch = assembleBatch([1, 2, 3], { attributes: CODEC_ZSTD, maxTimestamp: 5n });
    const address = placeLast(batch);
    core.setLogAppendTime(address, timestamp);
    core.sealBatch(address, batch.length);
    const attributes = stamped.attributes | CODEC_ZSTD;
    expect(bytes.slice(address, end)).toEqual(assembleBatch([1, 2, 3], { ...stamped, attributes }));
    expect(core.verifyBatchCrc(address, batch.length)).toBe(0);
    expect(batch.length).toBe(BATCH_HEADER_SIZE + 3);
  });

  test("holds for the batch of a real client", () => {
    const batch = encodeByPlatformatic([{ timestamp: 5, key: null, value: null, headers: [] }], "gzip");
    const address = placeLast(batch);
    core.setLogAppendTime(address, timestamp);
    core.sealBatch(address, batch.length);
    expect(core.verifyBatchCrc(address, batch.length)).toBe(0);
    expect(bytes.slice(address + BATCH_HEADER_SIZE, end)).toEqual(batch.slice(BATCH_HEADER_SIZE));
  });
});
