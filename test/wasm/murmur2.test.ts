import fc from "fast-check";
import { expect, test } from "vitest";
import { text } from "./batch-writer.ts";
import { openCore } from "./core-memory.ts";
import { murmur2OfKafka, murmur2OfKafkaJs } from "./kafka-clients.ts";

const { core, bytes, free, placeLast } = openCore();

test.each(murmur2OfKafka)("of %j is what Kafka's own test expects", (key, expected) => {
  bytes.set(text.encode(key), free);
  expect(core.murmur2(free, text.encode(key).length) | 0).toBe(expected);
});

test("of any key is that of KafkaJS", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (key) => {
      bytes.set(key, free);
      expect(core.murmur2(free, key.length) | 0).toBe(murmur2OfKafkaJs(Buffer.from(key)));
    }),
  );
});

test("is a u32", () => {
  bytes.set(text.encode("21"), free);
  expect(core.murmur2(free, 2)).toBe(-973_932_308 >>> 0);
});

test("reads nothing behind the key", () => {
  for (let size = 0; size < 20; size++) {
    const key = new Uint8Array(size).fill(size);
    expect(core.murmur2(placeLast(key), size) | 0).toBe(murmur2OfKafkaJs(Buffer.from(key)));
  }
});
