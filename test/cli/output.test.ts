import { PassThrough, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Latency } from "../../src/cli/latency.ts";
import { Output } from "../../src/cli/output.ts";
import { Progress } from "../../src/cli/progress.ts";
import { table } from "../../src/cli/table.ts";
import { collected } from "./cambium.ts";

type Streams = ConstructorParameters<typeof Output>[0];

function outputOver(
  stdout: Writable,
  stderr: Writable = new PassThrough(),
  json = false,
): { output: Output; stop: AbortController } {
  const stop = new AbortController();
  return { output: new Output({ stdout, stderr, stop } as unknown as Streams, json), stop };
}

describe("large results", () => {
  test("arrive whole and in order, whatever their pieces", async () => {
    const stdout = new PassThrough({ highWaterMark: 1024 });
    const text = collected(stdout);
    const { output } = outputOver(stdout);
    const pieces = Array.from({ length: 300 }, (_, index) => `${index}:${"ä".repeat((index * 997) % 40_000)}\n`);
    for (const [index, piece] of pieces.entries()) {
      output.write(index % 2 === 0 ? piece : Buffer.from(piece));
      if (index % 50 === 0) await output.flush();
    }
    output.line("end");
    await output.flush();
    stdout.end();
    await sleep(10);
    expect(text()).toBe(`${pieces.join("")}end\n`);
  });

  test("wait for a slow reader", async () => {
    const stdout = new PassThrough({ highWaterMark: 10 });
    const { output } = outputOver(stdout);
    output.write("more than that");
    let isFlushed = false;
    const flushing = output.flush().then(() => {
      isFlushed = true;
    });
    await sleep(20);
    expect([isFlushed, output.isSlow]).toEqual([false, true]);
    stdout.resume();
    await flushing;
    expect(output.isSlow).toBe(false);
  });
});

describe("a reader that is gone", () => {
  function broken(code: string): Writable {
    return new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) });
  }

  test("ends the command quietly", async () => {
    const { output, stop } = outputOver(broken("EPIPE"));
    output.line("a");
    await output.flush();
    await sleep(1);
    expect(stop.signal.aborted).toBe(true);
    expect((stop.signal.reason as { code?: unknown }).code).not.toBe("EPIPE");
    output.line("b");
    await output.flush();
  });

  test("because the disk is full is an error", async () => {
    const { output, stop } = outputOver(broken("ENOSPC"));
    output.line("a");
    await sleep(1);
    expect(stop.signal.reason).toMatchObject({ code: "ENOSPC" });
  });
});

describe("progress", () => {
  function terminal(): { stderr: Writable; shown: () => string } {
    const stderr = Object.assign(new PassThrough(), { isTTY: true });
    return { stderr, shown: collected(stderr) };
  }

  test("is a bar on a terminal, taken away at the end and before other lines", async () => {
    const { stderr, shown } = terminal();
    const { output } = outputOver(new PassThrough(), stderr);
    const progress = new Progress(output, "produce t", 1000, () => ({ records: 1234, bytes: 500 }));
    await sleep(250);
    output.error("a note");
    progress.end();
    expect(shown()).toContain("\r\x1b[Kproduce t  [");
    expect(shown()).toMatch(/produce t {2}\[#{12}\.{12}\] 50% {2}1,234 records {2}500 B {2}[\d.]+ MB\/s/);
    expect(shown()).toContain("\r\x1b[Ka note\n");
  });

  test("is nothing elsewhere, or with --json", async () => {
    const elsewhere = new PassThrough();
    const seen = collected(elsewhere);
    const { stderr, shown } = terminal();
    for (const { output } of [outputOver(new PassThrough(), elsewhere), outputOver(new PassThrough(), stderr, true)]) {
      const progress = new Progress(output, "x", null, () => ({ records: 1, bytes: 1 }));
      await sleep(150);
      progress.end();
    }
    expect(seen() + shown()).toBe("");
  });
});

test("a table has words to the left and numbers to the right", () => {
  expect(
    table(
      ["NAME", "COUNT"],
      [
        ["a", 1],
        ["long", 1234],
      ],
    ),
  ).toBe("NAME  COUNT\na         1\nlong   1234");
});

test("latency tells percentiles, and a histogram that counts every event once", () => {
  const latency = new Latency();
  for (let ms = 1; ms <= 1000; ms++) latency.record(ms);
  const { count, p50Ms, p99Ms, maxMs } = latency.summary();
  expect(count).toBe(1000);
  expect(p50Ms).toBeCloseTo(500, -1);
  expect(p99Ms).toBeCloseTo(990, -1);
  expect(maxMs).toBeCloseTo(1000, -1);
  const counts = latency.lines().map((line) => Number(/(\d+)$/.exec(line)?.[1]));
  expect(counts.reduce((sum, each) => sum + each, 0)).toBe(1000);
  expect(latency.lines()[0]).toMatch(/^ {2}up to +1 ms {2}#/);
});

test("no percentile of latency lies above the slowest event", () => {
  const latency = new Latency();
  latency.record(1405.517);
  const { p50Ms, p999Ms, maxMs } = latency.summary();
  expect([p50Ms, p999Ms]).toEqual([maxMs, maxMs]);
});
