import { expect, test } from "vitest";
import {
  dueNsOf,
  numberOf,
  SIZE_MIN,
  STAMP_SIZE,
  StampedPayloads,
  sequenceOf,
} from "../../src/bench/stamped-payload.ts";

/** A record's bytes, as a consumer gets them: somewhere in a larger buffer. */
function delivered(payloads: StampedPayloads, number: number): { bytes: Uint8Array; view: DataView; at: number } {
  const at = 7;
  const bytes = new Uint8Array(payloads.size + 20);
  bytes.set(payloads.value(3, number, 12.5), at);
  return { bytes, view: new DataView(bytes.buffer), at };
}

test.each([20, 22, 24, 25, 100, 1024])("a value of %s bytes says what it is, and is known again", (size) => {
  const payloads = new StampedPayloads(size);
  for (let number = 0; number < 300; number++) {
    const { bytes, view, at } = delivered(payloads, number);
    expect([sequenceOf(view, at), numberOf(view, at), dueNsOf(view, at, size)]).toEqual([3, number, 12.5]);
    expect(payloads.isBody(number, bytes, view, at, size)).toBe(true);
    if (size > 20) expect(payloads.isBody(number + 1, bytes, view, at, size)).toBe(false);
    expect(payloads.isBody(number, bytes, view, at, size - 1)).toBe(false);
  }
});

test("a value that has no room for a time has none", () => {
  const payloads = new StampedPayloads(SIZE_MIN);
  const { bytes, view, at } = delivered(payloads, 5);
  expect([sequenceOf(view, at), numberOf(view, at), dueNsOf(view, at, SIZE_MIN)]).toEqual([3, 5, Number.NaN]);
  expect(payloads.isBody(5, bytes, view, at, SIZE_MIN)).toBe(true);
  expect(payloads.isBody(5, bytes, view, at, SIZE_MIN + 1)).toBe(false);
});

test("whichever byte is damaged in every record is found", () => {
  const payloads = new StampedPayloads(100);
  for (let place = STAMP_SIZE; place < 100; place++) {
    let found = 0;
    for (let number = 0; number < 128; number++) {
      const { bytes, view, at } = delivered(payloads, number);
      bytes[at + place]! ^= 1;
      if (!payloads.isBody(number, bytes, view, at, 100)) found++;
    }
    expect(found).toBeGreaterThan(2);
  }
});

test("a value that has no room for its stamp is refused", () => {
  expect(() => new StampedPayloads(SIZE_MIN - 1)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
});
