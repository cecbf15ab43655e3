import { expect, test } from "vitest";
import { fileShares } from "../../src/workers/file-shares.ts";
import { LogWorkerHost } from "../../src/workers/log-worker-host.ts";
import { mapMemory, POOL_BLOCK_MAX, WASM_PAGE_SIZE } from "../../src/workers/shared-memory.ts";
import type { ThreadData } from "../../src/workers/thread.ts";

/** A worker that is given no log core. */
async function broken(): Promise<ThreadData> {
  const map = mapMemory({ logWorkers: 1, maintenanceWorkers: 1, poolBytes: POOL_BLOCK_MAX });
  const pages = map.size / WASM_PAGE_SIZE;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const module = await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  return { map, memory, module, files: fileShares(1), index: 0 };
}

test("a log worker that cannot be loaded says so by a typed error, and can be stopped", async () => {
  const host = new LogWorkerHost(await broken(), {
    settleJournal: async () => {},
    died: () => {},
    replaced: () => {},
    warned: () => {},
  });
  await expect(host.ready()).rejects.toMatchObject({ name: "BrokerError", code: "UNKNOWN_SERVER_ERROR" });
  await host.stop();
});
