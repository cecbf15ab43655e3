/** Contract E4: damage that is met while the broker runs is told and counted, once for each place. */
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { CorruptBatches } from "../../src/broker/corrupt-batches.ts";
import type { Partition } from "../../src/broker/partition.ts";
import { BrokerBench, Reading } from "../helpers/broker-bench.ts";

const corrupt = (offset: number, nextOffset: number): BrokerError =>
  new BrokerError("CORRUPT_BATCH", "damaged", { details: { offset, nextOffset } });

/** A topic whose records only the disk has. */
async function cold(bench: BrokerBench): Promise<Partition> {
  const partition = await bench.openTopic("t");
  for (let count = 0; count < 3; count++) bench.produce(partition, { count: 2 });
  bench.store.step();
  partition.tail.clear();
  return partition;
}

async function readAt(bench: BrokerBench, partition: Partition, offset: number): Promise<string | undefined> {
  const reading = new Reading(bench, partition, offset);
  await reading.toEnd();
  reading.reader.close();
  return reading.failure?.code;
}

describe("a damaged batch", () => {
  test("is told with partition, offset and the next good one, and counted, however often it is read", async () => {
    const bench = new BrokerBench();
    const partition = await cold(bench);
    expect(bench.broker.stats()).toMatchObject({ corruptBatches: 0, damagedLogs: 0 });
    const { read } = bench.store;
    bench.store.read = () => Promise.reject(corrupt(2, 4));
    for (let time = 0; time < 3; time++) expect(await readAt(bench, partition, 2)).toBe("CORRUPT_BATCH");
    bench.store.read = () => Promise.reject(corrupt(3, 4)); // The same batch, from within.
    expect(await readAt(bench, partition, 3)).toBe("CORRUPT_BATCH");
    const facts = { partition: "t-0", offset: 2, nextOffset: 4 };
    const line = { level: "error", message: expect.stringContaining("damaged batch"), facts };
    expect(bench.lines).toEqual([line]);
    bench.store.read = () => Promise.reject(corrupt(4, 6));
    expect(await readAt(bench, partition, 4)).toBe("CORRUPT_BATCH");
    expect(bench.lines).toHaveLength(2);
    expect(bench.broker.stats()).toMatchObject({ corruptBatches: 2, damagedLogs: 0 });
    bench.store.read = read;
    expect(await readAt(bench, partition, 0)).toBeUndefined();
    expect(bench.lines).toHaveLength(2);
  });

  test("that is a missing segment is told as that, with its file", async () => {
    const bench = new BrokerBench();
    const partition = await cold(bench);
    const missing = "00000000000000000002.log";
    const error = new BrokerError("CORRUPT_BATCH", "gone", { details: { offset: 2, nextOffset: 4, missing } });
    bench.store.read = () => Promise.reject(error);
    for (let time = 0; time < 2; time++) expect(await readAt(bench, partition, 2)).toBe("CORRUPT_BATCH");
    const facts = { partition: "t-0", offset: 2, nextOffset: 4, missing };
    expect(bench.lines).toEqual([{ level: "error", message: expect.stringContaining("file is missing"), facts }]);
    expect(bench.broker.stats()).toMatchObject({ corruptBatches: 1 });
  });

  test("is not told of a topic that is being deleted, whose files go", async () => {
    const bench = new BrokerBench();
    const partition = await cold(bench);
    bench.store.read = () => {
      void partition.log.delete();
      return Promise.reject(corrupt(2, 4));
    };
    expect(await readAt(bench, partition, 2)).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect(bench.lines).toEqual([]);
    expect(bench.broker.stats()).toMatchObject({ corruptBatches: 0 });
  });

  test("takes no memory without end: from so many on, one line says that the rest is not told", () => {
    const lines: unknown[] = [];
    const batches = new CorruptBatches((_level, message) => lines.push(message), 3);
    for (let offset = 0; offset < 10; offset++) batches.met("t-0", "id", corrupt(offset, offset + 1));
    expect(batches.count).toBe(3);
    expect(lines).toHaveLength(4);
    expect(lines[3]).toContain("--verify");
  });
});

describe("a read that the disk refuses", () => {
  const refused = (): Promise<never> => Promise.reject(new BrokerError("STORAGE_ERROR", "a read failed: read: EIO"));

  test("is counted each time, and told once until the log was read again, a minute later at the earliest", async () => {
    const bench = new BrokerBench();
    const partition = await cold(bench);
    const { read } = bench.store;
    expect(bench.broker.stats()).toMatchObject({ readErrors: 0 });
    const failThrice = async (): Promise<void> => {
      bench.store.read = refused;
      for (let time = 0; time < 3; time++) expect(await readAt(bench, partition, 2)).toBe("STORAGE_ERROR");
      bench.store.read = read;
    };
    await failThrice();
    const facts = { partition: "t-0", error: expect.stringContaining("EIO") };
    expect(bench.lines).toEqual([{ level: "error", message: expect.stringContaining("cannot be read"), facts }]);
    expect(bench.broker.stats()).toMatchObject({ readErrors: 3, corruptBatches: 0 });
    expect(await readAt(bench, partition, 0)).toBeUndefined();
    await failThrice();
    expect(bench.lines).toHaveLength(1);
    for (const _ of "ab") {
      bench.nowMs += 60_000; // The second time nothing was read in between.
      await failThrice();
      expect(bench.lines).toHaveLength(2);
    }
    expect(bench.broker.stats()).toMatchObject({ readErrors: 12 });
  });

  test("is told where it keeps a log from being opened, too", async () => {
    const bench = new BrokerBench();
    const partition = await bench.topic("t");
    bench.store.recover = refused;
    for (let time = 0; time < 2; time++)
      await expect(partition.open()).rejects.toMatchObject({ code: "STORAGE_ERROR" });
    expect(bench.lines).toHaveLength(1);
    expect(bench.broker.stats()).toMatchObject({ readErrors: 2, damagedLogs: 0 });
  });
});

test("a partition whose files are damaged is told when it is opened, once until it was open, and counted meanwhile", async () => {
  const bench = new BrokerBench();
  const partition = await bench.topic("t");
  const { recover } = bench.store;
  bench.store.recover = () => Promise.reject(new BrokerError("LOG_DAMAGED", "segment 0 is missing"));
  for (let time = 0; time < 3; time++) {
    await expect(partition.open()).rejects.toMatchObject({ code: "LOG_DAMAGED" });
  }
  const facts = { partition: "t-0", error: expect.stringContaining("segment 0 is missing") };
  expect(bench.lines).toEqual([{ level: "error", message: "a partition cannot be opened", facts }]);
  expect(bench.broker.stats()).toMatchObject({ damagedLogs: 1 });
  bench.store.recover = recover;
  await partition.open();
  expect(bench.broker.stats()).toMatchObject({ damagedLogs: 0 });
});

test("a start that finds a damaged partition tells of it once", async () => {
  const topic = { type: "topic", name: "t", id: "t".repeat(22), logId: "t".repeat(22), partitions: 1, settings: {} };
  const bench = new BrokerBench({ records: [topic as never], clean: false, left: ["t-0"] });
  bench.store.recover = () => Promise.reject(new BrokerError("LOG_DAMAGED", "segment 0 is missing"));
  expect(await bench.broker.recover()).toBe(false);
  expect(bench.lines).toHaveLength(1);
});
