/** CRC-32C of any bytes, through the core. On bytes that lie in the core's memory, `Core.crc32c` is the direct way. */
import { CRC_TABLES_SIZE } from "../../assembly/layout.ts";
import { assert } from "../base/assert.ts";
import { KIB } from "../base/units.ts";
import { Core, compileCore } from "./core.ts";

/**
 * @param seed 0, or the checksum of the bytes before these
 * @returns u32
 */
export type Crc32c = (bytes: Uint8Array, seed?: number) => number;

/**
 * @param scratch     address of memory, this instance's alone, through which bytes from elsewhere are copied piece by piece
 * @param scratchSize bytes of it, at least 1
 */
export function crc32cOf(core: Core, scratch: number, scratchSize: number): Crc32c {
  assert(scratchSize >= 1, "the checksum has scratch memory");
  let window: Uint8Array = new Uint8Array(0);
  return (bytes, seed = 0) => {
    const { buffer } = core.memory;
    if (bytes.buffer === buffer) return core.crc32c(seed, bytes.byteOffset, bytes.length);
    // Growth of the memory leaves views on the old buffer behind.
    if (window.buffer !== buffer) window = new Uint8Array(buffer, scratch, scratchSize);
    if (bytes.length <= scratchSize) {
      window.set(bytes);
      return core.crc32c(seed, scratch, bytes.length);
    }
    let crc = seed;
    for (let at = 0; at < bytes.length; at += scratchSize) {
      const piece = bytes.subarray(at, at + scratchSize);
      window.set(piece);
      crc = core.crc32c(crc, scratch, piece.length);
    }
    return crc;
  };
}

/** A checksum for code that has no core: one instance over 128 KiB of its own. */
export async function loadCrc32c(): Promise<Crc32c> {
  return crc32cFrom(await compileCore({ shared: false }));
}

/** The same. @param module the core for memory that is not shared */
export function crc32cFrom(module: WebAssembly.Module): Crc32c {
  const memorySize = 128 * KIB;
  const memory = new WebAssembly.Memory({ initial: memorySize / (64 * KIB) });
  const core = new Core(module, memory, 0);
  core.initCrc32c();
  return crc32cOf(core, CRC_TABLES_SIZE, memorySize - CRC_TABLES_SIZE);
}
