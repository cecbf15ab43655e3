import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { fileShares } from "../../src/workers/file-shares.ts";
import { requireThat } from "../helpers/require.ts";
import type { Report } from "./crowded-run.ts";

/** What a process has open when it starts a broker, and what a broker opens itself, as /proc/self/fd shows them. */
const OPEN = 25;
const COMING = 6;
const OF_WORKER = 10;
const FILES_OF_LOG = 3;
const FILES_OF_ROLL = 5;
const FILES_OF_JOURNAL = 3;

/** Files that may be open, and connections that are wanted. */
const limits = [288, 300, 512, 1024, 20_000, 65_536, 1_048_576].flatMap((filesMax) =>
  [undefined, 1, 200, 10_000, 500_000].map((wanted) => [filesMax, wanted] as const),
);

test("what is given out, and what a roll adds, fits into what may be open beside what is", () => {
  for (const logWorkers of [1, 2, 4, 8])
    for (const filesOpen of [OPEN, 3 * OPEN, 700])
      for (const [filesMax, wanted] of limits) {
        if (filesOpen > OPEN && filesMax < filesOpen + 260) continue;
        const { connections, logs, unsynced } = fileShares(logWorkers, wanted, filesMax, filesOpen);
        const given = connections + FILES_OF_LOG * logs + unsynced + logWorkers * (FILES_OF_ROLL + FILES_OF_JOURNAL);
        expect(given).toBeLessThanOrEqual(filesMax - filesOpen - COMING - logWorkers * OF_WORKER);
        expect(Math.floor(unsynced / logWorkers)).toBeGreaterThan(0);
        expect(logs).toBeGreaterThan(0);
      }
});

test("as many connections as are wanted, where the rest still has what it needs", () => {
  expect(fileShares(1, 12_000, 20_000, OPEN).connections).toBe(12_000);
  expect(fileShares(1, 10, 20_000, OPEN).logs).toBeGreaterThan(fileShares(1, undefined, 20_000, OPEN).logs);
  expect(fileShares(1, 50_000, 20_000, OPEN).connections).toBeLessThan(20_000);
});

test("too few for anything are refused, with what is open", () => {
  expect(() => fileShares(4, undefined, 128, OPEN)).toThrow(expect.objectContaining({ code: "LIMIT_EXCEEDED" }));
  expect(() => fileShares(1, undefined, 1024, 1000)).toThrow(
    expect.objectContaining({ code: "LIMIT_EXCEEDED", details: expect.objectContaining({ filesOpen: 1000 }) }),
  );
});

test("a broker in a process that has most of its files open finds room in the rest", async (context) => {
  requireThat(context, process.platform === "linux", "/proc");
  const file = join(import.meta.dirname, "crowded-run.ts");
  const command = ["-c", 'ulimit -n 1024 && exec "$0" "$@"', process.execPath, file, "850"];
  const { stdout } = await promisify(execFile)("sh", command, { timeout: 25_000 }); // Without room it tries for ever.
  expect(JSON.parse(stdout) as Report).toEqual({ acknowledged: 240, read: 240 });
});
