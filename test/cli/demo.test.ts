import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DemoLedger } from "../../src/cli/demo-ledger.ts";
import { until } from "../helpers/until.ts";
import { cambium, jsonLines, spawnCambium, spawned, type TemporaryFolder, temporaryFolder } from "./cambium.ts";

let folder: TemporaryFolder;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

test("a data set survives a kill -9 half-way, and comes back in order and byte for byte", async () => {
  const data = join(folder.path, "data");
  const { status, stdout, stderr } = await spawned(["demo", "--only", "zipcodes", "--data", data, "--json"]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const steps = jsonLines(stdout);
  expect(steps.map(({ step }) => step)).toEqual(
    expect.arrayContaining(["started", "killed", "back", "produced", "stopped", "consumed", "done"]),
  );
  const consumed = steps.find(({ step }) => step === "consumed")!;
  expect(consumed).toMatchObject({
    topic: "zipcodes",
    records: 42_049,
    expectedRecords: 42_049,
    disorderedKeys: 0,
    verified: true,
  });
  expect(consumed["sha256"]).toBe(consumed["expectedSha256"]);
  expect(steps.at(-1)).toMatchObject({ verified: true, latency: { count: 42_049, p99Ms: expect.any(Number) } });
  expect(readdirSync(join(data, "topics")).some((name) => name.startsWith("zipcodes-"))).toBe(true);
});

test("large records: whole files, and a report for people", async () => {
  const { status, stdout } = await spawned(["demo", "--only", "files"], { env: { TMPDIR: folder.path } });
  expect(status).toBe(0);
  expect(stdout).toMatch(/^files +2 +15093886 .* ok +ok \(2 keys\) +ok [\da-f]{12}$/m);
  expect(stdout).toContain("p99.9");
  expect(stdout).toContain("Every record came back, in order, byte for byte.");
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a signal ends it, its broker, and its folder", async () => {
  const child = spawnCambium(["demo"], { env: { TMPDIR: folder.path } });
  await until(() => readdirSync(folder.path).length > 0);
  child.kill("SIGINT");
  await until(() => child.exitCode !== null);
  expect(child.exitCode).toBe(1);
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a folder that is not empty is left alone", async () => {
  const { status, stderr } = await cambium(["demo", "--data", import.meta.dirname]);
  expect([status, stderr]).toEqual([2, expect.stringContaining("is not empty")]);
});

describe("what the verification finds", () => {
  const records = ["a1", "b1", "a2", "b2"].map((text) => ({ key: text[0]!, value: text }));

  function verified(consumed: readonly string[]): ReturnType<DemoLedger["verify"]> {
    const ledger = new DemoLedger(records, 1);
    for (const index of records.keys()) ledger.acknowledge(index, 0, index);
    for (const text of consumed) ledger.consume(0, text[0]!, Buffer.from(text));
    return ledger.verify();
  }

  test("nothing, where everything came back", () => {
    expect(verified(["a1", "b1", "a2", "b2"])).toMatchObject({
      records: 4,
      keys: 2,
      disorderedKeys: 0,
      verified: true,
    });
  });

  test("a lost record", () => {
    expect(verified(["a1", "b1", "a2"])).toMatchObject({
      records: 3,
      expectedRecords: 4,
      disorderedKeys: 1,
      verified: false,
    });
  });

  test("a record that came twice", () => {
    expect(verified(["a1", "a1", "b1", "a2", "b2"])).toMatchObject({ records: 5, disorderedKeys: 1, verified: false });
  });

  test("records of a key in another order", () => {
    expect(verified(["a2", "b1", "a1", "b2"])).toMatchObject({ records: 4, disorderedKeys: 1, verified: false });
  });

  test("a changed byte", () => {
    expect(verified(["a1", "b1", "a2", "b3"])).toMatchObject({ records: 4, disorderedKeys: 1, verified: false });
  });

  test("records at other offsets than those that were acknowledged", () => {
    const result = verified(["b1", "a1", "a2", "b2"]);
    expect(result).toMatchObject({ records: 4, disorderedKeys: 0, verified: false });
    expect(result.sha256).not.toBe(result.expectedSha256);
  });
});
