/** The broker killed under `cambium produce`: `npm run test:kill` does the same 20 times. */
import { describe, expect, test } from "vitest";
import { faultsIn, runKills } from "./kill-run.ts";
import { LineAudit, type LineFindings, numberedLine } from "./line-audit.ts";

test("kill -9 in the middle of produce loses, repeats, reorders and alters nothing that was acknowledged", async () => {
  const rounds = await runKills({ rounds: 2, seed: 3 }, () => {});
  expect(rounds.map(({ producer, durability }) => [producer, durability])).toEqual([
    ["went on", "disk"],
    ["was killed", "os"],
  ]);
  expect(rounds.map(faultsIn)).toEqual([0, 0]);
  const [wentOn] = rounds;
  expect(wentOn!.acknowledgedBefore).toBeGreaterThan(0);
  expect(wentOn!.consumed).toBe(wentOn!.written);
}, 120_000);

describe("what the audit of lines finds", () => {
  function found(numbers: readonly number[], acknowledged: number): LineFindings {
    const audit = new LineAudit();
    for (const number of numbers) audit.consume(numberedLine(number));
    return audit.findings(5, acknowledged);
  }
  const nothing = { lost: 0, duplicated: 0, reordered: 0, altered: 0, holes: 0 };

  test("nothing, where every acknowledged line is there, with or without others behind them", () => {
    expect(found([1, 2, 3], 3)).toEqual({ ...nothing, consumed: 3 });
    expect(found([1, 2, 3, 4], 3)).toEqual({ ...nothing, consumed: 4 });
  });

  test("an acknowledged line that is not there", () => {
    expect(found([1, 2], 3)).toEqual({ ...nothing, consumed: 2, lost: 1 });
  });

  test("a line that is there twice", () => {
    expect(found([1, 2, 2, 3], 3)).toEqual({ ...nothing, consumed: 4, duplicated: 1 });
  });

  test("a line behind a later one", () => {
    expect(found([1, 3, 2], 3)).toEqual({ ...nothing, consumed: 3, reordered: 1 });
  });

  test("a hole among lines that were not acknowledged", () => {
    expect(found([1, 3], 1)).toEqual({ ...nothing, consumed: 2, holes: 1 });
  });

  test("lines that nobody wrote", () => {
    expect(found([1, 2, 3, 4, 5, 6], 1)).toMatchObject({ altered: 1 });
    const audit = new LineAudit();
    audit.consume(`${numberedLine(1)}x`);
    expect(audit.findings(5, 0)).toEqual({ ...nothing, consumed: 1, altered: 1 });
  });
});
