import { expect, test } from "vitest";
import { reportOf } from "../../src/bench/report.ts";
import { reportPage } from "../../src/bench/report-page.ts";
import { spreadOf } from "../../src/bench/spread.ts";
import { isLoad, workloads } from "../../src/bench/workloads.ts";
import { factsOf, latencies, line } from "./reports.ts";

const workload = workloads[0]!;
const facts = factsOf();

test("a median has its range; one of two is between them", () => {
  expect(spreadOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 });
  expect(spreadOf([4, 2])).toEqual({ median: 3, min: 2, max: 4 });
});

test("latencies of repetitions are merged, not averaged, and quantiles end where the samples do", () => {
  const lines = [line("a", 0, 100, latencies(1000, 9900)), line("a", 1, 300, latencies(50_000, 100))];
  const { rows } = reportOf(facts, workloads, lines, []);
  expect(rows.map(({ workload: name }) => name)).toEqual([workload.name]);
  const [cell] = rows[0]!.cells;
  expect(cell).toMatchObject({ peer: "a", title: "The a", repetitions: 2, audit: { acknowledged: 20, consumed: 20 } });
  expect(cell!.recordsPerSecond).toEqual({ median: 200, min: 100, max: 300 });
  const { summary, curve } = cell!.latencies.endToEnd!;
  expect(summary.count).toBe(10_000);
  expect(summary.p50Us).toBeCloseTo(1000, -1);
  expect(summary.maxUs).toBeGreaterThan(49_000);
  expect(summary.p999Us).toBeNull();
  expect(curve.at(-1)![0]).toBeCloseTo(0.99);
  expect(cell!.latencies.response).toBeNull();
});

test("the page is whole by itself, names every broker and escapes what it shows", () => {
  const lines = [line("a", 0, 100, latencies(1000, 500)), line("b", 0, 50, null)];
  const page = reportPage(reportOf(facts, workloads, lines, []));
  expect(page).toContain("a &lt;machine> &amp; a disk");
  for (const text of ["The a", "The b", workload.name, "<svg"]) expect(page).toContain(text);
  expect(page).not.toMatch(/\b(src|href)=|https?:|NaN|undefined|Infinity/);
});

test("the overview has one figure for each broker, the best in bold", () => {
  const timed = workloads.find(({ name }) => name.startsWith("20k"))!;
  const lines = [line("a", 0, 1234, null), line("b", 0, 5678, null)];
  const paced = [line("a", 0, 1, latencies(2000, 500), timed.name), line("b", 0, 1, latencies(9000, 500), timed.name)];
  const page = reportPage(reportOf(facts, workloads, [...lines, ...paced], []));
  for (const text of ["<td>1,234</td><td><b>5,678</b></td>", "<td>p99</td><td><b>2.00 ms</b></td><td>9.0"])
    expect(page).toContain(text);
});

test("what has no figures says why, and counts as nothing", () => {
  const which = { peer: "b", title: "The b", workload: workload.name, repetition: 0 };
  const lost = { ...which, missing: "failed", why: "it lost <one>" } as const;
  const report = reportOf(facts, workloads, [line("a", 0, 100, null), line("b", 1, 50, null), lost], []);
  expect(report.rows[0]!.cells.map(({ peer, repetitions }) => [peer, repetitions])).toEqual([
    ["a", 1],
    ["b", 1],
  ]);
  expect(report.rows[0]!.missing).toEqual([{ peer: "b", title: "The b", missing: "failed", why: "it lost <one>" }]);
  expect(reportPage(report)).toContain("The b: <b>FAILED</b>, it lost &lt;one>");

  const onlyMissing = reportOf(facts, workloads, [{ ...lost, missing: "not measured" }], []);
  expect(onlyMissing.rows[0]!.cells).toEqual([]);
  expect(reportPage(onlyMissing)).toContain("<b>NOT MEASURED</b>");
  expect(reportPage(onlyMissing)).not.toMatch(/NaN|undefined|Infinity/);
});

test("what was read back has a column, where it was", () => {
  const drained = line("a", 0, 100, null);
  const drain = { recordsPerSecond: 7654, bytesPerSecond: 1, brokerCpuUs: 1, consumerCpuUs: 1 };
  const report = reportOf(facts, workloads, [{ ...drained, figures: { ...drained.figures, drain } }], []);
  expect(report.rows[0]!.cells[0]!.drain!.recordsPerSecond).toEqual({ median: 7654, min: 7654, max: 7654 });
  expect(reportPage(report)).toContain("7,654");
  expect(reportPage(reportOf(facts, workloads, [drained], []))).not.toContain("read back");
});

test("footprints and latencies against load have sections of their own", () => {
  const figures = { startMs: 350, idleMemoryBytes: 1e8, idleCores: 0.002, loadedMemoryBytes: 4e8, dataBytes: 1e10 };
  const footprint = { ...figures, restartMs: null, afterKillMs: null };
  const topics = { topics: 10_000, startMs: 1234, idleMemoryBytes: 3e7, loadedMemoryBytes: 3e8, recordsPerSecond: 5e5 };
  const loads = workloads.filter(isLoad);
  const lines = loads.map((load) => ({ ...line("a", 0, 100, latencies(1000, 500)), workload: load.name }));
  const report = reportOf(facts, workloads, lines, [{ peer: "a", title: "The a", repetition: 0, footprint, topics }]);
  expect(report.footprints[0]!.figures.startMs).toEqual({ median: 350, min: 350, max: 350 });
  const page = reportPage(report);
  for (const text of ["What a broker costs", "0.35 s", "1.23 s", "500,000", "Latency against load"])
    expect(page).toContain(text);
  expect(page).not.toContain(`<h2>${loads[0]!.name}`);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});
