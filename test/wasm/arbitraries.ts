import fc from "fast-check";
import type { TestRecord } from "./batch-writer.ts";

/** Sizes where the ints around them change length, and those near them. */
const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 80 }) },
  { weight: 2, arbitrary: fc.integer({ min: 60, max: 400 }).map((size) => new Uint8Array(size).fill(7)) },
  { weight: 1, arbitrary: fc.integer({ min: 8180, max: 8200 }).map((size) => new Uint8Array(size).fill(9)) },
);
const nullable = fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 6, arbitrary: bytes });
const nearTimestamp = fc.integer({ min: 1_700_000_000_000, max: 1_700_000_030_000 });
const anyTimestamp = fc.oneof(
  { weight: 6, arbitrary: nearTimestamp },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2_000_000_000_000 }) },
);
// Not an integer and no prototype's name: KafkaJS keeps headers in an object.
const headerName = fc.string({ minLength: 0, maxLength: 70, unit: "grapheme" }).map((name) => `h${name}`);

interface RecordOptions {
  /** May a header's value be null? KafkaJS cannot encode that. */
  readonly nullHeaders: boolean;
  /** Are all timestamps close to each other? platformatic encodes differences beyond 2^31 ms wrongly (2.12.1). */
  readonly near: boolean;
}

/** At least one record. */
export function anyRecords({ nullHeaders, near }: RecordOptions): fc.Arbitrary<TestRecord[]> {
  const timestamp = near ? nearTimestamp : anyTimestamp;
  const header = fc.tuple(headerName, nullHeaders ? nullable : bytes);
  const headers = fc.uniqueArray(header, { maxLength: 4, selector: ([name]) => name });
  return fc.array(fc.record({ timestamp, key: nullable, value: nullable, headers }), { minLength: 1, maxLength: 30 });
}
