import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { topicIdToBytes } from "../../src/base/topic-id.ts";
import { BrokerBench, Outcomes, turns } from "../helpers/broker-bench.ts";

const MIB = 1 << 20;

describe("creating", () => {
  test("a topic is found by name, by id, and by the id's bytes in the middle of a frame", async () => {
    const bench = new BrokerBench();
    const { topics } = bench.broker;
    const partition = await bench.topic("t", {}, 3);
    const frame = new Uint8Array(40);
    topicIdToBytes(partition.topic.id, frame, 11);
    expect(topics.partition(partition.topic.id, 2).index).toBe(2);
    expect(topics.partitionByBytes(frame, 11, 1)).toBe(bench.partition("t", 1));
    expect(topics.get("t")!.partitions).toHaveLength(3);
  });

  test("what is unknown has its typed error: name, id, partition", async () => {
    const bench = new BrokerBench();
    const { topics } = bench.broker;
    const { topic } = await bench.topic("t");
    expect(() => topics.known("other")).toThrow(expect.objectContaining({ code: "UNKNOWN_TOPIC_OR_PARTITION" }));
    expect(() => topics.partitionByBytes(new Uint8Array(16), 0, 0)).toThrow(
      expect.objectContaining({ code: "UNKNOWN_TOPIC_ID" }),
    );
    for (const index of [1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(() => topics.partitionByBytes(topic.idBytes, 0, index)).toThrow(
        expect.objectContaining({ code: "UNKNOWN_TOPIC_OR_PARTITION" }),
      );
    }
  });

  test("topics whose ids begin alike are told apart", async () => {
    const bench = new BrokerBench({
      random: (bytes) => {
        bytes.fill(7);
        bytes[15] = bench.broker.topics.size;
      },
    });
    const [first, second] = [await bench.topic("first"), await bench.topic("second")];
    expect(bench.broker.topics.partitionByBytes(first.topic.idBytes, 0, 0)).toBe(first);
    expect(bench.broker.topics.partitionByBytes(second.topic.idBytes, 0, 0)).toBe(second);
    await bench.broker.topics.delete("first");
    expect(bench.broker.topics.partitionByBytes(second.topic.idBytes, 0, 0)).toBe(second);
  });

  test("two who create the same topic at once get one topic and one refusal", async () => {
    const bench = new BrokerBench();
    const create = () => bench.broker.topics.create({ name: "t", partitions: 1, settings: [] }, false);
    const outcomes = await Promise.allSettled([create(), create()]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "BUSY" } });
    await expect(create()).rejects.toMatchObject({ code: "TOPIC_ALREADY_EXISTS" });
  });

  test("limits hold for those who create at the same time", async () => {
    const bench = new BrokerBench({ partitionsMax: 10, poolBytes: 8 * MIB });
    const create = (name: string, partitions: number, settings: [string, string][] = []) =>
      bench.broker.topics.create({ name, partitions, settings }, false);
    const many = await Promise.allSettled(["a", "b", "c"].map((name) => create(name, 4)));
    expect(many.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(many[2]).toMatchObject({ reason: { code: "LIMIT_EXCEEDED" } });
    await bench.broker.topics.delete("a");
    const memory: [string, string][] = [
      ["durability", "memory"],
      ["retention.bytes", String(3 * MIB)],
    ];
    const large = await Promise.allSettled(["m", "n"].map((name) => create(name, 1, memory)));
    expect(large.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(large[1]).toMatchObject({ reason: { code: "LIMIT_EXCEEDED" } });
    await expect(create("d", 7)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    await create("d", 5);
    expect(bench.broker.topics.partitionCount).toBe(10);
  });

  test("only checking changes nothing", async () => {
    const bench = new BrokerBench();
    const { topics } = bench.broker;
    await topics.create({ name: "t", partitions: 1, settings: [] }, true);
    expect([topics.size, bench.records.length]).toEqual([0, 0]);
    await expect(topics.create({ name: "t", partitions: 0, settings: [] }, true)).rejects.toMatchObject({
      code: "INVALID_PARTITIONS",
    });
    await expect(topics.create({ name: "", partitions: 1, settings: [] }, true)).rejects.toMatchObject({
      code: "INVALID_TOPIC",
    });
    await expect(topics.create({ name: "t", partitions: 1.5, settings: [] }, true)).rejects.toMatchObject({
      code: "INVALID_PARTITIONS",
    });
  });

  test("metadata that could not be written leaves no topic, and the name is free again", async () => {
    const bench = new BrokerBench();
    const failing = bench.failWrites();
    await expect(bench.topic("t")).rejects.toMatchObject({ code: "NO_SPACE" });
    expect(bench.broker.topics.size).toBe(0);
    failing.stop();
    await bench.topic("t");
  });
});

describe("altering", () => {
  test("settings reach the open log, and null brings the default back", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t", { "segment.bytes": "5000" });
    await bench.broker.topics.alter(
      "t",
      {
        settings: [
          ["segment.bytes", "6000"],
          ["segment.ms", "9"],
        ],
      },
      false,
    );
    expect(bench.store.configured.at(-1)).toMatchObject({ segmentBytes: 6000, segmentMs: 9 });
    await bench.broker.topics.alter("t", { settings: [["segment.bytes", null]] }, false);
    expect(partition.topic.logSettings.segmentBytes).toBe(1 << 30);
    expect(bench.meta.topic("t")!.settings).toEqual({ "segment.ms": "9" });
  });

  test("durability stays for life, and memory stays bounded", async () => {
    const bench = new BrokerBench({ poolBytes: 8 * MIB });
    await bench.topic("t", { durability: "memory", "retention.bytes": String(2 * MIB) });
    const alter = (name: string, value: string) => bench.broker.topics.alter("t", { settings: [[name, value]] }, false);
    await expect(alter("durability", "disk")).rejects.toMatchObject({ code: "INVALID_CONFIG" });
    await expect(alter("retention.bytes", String(5 * MIB))).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    await alter("retention.bytes", String(4 * MIB));
    expect(bench.partition("t").bytesKept).toBe(4 * MIB);
  });

  test("partitions are added, and survive a restart; the others go on", async () => {
    const bench = new BrokerBench();
    const first = await bench.openTopic("t");
    await bench.broker.topics.alter("t", { partitions: 3 }, false);
    const { partitions } = bench.broker.topics.known("t");
    expect(partitions.length).toBe(3);
    expect(partitions[0]).toBe(first);
    expect(bench.broker.topics.partitionCount).toBe(3);
    await bench.broker.topics.alter("t", { partitions: 4 }, true);
    expect(partitions.length).toBe(3);
    const next = new BrokerBench({ records: bench.records });
    expect(next.broker.topics.known("t").partitions.length).toBe(3);
  });

  test("partitions are not taken away, and stay within the limits", async () => {
    const bench = new BrokerBench({ partitionsMax: 4, poolBytes: 8 * MIB });
    await bench.broker.topics.create({ name: "t", partitions: 2, settings: [] }, false);
    const memory = [
      ["durability", "memory"],
      ["retention.bytes", String(2 * MIB)],
    ] as const;
    await bench.broker.topics.create({ name: "m", partitions: 1, settings: memory }, false);
    const alter = (name: string, partitions: number) => bench.broker.topics.alter(name, { partitions }, false);
    for (const count of [1, 0, -2, 2.5, 100_001]) {
      await expect(alter("t", count)).rejects.toMatchObject({ code: "INVALID_PARTITIONS" });
    }
    await expect(alter("t", 4)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    await expect(alter("m", 3)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    await expect(alter("none", 3)).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
    const twice = await Promise.allSettled([alter("t", 3), alter("t", 3)]);
    expect(twice.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(bench.broker.topics.partitionCount).toBe(4);
  });

  test("a worker that dies meanwhile is no reason to fail: the log takes the settings when it opens again", async () => {
    const bench = new BrokerBench();
    const partition = await bench.openTopic("t");
    bench.store.hold("configure");
    const altered = bench.broker.topics.alter("t", { settings: [["segment.ms", "9"]] }, false);
    await turns();
    bench.store.die();
    await altered;
    bench.store.replace();
    await partition.open();
    expect(partition.topic.logSettings.segmentMs).toBe(9);
  });
});

describe("deleting", () => {
  test("the name is not free before the folders are gone, so that no new topic meets old files", async () => {
    const bench = new BrokerBench();
    await bench.openTopic("t");
    bench.store.hold("removePartition");
    const deleted = bench.broker.topics.delete("t");
    await turns();
    expect(bench.broker.topics.get("t")).toBeUndefined();
    await expect(bench.topic("t")).rejects.toMatchObject({ code: "BUSY" });
    bench.store.let("removePartition");
    await deleted;
    const partition = await bench.topic("t");
    const outcomes = new Outcomes();
    bench.produce(partition, { count: 1 }, outcomes);
    await turns();
    bench.store.step();
    expect(outcomes.offsets).toEqual([0]);
  });

  test("folders that could not be removed are removed at the next start; until then the name stays taken", async () => {
    const bench = new BrokerBench();
    await bench.topic("t", {}, 2);
    bench.store.hold("removePartition");
    const deleted = bench.broker.topics.delete("t");
    await turns();
    bench.store.fail("removePartition", new BrokerError("STORAGE_ERROR", "as the test wants it"));
    await expect(deleted).rejects.toMatchObject({ code: "STORAGE_ERROR" });
    await expect(bench.topic("t")).rejects.toMatchObject({ code: "BUSY" });
    const next = new BrokerBench({ records: bench.records });
    await expect(next.topic("t")).rejects.toMatchObject({ code: "BUSY" });
    await next.broker.recover();
    expect(next.store.removed).toEqual(["topics/t-0", "topics/t-1"]);
    await next.topic("t");
    const third = new BrokerBench({ records: next.records });
    await third.broker.recover();
    expect(third.store.removed).toEqual([]);
    expect(third.broker.topics.get("t")).toBeDefined();
  });

  test("a topic that is not there, or is being changed, is not deleted", async () => {
    const bench = new BrokerBench();
    await bench.topic("t");
    await expect(bench.broker.topics.delete("other")).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
    const altered = bench.broker.topics.alter("t", { settings: [["segment.ms", "9"]] }, false);
    await expect(bench.broker.topics.delete("t")).rejects.toMatchObject({ code: "BUSY" });
    await altered;
    await bench.broker.topics.delete("t");
  });
});

type Change =
  | { readonly create: string; readonly partitions: number }
  | { readonly delete: string }
  | { readonly alter: string; readonly ms: number }
  | { readonly grow: string; readonly to: number }
  | { readonly ids: number }
  | { readonly failWrites: boolean }
  | { readonly pause: true };

const names = fc.constantFrom("a", "b", "c");
const change = fc.oneof(
  fc.record({ create: names, partitions: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ delete: names }),
  fc.record({ grow: names, to: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ alter: names, ms: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({ ids: fc.integer({ min: 1, max: 2000 }) }),
  fc.record({ failWrites: fc.boolean() }),
  fc.record({ pause: fc.constant(true) }),
) as fc.Arbitrary<Change>;

test("whatever is changed at once, and whichever writes fail: a restart finds what was answered, and no producer id twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (changes) => {
      const bench = new BrokerBench();
      const { topics, producerIds } = bench.broker;
      const calls: Promise<unknown>[] = [];
      const ids: number[] = [];
      let failing: { stop(): void } | null = null;
      const call = (promise: Promise<unknown>): void => {
        calls.push(promise.catch((error: unknown) => expect(error).toBeInstanceOf(BrokerError)));
      };
      for (const next of changes) {
        if ("create" in next)
          call(topics.create({ name: next.create, partitions: next.partitions, settings: [] }, false));
        else if ("delete" in next) call(topics.delete(next.delete));
        else if ("alter" in next)
          call(topics.alter(next.alter, { settings: [["segment.ms", String(next.ms)]] }, false));
        else if ("grow" in next) call(topics.alter(next.grow, { partitions: next.to }, false));
        else if ("ids" in next) {
          for (let id = 0; id < next.ids; id += 500) call(producerIds.next().then((value) => ids.push(value)));
        } else if ("failWrites" in next) {
          failing?.stop();
          failing = next.failWrites ? bench.failWrites() : null;
        } else await turns(10);
      }
      failing?.stop();
      await Promise.all(calls);
      // The next change brings the file up to date whatever failed before.
      await producerIds.next().then((value) => ids.push(value));
      await bench.meta.takeProducerIds(1);
      const shown = [...topics].map(({ config, partitions }) => [
        config.name,
        config.id,
        partitions.length,
        config.settings,
      ]);
      const next = new BrokerBench({ records: bench.records });
      const found = [...next.broker.topics].map(({ config, partitions }) => [
        config.name,
        config.id,
        partitions.length,
        config.settings,
      ]);
      const byName = (left: readonly unknown[], right: readonly unknown[]) =>
        String(left[0]).localeCompare(String(right[0]));
      expect(found.sort(byName)).toEqual(shown.sort(byName));
      ids.push(await next.broker.producerIds.next());
      expect(new Set(ids).size).toBe(ids.length);
      expect(topics.partitionCount).toBe([...topics].reduce((sum, { partitions }) => sum + partitions.length, 0));
    }),
    { numRuns: 200 },
  );
});
