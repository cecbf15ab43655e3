#!/usr/bin/env node
/**
 * The process: what the command line needs of the world, signals, and the exit code.
 *
 * The first SIGINT or SIGTERM asks the command to end; the second ends it at once.
 */
import nodeModule, { createRequire } from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { KIB, MIB } from "./base/units.ts";
import type { World } from "./cli/world.ts";
import type { ScanEnvironment } from "./storage/segment-scan.ts";

/** Most bytes of a batch that a scan can check: the largest that a topic may allow. */
const SCANNED_BATCH_SIZE_MAX = 32 * MIB;
const PAGE_SIZE = 64 * KIB;

// What was compiled is kept for the next start, where Node can do that (22 and newer).
nodeModule.enableCompileCache?.();

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
const stop = new AbortController();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(128 + constants.signals[signal]);
    stop.abort(signal);
  });
}

const world: World = {
  version,
  self: [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)],
  environment: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  stop,
  uptimeMs: () => performance.now(),
  // Imported when they are needed: most commands need neither threads nor a native module.
  startBroker: async (options) => (await import("./index.ts")).startBroker(options),
  openScan,
};

// Imported only now, so that it comes from the cache, too.
const { runCli } = await import("./cli/program.ts");
process.exitCode = await runCli(process.argv.slice(2), world);

async function openScan(): Promise<ScanEnvironment> {
  const [{ Core, compileCore }, { crc32cOf }, { CRC_TABLES_SIZE }, { LogMemory }, { NodeDisk }, { scratchSizeFor }] =
    await Promise.all([
      import("./wasm/core.ts"),
      import("./wasm/crc32c.ts"),
      import("./wasm/layout.ts"),
      import("./storage/log-memory.ts"),
      import("./storage/node-disk.ts"),
      import("./storage/segment-scan.ts"),
    ]);
  const crcScratch = Math.ceil(CRC_TABLES_SIZE / PAGE_SIZE) * PAGE_SIZE;
  const scratch = crcScratch + PAGE_SIZE;
  const scratchSize = scratchSizeFor(SCANNED_BATCH_SIZE_MAX);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((scratch + scratchSize) / PAGE_SIZE) });
  const core = new Core(await compileCore({ shared: false }), memory, 0);
  core.initCrc32c();
  const crc32c = crc32cOf(core, crcScratch, PAGE_SIZE);
  return { disk: new NodeDisk(), core, memory: new LogMemory(memory.buffer), crc32c, scratch, scratchSize };
}
