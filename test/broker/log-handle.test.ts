import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Partition } from "../../src/broker/partition.ts";
import { BrokerBench, Outcomes, Reading, turns } from "../helpers/broker-bench.ts";
import type { Operation } from "../helpers/stepped-log-store.ts";

const ENTRIES = 3;

/** Everything that can happen to a log, in any order. */
type Step =
  | "open"
  | "close"
  | "close idle"
  | "delete"
  | "configure"
  | "produce"
  | "produce garbage"
  | "read"
  | "write"
  | "sync"
  | "tell"
  | { readonly dieAfterTelling: number }
  | "replace"
  | { readonly hold: Operation }
  | { readonly let: Operation }
  | { readonly fail: Operation };

const operations = ["recover", "open", "close", "abandon", "configure", "removePartition", "read"] as const;
const step = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom<Step>("open", "close", "close idle", "configure", "read") },
  { weight: 4, arbitrary: fc.constant<Step>("produce") },
  { weight: 3, arbitrary: fc.constantFrom<Step>("write", "sync", "tell") },
  { weight: 1, arbitrary: fc.constantFrom<Step>("produce garbage", "replace", "replace") },
  { weight: 1, arbitrary: fc.record({ dieAfterTelling: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ hold: fc.constantFrom(...operations) }) },
  { weight: 2, arbitrary: fc.record({ let: fc.constantFrom(...operations) }) },
  // A worker that refuses to close or to read has no way to say so; it dies.
  { weight: 1, arbitrary: fc.record({ fail: fc.constantFrom("recover", "open") }) },
) as fc.Arbitrary<Step>;

class Run {
  readonly bench = new BrokerBench({ entriesMax: ENTRIES, idleMs: 1, queueMax: 4 });
  readonly outcomes = new Outcomes();
  readonly readings: Reading[] = [];
  /** Calls under way; none may reject with anything but a typed error. */
  readonly calls: Promise<unknown>[] = [];
  produced = 0;

  async take(partition: Partition, next: Step): Promise<void> {
    const { bench } = this;
    const { store, broker } = bench;
    if (typeof next === "object") {
      if ("hold" in next) store.hold(next.hold);
      else if ("let" in next) store.let(next.let);
      else if ("dieAfterTelling" in next) {
        if (store.stateOf(0) === "running") store.die(0, next.dieAfterTelling);
      } else store.fail(next.fail);
    } else if (next === "open")
      this.calls.push(partition.open().catch((error: Error) => expect(error.name).toBe("BrokerError")));
    else if (next === "close") this.calls.push(partition.log.close());
    else if (next === "close idle") {
      bench.nowMs += 10;
      broker.closeIdle();
    } else if (next === "configure") this.calls.push(partition.log.configure());
    else if (next === "produce") bench.produce(partition, { count: 1 }, this.outcomes, this.produced++);
    else if (next === "produce garbage") bench.produce(partition, { count: 0 }, this.outcomes, this.produced++);
    else if (next === "read") this.#read(partition);
    else if (next === "write") store.write();
    else if (next === "sync") store.sync();
    else if (next === "tell") store.tell();
    else if (next === "replace") {
      if (store.stateOf(0) === "replacing") store.replace();
    } else if (next === "delete") this.calls.push(broker.topics.delete(partition.topic.name));
    // Events come in turns of their own; what waits for nothing is done by then.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** A reader that begins where only the disk knows. */
  #read(partition: Partition): void {
    if (partition.highWatermark === 0) return;
    const reading = new Reading(this.bench, partition, 0);
    this.readings.push(reading);
    this.calls.push(reading.toEnd(150, 150));
  }

  /** Nothing is in the way any more: all that was begun must end. */
  async finish(): Promise<void> {
    const { store } = this.bench;
    for (const operation of operations) store.let(operation);
    for (let round = 0; round < 30; round++) {
      if (store.stateOf(0) === "replacing") store.replace();
      await turns(40);
      store.step();
    }
    await Promise.all(this.calls);
  }
}

describe("a log that is opened, closed, deleted and loses its worker in any order", () => {
  test("ends every call, answers every batch once, and loses no place, memory or acknowledged batch", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(100), async (steps, deleteAt) => {
        const run = new Run();
        const { bench } = run;
        bench.store.tellsLater = true;
        const partition = await bench.topic("t");
        const deletes = deleteAt < steps.length;
        for (const [index, next] of steps.entries()) {
          if (index === deleteAt) await run.take(partition, "delete");
          await run.take(partition, next);
        }
        await run.finish();
        expect(run.outcomes.tokens.toSorted((left, right) => left - right)).toEqual([...Array(run.produced).keys()]);
        const stored = bench.store.stored.get("topics/t-0")?.batches ?? [];
        if (!deletes)
          for (const offset of run.outcomes.offsets) expect(stored.some(({ base }) => base === offset)).toBe(true);
        expect(new Set(run.outcomes.offsets).size).toBe(run.outcomes.offsets.length);
        for (const reading of run.readings) reading.reader.close();
        bench.store.tellsLater = false;
        await bench.broker.close();
        expect(bench.store.opened.size).toBe(0);
        expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
        // Every place can be used again.
        const others = await Promise.all(Array.from({ length: ENTRIES }, (_, index) => bench.topic(`other-${index}`)));
        await Promise.all(others.map((other) => other.open()));
        if (deletes) expect(bench.store.removed).toEqual(["topics/t-0"]);
      }),
      { numRuns: 400 },
    );
  });
});

test("one opening serves all who ask for it", async () => {
  const bench = new BrokerBench();
  const partition = await bench.topic("t");
  bench.store.hold("open");
  const opened = Promise.all([partition.open(), partition.open(), partition.open()]);
  await turns();
  expect(bench.store.held("open")).toBe(1);
  bench.store.let("open");
  await opened;
});

test("whoever closes a log that is being closed waits for the same end", async () => {
  const bench = new BrokerBench();
  const partition = await bench.openTopic("t");
  bench.store.hold("close");
  let ended = 0;
  const closing = [partition.log.close(), partition.log.close()].map((close) => close.then(() => ended++));
  await turns();
  expect([bench.store.held("close"), ended]).toEqual([1, 0]);
  bench.store.let("close");
  await Promise.all(closing);
});

test("closing waits for batches that the worker has", async () => {
  const bench = new BrokerBench();
  const partition = await bench.openTopic("t");
  const outcomes = new Outcomes();
  bench.produce(partition, { count: 1 }, outcomes);
  bench.store.hold("close");
  const closing = partition.log.close();
  await turns();
  expect(bench.store.held("close")).toBe(0);
  bench.store.step();
  await turns();
  expect(bench.store.held("close")).toBe(1);
  bench.store.let("close");
  await closing;
  expect(outcomes.offsets).toEqual([0]);
});

test("a place among the published numbers is not given to another log while a read names it", async () => {
  const bench = new BrokerBench({ entriesMax: 1, tailBytes: 1 });
  const partition = await bench.openTopic("t");
  bench.produce(partition, { count: 1 });
  bench.store.step();
  await partition.log.close();
  bench.store.hold("read");
  const reading = new Reading(bench, partition, 0);
  reading.next();
  await turns();
  expect(bench.store.held("read")).toBe(1);
  const { entry } = partition.log;
  bench.store.die();
  bench.store.replace();
  const other = await bench.topic("other");
  const opened = other.open();
  await turns();
  expect(bench.store.opened.size).toBe(0);
  bench.store.fail("read");
  await turns();
  bench.store.let("read");
  await opened;
  await turns();
  expect(bench.store.reads.map((read) => read.entry)).toEqual([entry, entry]); // Free again, and taken again.
});

test("a read of a log whose worker dies meanwhile begins again on the new one", async () => {
  const bench = new BrokerBench({ tailBytes: 1 });
  const partition = await bench.openTopic("t");
  for (let batch = 0; batch < 3; batch++) bench.produce(partition, { count: 1, fill: batch });
  bench.store.step();
  await partition.log.close();
  bench.store.hold("read");
  const reading = new Reading(bench, partition, 0);
  const read = reading.toEnd();
  await turns();
  bench.store.die();
  bench.store.fail("read");
  bench.store.replace();
  bench.store.let("read");
  await read;
  expect(reading.failure).toBe(null);
  expect(reading.reader.offset).toBe(3);
});

describe("contract D4, H1: a log that is closed", () => {
  test("read-only is cut to its end when it is opened again, also by another broker", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    bench.produce(partition, { count: 3 });
    bench.store.step();
    bench.store.readOnly.add("topics/t-0");
    await partition.log.close();
    expect(bench.broker.isCertain).toBe(false);
    const cutTo = { base: 0, position: 3, end: 3 };
    expect(bench.broker.checkpoints(true)["t-0"]).toMatchObject({ cutTo });
    expect(bench.broker.checkpoints(false)["t-0"]).not.toHaveProperty("cutTo");

    const expected = bench.broker.checkpoints(true);
    const next = new BrokerBench({ records: bench.records, expected, clean: false, left: ["t-0"] });
    next.store.stored.set("topics/t-0", bench.store.stored.get("topics/t-0")!);
    await next.broker.recover();
    expect(next.store.recoveries.map((task) => task.cutTo)).toEqual([cutTo]);
    expect(next.broker.isCertain).toBe(true);
    expect(next.broker.checkpoints(true)["t-0"]).not.toHaveProperty("cutTo");
  });

  test("whose worker died is cut to what had been published, also by another broker", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    bench.produce(partition, { count: 3 });
    bench.store.step();
    bench.store.hold("recover");
    bench.store.die();
    await turns();
    expect(bench.broker.isCertain).toBe(false);
    expect(bench.broker.checkpoints(true)["t-0"]).toMatchObject({ cutTo: { end: 3 } });
  });
});

test("the broker's close waits for a read under way, and leaves the event loop to it", async () => {
  const bench = new BrokerBench({ tailBytes: 1 });
  const partition = await bench.openTopic("t");
  bench.produce(partition, { count: 1 });
  bench.store.step();
  await partition.log.close();
  bench.store.hold("read");
  new Reading(bench, partition, 0).next();
  await turns();
  expect(bench.store.held("read")).toBe(1);
  let isClosed = false;
  const closed = bench.broker.close().then(() => {
    isClosed = true;
  });
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect([isClosed, partition.log.isOpen]).toEqual([false, false]);
  bench.store.let("read");
  await closed;
  expect(bench.store.opened.size).toBe(0);
});

test("settings that change while the log opens reach it", async () => {
  const bench = new BrokerBench();
  const partition = await bench.topic("t");
  bench.store.hold("open");
  const opening = partition.open();
  await turns();
  const altered = bench.broker.topics.alter("t", { settings: [["segment.bytes", "5000"]] }, false);
  await turns();
  bench.store.let("open");
  await Promise.all([opening, altered]);
  expect(bench.store.configured).toMatchObject([{ segmentBytes: 5000 }]);
});

test("D5: a log for whose recovery there was no room is open, and recovered again from where it began until there is", async () => {
  const topic = { type: "topic", name: "t", id: "t".repeat(22), logId: "t".repeat(22), partitions: 1, settings: {} };
  const bench = new BrokerBench({ records: [topic as never], clean: false, sameBoot: false, left: ["t-0"] });
  const partition = bench.partition("t");
  const asked: { readonly expected: unknown; readonly sameBoot: boolean }[] = [];
  const { store } = bench;
  const recover = store.recover.bind(store);
  let lacksRoom = true;
  store.recover = async (log) => {
    asked.push({ expected: log.expected, sameBoot: log.sameBoot });
    return { ...(await recover(log)), lacksRoom };
  };
  expect(await bench.broker.recover()).toBe(false);
  for (let time = 0; time < 2; time++) {
    expect([partition.log.isOpen, partition.log.isCertain, partition.log.checkpoint]).toEqual([true, false, null]);
    bench.broker.closeIdle();
    await turns();
    expect(partition.log.isOpen).toBe(false);
    lacksRoom = time === 0;
    await partition.open();
  }
  expect([partition.log.lacksRoom, partition.log.isCertain]).toEqual([false, true]);
  expect(asked).toEqual(Array(3).fill({ expected: null, sameBoot: false }));
  expect(bench.lines.filter(({ level }) => level === "warn")).toHaveLength(1); // Not with every attempt.
  bench.broker.closeIdle();
  await turns();
  expect(partition.log.isOpen).toBe(true);
  await partition.log.close();
  await partition.open();
  expect(asked.at(-1)).toMatchObject({ sameBoot: true });
});
