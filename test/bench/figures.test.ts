import { expect, test } from "vitest";
import { type BrokerSample, figuresOf } from "../../src/bench/figures.ts";
import { LatenciesBySecond } from "../../src/bench/latencies-by-second.ts";
import type { ConsumeReport, ProduceReport, Sample } from "../../src/bench/task.ts";

const WARM_NS = 5e9;
const window = { beginNs: 4e9, warmNs: WARM_NS, endNs: WARM_NS + 3e9 };

/** Latencies of one record for each of the ms, second by second. */
function bySecond(...ms: readonly (readonly number[])[]): LatenciesBySecond {
  const made = new LatenciesBySecond();
  for (const [second, each] of ms.entries()) for (const one of each) made.record(second * 1e9 + 1, one * 1e6);
  return made;
}

/** Counts at the begin of each second, from the warm-up on. */
function samples(counts: readonly number[]): Sample[] {
  return counts.map((count, index) => ({ atNs: window.beginNs + index * 1e9, count, cpu: index * 0.5 }));
}

const produced: ProduceReport = {
  acked: [60, 40],
  samples: samples([0, 10, 30, 60, 100]),
  response: bySecond([1, 1], [], [5]).encoded(),
  service: bySecond([1, 1], [], [2]).encoded(),
};
const consumed: ConsumeReport = {
  good: [60, 40],
  bad: 0,
  samples: samples([0, 10, 20, 50, 70]),
  endToEnd: bySecond([2], [3], [4]).encoded(),
};
const broker: BrokerSample[] = Array.from({ length: 5 }, (_, index) => ({
  atNs: window.beginNs + index * 1e9,
  cpu: index * index,
  memoryBytes: 1000 * index,
}));

test("rates, CPU and latencies are those of the measured part, in all and second by second", () => {
  const figures = figuresOf({ produced: [produced], consumed: [consumed], broker, brokerMemoryBytes: 9000 }, window, {
    consumers: 1,
    readers: 1,
    size: 10,
  });
  expect(figures).toMatchObject({
    recordsPerSecond: 20,
    bytesPerSecond: 200,
    brokerCpuUs: (15 / 60) * 1e6,
    producerCpuUs: (1.5 / 60) * 1e6,
    audit: { acknowledged: 100, consumed: 100 },
  });
  expect(figures.overTime).toMatchObject([
    { recordsPerSecond: 10, brokerCores: 3, brokerMemoryBytes: 2000 },
    { recordsPerSecond: 30, brokerCores: 5, brokerMemoryBytes: 3000, responseP99Us: null },
    { recordsPerSecond: 20, brokerCores: 7, brokerMemoryBytes: 4000 },
  ]);
  const p99s = figures.overTime.map(({ endToEndP99Us }) => Math.round(endToEndP99Us! / 1000));
  expect(p99s).toEqual([2, 3, 4]);
  expect([figures.response?.count, figures.endToEnd?.count]).toEqual([3, 3]);
});

test("without a consumer it is what was acknowledged that counts; several producers are one", () => {
  const reports = { produced: [produced, produced], consumed: [], broker, brokerMemoryBytes: 0 };
  const figures = figuresOf(reports, window, { consumers: 0, readers: 1, size: 10 });
  expect(figures.recordsPerSecond).toBe(60);
  expect(figures.endToEnd).toBeNull();
  expect(figures.response?.count).toBe(6);
  expect(figures.overTime.map(({ endToEndP99Us }) => endToEndP99Us)).toEqual([null, null, null]);
});

test("what was due before the measured part is not timed", () => {
  const latencies = new LatenciesBySecond();
  latencies.record(-1, 1e6);
  expect(latencies.encoded()).toEqual([]);
});

test("what is read back counts from the first record to the last", () => {
  const late = (counts: readonly number[]): Sample[] =>
    counts.map((count, index) => ({ atNs: window.endNs + index * 1e9, count, cpu: index * 0.5 }));
  const read = { ...consumed, samples: late([0, 0, 60, 100, 100, 100]) };
  const reports = { produced: [produced], consumed: [read], broker, brokerMemoryBytes: 0 };
  const figures = figuresOf(reports, window, { consumers: 0, readers: 1, size: 10 });
  expect(figures.recordsPerSecond).toBe(30);
  expect(figures.endToEnd).toBeNull();
  expect(figures.drain).toMatchObject({ recordsPerSecond: 50, bytesPerSecond: 500, consumerCpuUs: 1e4 });
  expect(figures.audit).toEqual({ acknowledged: 100, consumed: 100 });
});

test("several that read back are one, from the first record of the first to the last of the last", () => {
  const late = (counts: readonly number[]): Sample[] =>
    counts.map((count, index) => ({ atNs: window.endNs + index * 1e9, count, cpu: index * 0.5 }));
  const [first, second] = [late([0, 50, 100, 100, 100]), late([0, 0, 0, 50, 100])];
  const read = [first, second].map((own) => ({ ...consumed, samples: own }));
  const reports = { produced: [produced], consumed: read, broker, brokerMemoryBytes: 0 };
  const figures = figuresOf(reports, window, { consumers: 0, readers: 2, size: 10 });
  expect(figures.drain).toMatchObject({ recordsPerSecond: 50, consumerCpuUs: (2 / 200) * 1e6 });
  expect(figures.audit).toEqual({ acknowledged: 100, consumed: 200 });
});
