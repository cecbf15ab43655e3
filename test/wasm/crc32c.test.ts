import { crc32c as native } from "@node-rs/crc32";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32cOf, loadCrc32c } from "../../src/wasm/crc32c.ts";
import { text } from "./batch-writer.ts";
import { openCore } from "./core-memory.ts";

/** Bytes without a pattern, the same in every run. */
function noise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = 1;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

describe.each(["shared", "unshared"] as const)("CRC-32C of the %s core", (kind) => {
  const { core, bytes, free, placeLast } = openCore(kind);

  test("has the check value of the standard", () => {
    bytes.set(text.encode("123456789"), free);
    expect(core.crc32c(0, free, 9)).toBe(0xe3069283);
  });

  test.each([
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
    ["31 to 0", Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
    ["nothing", new Uint8Array(0), 0],
  ])("has RFC 3720's value for %s", (_, input, expected) => {
    bytes.set(input, free);
    expect(core.crc32c(0, free, input.length)).toBe(expected);
  });

  test("equals the native one at every size up to 1 KiB and every alignment", () => {
    const input = noise(1100);
    bytes.set(input, free);
    for (let size = 0; size <= 1024; size++) {
      const start = size % 33;
      expect(core.crc32c(0, free + start, size)).toBe(native(input.subarray(start, start + size)));
    }
  });

  test("equals the native one on large input", () => {
    const input = noise(700_001);
    bytes.set(input, free);
    expect(core.crc32c(0, free, input.length)).toBe(native(input));
  });

  test("of one part seeded with that of the part before is that of both", () => {
    const input = noise(1000);
    bytes.set(input, free);
    const whole = core.crc32c(0, free, input.length);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: input.length }), { maxLength: 5 }), (cuts) => {
        const bounds = [0, ...cuts.sort((a, b) => a - b), input.length];
        let crc = 0;
        for (let index = 1; index < bounds.length; index++) {
          const start = bounds[index - 1] ?? 0;
          crc = core.crc32c(crc, free + start, (bounds[index] ?? 0) - start);
        }
        expect(crc).toBe(whole);
      }),
    );
  });

  test("reads nothing behind its input", () => {
    for (let size = 0; size <= 400; size++) {
      const input = noise(size);
      expect(core.crc32c(0, placeLast(input), size)).toBe(native(input));
    }
  });
});

describe("a checksum of bytes anywhere", () => {
  test("is computed in place where they lie in the core's memory", () => {
    const { core, bytes, free } = openCore("shared");
    const crc32c = crc32cOf(core, free, 64);
    const input = noise(500);
    bytes.set(input, free + 1024);
    expect(crc32c(bytes.subarray(free + 1024, free + 1024 + input.length))).toBe(native(input));
    expect(bytes.subarray(free, free + 64)).toEqual(new Uint8Array(64));
  });

  test("goes through the scratch memory piece by piece", () => {
    const { core, bytes, free } = openCore();
    const crc32c = crc32cOf(core, free, 100);
    const input = noise(1234);
    bytes.fill(0xee, free + 100, free + 200);
    expect(crc32c(input)).toBe(native(input));
    expect(crc32c(input.subarray(7, 107), 5)).toBe(native(input.subarray(7, 107), 5));
    expect(bytes.subarray(free + 100, free + 200)).toEqual(new Uint8Array(100).fill(0xee));
  });

  test("needs no core of the caller's", async () => {
    const crc32c = await loadCrc32c();
    const input = noise(300_000);
    expect(crc32c(input)).toBe(native(input));
    expect(crc32c(text.encode("123456789"))).toBe(0xe3069283);
  });

  test("is the native one's also on shared memory, which tests and benchmarks compare with", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(4096), 3, 1000);
    shared.set(noise(1000));
    expect(native(shared)).toBe(native(noise(1000)));
  });
});
