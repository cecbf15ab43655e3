/** A core over 20 MiB of shared memory, as a broker has it, and where in them benchmarks keep what. */
import { buildCore } from "../../scripts/build-core.ts";
import { KIB, MIB } from "../../src/base/units.ts";
import { Core, compileCore } from "../../src/wasm/core.ts";

const PAGE_SIZE = 64 * KIB;
const MEMORY_SIZE = 20 * MIB;

export interface CoreMemory {
  readonly core: Core;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** 28 KiB for small things; the CRC tables lie before. */
  readonly small: number;
  /** 1.5 MiB of random bytes. */
  readonly payload: number;
  /** From here on the memory is the benchmark's, which lays it out. */
  readonly free: number;
}

export async function openCore(): Promise<CoreMemory> {
  await buildCore();
  const pages = MEMORY_SIZE / PAGE_SIZE;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const core = new Core(await compileCore({ shared: true }), memory, 0);
  core.initCrc32c();
  const bytes = new Uint8Array(memory.buffer);
  const payload = PAGE_SIZE;
  const free = 2 * MIB;
  for (let at = payload; at < payload + 1.5 * MIB; at++) bytes[at] = Math.random() * 256;
  return { core, bytes, view: new DataView(memory.buffer), small: 36 * KIB, payload, free };
}
