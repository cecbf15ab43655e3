import { describe, expect, test } from "vitest";
import { BUSY, IN_FILE_CALL, PARKED, PROGRESS, SYNC_DONE, SYNC_SUBMITTED } from "../../src/workers/shared-memory.ts";
import { LOOKS_UNTIL_DEAD, LOOKS_UNTIL_STALLED, markFileCalls, Watchdog } from "../../src/workers/watchdog.ts";

class Watched {
  readonly control = new Int32Array(1024);
  readonly told: (string | boolean)[] = [];
  readonly #watchdog = new Watchdog(this.control, {
    stalled: (isStalled) => this.told.push(isStalled),
    hangs: () => this.told.push("hangs"),
  });

  look(times: number, between: () => void = () => {}): void {
    for (let look = 0; look < times; look++) {
      between();
      this.#watchdog.look();
    }
  }
}

const LONG = 10 * LOOKS_UNTIL_STALLED;

describe("H5: the watchdog", () => {
  test("takes a worker for dead that is at a task, in no file call, and makes no progress", () => {
    const watched = new Watched();
    watched.control[BUSY] = 1;
    watched.control[PROGRESS] = 5;
    watched.look(LOOKS_UNTIL_DEAD);
    expect(watched.told).toEqual([]);
    watched.look(1);
    expect(watched.told).toEqual(["hangs"]);
  });

  test.each([
    ["has no task", (watched: Watched) => watched.control.fill(0)],
    ["waits for work", ({ control }: Watched) => control.fill(1, PARKED, PARKED + 1)],
    ["goes on", ({ control }: Watched) => control.fill(control[PROGRESS]! + 1, PROGRESS, PROGRESS + 1)],
  ])("leaves a worker alone that %s", (_, act) => {
    const watched = new Watched();
    watched.control[BUSY] = 1;
    watched.look(LONG, () => act(watched));
    expect(watched.told).toEqual([]);
  });

  test("takes the disk for stalled when a file call does not return, and says when it has", () => {
    const watched = new Watched();
    watched.control[BUSY] = 1;
    watched.control[IN_FILE_CALL] = 1;
    watched.look(LONG);
    expect(watched.told).toEqual([true]);
    watched.control[IN_FILE_CALL] = 0;
    watched.control[PROGRESS]!++;
    watched.look(1);
    expect(watched.told).toEqual([true, false]);
  });

  test("takes slow file calls, one after another, for no endless loop though it looks between them", () => {
    const watched = new Watched();
    const calls = markFileCalls(watched.control);
    watched.control[BUSY] = 1;
    watched.look(LONG, () => {
      calls.enter();
      calls.leave();
    });
    expect(watched.told).toEqual([]);
  });

  test("takes a sync that does not end for a stalled disk, and several that do for none", () => {
    const watched = new Watched();
    watched.look(LONG, () => {
      watched.control[SYNC_SUBMITTED]!++;
      watched.control[SYNC_DONE] = watched.control[SYNC_SUBMITTED]! - 1;
    });
    expect(watched.told).toEqual([]);
    watched.look(LOOKS_UNTIL_STALLED);
    expect(watched.told).toEqual([true]);
    watched.control[SYNC_DONE] = watched.control[SYNC_SUBMITTED]!;
    watched.look(1);
    expect(watched.told).toEqual([true, false]);
  });
});
