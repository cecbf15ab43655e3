/** The log core as the client has it: compiled once for the whole process. */
import { compileCore } from "../wasm/core.ts";
import { type Crc32c, crc32cFrom } from "../wasm/crc32c.ts";

export interface ClientCore {
  /** For memory that is not shared: each producer has an instance over its own. */
  readonly module: WebAssembly.Module;
  /** Of any bytes, through a small instance that all share. */
  readonly crc32c: Crc32c;
}

let loading: Promise<ClientCore> | undefined;

/** @throws WebAssembly.CompileError where there is no WebAssembly with SIMD (browsers before 2023) */
export function clientCore(): Promise<ClientCore> {
  loading ??= load();
  return loading;
}

async function load(): Promise<ClientCore> {
  const module = await compileCore({ shared: false });
  return { module, crc32c: crc32cFrom(module) };
}
