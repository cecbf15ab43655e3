import { describe, expect, test } from "vitest";
import { SYNC_FAILURES, SYNC_HANDLES_MAX } from "../../src/workers/shared-memory.ts";
import { failGroup, type HandleSync, readFailures, runGroup, writeGroup } from "../../src/workers/sync-group.ts";

const EIO = 5;
const ENOSPC = 28;

/** Syncs that end in the wrong order, and fail for some handles. */
class Syncs {
  readonly asked: string[] = [];
  readonly closed: number[] = [];
  readonly #errnos: ReadonlyMap<number, number>;

  constructor(errnos: ReadonlyMap<number, number> = new Map()) {
    this.#errnos = errnos;
  }

  async run(area: Int32Array): Promise<void> {
    await runGroup(area, this.#sync("file"), this.#sync("directory"), (handle) => this.closed.push(handle));
  }

  #sync(kind: string): HandleSync {
    const errnoOf = (handle: number, how: string): number => {
      this.asked.push(`${kind} ${handle} ${how}`);
      return this.#errnos.get(handle) ?? 0;
    };
    return {
      now: (handle) => errnoOf(handle, "now"),
      beside: (handle, done) => {
        const errno = errnoOf(handle, "beside");
        setTimeout(() => done(errno), 20 - handle);
      },
    };
  }
}

const newArea = (): Int32Array => new Int32Array(SYNC_FAILURES + 2 * SYNC_HANDLES_MAX);

describe("a sync group", () => {
  test("syncs files and folders side by side, and ends when all of them have", async () => {
    const area = newArea();
    const syncs = new Syncs();
    writeGroup(area, { files: [3, 4], directories: [9] });
    await syncs.run(area);
    expect(syncs.asked).toEqual(["file 3 beside", "file 4 beside", "directory 9 beside"]);
    expect(readFailures(area)).toEqual([]);
    expect(syncs.closed).toEqual([]);
  });

  test("of one handle takes no turn of the event loop", async () => {
    const area = newArea();
    const syncs = new Syncs(new Map([[7, EIO]]));
    writeGroup(area, { files: [7], directories: [] });
    await syncs.run(area);
    expect(syncs.asked).toEqual(["file 7 now"]);
    expect(readFailures(area)).toEqual([{ file: 7, code: "EIO" }]);
  });

  test("tells each failure with its handle, and the next group knows nothing of them", async () => {
    const area = newArea();
    const syncs = new Syncs(
      new Map([
        [4, EIO],
        [9, ENOSPC],
      ]),
    );
    writeGroup(area, { files: [3, 4], directories: [9] });
    await syncs.run(area);
    expect(readFailures(area).toSorted((left, right) => left.file - right.file)).toEqual([
      { file: 4, code: "EIO" },
      { file: 9, code: "ENOSPC" },
    ]);
    writeGroup(area, { files: [3], directories: [] });
    expect(readFailures(area)).toEqual([]);
  });

  test("of a dead worker is closed too, also what could not be synced", async () => {
    const area = newArea();
    const syncs = new Syncs(new Map([[4, EIO]]));
    writeGroup(area, { files: [3, 4], directories: [] }, true);
    await syncs.run(area);
    expect(syncs.closed.toSorted()).toEqual([3, 4]);
    expect(readFailures(area)).toEqual([{ file: 4, code: "EIO" }]);
  });

  test("D2: whose thread died has failed as a whole", () => {
    const area = newArea();
    writeGroup(area, { files: [3, 4], directories: [9] });
    failGroup(area);
    expect(readFailures(area).map(({ file, code }) => `${file} ${code}`)).toEqual(["3 EIO", "4 EIO", "9 EIO"]);
  });

  test("larger than its area is a bug that is told", () => {
    const files = Array.from({ length: SYNC_HANDLES_MAX + 1 }, (_, index) => index);
    expect(() => writeGroup(newArea(), { files, directories: [] })).toThrow("a group fits its area");
    const area = newArea();
    writeGroup(area, { files: files.slice(1), directories: [] });
    failGroup(area);
    expect(readFailures(area).length).toBe(SYNC_HANDLES_MAX);
  });
});
