import { expect, test } from "vitest";
import { benchmarksDocument } from "../../bench/peers/document.ts";
import { Figures, targets } from "../../bench/peers/targets.ts";
import { reportOf } from "../../src/bench/report.ts";
import { workloads } from "../../src/bench/workloads.ts";
import { factsOf, reportWith } from "./reports.ts";

const WORKLOAD = "max-rate-1-topic-2-partitions-100b";

function targetNamed(name: string): (typeof targets)[number] {
  return targets.find((target) => target.name === name)!;
}

test("every target that names a workload names one that there is", () => {
  const names = new Set(workloads.map(({ name }) => name));
  const asked = new Set<string>();
  class Asking extends Figures {
    override cambium(workload: string): undefined {
      asked.add(workload);
      return undefined;
    }
    override kafka(workload: string): undefined {
      asked.add(workload);
      return undefined;
    }
  }
  const nothing = reportOf(factsOf(), workloads, [], []);
  for (const target of targets) expect(target.of(new Asking(nothing))).toBeNull();
  expect([...asked].filter((workload) => !names.has(workload))).toEqual([]);
  expect(asked.size).toBeGreaterThan(10);
});

test("a target is met or missed by the median, and what was not measured is missed", () => {
  const target = targetNamed("produce and consume together, 100 B, os");
  const of = (rate: number): unknown =>
    target.of(new Figures(reportWith([{ peer: "cambium", workload: WORKLOAD, rate }])));
  expect(of(3_000_000)).toEqual({ measured: "3,000,000 records/s", isMet: true });
  expect(of(2_999_000)).toEqual({ measured: "2,999,000 records/s", isMet: false });
  const text = benchmarksDocument(reportWith([{ peer: "cambium", workload: WORKLOAD, rate: 1 }]), ["npm run x"], []);
  const missed = text.split("\n").filter((line) => line.includes("| MISSED |"));
  expect(missed).toHaveLength(targets.length);
  expect(missed.filter((line) => line.includes("NOT MEASURED"))).toHaveLength(targets.length - 1);
});

test("where another broker is better, the document says so, and by how much", () => {
  const rates = [
    { peer: "cambium", workload: WORKLOAD, rate: 100 },
    { peer: "kafka-4.3.1", workload: WORKLOAD, rate: 250 },
    { peer: "null", workload: WORKLOAD, rate: 1000 },
  ];
  const text = benchmarksDocument(reportWith(rates), ["npm run x"], []);
  const losses = text.split("\n").filter((line) => line.startsWith(`| ${WORKLOAD}`));
  expect(losses.map((line) => line.split("|").map((cell) => cell.trim()))).toEqual([
    ["", WORKLOAD, "records/s", "The kafka-4.3.1", "2.5 times", ""],
  ]);
  const best = benchmarksDocument(reportWith(rates.slice(0, 1)), ["npm run x"], []);
  expect(best).toContain("Nowhere in these runs.");
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
});
