/** A core over a memory of its own, for the tests. Builds the core first if a source is newer. */
import { CRC_TABLES_SIZE } from "../../assembly/layout.ts";
import { buildCore } from "../../scripts/build-core.ts";
import { KIB } from "../../src/base/units.ts";
import { Core, compileCore } from "../../src/wasm/core.ts";

const PAGE_SIZE: number = 64 * KIB;

export interface CoreMemory {
  readonly core: Core;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** First address that the CRC tables leave free, 64-byte aligned. */
  readonly free: number;
  /** Address after the last byte: reading there traps. */
  readonly end: number;
  /** Copies bytes to where nothing readable follows them. @returns their address */
  placeLast(bytes: Uint8Array): number;
}

await buildCore();
export const modules: Readonly<Record<"shared" | "unshared", WebAssembly.Module>> = {
  shared: await compileCore({ shared: true }),
  unshared: await compileCore({ shared: false }),
};

export function openCore(kind: keyof typeof modules = "unshared", size: number = 1024 * KIB): CoreMemory {
  const pages = Math.ceil(size / PAGE_SIZE);
  const memory = new WebAssembly.Memory(
    kind === "shared" ? { initial: pages, maximum: pages, shared: true } : { initial: pages },
  );
  const core = new Core(modules[kind], memory, 0);
  core.initCrc32c();
  const bytes = new Uint8Array(memory.buffer);
  return {
    core,
    bytes,
    view: new DataView(memory.buffer),
    free: Math.ceil(CRC_TABLES_SIZE / 64) * 64,
    end: bytes.length,
    placeLast: (placed) => {
      bytes.set(placed, bytes.length - placed.length);
      return bytes.length - placed.length;
    },
  };
}
