/** CRC-32C, the core's against the native one (docs/decisions/0001-crc32c.md). */
import { crc32c as nativeCrc32c } from "@node-rs/crc32";
import { KIB, MIB } from "../../src/base/units.ts";
import { openCore } from "../gauge/core-memory.ts";
import { runSuite } from "../gauge/suite.ts";

const { core, bytes, payload } = await openCore();

runSuite(
  [61, 100, 300, KIB, 4 * KIB, 64 * KIB, MIB].flatMap((size) => {
    const region = bytes.subarray(payload, payload + size);
    const common = { calibration: "integers" as const, bytes: size };
    return [
      { ...common, name: `CRC-32C of ${size} B, core`, run: () => core.crc32c(0, payload, size) },
      { ...common, name: `CRC-32C of ${size} B, native`, run: () => nativeCrc32c(region) },
    ];
  }),
);
