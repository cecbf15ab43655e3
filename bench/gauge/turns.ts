/**
 * Measures benchmarks in turns: in every turn each one runs for some milliseconds, right after its calibration. What slows the
 * machine for longer slows both; what slows it for less is one sample of many, of which the median counts, twice: of the
 * samples in a turn, and of the turns.
 */
import { Bench } from "tinybench";
import { assert } from "../../src/base/assert.ts";
import { type Benchmark, type Measurement, median } from "./benchmark.ts";
import { calibrations } from "./calibration.ts";

const turns = 15;
const calibrationMs = 4;
const benchmarkMs = 8;
/** Until the compiler has done its work. */
const warmUpMs = 60;
/** Of one sample: the clock's own cost vanishes, and few samples are hit by an interruption. */
const sampleMs = 0.04;

/** Keeps results alive. */
let sink = 0;

/** A benchmark that is called often enough for a sample. */
class Sampled {
  readonly benchmark: Benchmark;
  readonly #calls: number;
  readonly nanoseconds: number[] = [];
  readonly ratios: number[] = [];

  constructor(benchmark: Benchmark) {
    this.benchmark = benchmark;
    let calls = 0;
    const begin = performance.now();
    let end = begin;
    while (end - begin < warmUpMs) {
      repeat(benchmark.run, 1 + (calls >> 1));
      calls += 1 + (calls >> 1);
      end = performance.now();
    }
    this.#calls = Math.max(1, Math.round((sampleMs * calls) / (end - begin)));
  }

  turn(): void {
    const { run, operations = 1, calibration: name } = this.benchmark;
    const calibration = calibrations[name];
    const step = sample(calibration.run, 1, calibrationMs) / calibration.steps;
    const operation = sample(run, this.#calls, benchmarkMs) / operations;
    this.nanoseconds.push(operation);
    this.ratios.push(operation / step);
  }

  get measurement(): Measurement {
    const { name, calibration, bytes = 0 } = this.benchmark;
    return { name, calibration, nanoseconds: median(this.nanoseconds), bytes, ratio: median(this.ratios) };
  }
}

export function measure(benchmarks: readonly Benchmark[]): Measurement[] {
  for (const { run } of Object.values(calibrations)) new Sampled({ name: "", calibration: "integers", run });
  const all = benchmarks.map((benchmark) => new Sampled(benchmark));
  for (let turn = 0; turn < turns; turn++) for (const each of all) each.turn();
  assert(!Number.isNaN(sink), "results are numbers");
  return all.map(({ measurement }) => measurement);
}

/** The loop is one for all, so no `run` is compiled into it, and none can be moved out of it. */
function repeat(run: () => number, calls: number): void {
  for (let call = 0; call < calls; call++) sink += run();
}

/** @returns nanoseconds of one call */
function sample(run: () => number, calls: number, time: number): number {
  const bench = new Bench({ time, iterations: 1, warmup: false });
  bench.add("", () => repeat(run, calls), { async: false });
  const [{ result }] = bench.runSync() as [(typeof bench.tasks)[number]];
  if (result.state === "errored") throw result.error;
  assert(result.state === "completed", "a benchmark runs");
  return (result.latency.p50 * 1e6) / calls;
}
