import { expect, test } from "vitest";
import * as shared from "../../src/workers/shared-memory.ts";

test("no two parts of the shared memory overlap, and all lie within it", () => {
  const map = shared.mapMemory({ logWorkers: 3, maintenanceWorkers: 2, poolBytes: 2 * shared.POOL_BLOCK_MAX });
  const parts: [number, number][] = [
    [map.pool, map.poolBytes],
    [map.entries, shared.ENTRIES_MAX * shared.ENTRY_SIZE],
    ...map.logWorkers.flatMap((worker): [number, number][] => [
      [worker.control, 4 * (shared.SYNC_FAULT + 1)],
      [worker.arrivals, shared.ARRIVALS_CAPACITY * shared.ARRIVAL_SIZE],
      [worker.results, shared.RESULTS_CAPACITY * shared.RESULT_SIZE],
      [worker.sync, 4 * (shared.SYNC_FAILURES + 2 * shared.SYNC_HANDLES_MAX)],
      [worker.openFiles, 4 * shared.OPEN_FILES_MAX],
      [worker.checksumScratch, shared.CHECKSUM_SCRATCH_SIZE],
      [worker.arena, worker.arenaSize],
    ]),
    ...map.maintenanceWorkers.flatMap((worker): [number, number][] => [
      [worker.checksumScratch, shared.CHECKSUM_SCRATCH_SIZE],
      [worker.scratch, map.scratchSize],
    ]),
  ];
  parts.sort(([left], [right]) => left - right);
  let end = 4 * (map.mainBell + 1);
  for (const [address, size] of parts) {
    expect(address).toBeGreaterThanOrEqual(end);
    end = address + size;
  }
  expect(end).toBeLessThanOrEqual(map.size);
  expect(map.size % shared.WASM_PAGE_SIZE).toBe(0);
});

test("a pool that no address of 32 bits reaches is refused", () => {
  const poolBytes = 128 * shared.POOL_BLOCK_MAX;
  expect(() => shared.mapMemory({ logWorkers: 1, maintenanceWorkers: 1, poolBytes })).toThrow("32-bit");
});
