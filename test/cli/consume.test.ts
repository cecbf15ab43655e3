import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../helpers/until.ts";
import { cambium, collected, errorOf, type Ran, type StartedBroker, spawnCambium, startBroker } from "./cambium.ts";

let broker: StartedBroker;
const HOUR_MS = 3_600_000;
const nowMs = Date.now();
/** Of topic "times", one record each; the value is the index. */
const times = [nowMs - 5 * HOUR_MS, nowMs - 3 * HOUR_MS, nowMs - 2 * HOUR_MS, nowMs - 1000];

beforeAll(async () => {
  broker = await startBroker("temporary");
  await Promise.all(["times", "growing"].map((topic) => run("topic", "create", topic)));
  await run("topic", "create", "spread", "--partitions", "3");
  const lines = times.map((timestamp, index) => JSON.stringify({ value: String(index), timestamp }));
  await produce("times", lines.join("\n"), "--json-lines");
  for (const partition of [0, 1, 2])
    await produce("spread", `p${partition}\n`.repeat(10), "--partition", String(partition));
});
afterAll(() => broker.stop());

function run(...args: string[]): Promise<Ran> {
  return cambium([...args, ...broker.server]);
}

function produce(topic: string, input: string, ...args: string[]): Promise<Ran> {
  return cambium(["produce", topic, ...args, ...broker.server], { input });
}

async function valuesFrom(from: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run("consume", "times", "--from", from, "--format", "%s", ...args);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

describe("where to begin", () => {
  test.each([
    ["earliest", "0123"],
    ["latest", ""],
    ["0", "0123"],
    ["2", "23"],
    ["4", ""],
    ["-4h", "123"],
    ["-150m", "23"],
    ["-1m", "3"],
    ["-1ms", ""],
    [new Date(times[2]!).toISOString(), "23"],
    [new Date(times[2]! + 1).toISOString(), "3"],
  ])("%s", async (from, values) => {
    expect(await valuesFrom(from)).toBe(values);
  });

  test("earliest, where nothing is said", async () => {
    expect((await run("consume", "times")).stdout).toBe("0\n1\n2\n3\n");
  });

  test("an offset that is not in the log is a failure that says which are", async () => {
    const ran = await run("consume", "times", "--from", "99", "--json");
    expect(ran.status).toBe(1);
    expect(errorOf(ran)).toMatchObject({
      code: "OFFSET_OUT_OF_RANGE",
      message: expect.stringMatching(/times-0, which begins at 0 and ends before 4.*--partition/),
    });
  });
});

test("--max ends after so many", async () => {
  expect(await valuesFrom("1", "--max", "2")).toBe("12");
  expect(await valuesFrom("1", "-n", "1")).toBe("1");
});

test("partitions: all, or those that are named", async () => {
  const all = (await run("consume", "spread")).stdout.trim().split("\n").sort();
  expect(all).toEqual([..."0".repeat(10), ..."1".repeat(10), ..."2".repeat(10)].map((partition) => `p${partition}`));
  const two = await run(
    "consume",
    "spread",
    "--partition",
    "2",
    "--partition",
    "0",
    "--from",
    "9",
    "--format",
    "%p@%o ",
  );
  expect(two.stdout.trim().split(" ").sort()).toEqual(["0@9", "2@9"]);
  const listed = await run("consume", "spread", "--partition", "0,2", "--from", "9", "--format", "%p@%o ");
  expect(listed.stdout.trim().split(" ").sort()).toEqual(["0@9", "2@9"]);
  const none = await run("consume", "spread", "--partition", "7", "--json");
  expect([none.status, errorOf(none)["code"]]).toEqual([1, "UNKNOWN_TOPIC_OR_PARTITION"]);
});

test("--follow goes on with what comes, until a signal, and ends with 0", async () => {
  const child = spawnCambium(["consume", "growing", "--follow", ...broker.server]);
  const stdout = collected(child.stdout);
  await produce("growing", "a\n");
  await until(() => stdout() === "a\n");
  await produce("growing", "b\nc\n");
  await until(() => stdout() === "a\nb\nc\n");
  child.kill("SIGINT");
  await until(() => child.exitCode !== null);
  expect(child.exitCode).toBe(0);
});

test("--follow --from latest sees only what comes later", async () => {
  const child = spawnCambium(["consume", "spread", "--follow", "--from", "latest", "--max", "1", ...broker.server]);
  const stdout = collected(child.stdout);
  const producing = setInterval(() => void produce("spread", "new\n", "--partition", "1"), 700);
  await until(() => child.exitCode !== null);
  clearInterval(producing);
  expect([child.exitCode, stdout()]).toEqual([0, "new\n"]);
});

test("a reader that goes away ends it quietly", async () => {
  await run("topic", "create", "long");
  await produce("long", "x".repeat(100).concat("\n").repeat(200_000));
  const child = spawnCambium(["consume", "long", ...broker.server]);
  const stderr = collected(child.stderr);
  child.stdout.once("data", () => child.stdout.destroy());
  await until(() => child.exitCode !== null);
  expect([child.exitCode, stderr()]).toEqual([0, ""]);
});

test("a signal before the end is a failure: what was printed is not all", async () => {
  const child = spawnCambium(["consume", "long", ...broker.server]);
  const stderr = collected(child.stderr);
  // Where nobody reads on it is held up before the end.
  await new Promise((resolve) => child.stdout.once("readable", resolve));
  child.kill("SIGTERM");
  await sleep(500); // It is told while nobody reads on.
  child.stdout.resume();
  await until(() => child.exitCode !== null);
  expect([child.exitCode, stderr()]).toEqual([1, "error INTERRUPTED: a signal came before the end\n"]);
});

test("an unknown topic is a failure", async () => {
  const ran = await run("consume", "nowhere");
  expect(ran).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error UNKNOWN_TOPIC_OR_PARTITION: /) });
});
