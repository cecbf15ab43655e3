/** What every worker thread is given, and what it makes of it before its first task. */

import { LogMemory } from "../storage/log-memory.ts";
import { Core } from "../wasm/core.ts";
import { type Crc32c, crc32cOf } from "../wasm/crc32c.ts";
import type { FileShares } from "./file-shares.ts";
import { CHECKSUM_SCRATCH_SIZE, type MemoryMap } from "./shared-memory.ts";

/** Structured-cloned into a worker; the memory and the module are shared. */
export interface ThreadData {
  readonly map: MemoryMap;
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly files: FileShares;
  /** Number of the worker among those of its kind. */
  readonly index: number;
}

export interface ThreadCore {
  readonly core: Core;
  readonly memory: LogMemory;
  readonly buffer: SharedArrayBuffer;
  readonly crc32c: Crc32c;
}

/** @param scratch address of CHECKSUM_SCRATCH_SIZE bytes through which this thread checks what lies outside the shared memory */
export function makeThreadCore({ map, memory, module }: ThreadData, scratch: number): ThreadCore {
  const core = new Core(module, memory, map.crcTables);
  const crc32c = crc32cOf(core, scratch, CHECKSUM_SCRATCH_SIZE);
  return { core, memory: new LogMemory(memory.buffer), buffer: memory.buffer as SharedArrayBuffer, crc32c };
}

/** Modules of workers lie beside this one, as source or built. */
export function workerFile(name: string): string {
  const here = import.meta.url;
  const extension = here.endsWith(".ts") ? "ts" : "js";
  return new URL(`./${name}.${extension}`, here).href;
}

/** A number that no other segment has. */
export function newSegmentId(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0]!;
}
