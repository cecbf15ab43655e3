import { describe, expect, test } from "vitest";
import { BrokerBench, Outcomes, Reading, turns } from "../helpers/broker-bench.ts";

const KIB = 1024;

describe("a partition on disk", () => {
  test("A2: nothing is acknowledged or readable before it is below the high watermark", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    const reading = new Reading(bench, partition);
    bench.produce(partition, { count: 3 }, outcomes);
    bench.store.write();
    bench.store.tell();
    expect(partition.logEndOffset).toBe(3);
    expect(partition.highWatermark).toBe(0);
    expect(outcomes.all).toEqual([]);
    expect(reading.next()).toBe("end");
    bench.store.sync();
    bench.store.tell();
    expect(outcomes.all).toEqual([{ token: 0, baseOffset: 0, duplicate: false, highWatermark: 3 }]);
    expect(reading.wakes).toBeGreaterThan(0);
    expect(reading.next()).toBe("slice");
  });

  test("A1: its numbers are in order at every step", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    for (let round = 0; round < 20; round++) {
      bench.produce(partition, { count: 1 + (round % 3), size: 3000 });
      if (round % 2 === 0) bench.store.write();
      if (round % 3 === 0) bench.store.sync();
      bench.store.tell();
      const { logStartOffset, lastStableOffset, highWatermark, durableEndOffset, logEndOffset } = partition;
      const numbers = [logStartOffset, lastStableOffset, highWatermark, durableEndOffset, logEndOffset];
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
    }
  });

  test("at durability os an acknowledgement waits for the write alone", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t", { durability: "os" });
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 2 }, outcomes);
    bench.store.write();
    bench.store.tell();
    expect(outcomes.offsets).toEqual([0]);
    expect(partition.highWatermark).toBe(2);
  });

  test("answers come in the order of the appends, also when batches wait for the log to open", async () => {
    const bench = new BrokerBench();
    const partition = await bench.topic("t");
    const outcomes = new Outcomes();
    bench.store.hold("open");
    for (let token = 0; token < 5; token++) bench.produce(partition, { count: 1 }, outcomes, token);
    await turns();
    expect(bench.store.waiting()).toBe(0);
    bench.store.let("open");
    await turns();
    for (let token = 5; token < 10; token++) bench.produce(partition, { count: 1 }, outcomes, token);
    bench.store.step();
    expect(outcomes.tokens).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(outcomes.offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("a batch that came twice is answered with its first offset, and only once that is durable (contract G1)", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 2, producer: 1, sequence: 1 }, outcomes, 1);
    bench.produce(partition, { count: 2, producer: 1, sequence: 1 }, outcomes, 2);
    bench.store.write();
    bench.store.tell();
    expect(outcomes.all).toEqual([]);
    bench.store.sync();
    bench.store.tell();
    expect(outcomes.all).toMatchObject([
      { token: 1, baseOffset: 0, duplicate: false },
      { token: 2, baseOffset: 0, duplicate: true },
    ]);
    expect(partition.tail.count).toBe(1);
  });

  test("a refused batch is answered at once and takes no memory", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    const free = bench.broker.pool.freeBytes;
    bench.produce(partition, { count: 0 }, outcomes);
    bench.store.step();
    expect(outcomes.errors).toEqual(["CORRUPT_BATCH"]);
    expect(bench.broker.pool.freeBytes).toBe(free);
  });

  test("D4: after a failed sync what was not durable is refused, and offsets go on from there", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 2 }, outcomes, 1);
    bench.store.step();
    bench.produce(partition, { count: 2 }, outcomes, 2);
    bench.produce(partition, { count: 2 }, outcomes, 3);
    bench.store.write();
    bench.store.failSync("topics/t-0");
    bench.store.tell();
    expect(outcomes.errors).toEqual(["STORAGE_ERROR", "STORAGE_ERROR"]);
    expect([partition.highWatermark, partition.logEndOffset, partition.tail.end]).toEqual([2, 2, 2]);
    bench.produce(partition, { count: 1 }, outcomes, 4);
    bench.store.step();
    expect(outcomes.offsets).toEqual([0, 2]);
  });

  test("a full queue of the worker delays batches, in order, and also those of a partition with none in it", async () => {
    const bench = new BrokerBench({ queueMax: 4 });
    const busy = await bench.openTopic("busy");
    const quiet = await bench.openTopic("quiet");
    const outcomes = new Outcomes();
    for (let token = 0; token < 10; token++) bench.produce(busy, { count: 1 }, outcomes, token);
    for (let token = 10; token < 13; token++) bench.produce(quiet, { count: 1 }, outcomes, token);
    expect(bench.store.waiting()).toBe(4);
    for (let round = 0; round < 5; round++) bench.store.step();
    expect(outcomes.tokens.toSorted((left, right) => left - right)).toEqual([...Array(13).keys()]);
    expect(outcomes.tokens.filter((token) => token < 10)).toEqual([...Array(10).keys()]);
    expect(outcomes.tokens.filter((token) => token >= 10)).toEqual([10, 11, 12]);
  });

  test("a log that cannot be opened refuses what waits for it, whoever wanted it open", async () => {
    const bench = new BrokerBench();
    const partition = await bench.topic("t");
    const outcomes = new Outcomes();
    bench.store.hold("open");
    const opening = partition.open().catch((error: unknown) => error); // A reader, say.
    await turns();
    bench.produce(partition, { count: 1 }, outcomes);
    bench.store.fail("open");
    expect(await opening).toMatchObject({ code: "STORAGE_ERROR" });
    await turns();
    expect(outcomes.errors).toEqual(["STORAGE_ERROR"]);
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
    bench.store.let("open");
    bench.produce(partition, { count: 1 }, outcomes);
    await turns();
    bench.store.step();
    expect(outcomes.offsets).toEqual([0]);
  });

  test("where as many logs are open as may be, the one unused for longest gives way", async () => {
    const bench = new BrokerBench({ logsOpenMax: 2 });
    const topics = ["first", "second", "third"];
    const outcomes = new Outcomes();
    for (const [round, name] of [...topics, ...topics].entries()) {
      bench.nowMs++;
      const partition = round < topics.length ? await bench.topic(name) : bench.partition(name);
      bench.produce(partition, { count: 1 }, outcomes);
      await turns();
      bench.store.step();
      await turns();
      expect(bench.broker.stats()["partitionsOpen"]).toBe(Math.min(round + 1, 2));
      expect(partition.log.isOpen).toBe(true);
    }
    expect(outcomes.offsets).toEqual([0, 0, 0, 1, 1, 1]);
  });

  test("G1: one in memory, which has no files, stays open and knows its producers", async () => {
    const bench = new BrokerBench({ logsOpenMax: 1, idleMs: 1, poolBytes: 64 << 20, blockMax: 1 << 20 });
    const memory = await bench.openTopic("memory", { durability: "memory" });
    for (const name of ["first", "second"]) {
      bench.nowMs += 10;
      await bench.openTopic(name);
      bench.broker.closeIdle();
      await turns();
    }
    expect(memory.log.isOpen).toBe(true);
  });

  test("of more logs than may be open, all of which are wanted at once, each has its turn", async () => {
    const bench = new BrokerBench({ logsOpenMax: 2 });
    const outcomes = new Outcomes();
    for (let index = 0; index < 7; index++)
      bench.produce(await bench.topic(`t${index}`), { count: 1 }, outcomes, index);
    for (let round = 0; round < 20; round++) {
      await turns();
      bench.store.step();
    }
    expect(outcomes.tokens).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(outcomes.errors).toEqual([]);
  });
});

describe("a log worker's death (contract H1)", () => {
  test("what it had not told is refused as unknown, what it had acknowledged stays", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 1 }, outcomes, 1);
    bench.store.step();
    bench.produce(partition, { count: 1 }, outcomes, 2); // Written and told, not durable.
    bench.store.write();
    bench.store.tell();
    bench.produce(partition, { count: 1 }, outcomes, 3); // Written and not told.
    bench.store.write();
    bench.produce(partition, { count: 1 }, outcomes, 4); // Not written.
    bench.store.die();
    expect(outcomes.offsets).toEqual([0]);
    expect(outcomes.errors).toEqual(["UNKNOWN_OUTCOME", "UNKNOWN_OUTCOME", "UNKNOWN_OUTCOME"]);
    expect(outcomes.bytes).toBe(400);
    bench.store.replace();
    await turns();
    bench.produce(partition, { count: 1 }, outcomes, 5);
    await turns();
    bench.store.step();
    expect(outcomes.offsets).toEqual([0, 3]); // Behind what had been written.
  });

  test("what was written and not durable is readable only after recovery has made it so (A2)", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const reading = new Reading(bench, partition);
    bench.produce(partition, { count: 2 });
    bench.store.write();
    bench.store.tell();
    bench.store.hold("recover");
    bench.store.die();
    bench.store.replace();
    await turns();
    expect(partition.highWatermark).toBe(0);
    expect(reading.next()).toBe("end");
    bench.store.let("recover"); // Without anybody producing.
    await turns();
    expect(partition.highWatermark).toBe(2);
    await reading.toEnd();
    expect(reading.reader.offset).toBe(2);
  });

  test("an idempotent batch sent again after it is in the log once", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 1, producer: 1, sequence: 1 }, outcomes, 1);
    bench.store.write();
    bench.store.die();
    bench.store.replace();
    expect(outcomes.errors).toEqual(["UNKNOWN_OUTCOME"]);
    bench.produce(partition, { count: 1, producer: 1, sequence: 1 }, outcomes, 2);
    await turns();
    bench.store.step();
    expect(outcomes.all.at(-1)).toMatchObject({ token: 2, baseOffset: 0, duplicate: true });
    expect(bench.store.stored.get("topics/t-0")!.batches).toHaveLength(1);
  });

  test("batches that waited for the log are not lost with it", async () => {
    const bench = new BrokerBench({ queueMax: 2 });
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    for (let token = 0; token < 5; token++) bench.produce(partition, { count: 1 }, outcomes, token);
    bench.store.die();
    bench.store.replace();
    await turns();
    for (let round = 0; round < 3; round++) bench.store.step();
    expect(outcomes.errors).toEqual(["UNKNOWN_OUTCOME", "UNKNOWN_OUTCOME"]);
    expect(outcomes.tokens).toEqual([0, 1, 2, 3, 4]);
    expect(outcomes.offsets).toEqual([0, 1, 2]);
  });

  test("a topic in memory goes on behind what its readers know, without a hole", async () => {
    const bench = new BrokerBench({ poolBytes: 1 << 22 });
    const partition = await bench.openTopic("t", { durability: "memory", "retention.bytes": String(1 << 20) });
    const reading = new Reading(bench, partition);
    bench.produce(partition, { count: 2 });
    bench.store.step();
    bench.produce(partition, { count: 3 });
    bench.store.write(); // The log has taken it, and nobody was told.
    bench.store.die();
    bench.store.replace();
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 1 }, outcomes);
    await turns();
    bench.store.step();
    expect(outcomes.offsets).toEqual([2]);
    await reading.toEnd();
    expect(reading.failure).toBe(null);
    expect(reading.reader.offset).toBe(3);
  });

  test("a death in the middle of closing answers everything, once", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 1 }, outcomes, 1);
    bench.store.write();
    bench.store.tell();
    bench.store.hold("close");
    const closing = partition.log.close();
    await turns();
    bench.store.die();
    bench.store.replace();
    await closing;
    expect(outcomes.all).toHaveLength(1);
    bench.store.let("close");
    bench.produce(partition, { count: 1 }, outcomes, 2);
    await turns();
    bench.store.step();
    expect(outcomes.tokens).toEqual([1, 2]);
  });

  test("what it had told before is answered as it was told, also of a log that it had just closed", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 1 }, outcomes);
    bench.store.write();
    bench.store.tell();
    bench.store.tellsLater = true;
    const closing = partition.log.close();
    await turns();
    bench.store.die(0, 2); // Durable, closed.
    await closing;
    expect(outcomes.offsets).toEqual([0]);
    expect(outcomes.errors).toEqual([]);
  });

  test("only the dead worker's partitions are touched", async () => {
    const bench = new BrokerBench({ workers: 2 });
    const first = await bench.openTopic("first");
    const second = await bench.openTopic("second");
    expect([first.log.worker, second.log.worker]).toEqual([0, 1]);
    const outcomes = new Outcomes();
    bench.produce(first, { count: 1 }, outcomes, 1);
    bench.produce(second, { count: 1 }, outcomes, 2);
    bench.store.die(0);
    bench.store.step();
    expect(outcomes.all).toMatchObject([
      { token: 1, error: "UNKNOWN_OUTCOME" },
      { token: 2, baseOffset: 0 },
    ]);
  });

  test("requests of a topic that is just being deleted are answered too", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 1 }, outcomes);
    bench.store.hold("abandon");
    const deleted = bench.broker.topics.delete("t");
    await turns();
    bench.store.die();
    bench.store.replace();
    await deleted;
    expect(outcomes.errors).toHaveLength(1);
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
  });
});

describe("deleting", () => {
  test("answers what is on its way, wakes readers, frees all memory, and the folder goes", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    const reading = new Reading(bench, partition, 0);
    bench.produce(partition, { count: 1 }, outcomes, 1);
    bench.store.step();
    bench.produce(partition, { count: 1 }, outcomes, 2); // Told, not durable.
    bench.store.write();
    bench.store.tell();
    bench.produce(partition, { count: 1 }, outcomes, 3); // With the worker.
    await bench.broker.topics.delete("t");
    bench.store.step();
    await turns();
    expect(outcomes.tokens).toEqual([1, 2, 3]);
    expect(outcomes.errors).toEqual(["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_OR_PARTITION"]);
    expect(reading.failure).toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
    expect(bench.store.removed).toEqual(["topics/t-0"]);
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
    expect(bench.broker.stats()["partitionsOpen"]).toBe(0);
  });

  test("a batch that comes when it has begun is refused, in whatever state the log is", async () => {
    for (const operation of ["recover", "open", "abandon", "removePartition"] as const) {
      const bench = new BrokerBench();
      const partition = await bench.topic("t");
      bench.store.hold(operation);
      const opening = partition.open().catch(() => {});
      await turns();
      const deleted = bench.broker.topics.delete("t");
      await turns();
      const outcomes = new Outcomes();
      bench.produce(partition, { count: 1 }, outcomes); // From an upload that was begun before.
      await turns();
      bench.store.let(operation);
      await opening;
      await deleted;
      bench.store.step();
      expect(outcomes.errors).toEqual(["UNKNOWN_TOPIC_OR_PARTITION"]);
      expect(bench.store.opened.size).toBe(0);
      expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
    }
  });
});

describe("memory", () => {
  test("the tail of a partition that nobody reads stays small, that of one with readers grows with them", async () => {
    const bench = new BrokerBench({ poolBytes: 1 << 20, tailBytes: 64 * KIB });
    const unread = await bench.openTopic("unread");
    const read = await bench.openTopic("read");
    new Reading(bench, read, 0);
    let largest = 0;
    for (let batch = 0; batch < 200; batch++) {
      bench.produce(unread, { count: 1, size: 2 * KIB });
      bench.produce(read, { count: 1, size: 2 * KIB });
      bench.store.step();
      expect(unread.tail.bytes).toBeLessThanOrEqual(64 * KIB);
      largest = Math.max(largest, read.tail.bytes);
    }
    expect(largest).toBeGreaterThan(3 * 64 * KIB);
    expect(largest).toBeLessThanOrEqual(4 * 64 * KIB);
    expect(read.tail.bytes).toBeLessThanOrEqual(64 * KIB); // It fell behind, and reads from the disk.
  });

  test("a topic in memory is bounded by retention.bytes, oldest first, and readers below are told", async () => {
    const bench = new BrokerBench({ poolBytes: 1 << 23 });
    const partition = await bench.openTopic("t", { durability: "memory", "retention.bytes": String(1 << 20) });
    const reading = new Reading(bench, partition, 0);
    for (let batch = 0; batch < 400; batch++) {
      bench.produce(partition, { count: 1, size: 10 * KIB });
      bench.store.step();
      expect(partition.tail.bytes).toBeLessThanOrEqual(1 << 20);
    }
    expect(partition.logStartOffset).toBeGreaterThan(0);
    expect(partition.tail.start).toBe(partition.logStartOffset);
    // Nearly all that may be kept is kept.
    expect((partition.logEndOffset - partition.logStartOffset) * 10 * KIB).toBeGreaterThan((1 << 20) * 0.7);
    reading.next();
    await turns();
    expect(reading.failure).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
  });

  test("an idle partition is closed and holds nothing; one with anything on its way is not", async () => {
    const bench = new BrokerBench({ idleMs: 1000 });
    const partition = await bench.openTopic("t");
    const outcomes = new Outcomes();
    bench.nowMs = 5000;
    bench.produce(partition, { count: 1 }, outcomes, 1); // Given to the worker, and nothing was told since long ago.
    bench.broker.closeIdle();
    await turns();
    expect(partition.log.isOpen).toBe(true);
    bench.store.step();
    bench.nowMs = 10_000;
    bench.broker.closeIdle();
    await turns();
    expect(partition.log.isOpen).toBe(false);
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
    expect(bench.broker.stats()["partitionsOpen"]).toBe(0);
    bench.produce(partition, { count: 1 }, outcomes, 2);
    await turns();
    bench.store.step();
    expect(outcomes.offsets).toEqual([0, 1]);
  });
});

test("closing the broker answers everything that was accepted: submitted, waiting for room, and kept aside", async () => {
  const bench = new BrokerBench({ queueMax: 2, poolBytes: 1 << 16, blockMax: 1 << 16 });
  const partition = await bench.topic("t");
  const outcomes = new Outcomes();
  for (let token = 0; token < 12; token++) bench.produce(partition, { count: 1, size: 15 * KIB }, outcomes, token);
  expect(bench.broker.intake.spilledBytes).toBeGreaterThan(0);
  const closed = bench.broker.close();
  for (let round = 0; round < 30; round++) {
    await turns();
    bench.store.step();
  }
  await closed;
  expect(outcomes.offsets).toEqual([...Array(12).keys()]);
  expect(bench.store.opened.size).toBe(0);
});
