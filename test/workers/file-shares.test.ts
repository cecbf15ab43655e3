import { expect, test } from "vitest";
import { fileShares } from "../../src/workers/file-shares.ts";

/** Files of a process with no log worker, and of each log worker: as /proc/self/fd shows them. */
const OWN = 31;
const OF_WORKER = 10;
const FILES_OF_LOG = 3;
const FILES_OF_ROLL = 5;

test("what is given out, and what a roll adds, fits into what may be open", () => {
  for (const logWorkers of [1, 2, 4, 8])
    for (const filesMax of [256, 300, 512, 1024, 65_536, 1_048_576]) {
      const { connections, logs, unsynced } = fileShares(logWorkers, filesMax);
      const given = connections + FILES_OF_LOG * logs + unsynced + logWorkers * FILES_OF_ROLL;
      expect(given).toBeLessThanOrEqual(filesMax - OWN - logWorkers * OF_WORKER);
      expect(Math.floor(unsynced / logWorkers)).toBeGreaterThan(0);
      expect(logs).toBeGreaterThan(0);
    }
});

test("too few for anything are refused", () => {
  expect(() => fileShares(4, 128)).toThrow(expect.objectContaining({ code: "LIMIT_EXCEEDED" }));
});
