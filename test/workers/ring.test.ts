import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { Ring } from "../../src/workers/ring.ts";

const CAPACITY = 8;

function ringAt(count: number): { readonly ring: Ring; readonly words: Int32Array } {
  const words = new Int32Array(new SharedArrayBuffer(4096));
  words[0] = count;
  words[1] = count;
  return { ring: new Ring(words, 0, 1, 256, 4, CAPACITY), words };
}

describe("a ring", () => {
  test("takes a power of two of items", () => {
    expect(() => new Ring(new Int32Array(2), 0, 1, 0, 4, 6)).toThrow("power of two");
  });

  test("counts what waits, also where its counts pass the largest integer", () => {
    const { ring } = ringAt(0x7fff_fffe);
    const { head } = ring;
    ring.publish(head + CAPACITY);
    expect(ring.head).toBeLessThan(0);
    expect(ring.length).toBe(CAPACITY);
    ring.consume(head + 3);
    expect(ring.length).toBe(CAPACITY - 3);
  });

  test("gives items in flight places of their own, and a place to another item only a whole round later", () => {
    const { ring } = ringAt(0x7fff_fffe);
    const places = Array.from({ length: CAPACITY }, (_, index) => ring.at((ring.head + index) | 0));
    expect(new Set(places).size).toBe(CAPACITY);
    expect(ring.at((ring.head + CAPACITY) | 0)).toBe(places[0]);
  });

  test("brings what one thread puts in to another, complete and in order", async () => {
    const { ring, words } = ringAt(0x7fff_ff00);
    const file = new URL("./fixtures/ring-writer.ts", import.meta.url);
    const ITEMS = 5000;
    const writer = new Worker(file, { workerData: { words, capacity: CAPACITY, items: ITEMS } });
    const exited = once(writer, "exit");
    let next = 0;
    while (next < ITEMS) {
      const { head } = ring;
      let { tail } = ring;
      if (tail === head) await new Promise((resolve) => setImmediate(resolve));
      for (; tail !== head; tail = (tail + 1) | 0)
        if (words[ring.at(tail) >>> 2] !== next++) throw new Error(`${next}`);
      ring.consume(tail);
    }
    expect(ring.length).toBe(0);
    await exited;
  });
});
