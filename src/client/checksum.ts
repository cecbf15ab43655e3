/** The client's CRC-32C: one small instance of the log core for the whole process. */
import { type Crc32c, loadCrc32c } from "../wasm/crc32c.ts";

let loading: Promise<Crc32c> | undefined;

/** @throws WebAssembly.CompileError where there is no WebAssembly with SIMD (browsers before 2023) */
export function checksum(): Promise<Crc32c> {
  loading ??= loadCrc32c();
  return loading;
}
