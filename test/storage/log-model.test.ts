/** The short run of `scripts/live-logs.ts`, and lives that broke a promise once. */
import { describe, test } from "vitest";
import type { OperationKind } from "./fake-disk.ts";
import { type Command, type Folder, live, liveLogs, type Simple } from "./log-model.ts";

test("A2 A3 D1 D3 D4 E2: any life of logs that share a folder keeps its promises", () =>
  liveLogs({ seed: 1, lives: 1000 }));

const ALONE: Folder = {
  durabilities: ["disk"],
  segmentBytes: 400,
  journalBytes: 1 << 20,
  unsyncedMax: Number.POSITIVE_INFINITY,
};

describe("a power cut does not bring back or take away", () => {
  const append = (count = 1, apart = false): Command => ({ do: "append", count, apart });
  const just = (...done: Simple[]): Command[] => done.map((command) => ({ do: command }));
  const kill: Command = { do: "crash", kind: "kill", seed: 0 };
  const powerCut = (seed: number): Command => ({ do: "crash", kind: "power cut", seed });

  test("D4: what the log cut off after a failed sync, once it has gone on elsewhere", () => {
    live(ALONE, [
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
    live(ALONE, [
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
    live(ALONE, [
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
    live(ALONE, [
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
    live(ALONE, [
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

describe("a disk that fails now and then does not lose what was acknowledged afterwards:", () => {
  const all = (valueSize = 20): Command => ({ do: "append", log: "all", count: 1, apart: false, valueSize });
  const one = (log = 0, valueSize = 20): Command => ({ do: "append", log, count: 1, apart: false, valueSize });
  const just = (...done: Simple[]): Command[] => done.map((command) => ({ do: command }));
  const fail = (kinds: readonly OperationKind[], times: number, after = 0, path = ""): Command => ({
    do: "fail",
    fault: { kinds, path, code: "EIO", after, times, written: 0 },
  });
  const reopen: Command = { do: "reopen", log: 0 };
  const kill: Command = { do: "crash", kind: "kill", seed: 0 };
  const powerCut: Command = { do: "crash", kind: "power cut", seed: 0, survival: "none" };
  const killThenPowerCut: Command = {
    ...kill,
    survival: "none",
    relapses: [{ kind: "power cut", after: 0, fault: null }],
  };
  const folderOf = (logs: number, unsyncedMax = Number.POSITIVE_INFINITY): Folder => ({
    durabilities: Array.from({ length: logs }, () => "disk" as const),
    segmentBytes: 300,
    journalBytes: 0,
    unsyncedMax,
  });

  test("D4: a sync of the folder of all partitions fails for one of them", () => {
    live(folderOf(3), [
      ...[one(), reopen, all(300), fail(["create", "syncDirectory"], 2, 1)],
      ...just("settle"),
      ...[one(), all(), fail(["sync"], 1), one()],
      ...just("step"),
      ...[all(), ...just("step"), all(), ...just("checkpoint"), powerCut],
    ]);
  });

  test("D4: a sync of the folder of all partitions fails, and the next one does not", () => {
    live(folderOf(1), [...[one(), fail(["syncDirectory"], 1), ...just("settle"), one(), ...just("settle"), powerCut]]);
  });

  test("D4: and the process dies before it is synced again", () => {
    live(folderOf(1), [
      ...[all(), ...just("step"), fail(["create", "syncDirectory"], 1), ...just("completeSync"), kill],
      ...[...just("step"), all(), ...just("stop"), powerCut],
    ]);
    live({ ...folderOf(2), durabilities: ["os", "disk"] }, [
      ...[one(), fail(["create", "syncDirectory"], 1), reopen, killThenPowerCut],
      ...[one(), ...just("step"), one()],
    ]);
  });

  test("D5: a new folder can neither be filled nor be taken back", () => {
    live(folderOf(1), [
      ...[fail(["remove", "truncate", "sync"], Number.POSITIVE_INFINITY), one(), ...just("heal"), one(), reopen],
      ...[...just("step"), killThenPowerCut],
    ]);
  });

  test("D4: a segment that was cut back is left for an empty one, and the log closed", () => {
    live(folderOf(1), [
      ...[all(), one(0, 300), one(), ...just("settle"), fail(["sync"], 1, 1, ".producers"), reopen],
      ...[...just("checkpoint"), killThenPowerCut],
    ]);
  });

  test("D4: the segment that is to be taken away stays, without its index", () => {
    live(folderOf(1), [
      ...[fail(["remove", "truncate", "sync"], 3, 1, ".log"), all(), ...just("settle"), all(), one(), kill],
      ...[all(), ...just("step"), fail(["sync"], 1), one(), reopen, powerCut],
    ]);
  });

  test("D4: syncs fail for long while many files wait for one", () => {
    live(folderOf(2, 12), [
      ...[all(), ...just("settle"), fail(["sync"], 1), one(), all(), one(), fail(["sync"], Number.POSITIVE_INFINITY)],
      ...[one(), one(), ...just("settle"), one(), reopen],
    ]);
  });
});
