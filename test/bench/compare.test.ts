import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compare, parseReport } from "../../src/bench/compare.ts";
import type { RunFigures } from "../../src/bench/figures.ts";
import { Latencies } from "../../src/bench/latencies.ts";
import { type Report, reportOf } from "../../src/bench/report.ts";
import { runLine } from "../../src/bench/run-line.ts";
import { workloads } from "../../src/bench/workloads.ts";
import { cambium, jsonLines, type TemporaryFolder, temporaryFolder } from "../cli/cambium.ts";

let folder: TemporaryFolder;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

function latencies(us: number): Latencies {
  const made = Latencies.empty();
  for (let index = 0; index < 1000; index++) made.record(us * 1000);
  return made;
}

/** A report of one workload, with the rate and the end-to-end latency (us) of each repetition. */
function report(
  commit: string,
  peer: string,
  runs: readonly (readonly [recordsPerSecond: number, us: number])[],
): Report {
  const lines = runs.map(([recordsPerSecond, us], repetition) => {
    const result: RunFigures = {
      recordsPerSecond,
      bytesPerSecond: 1,
      brokerCpuUs: 1,
      producerCpuUs: 1,
      consumerCpuUs: 1,
      brokerMemoryBytes: 0,
      overTime: [],
      response: null,
      service: null,
      endToEnd: latencies(us),
      drain: null,
      audit: { acknowledged: 1, consumed: 1 },
    };
    return runLine({ peer, title: peer, workload: workloads[0]!.name, repetition, deviceBytesPerSecond: 3e8 }, result);
  });
  const facts = {
    commit,
    command: "",
    at: 0,
    machine: "m",
    deviceSync: latencies(1).summary(),
    limits: { memcpy: 1, loopback: 1, pageCache: 1, disk: 1 },
    warmUpSeconds: 1,
    seconds: 1,
  };
  return reportOf(facts, workloads, lines, []);
}

function verdicts(before: Report, after: Report): Record<string, string> {
  return Object.fromEntries(compare(before, after).differences.map(({ figure, verdict }) => [figure, verdict]));
}

test("only what lies outside of both noise bands is better or worse, and less latency is better", () => {
  const before = report("a", "cambium", [
    [100, 1000],
    [120, 1100],
  ]);
  const touching = report("b", "cambium", [
    [120, 900],
    [200, 1000],
  ]);
  expect(verdicts(before, touching)).toMatchObject({
    "records/s": "within noise",
    "end to end p50 us": "within noise",
  });
  const apart = report("c", "cambium", [
    [130, 1200],
    [140, 1300],
  ]);
  expect(verdicts(before, apart)).toMatchObject({ "records/s": "better", "end to end p99 us": "worse" });
  expect(verdicts(apart, before)).toMatchObject({ "records/s": "worse", "end to end p99 us": "better" });
  const { differences } = compare(before, apart);
  expect(differences.find(({ figure }) => figure === "records/s")?.ratio).toBeCloseTo(135 / 110);
  // What was not timed is not compared, and nothing before has no quotient.
  expect(differences.map(({ figure }) => figure)).not.toContain("acknowledged p50 us");
  expect(differences.find(({ figure }) => figure === "broker memory bytes")?.ratio).toBeNull();
});

test("of a single repetition nothing is known", () => {
  const before = report("a", "cambium", [[100, 1000]]);
  const after = report("b", "cambium", [
    [500, 1],
    [500, 1],
  ]);
  expect(new Set(Object.values(verdicts(before, after)))).toEqual(new Set(["unknown"]));
});

test("what only one of them has is told", () => {
  const { differences, unmatched } = compare(report("a", "cambium", [[1, 1]]), report("b", "redis", [[1, 1]]));
  expect(differences).toEqual([]);
  const workload = workloads[0]!.name;
  expect(unmatched).toEqual([
    { workload, peer: "cambium", in: "before" },
    { workload, peer: "redis", in: "after" },
  ]);
});

test("the command reads folders and files, and says what is no report", async () => {
  const [before, after] = [join(folder.path, "before"), join(folder.path, "after.json")];
  mkdirSync(before);
  const old = report("a", "cambium", [[100, 10]]);
  writeFileSync(join(before, "report.json"), JSON.stringify(old));
  writeFileSync(after, JSON.stringify(report("b", "cambium", [[200, 10]])));
  const text = await cambium(["bench", "compare", before, after]);
  expect(text).toMatchObject({ status: 0, stderr: "" });
  expect(text.stdout).toMatch(/records\/s +100 +200 +\+100\.0 % +unknown/);
  const json = await cambium(["bench", "compare", before, after, "--json"]);
  expect(jsonLines(json.stdout)[0]).toMatchObject({ figure: "records/s", ratio: 2, verdict: "unknown" });

  for (const wrong of ["nosuch", folder.path])
    expect(await cambium(["bench", "compare", before, wrong])).toMatchObject({ status: 2, stdout: "" });
  expect(() => parseReport("[]")).toThrow("no report");
  expect(() => parseReport(JSON.stringify({ ...old, schema: 1 }))).toThrow("its schema is 1");
});
