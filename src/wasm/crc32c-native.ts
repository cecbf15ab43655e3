/** The processor's own CRC-32C through `@node-rs/crc32`: Node only, and only where its binary loads. */
import type { Crc32c } from "./crc32c.ts";

/** @returns null where there is no binary for this platform, or where this is no Node */
export async function loadNativeCrc32c(): Promise<Crc32c | null> {
  try {
    const { crc32c } = await import("@node-rs/crc32");
    return (bytes, seed = 0) => crc32c(bytes, seed);
  } catch {
    return null;
  }
}
