import { describe, expect, test } from "vitest";
import * as layout from "../../assembly/layout.ts";
import { AssertionFailure } from "../../src/base/assert.ts";
import { BrokerError } from "../../src/base/errors.ts";
import { Core, coreError, isCoreError } from "../../src/wasm/core.ts";
import { crc32cOf } from "../../src/wasm/crc32c.ts";
import { plainBatch, text } from "./batch-writer.ts";
import { modules, openCore } from "./core-memory.ts";

describe("stamping a batch", () => {
  test("writes base offset and leader epoch, and no byte that the CRC covers", () => {
    const { core, bytes, free } = openCore();
    const batch = plainBatch(7);
    bytes.set(batch, free);
    core.stampBatch(free, 2 ** 53 - 7, 0x0102_0304);
    expect(bytes.slice(free, free + batch.length)).toEqual(
      plainBatch(7, { baseOffset: 2n ** 53n - 7n, leaderEpoch: 0x0102_0304 }),
    );
    expect(core.verifyBatchCrc(free, batch.length)).toBe(0);
  });
});

describe("the checksum over batch headers", () => {
  test("is CRC-32C of their 61 bytes, chained", () => {
    const { core, bytes, free } = openCore();
    const batches = [plainBatch(2), plainBatch(3), plainBatch(1)];
    let crc = 0;
    let at = free;
    const headers: number[] = [];
    for (const batch of batches) {
      bytes.set(batch, at);
      crc = core.headersCrc(crc, at);
      headers.push(...batch.subarray(0, 61));
      at += batch.length;
    }
    expect(crc).toBe(crc32cOf(core, at, 1024)(Uint8Array.from(headers)));
  });
});

describe("filling slots", () => {
  test("points each of them at the batch, and no other", () => {
    const { core, bytes, free } = openCore();
    for (const start of [free, free + 4, free + 12]) {
      for (let count = 0; count <= 40; count++) {
        bytes.fill(0xa5, free, free + 256);
        core.fillSlots(start, count, 0xfedc_ba98);
        const slots = new Uint32Array(bytes.buffer, free, 64);
        const first = (start - free) / layout.SLOT_SIZE;
        const expected = Array.from({ length: 64 }, (_, slot) =>
          slot >= first && slot < first + count ? 0xfedc_ba98 : 0xa5a5_a5a5,
        );
        expect([...slots]).toEqual(expected);
      }
    }
  });
});

describe("instances on one shared memory", () => {
  test("do not disturb each other: a new one changes no byte", () => {
    const { core, bytes, free } = openCore("shared");
    bytes.fill(0x5a, free);
    const before = bytes.slice();
    const second = new Core(modules.shared, core.memory, 0);
    expect(bytes.slice()).toEqual(before);
    bytes.set(text.encode("123456789"), free);
    expect(second.crc32c(0, free, 9)).toBe(0xe3069283);
    expect(core.crc32c(0, free, 9)).toBe(0xe3069283);
  });

  test("see each other's work", () => {
    const first = openCore("shared");
    const second = new Core(modules.shared, first.core.memory, 0);
    const batch = plainBatch(3);
    const address = first.placeLast(batch);
    first.core.stampBatch(address, 77, 5);
    expect(second.checkBatch(address, batch.length, batch.length, layout.RULE_REPLICATED, 2e12)).toBe(3);
    expect(first.view.getBigInt64(address)).toBe(77n);
  });
});

describe("a core at the top of 4 GiB", () => {
  test("reads the last byte and stops there", () => {
    const pages = 65_536;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const core = new Core(modules.shared, memory, 0);
    core.initCrc32c();
    for (const count of [1, 2, 30]) {
      const batch = plainBatch(count);
      const address = 2 ** 32 - batch.length;
      new Uint8Array(memory.buffer, address).set(batch);
      expect(core.checkBatch(address, batch.length, batch.length, 0, 2e12)).toBe(count);
      expect(core.verifyBatchCrc(address, batch.length)).toBe(0);
      expect(core.walkRecords(address + 61, batch.length - 61, count, 65_536, count)).toBe(count);
      expect(core.findRecord(address + 61, batch.length - 61, count, count)).toBe(layout.ERR_NOT_FOUND);
      expect(core.scanBatches(address, batch.length, 0, layout.SCAN_CRC, 65_536, 9, 131_072)).toBe(1);
      expect(core.checkBatch(address + 1, batch.length - 1, batch.length, 0, 2e12)).toBeLessThan(0);
    }
  });
});

describe("a core", () => {
  test("is refused memory that cannot hold its tables", () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const crcTables = 65_536 - layout.CRC_TABLES_SIZE + 1;
    expect(() => new Core(modules.unshared, memory, crcTables)).toThrow(AssertionFailure);
  });

  test("traps on a caller that breaks the contract, rather than write elsewhere", () => {
    const { core, free } = openCore();
    const trap = "unreachable";
    expect(() => core.sealBatch(free, 60)).toThrow(trap);
    expect(() => core.finishBatch(free, 60, 1, 0, 0, 0)).toThrow(trap);
    expect(() => core.finishBatch(free, 100, 0, 0, 0, 0)).toThrow(trap);
    expect(() => core.encodeRecord(free, 100, 0, 0, 0, -2, 0, 0)).toThrow(trap);
    expect(() => core.encodeRecord(free, 100, 0, 0, 0, 0, 0, -2)).toThrow(trap);
    expect(() => core.encodeHeader(free, 100, 0, -1, 0, 0)).toThrow(trap);
    expect(() => core.walkRecords(0, 10, 1, free, 1)).toThrow(trap);
  });
});

describe("a result code of the core", () => {
  const codes = Object.entries(layout).filter(([name]) => name.startsWith("ERR_")) as [string, number][];

  test.each(codes)("%s has its error", (name, code) => {
    expect(code, name).toBeLessThan(0);
    expect(isCoreError(code)).toBe(true);
    const error = coreError(code, { details: { partition: 3 } });
    expect(error).toBeInstanceOf(BrokerError);
    expect(error.retriable).toBe(false);
    expect(error.details).toEqual({ partition: 3 });
  });

  test("is one of a kind", () => {
    expect(new Set(codes.map(([, code]) => code)).size).toBe(codes.length);
  });

  test("unknown to this binding is a bug", () => {
    expect(isCoreError(-1000)).toBe(false);
    expect(isCoreError(0)).toBe(false);
    expect(() => coreError(-1000)).toThrow(AssertionFailure);
  });
});
