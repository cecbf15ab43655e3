/**
 * Feeds hostile frames to the verifier and to everything that reads what it accepts, then to a live broker.
 *
 *   npm run fuzz:frames -- [--seed 1] [--count 200000]
 *
 * `--count` is the number of frames that reach the broker: a fifth through sockets, the rest through the same connections
 * without a socket; a tenth as many go to the codecs alone. Exits 1 where a promise is broken: a crash, a frame read beyond its
 * end, no answer, a healthy client that lost something, or a broker that grew by 64 MiB.
 */
import { checkFrame } from "../test/protocol/check-frame.ts";
import { frames, type HostileFrame } from "../test/protocol/frame-mutator.ts";
import { fuzz } from "../test/server/fuzz.ts";
import { scriptArguments } from "./script-options.ts";

const { seed, count } = scriptArguments(import.meta.filename, { seed: 1, count: 200_000 }).values;
const RSS_GROWTH_MAX = 64 << 20;
const startedMs = performance.now();

function report(frame: HostileFrame, error: unknown): void {
  console.error(`seed ${seed}, frame ${frame.index}: ${frame.origin}, ${frame.damage.join(", ")}`);
  console.error(Buffer.from(frame.bytes).toString("hex"));
  console.error(error);
}

function printTable(title: string, outcomes: Readonly<Record<string, number>>): void {
  console.log(`\n${title}`);
  for (const [outcome, times] of Object.entries(outcomes).sort(([, a], [, b]) => b - a)) {
    console.log(`${String(times).padStart(10)}  ${outcome}`);
  }
}

function fuzzCodecs(codecFrames: number): boolean {
  const outcomes: Record<string, number> = {};
  for (const frame of frames(seed, codecFrames)) {
    try {
      const outcome = checkFrame(frame.bytes) ?? "accepted";
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      report(frame, error);
      return false;
    }
  }
  printTable(`codecs alone: ${codecFrames} frames`, outcomes);
  return true;
}

async function fuzzBroker(): Promise<boolean> {
  let toldMs = performance.now();
  const progress = (done: number): void => {
    if (performance.now() - toldMs < 5000) return;
    toldMs = performance.now();
    console.log(`${Math.round((toldMs - startedMs) / 1000)} s: ${done} of ${count} frames`);
  };
  const result = await fuzz({ seed, count, progress });
  const { socketFrames, callFrames, healthyRecords, rssWarm, rssEnd } = result;
  printTable("a live broker, connections by sockets", result.connections);
  printTable("a live broker, what it said without sockets", result.outcomes);
  const mib = (bytes: number): string => (bytes / (1 << 20)).toFixed(1);
  const grown = rssEnd - rssWarm;
  console.log(`\n${socketFrames} frames through sockets, ${callFrames} without; 0 crashes`);
  console.log(`a healthy client beside them was promised ${healthyRecords} records and found them all`);
  console.log(
    `the broker's memory: ${mib(rssWarm)} MiB after the warm-up, ${mib(rssEnd)} at the end (${mib(grown)} more)`,
  );
  return grown < RSS_GROWTH_MAX;
}

const isGood = fuzzCodecs(Math.ceil(count / 10)) && (await fuzzBroker());
console.log(`${Math.round((performance.now() - startedMs) / 1000)} s, seed ${seed}: ${isGood ? "good" : "BROKEN"}`);
if (!isGood) process.exitCode = 1;
