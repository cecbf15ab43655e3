import { expect, test } from "vitest";
import { ResultsReader } from "../../src/workers/results-reader.ts";
import { ResultsWriter } from "../../src/workers/results-writer.ts";
import { Ring } from "../../src/workers/ring.ts";

const CAPACITY = 4;
const RESULT_SIZE = 32;
const MAIN_BELL = 8;
const DISK_LOG = 256;
const OS_LOG = 512;

/** Both ends of a small ring; the main thread takes when the writer waits for room. */
class Results {
  readonly told: string[] = [];
  waits = 0;
  readonly #words = new Int32Array(new SharedArrayBuffer(4096));
  readonly #ring = new Ring(this.#words, 0, 1, 1024, RESULT_SIZE, CAPACITY);
  readonly #reader = new ResultsReader(this.#ring, this.#words.buffer as SharedArrayBuffer);
  readonly writer = new ResultsWriter(this.#ring, this.#words.buffer as SharedArrayBuffer, MAIN_BELL, {
    syncsInBackground: (entry) => entry === OS_LOG,
    closed: () => {},
    waitForRoom: () => {
      this.waits++;
      this.take();
    },
  });

  get bell(): number {
    return this.#words[MAIN_BELL]!;
  }

  take(): boolean {
    return this.#reader.take({
      appended: (entry, request, base, end, duplicate) =>
        this.told.push(`${duplicate ? "duplicate" : "appended"} ${entry} ${request} ${base} ${end}`),
      refused: (_entry, request, error) => this.told.push(`refused ${request} ${error.name}`),
      durable: (entry, end) => this.told.push(`durable ${entry} ${end}`),
      lost: (entry, end) => this.told.push(`lost ${entry} ${end}`),
      closed: (entry) => this.told.push(`closed ${entry}`),
    });
  }
}

test("results come in the order in which they happened, and nothing before it is published", () => {
  const results = new Results();
  const { writer } = results;
  writer.appended(DISK_LOG, 1, 2 ** 40, 2 ** 40 + 3, false);
  writer.appended(DISK_LOG, 2, 5, 6, true);
  writer.durable(DISK_LOG, 2 ** 40 + 3);
  expect(results.take()).toBe(false);
  writer.publish();
  expect(results.take()).toBe(true);
  expect(results.take()).toBe(false);
  expect(results.told).toEqual([
    `appended ${DISK_LOG} 1 ${2 ** 40} ${2 ** 40 + 3}`,
    `duplicate ${DISK_LOG} 2 5 6`,
    `durable ${DISK_LOG} ${2 ** 40 + 3}`,
  ]);
});

test("a full ring waits for the main thread, and loses and repeats nothing", () => {
  const results = new Results();
  for (let request = 0; request < 10 * CAPACITY; request++)
    results.writer.appended(DISK_LOG, request, request, request + 1, false);
  results.writer.publish();
  results.take();
  expect(results.waits).toBeGreaterThan(0);
  expect(results.told).toEqual(
    Array.from({ length: 10 * CAPACITY }, (_, request) => `appended ${DISK_LOG} ${request} ${request} ${request + 1}`),
  );
});

test("the main thread is woken when somebody can be answered, and not for what still waits for a sync", () => {
  const results = new Results();
  const { writer } = results;
  writer.appended(DISK_LOG, 1, 0, 1, false);
  writer.publish();
  expect(results.bell).toBe(0);
  writer.durable(DISK_LOG, 1);
  writer.publish();
  expect(results.bell).toBe(1);
  writer.appended(OS_LOG, 2, 0, 1, false);
  writer.publish();
  expect(results.bell).toBe(2);
  writer.publish();
  expect(results.bell).toBe(2);
});
