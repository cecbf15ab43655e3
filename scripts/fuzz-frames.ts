/**
 * Feeds hostile frames to the verifier and to everything that reads what it accepts.
 *
 *   node scripts/fuzz-frames.ts --seed 1 --count 1000000
 *
 * Prints how many were refused for which reason. Exits 1 at the first frame that breaks a promise, with what repeats it.
 */
import { parseArgs } from "node:util";
import { checkFrame } from "../test/protocol/check-frame.ts";
import { frames, type HostileFrame } from "../test/protocol/frame-mutator.ts";

const { values } = parseArgs({
  options: { seed: { type: "string", default: "1" }, count: { type: "string", default: "200000" } },
});
const seed = Number(values.seed);
const count = Number(values.count);

function report(frame: HostileFrame, error: unknown): void {
  console.error(`seed ${seed}, frame ${frame.index}: ${frame.origin}, ${frame.damage.join(", ")}`);
  console.error(Buffer.from(frame.bytes).toString("hex"));
  console.error(error);
}

const outcomes = new Map<string, number>();
for (const frame of frames(seed, count)) {
  try {
    const outcome = checkFrame(frame.bytes) ?? "accepted";
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  } catch (error) {
    report(frame, error);
    process.exitCode = 1;
    break;
  }
}
for (const [outcome, times] of [...outcomes].sort(([, a], [, b]) => b - a)) console.log(`${times}\t${outcome}`);
