import { expect, test } from "vitest";
import { Latencies } from "../../src/bench/latencies.ts";

function of(...us: number[]): Latencies {
  const latencies = Latencies.empty();
  for (const each of us) latencies.record(each * 1000);
  return latencies;
}

test("keeps zeros, and what is longer than it can say as the longest it can", () => {
  const { count, minUs, p50Us, maxUs } = of(0, 0, 0, 10).summary();
  expect([count, minUs, p50Us, maxUs]).toEqual([4, 0, 0, 10]);
  expect(of(1e12).summary().maxUs).toBeGreaterThanOrEqual(3_600_000_000 * 0.999);
});

test("is merged, not averaged", () => {
  const fast = of(...new Array<number>(98).fill(1));
  const slow = of(1000, 1000);
  expect(Latencies.merged([fast, slow]).summary()).toMatchObject({ count: 100, p50Us: 1, p99Us: 1000 });
});

test("crosses processes whole, compressed or as pairs", () => {
  const latencies = of(0, 1, 5, 5, 700, 1234);
  expect(Latencies.decoded(latencies.encoded()).summary()).toEqual(latencies.summary());
  const pairs = [
    [0, 1],
    [1, 1],
    [5, 2],
    [700, 1],
    [1234, 1],
  ] as const;
  expect(Latencies.decoded(pairs).summary()).toEqual(latencies.summary());
});

test("tells no percentile for which there are too few samples", () => {
  expect(of(...new Array<number>(99_999).fill(1)).summary().p999Us).toBe(null);
  expect(of(...new Array<number>(100_000).fill(1)).summary().p999Us).toBe(1);
});
