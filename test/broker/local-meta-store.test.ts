import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import type { TopicId } from "../../src/base/topic-id.ts";
import { LocalMetaStore, type MetadataRecord, type WriteRecords } from "../../src/broker/local-meta-store.ts";
import type { TopicMetadata } from "../../src/broker/meta-store.ts";
import type { MetadataPoint } from "../../src/storage/metadata-lines.ts";
import { turns } from "../helpers/broker-bench.ts";

const topic = (name: string): TopicMetadata => ({
  name,
  id: name as TopicId,
  logId: name as TopicId,
  partitions: 1,
  settings: {},
});

/** A log on disk that may fail, and writes only when it is let. */
class Disk {
  records: MetadataRecord[] = [];
  readonly writes: { readonly count: number; readonly replaces: boolean }[] = [];
  size = 0;
  fails = false;
  failsOnce = false;
  /** The operation that failed, where it says so. */
  failsAt: "" | "sync" = "";
  waits = false;
  #waiting: (() => void)[] = [];

  /** There is room for changes and for no snapshot. */
  isFull = false;

  refused = 0;

  readonly write: WriteRecords = async ({ records, how }) => {
    if (this.waits) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.isFull && how === "replace") {
      this.refused++;
      throw new BrokerError("NO_SPACE", "the disk refused: write: ENOSPC", { details: { operation: "write" } });
    }
    // A failed write may have reached the disk in part, or whole.
    if (how === "replace") {
      this.records = [];
      this.size = 0;
    }
    this.records.push(...records);
    this.size += JSON.stringify(records).length;
    this.writes.push({ count: records.length, replaces: how === "replace" });
    const { fails } = this;
    if (this.failsOnce) this.fails = false;
    const details = this.failsAt === "" ? {} : { operation: this.failsAt };
    if (fails) throw new BrokerError("NO_SPACE", "the disk is full", { details });
    return this.point;
  };

  get point(): MetadataPoint {
    return { generation: 1, size: this.size, crc: 0 };
  }

  let(): void {
    this.waits = false;
    for (const go of this.#waiting.splice(0)) go();
  }
}

function open(disk: Disk): LocalMetaStore {
  return new LocalMetaStore(disk.records, disk.point, disk.write);
}

test("changes that come while one is being written share the next write", async () => {
  const disk = new Disk();
  const store = open(disk);
  disk.waits = true;
  const changes = ["a", "b", "c", "d"].map((name) => store.createTopic(topic(name)));
  await turns();
  expect(store.topics()).toEqual([]); // Nothing shows before it is durable.
  disk.let();
  await Promise.all(changes);
  expect(disk.writes.map(({ count }) => count)).toEqual([1, 3]);
  expect(open(disk).topics()).toEqual(store.topics());
});

test.each(["", "sync"] as const)(
  "after a failed write the log is replaced, so that what was refused is not found again (at %j)",
  async (failsAt) => {
    const disk = new Disk();
    disk.failsAt = failsAt;
    const store = open(disk);
    await store.createTopic(topic("a"));
    disk.fails = true;
    await expect(store.createTopic(topic("b"))).rejects.toMatchObject({ code: "NO_SPACE" });
    await expect(store.deleteTopic("a")).rejects.toMatchObject({ code: "NO_SPACE" });
    disk.fails = false;
    await store.createTopic(topic("c"));
    expect(store.topics().map(({ name }) => name)).toEqual(["a", "c"]);
    expect(open(disk).topics()).toEqual(store.topics());
    expect(open(disk).deletedTopics()).toEqual([]);
  },
);

test("it is replaced at once where the disk failed for a moment, and else when it is mended: a crash finds nothing refused", async () => {
  for (const lasts of [false, true]) {
    const disk = new Disk();
    const store = open(disk);
    await store.createTopic(topic("a"));
    disk.fails = true;
    disk.failsOnce = !lasts;
    await expect(store.deleteTopic("a")).rejects.toMatchObject({ code: "NO_SPACE" });
    expect(disk.writes.at(-1)!.replaces).toBe(true);
    await store.mend();
    disk.fails = false;
    const { length } = disk.writes;
    await Promise.all([store.mend(), store.mend()]);
    expect(disk.writes).toHaveLength(lasts ? length + 1 : length);
    expect(open(disk).topics()).toEqual(store.topics());
    await Promise.all([store.mend(), store.createTopic(topic("b"))]);
    expect(
      open(disk)
        .topics()
        .map(({ name }) => name),
    ).toEqual(["a", "b"]);
  }
});

test("the log is rewritten when it has doubled, and holds then what there is", async () => {
  const disk = new Disk();
  const store = open(disk);
  const before = disk.size;
  for (let round = 0; round < 2000; round++) {
    await store.createTopic(topic("t"));
    await store.deleteTopic("t");
    await store.forgetTopic("t");
  }
  expect(disk.writes.filter(({ replaces }) => replaces).length).toBeGreaterThan(0);
  expect(disk.size).toBeLessThan(before + 3 * 64 * 1024);
  await store.createTopic(topic("kept"));
  await store.takeProducerIds(10);
  const again = open(disk);
  expect(again.topics().map(({ name }) => name)).toEqual(["kept"]);
  expect((await again.takeProducerIds(1)).first).toBe(10);
});

test("a deleted topic is remembered until its folders are gone, through every rewrite and restart", async () => {
  const disk = new Disk();
  const store = open(disk);
  await store.createTopic(topic("t"));
  await store.deleteTopic("t");
  for (let round = 0; round < 4000; round++) await store.takeProducerIds(1);
  expect(disk.writes.some(({ replaces }) => replaces)).toBe(true);
  const again = open(disk);
  expect(again.deletedTopics()).toEqual([topic("t")]);
  expect(again.topics()).toEqual([]);
  await expect(again.createTopic(topic("t"))).rejects.toMatchObject({ code: "BUSY" });
  await again.forgetTopic("t");
  await again.createTopic(topic("t"));
  expect(open(disk).topics()).toEqual([topic("t")]);
});

test("D5: a full disk that has no room for a snapshot takes changes all the same, and the log is not tried again at each", async () => {
  const disk = new Disk();
  const store = open(disk);
  disk.isFull = true;
  await store.createTopic(topic("t"));
  for (let round = 0; round < 6000; round++) await store.alterTopic("t", { partitions: round + 2, settings: {} });
  const sizes = disk.size / (64 * 1024);
  expect(sizes).toBeGreaterThan(4);
  expect(disk.refused).toBeGreaterThan(1);
  expect(disk.refused).toBeLessThanOrEqual(Math.log2(sizes));
  expect(open(disk).topics()).toEqual(store.topics());
  disk.isFull = false;
  const before = disk.size;
  while (disk.size >= before && disk.size < 4 * before)
    await store.alterTopic("t", { partitions: 1 + Math.floor(disk.size / 100), settings: {} });
  expect(disk.size).toBeLessThan(before);
  expect(await store.close()).toEqual(disk.point);
});

test("G1: producer ids of two blocks never meet, also where the write of one failed", async () => {
  const disk = new Disk();
  const store = open(disk);
  const blocks = await Promise.all([store.takeProducerIds(5), store.takeProducerIds(5)]);
  disk.fails = true;
  await expect(store.takeProducerIds(5)).rejects.toMatchObject({ code: "NO_SPACE" });
  disk.fails = false;
  blocks.push(await store.takeProducerIds(5), await open(disk).takeProducerIds(5));
  const ids = blocks.flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index));
  expect(new Set(ids).size).toBe(ids.length);
});

test("closed, it has ended what was under way, says where the log ends, and takes no more", async () => {
  const disk = new Disk();
  const store = open(disk);
  disk.waits = true;
  const changes = [store.createTopic(topic("a")), store.createTopic(topic("b"))];
  const closed = store.close();
  await expect(store.createTopic(topic("c"))).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
  disk.let();
  await Promise.all(changes);
  expect(await closed).toEqual(disk.point);
  expect(disk.records).toHaveLength(2);
});

test("closed after a write that failed, it replaces the log, or says that the end is not known", async () => {
  for (const fails of [false, true]) {
    const disk = new Disk();
    const store = open(disk);
    disk.fails = true;
    await expect(store.createTopic(topic("a"))).rejects.toMatchObject({ code: "NO_SPACE" });
    disk.fails = fails;
    expect(await store.close()).toEqual(fails ? null : disk.point);
    expect(open(disk).topics()).toEqual([]);
  }
});

test("a record of a kind that this version does not know stops the start", () => {
  const disk = new Disk();
  const records = [{ type: "quota", name: "t" }];
  expect(() => new LocalMetaStore(records, disk.point, disk.write)).toThrow(
    expect.objectContaining({ code: "LAYOUT_UNSUPPORTED" }),
  );
});
