/** Runs and reports as tests of reports need them: with made-up figures. */
import type { RunFigures } from "../../src/bench/figures.ts";
import { Latencies } from "../../src/bench/latencies.ts";
import { type Report, type ReportFacts, reportOf } from "../../src/bench/report.ts";
import { type RunLine, runLine } from "../../src/bench/run-line.ts";
import { workloads } from "../../src/bench/workloads.ts";

/** Latencies of so many records of so many us each. */
export function latencies(us: number, count: number): Latencies {
  const made = Latencies.empty();
  for (let index = 0; index < count; index++) made.record(us * 1000);
  return made;
}

export function factsOf(): ReportFacts {
  return {
    commit: "abc",
    command: "npm run bench:peers",
    at: 0,
    machine: "a <machine> & a disk",
    deviceSync: latencies(200, 1000).summary(),
    limits: { memcpy: 1e10, loopback: 2e9, pageCache: 1e9, disk: 4e8 },
    warmUpSeconds: 1,
    seconds: 2,
  };
}

const second = {
  recordsPerSecond: 1000,
  brokerCores: 0.5,
  brokerMemoryBytes: 1e8,
  responseP99Us: null,
  endToEndP99Us: 1500,
};

/** A run of the first workload. */
export function line(
  peer: string,
  repetition: number,
  recordsPerSecond: number,
  endToEnd: Latencies | null,
  workload: string = workloads[0]!.name,
): RunLine {
  const result: RunFigures = {
    recordsPerSecond,
    bytesPerSecond: 100 * recordsPerSecond,
    brokerCpuUs: 1,
    producerCpuUs: 1,
    consumerCpuUs: 1,
    brokerMemoryBytes: 1e8,
    overTime: [second],
    response: null,
    service: null,
    endToEnd,
    drain: null,
    audit: { acknowledged: 10, consumed: 10 },
  };
  const which = { peer, title: `The ${peer}`, workload, repetition, deviceBytesPerSecond: 3e8 };
  // As it is read from its file.
  return JSON.parse(JSON.stringify(runLine(which, result)));
}

/** A report of single runs. */
export function reportWith(
  runs: readonly { readonly peer: string; readonly workload: string; readonly rate: number }[],
): Report {
  const lines = runs.map(({ peer, workload, rate }) => line(peer, 0, rate, null, workload));
  return reportOf(factsOf(), workloads, lines, []);
}
