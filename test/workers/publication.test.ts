import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { DIRECTORY, LOG_END, PAGE_ADDRESS } from "../../src/storage/log-memory.ts";
import { ConsistentReader, retire, SharedPublisher, settle } from "../../src/workers/publication.ts";

const ENTRY = 512;

describe("H4: a partition's published numbers", () => {
  test("are seen as they belong together, however fast another thread changes them", async () => {
    const buffer = new SharedArrayBuffer(4096);
    const stop = new Int32Array(buffer, 0, 1);
    const writer = new Worker(new URL("./fixtures/entry-writer.ts", import.meta.url), {
      workerData: { buffer, entry: ENTRY },
    });
    const exited = once(writer, "exit");
    const numbers = new Float64Array(buffer, ENTRY, 32);
    const reader = new ConsistentReader(buffer);
    const seen = new Set<number>();
    let torn = 0;
    while (seen.size < 50) {
      const look = (): number[] => [...numbers.subarray(1)];
      const values = reader.consistently(ENTRY, look);
      if (values.some((value) => value !== values[0])) throw new Error(`torn: ${values}`);
      seen.add(values[0]!);
      const unguarded = look();
      if (unguarded.some((value) => value !== unguarded[0])) torn++;
      if (seen.size % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // Otherwise the writer was never met at work, and the reader proved nothing.
    while (torn === 0) {
      const unguarded = [...numbers.subarray(1)];
      if (unguarded.some((value) => value !== unguarded[0])) torn++;
    }
    Atomics.store(stop, 0, 1);
    await exited;
  });

  test("are not glimpsed while the writer is at work, and can be read after it died there", () => {
    const buffer = new SharedArrayBuffer(4096);
    const reader = new ConsistentReader(buffer);
    const publisher = new SharedPublisher(buffer);
    publisher.begin(ENTRY);
    publisher.begin(ENTRY); // Nested: one change.
    publisher.end(ENTRY);
    expect(reader.glimpse(ENTRY, () => "seen")).toBe(null);
    settle(buffer, ENTRY);
    expect(reader.glimpse(ENTRY, () => "seen")).toBe("seen");
    settle(buffer, ENTRY);
    expect(reader.glimpse(ENTRY, () => "seen")).toBe("seen");
  });

  test("stay when the log is retired, without what refers to the dead writer's memory", () => {
    const buffer = new SharedArrayBuffer(4096);
    const numbers = new Float64Array(buffer, ENTRY, 32);
    new SharedPublisher(buffer).begin(ENTRY);
    numbers[LOG_END] = 7;
    numbers[DIRECTORY] = 1024;
    numbers[PAGE_ADDRESS] = 2048;
    retire(buffer, ENTRY);
    const reader = new ConsistentReader(buffer);
    const look = (): number[] => [LOG_END, DIRECTORY, PAGE_ADDRESS].map((index) => numbers[index]!);
    expect(reader.glimpse(ENTRY, look)).toEqual([7, 0, 0]);
  });

  test("a look during which they changed is taken again", () => {
    const buffer = new SharedArrayBuffer(4096);
    const publisher = new SharedPublisher(buffer);
    let looks = 0;
    const seen = new ConsistentReader(buffer).consistently(ENTRY, () => {
      if (looks++ === 0) {
        publisher.begin(ENTRY);
        publisher.end(ENTRY);
      }
      return looks;
    });
    expect(seen).toBe(2);
  });
});
