import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../helpers/until.ts";
import {
  cambium,
  collected,
  errorOf,
  jsonLines,
  type Ran,
  type RunOptions,
  type StartedBroker,
  spawnCambium,
  startBroker,
  type TemporaryFolder,
  temporaryFolder,
} from "./cambium.ts";

let broker: StartedBroker;
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = temporaryFolder();
  broker = await startBroker("temporary");
});
afterAll(async () => {
  await broker.stop();
  folder.remove();
});

let topics = 0;
async function newTopic(...args: string[]): Promise<string> {
  const topic = `produced-${topics++}`;
  await cambium(["topic", "create", topic, ...args, ...broker.server]);
  return topic;
}

function run(args: string[], options?: RunOptions): Promise<Ran> {
  return cambium([...args, ...broker.server], options);
}

async function recordsIn(topic: string, server = broker.server): Promise<Record<string, unknown>[]> {
  return jsonLines((await cambium(["consume", topic, "--json", ...server])).stdout);
}

test("every line of standard input is a record, with or without a newline at its end", async () => {
  const topic = await newTopic();
  const ran = await run(["produce", topic], { input: "one\n\ntwo\r\nthree" });
  expect(ran).toMatchObject({ status: 0, stdout: expect.stringMatching(/^4 records acknowledged \(disk\) by /) });
  expect((await recordsIn(topic)).map(({ value, key }) => [key, value])).toEqual([
    [null, "one"],
    [null, ""],
    [null, "two\r"],
    [null, "three"],
  ]);
});

test("nothing in, nothing out", async () => {
  const ran = await run(["produce", await newTopic(), "--json"], { input: "" });
  expect([ran.status, jsonLines(ran.stdout).at(-1)]).toEqual([
    0,
    expect.objectContaining({ acked: 0, done: true, failed: 0 }),
  ]);
});

test("--json tells how many are acknowledged as it happens, and at last all", async () => {
  const topic = await newTopic();
  const child = spawnCambium(["produce", topic, "--json", ...broker.server]);
  const stdout = collected(child.stdout);
  child.stdin.write("1\n2\n3\n");
  await until(() => jsonLines(stdout()).at(-1)?.["acked"] === 3);
  child.stdin.write("4\n");
  await until(() => jsonLines(stdout()).at(-1)?.["acked"] === 4);
  child.stdin.end("5\n6\n");
  await until(() => child.exitCode !== null);
  const counts = jsonLines(stdout()).map(({ acked }) => acked as number);
  expect(counts).toEqual([...counts].sort((left, right) => left - right));
  expect(jsonLines(stdout()).at(-1)).toMatchObject({ acked: 6, done: true, failed: 0, bytes: 6, interrupted: false });
});

test("keys: the same for all, before a separator, or a field of a JSON line", async () => {
  const topic = await newTopic();
  await run(["produce", topic, "--key", "k", "--header", "a=1", "--header", "b=x=y", "--partition", "0"], {
    input: "v\n",
  });
  await run(["produce", topic, "--key-separator", "::", "--key-optional"], { input: "a::1\nb::2::3\nplain\n" });
  await run(["produce", topic, "--key-field", "id", "--key-optional"], { input: '{"id":7}\n{"id":"x"}\n{}\n' });
  const records = await recordsIn(topic);
  expect(records.map(({ key, value }) => [key, value])).toEqual([
    ["k", "v"],
    ["a", "1"],
    ["b", "2::3"],
    [null, "plain"],
    ["7", '{"id":7}'],
    ["x", '{"id":"x"}'],
    [null, "{}"],
  ]);
  expect(records[0]!["headers"]).toEqual([
    { name: "a", value: "1" },
    { name: "b", value: "x=y" },
  ]);
});

test("what consume prints as JSON can be produced again, byte for byte", async () => {
  const [from, to] = [await newTopic(), await newTopic()];
  const lines = [
    { key: "k", value: "v", headers: { h: "1" }, timestamp: 1_700_000_000_000 },
    { keyBase64: "/w==", valueBase64: "AP8=", headers: [{ name: "h", value: null }] },
    { key: "gone", value: null },
    { value: { nested: [1, 2] } },
  ];
  await run(["produce", from, "--json-lines"], { input: lines.map((line) => JSON.stringify(line)).join("\n") });
  const printed = (await run(["consume", from, "--format", "json"])).stdout;
  await run(["produce", to, "--json-lines"], { input: printed });
  const again = (await run(["consume", to, "--format", "json"])).stdout;
  expect(again.replaceAll(`"topic":"${to}"`, `"topic":"${from}"`)).toBe(printed);
  expect(jsonLines(printed)[3]).toMatchObject({ value: '{"nested":[1,2]}' });
});

test("files: line by line, or each as one record, larger than a batch", async () => {
  const topic = await newTopic("--config", "max.message.bytes=8MiB");
  const lines = join(folder.path, "lines.txt");
  const large = join(folder.path, "large.bin");
  writeFileSync(lines, "a\nb\n");
  writeFileSync(large, Buffer.alloc(5 * 1024 * 1024, 7));
  const both = await run(["produce", topic, "--file", lines, "--file", "-"], { input: "c\nd\n" });
  expect(both.stdout).toMatch(/^4 records/);
  const whole = await run([
    "produce",
    topic,
    "--whole",
    "--file",
    large,
    "--file",
    lines,
    "--key",
    "f",
    "--compression",
    "zstd",
  ]);
  expect(whole.stdout).toMatch(/^2 records/);
  const printed = await run(["consume", topic, "--format", "%k %S\\n"]);
  expect(printed.stdout).toBe(" 1\n 1\n 1\n 1\nf 5242880\nf 4\n");
});

test("a large stream goes through in bounded memory, in order", async () => {
  const topic = await newTopic("--config", "durability=os");
  const lines = 1_000_000;
  const child = spawnCambium(["produce", topic, ...broker.server]);
  const stdout = collected(child.stdout);
  for (let from = 0; from < lines; from += 10_000) {
    const chunk = Array.from({ length: 10_000 }, (_, index) => `line ${from + index}\n`).join("");
    if (!child.stdin.write(chunk)) await new Promise((resolve) => child.stdin.once("drain", resolve));
  }
  child.stdin.end();
  await until(() => child.exitCode !== null);
  expect([child.exitCode, stdout()]).toEqual([0, expect.stringMatching(/^1,000,000 records/)]);
  const { stdout: consumed } = await run(["consume", topic]);
  expect(consumed.split("\n").findIndex((line, index) => line !== `line ${index}`)).toBe(lines);
});

describe("what cannot be produced ends with 1", () => {
  test("an unknown topic", async () => {
    const ran = await run(["produce", "nowhere", "--json"], { input: "a\n" });
    expect([ran.status, errorOf(ran)["code"]]).toEqual([1, "UNKNOWN_TOPIC_OR_PARTITION"]);
  });

  test("a line that is no record; those before it are sent", async () => {
    const topic = await newTopic();
    const ran = await run(["produce", topic, "--json-lines", "--json"], { input: '{"value":"a"}\n{"vaule":"b"}\n' });
    expect([ran.status, jsonLines(ran.stdout).at(-1)]).toEqual([
      1,
      { acked: 1, given: 1, failed: 0, done: true, ms: expect.any(Number), interrupted: false },
    ]);
    const text = await run(["produce", topic, "--json-lines"], { input: '{"value":"a"}\n{}\n' });
    expect(text.stdout).toMatch(/^1 record acknowledged .*: all that came before the failure, and nothing else\n$/);
    expect(errorOf(ran)).toMatchObject({
      code: "INVALID_RECORD",
      message: expect.stringMatching(/standard input, line 2: .* did you mean value\?/),
    });
  });

  test.each([
    [["--key-separator", "\\t"], "a\tb\nc d\n", "there is no key separator"],
    [["--key-field", "id"], '{"id":1}\n{"di":2}\n', "there is no field id for the key"],
  ])("a line in which no key is found, by %j", async (args, input, message) => {
    const topic = await newTopic();
    const ran = await run(["produce", topic, ...args, "--json"], { input });
    expect(ran.status).toBe(1);
    expect(errorOf(ran)).toMatchObject({ code: "INVALID_RECORD", details: { line: 2 } });
    expect(errorOf(ran)["message"]).toContain(`standard input, line 2: ${message}`);
    // A key for all others makes it one of them.
    const keyed = await run(["produce", topic, ...args, "--key", "other"], { input });
    expect(keyed.status).toBe(0);
    expect((await recordsIn(topic)).at(-1)).toMatchObject({ key: "other" });
  });

  test("a partition that the topic has not; the message says how to go on without", async () => {
    const topic = await newTopic("--partitions", "2");
    const input = [0, 1, 2, 3].map((partition) => JSON.stringify({ value: "v", partition })).join("\n");
    const ran = await run(["produce", topic, "--json-lines", "--json"], { input });
    expect([ran.status, jsonLines(ran.stdout).at(-1)]).toEqual([1, expect.objectContaining({ acked: 2 })]);
    expect(errorOf(ran)).toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
      message: expect.stringMatching(/^standard input, line 3: .*--ignore-partition/),
      details: { partition: 2, line: 3 },
    });
    const all = await run(["produce", topic, "--json-lines", "--ignore-partition"], { input });
    expect([all.status, (await recordsIn(topic)).length]).toEqual([0, 6]);
  });

  test("a record that is larger than the topic allows", async () => {
    const ran = await run(["produce", await newTopic(), "--whole", "--json"], { input: Buffer.alloc(2_000_000) });
    expect([ran.status, errorOf(ran)["code"]]).toEqual([1, "MESSAGE_TOO_LARGE"]);
  });

  test("a file that is not there", async () => {
    const ran = await run(["produce", await newTopic(), "--file", join(folder.path, "none"), "--json"]);
    expect([ran.status, errorOf(ran)["code"]]).toEqual([1, "ENOENT"]);
    const there = join(folder.path, "there");
    writeFileSync(there, "one\n");
    const files = ["--file", there, "--file", join(folder.path, "none")];
    const both = await run(["produce", await newTopic(), ...files, "--json"]);
    expect([both.status, errorOf(both)["code"]]).toEqual([1, "ENOENT"]);
    expect(both.stdout).toBe("");
  });

  test("a folder", async () => {
    const ran = await run(["produce", await newTopic(), "--file", folder.path, "--json"]);
    expect([ran.status, errorOf(ran)["code"]]).toEqual([2, "USAGE"]);
    expect(errorOf(ran)["message"]).toBe(`--file ${folder.path} is a folder`);
  });

  test("a timestamp far ahead, by its line", async () => {
    const line = JSON.stringify({ value: "v", timestamp: Date.now() + 86_400_000 });
    const ran = await run(["produce", await newTopic(), "--json-lines", "--json"], { input: line });
    expect([ran.status, errorOf(ran)["code"]]).toEqual([1, "INVALID_TIMESTAMP"]);
    expect(String(errorOf(ran)["message"])).toMatch(/line 1: .*message.timestamp.after.max.ms/);
    expect(jsonLines(ran.stdout).at(-1)).toMatchObject({ acked: 0, failed: 1 });
  });
});

test("what was told to be acknowledged is there after a kill -9 of the broker, in order from the first line on", async () => {
  const data = join(folder.path, "killed");
  const victim = await startBroker(data);
  await cambium(["topic", "create", "t", ...victim.server]);
  const child = spawnCambium(["produce", "t", "--json", ...victim.server]);
  const stdout = collected(child.stdout);
  let line = 0;
  const feeding = setInterval(() => {
    if (!child.stdin.writableNeedDrain)
      child.stdin.write(Array.from({ length: 500 }, () => `line ${line++}\n`).join(""));
  }, 5);
  await until(() => Number(jsonLines(stdout()).at(-1)?.["acked"]) > 5000);
  await victim.stop("SIGKILL");
  clearInterval(feeding);
  child.kill("SIGKILL");
  const acked = Number(jsonLines(stdout()).at(-1)?.["acked"]);
  const next = await startBroker(data);
  const { stdout: consumed } = await cambium(["consume", "t", ...next.server]);
  await next.stop();
  const lines = consumed.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThanOrEqual(acked);
  expect(lines.slice(0, acked).findIndex((text, index) => text !== `line ${index}`)).toBe(-1);
});

test("what a broker that fell silent may have taken is told from what it acknowledged", async () => {
  const silent = await startBroker(join(folder.path, "silent"));
  await cambium(["topic", "create", "t", ...silent.server]);
  const child = spawnCambium(["produce", "t", "--delivery-timeout", "1s", ...silent.server]);
  const stdout = collected(child.stdout);
  child.stdin.write("a\nb\n");
  await expect.poll(() => recordsIn("t", silent.server)).toHaveLength(2);
  silent.process.kill("SIGSTOP");
  child.stdin.end("c\n");
  await until(() => child.exitCode !== null);
  silent.process.kill("SIGCONT");
  await silent.stop();
  expect([child.exitCode, stdout()]).toEqual([
    1,
    expect.stringMatching(/^2 records acknowledged .*: of 3 that were sent; of the others none is known to be in t\n$/),
  ]);
});

describe("signals", () => {
  test("what was read from a pipe is sent before it ends, with 0; half a line is not", async () => {
    const topic = await newTopic();
    const child = spawnCambium(["produce", topic, "--json", ...broker.server]);
    const stdout = collected(child.stdout);
    child.stdin.write("a\nb\nhal");
    await until(() => jsonLines(stdout()).at(-1)?.["acked"] === 2);
    child.kill("SIGINT");
    await until(() => child.exitCode !== null);
    expect([child.exitCode, jsonLines(stdout()).at(-1)]).toEqual([
      0,
      expect.objectContaining({ acked: 2, interrupted: true }),
    ]);
    expect(await recordsIn(topic)).toHaveLength(2);
  });

  test("files that were not sent to their end are a failure", async () => {
    const path = join(folder.path, "endless.txt");
    writeFileSync(path, "x\n".repeat(8_000_000));
    const child = spawnCambium(["produce", await newTopic(), "--file", path, "--json", ...broker.server]);
    const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
    await until(() => stdout().includes("acked"));
    child.kill("SIGTERM");
    await until(() => child.exitCode !== null);
    expect(child.exitCode).toBe(1);
    expect(jsonLines(stderr())[0]).toMatchObject({ error: { code: "INTERRUPTED" } });
  });
});
