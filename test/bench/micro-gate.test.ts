/** The gate on the micro-benchmarks can fail, in each of its ways. What is measured is not asserted here. */
import { expect, test } from "vitest";
import { allowedFactor, processor, readCommitted } from "../../bench/gauge/committed.ts";
import { complaintsAbout, slowerThan } from "../../bench/gauge/compare.ts";

const committed = { append: 100, walk: 0.5 };

test("equal, faster and slightly slower ratios pass", () => {
  for (const walk of [0.01, 0.5, 0.75])
    expect(
      complaintsAbout(
        committed,
        [
          { name: "append", ratio: 100 },
          { name: "walk", ratio: walk },
        ],
        1.5,
      ),
    ).toEqual([]);
});

test("a ratio that is too large is told, and which one to measure again", () => {
  const measured = [
    { name: "append", ratio: 151 },
    { name: "walk", ratio: 0.5 },
  ];
  expect(slowerThan(committed, measured, 1.5)).toEqual([measured[0]]);
  expect(complaintsAbout(committed, measured, 1.5)).toEqual([
    "append: slower: its ratio is 151, 1.51 times the committed 100; 1.50 times is allowed",
  ]);
});

test("a ratio that is no number does not pass", () => {
  const measured = [
    { name: "append", ratio: Number.NaN },
    { name: "walk", ratio: 0.5 },
  ];
  expect(complaintsAbout(committed, measured, 1.5)).toHaveLength(1);
});

test("a benchmark that was not measured is an error", () => {
  expect(complaintsAbout(committed, [{ name: "append", ratio: 100 }], 1.5)).toEqual([
    "walk: missing: it is in the file and was not measured",
  ]);
});

test("a benchmark that is not in the file is an error, also where it bears a name that every object has", () => {
  const measured = [
    { name: "append", ratio: 100 },
    { name: "walk", ratio: 0.5 },
    { name: "toString", ratio: 1 },
  ];
  expect(slowerThan(committed, measured, 1.5)).toEqual([]);
  expect(complaintsAbout(committed, measured, 1.5)).toEqual([
    "toString: extra: it was measured and is not in the file",
  ]);
});

test("on another processor more is allowed", () => {
  const file = { node: "22", ratios: committed };
  expect(allowedFactor({ ...file, processor: "another" })).toBeGreaterThan(allowedFactor({ ...file, processor }));
});

test("the committed ratios are numbers", () => {
  const ratios = Object.values(readCommitted().ratios);
  expect(ratios.length).toBeGreaterThan(0);
  expect(ratios.every((ratio) => ratio > 0)).toBe(true);
});
