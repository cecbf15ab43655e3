/** The short run of `scripts/live-logs.ts`, and lives that broke a promise once. */
import { describe, test } from "vitest";
import { type Command, live, liveLogs } from "./log-model.ts";

test.each(["disk", "os"] as const)(
  "A2 A3 D1 D4 E2: any life of a log at durability %s keeps its promises",
  (durability) => liveLogs(durability, { seed: 1, lives: 150 }),
);

describe("a power cut does not bring back or take away", () => {
  const append = (count = 1, apart = false): Command => ({ do: "append", count, apart });
  const just = (...done: Exclude<Command["do"], "append" | "wait" | "read" | "crash">[]): Command[] =>
    done.map((command) => ({ do: command }));
  const kill: Command = { do: "crash", kind: "kill", seed: 0 };
  const powerCut = (seed: number): Command => ({ do: "crash", kind: "power cut", seed });

  test("D4: what the log cut off after a failed sync, once it has gone on elsewhere", () => {
    live("disk", [
      append(),
      ...just("settle"),
      ...[append(), append(1, true), append()],
      ...just("completeWrite", "step", "failSync", "completeSync"),
      ...[append(), append()],
      ...just("stop", "step"),
      powerCut(421_064),
    ]);
  });

  test("D4: what a sync failed for and a killed broker did not cut off", () => {
    live("disk", [
      ...just("failSync"),
      ...[append(), append(1, true), append()],
      ...just("completeWrite", "step", "completeSync"),
      kill,
      ...just("checkpoint"),
      append(),
      ...just("step"),
      ...[append(), append(), append()],
      powerCut(0),
    ]);
  });

  test("B5: a segment that was begun when the broker was killed", () => {
    live("disk", [
      ...[append(2), append(4)],
      ...just("stop"),
      append(3),
      kill,
      ...just("step"),
      append(),
      ...just("checkpoint", "step"),
      powerCut(553_018),
    ]);
  });

  test("D4: the name of an empty segment that was begun anew after a failed sync", () => {
    live("disk", [
      ...[append(), append(), append()],
      ...just("stop"),
      append(3),
      kill,
      ...just("checkpoint", "failSync"),
      ...[append(), append(), append()],
      ...just("step", "step", "settle"),
      append(),
      powerCut(822_612),
    ]);
  });

  test("D5: half a write that was cut back in a segment which the log then left", () => {
    live("disk", [
      ...[append(2), append(4)],
      ...just("stop"),
      ...[append(), append()],
      ...just("failWrite", "completeWrite"),
      append(3),
      kill,
      ...just("step"),
      append(),
      ...just("checkpoint", "step"),
      powerCut(553_023),
    ]);
  });
});
