import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cambium, errorOf, jsonLines, type Ran, type StartedBroker, startBroker } from "./cambium.ts";

let broker: StartedBroker;
beforeAll(async () => {
  broker = await startBroker("temporary");
});
afterAll(() => broker.stop());

function topic(...args: string[]): Promise<Ran> {
  return cambium(["topic", ...args, ...broker.server]);
}

test("create, list, describe, alter, delete", async () => {
  const created = await topic("create", "orders", "--partitions", "3", "--config", "max.message.bytes=2MiB", "--json");
  expect([created.status, jsonLines(created.stdout)]).toEqual([
    0,
    [{ topic: "orders", created: true, partitions: 3, topicId: expect.stringMatching(/^[\w-]{22}$/) }],
  ]);

  const listed = await topic("list", "--json");
  expect(jsonLines(listed.stdout)).toContainEqual(
    expect.objectContaining({ topic: "orders", partitions: 3, records: 0, durability: "disk" }),
  );

  const altered = await topic("alter", "orders", "--config", "segment.ms=2h", "--unset", "max.message.bytes", "--json");
  expect(jsonLines(altered.stdout)[0]).toMatchObject({
    altered: true,
    settings: { "segment.ms": "7200000", "max.message.bytes": "1048588" },
  });

  const described = await topic("describe", "orders", "--json");
  expect(jsonLines(described.stdout)[0]).toMatchObject({
    topic: "orders",
    partitions: [
      { partition: 0, logStartOffset: 0, highWatermark: 0, error: null },
      { partition: 1 },
      { partition: 2 },
    ],
    settings: { "segment.ms": { value: "7200000", isDefault: false }, durability: { value: "disk", isDefault: true } },
  });

  const deleted = await topic("delete", "orders", "--json");
  expect([deleted.status, jsonLines(deleted.stdout)]).toEqual([0, [{ topic: "orders", deleted: true }]]);
  expect((await topic("list", "--json")).stdout).not.toContain("orders");
});

test("text is for people", async () => {
  expect((await topic("create", "text")).stdout).toBe("created text with 1 partition\n");
  expect((await topic("list")).stdout).toMatch(/^TOPIC +PARTITIONS +RECORDS +DURABILITY\n(.*\n)*text +1 +0 +disk\n/);
  expect((await topic("describe", "text")).stdout).toMatch(/^text {2}id \S+ .*\nPARTITION (.*\n)+SETTING .*\n(.*\n)+$/);
  expect((await topic("alter", "text", "--config", "segment.bytes=64MiB")).stdout).toBe("altered text\n");
  expect((await topic("delete", "text")).stdout).toBe("deleted text\n");
});

test("of several topics none is deleted if one does not exist", async () => {
  for (const name of ["gone-a", "gone-b"]) await topic("create", name);
  const ran = await topic("delete", "gone-a", "nosuch", "gone-b", "--json");
  expect([ran.status, ran.stdout, errorOf(ran)["message"]]).toEqual([1, "", expect.stringContaining("nosuch")]);
  const both = await topic("delete", "gone-a", "gone-b", "gone-a", "--json");
  expect([both.status, jsonLines(both.stdout).length]).toEqual([0, 2]);
});

test("only settings that mean something for the topic's durability are shown", async () => {
  await topic("create", "in-memory", "--config", "durability=memory");
  await topic("create", "on-disk");
  const settingsOf = async (name: string): Promise<string[]> =>
    Object.keys(jsonLines((await topic("describe", name, "--json")).stdout)[0]!["settings"] as object);
  expect(await settingsOf("on-disk")).toContain("segment.bytes");
  expect(await settingsOf("on-disk")).not.toContain("retention.bytes");
  expect(await settingsOf("in-memory")).toContain("retention.bytes");
  expect(await settingsOf("in-memory")).not.toContain("segment.bytes");
  const { stdout } = await topic("describe", "in-memory");
  expect(stdout).not.toContain("segment.bytes");
  expect(stdout).toMatch(/WRITTEN +DURABLE +EPOCH.*\n +0 +0 +0 +0 +0 +- /);
});

test("partitions are added, and never taken away", async () => {
  await topic("create", "grows");
  const altered = await topic("alter", "grows", "--partitions", "3", "--json");
  expect([altered.status, jsonLines(altered.stdout)[0]]).toMatchObject([0, { altered: true, partitions: 3 }]);
  const produced = await cambium(["produce", "grows", "--partition", "2", ...broker.server], { input: "v\n" });
  expect(produced.status).toBe(0);
  const fewer = await topic("alter", "grows", "--partitions", "2", "--json");
  expect([fewer.status, errorOf(fewer)["code"]]).toEqual([1, "INVALID_PARTITIONS"]);
});

test("a dry run changes nothing", async () => {
  const ran = await topic("create", "dry", "--dry-run");
  expect([ran.status, ran.stdout]).toEqual([0, "dry could be created\n"]);
  expect((await topic("describe", "dry")).status).toBe(1);
});

test("--if-not-exists leaves a topic that exists as it is", async () => {
  await topic("create", "kept", "--partitions", "2");
  const ran = await topic("create", "kept", "--partitions", "5", "--if-not-exists", "--json");
  expect([ran.status, jsonLines(ran.stdout)[0]]).toEqual([
    0,
    expect.objectContaining({ created: false, partitions: 2 }),
  ]);
});

describe("what the broker refuses ends with 1 and its typed error", () => {
  test.each([
    [["create", "a/b"], "INVALID_TOPIC", "letters"],
    [["create", "c", "--config", "segmnt.bytes=1"], "INVALID_CONFIG", "did you mean segment.bytes?"],
    [["describe", "nowhere"], "UNKNOWN_TOPIC_OR_PARTITION", "nowhere"],
    [["alter", "nowhere", "--unset", "segment.ms"], "UNKNOWN_TOPIC_OR_PARTITION", "nowhere"],
    [["delete", "nowhere"], "UNKNOWN_TOPIC_OR_PARTITION", "nowhere"],
  ])("topic %j", async (args, code, message) => {
    const ran = await topic(...args, "--json");
    expect(ran.status).toBe(1);
    expect(errorOf(ran)).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("a topic that exists, as text", async () => {
    await topic("create", "twice");
    const ran = await topic("create", "twice");
    expect([ran.status, ran.stderr]).toEqual([1, "error TOPIC_ALREADY_EXISTS: topic twice exists\n"]);
  });
});

describe("stats", () => {
  test("as JSON and as a table", async () => {
    const json = await cambium(["stats", ...broker.server, "--json"]);
    expect(jsonLines(json.stdout)[0]).toMatchObject({
      incarnation: 1,
      topics: expect.any(Number),
      rssBytes: expect.any(Number),
    });
    const text = await cambium(["stats", ...broker.server]);
    expect(text.stdout).toMatch(/rssBytes +\d+ \([\d.]+ MiB\)/);
  });

  test("again and again until a signal", async () => {
    const stop = new AbortController();
    const watching = cambium(["stats", "--watch", "100ms", "--json", ...broker.server], { stop });
    setTimeout(() => stop.abort("SIGINT"), 500);
    const { status, stdout } = await watching;
    expect(status).toBe(0);
    expect(jsonLines(stdout).length).toBeGreaterThan(1);
  });
});
