import fs from "node:fs";

/** Where the system does not say. */
const FILES_MAX_DEFAULT = 10_240;
const FILES_OPEN_DEFAULT = 25;

/** How many files this process may have open (`ulimit -n`). */
export function processFilesMax(): number {
  if (process.platform !== "linux") return FILES_MAX_DEFAULT;
  const [, max] = /^Max open files +(\d+)/m.exec(fs.readFileSync("/proc/self/limits", "utf8")) ?? [];
  return max === undefined ? FILES_MAX_DEFAULT : Number(max);
}

/** How many it has open now, in whatever thread; elsewhere than on Linux what one has that does nothing but start a broker. */
export function processFilesOpen(): number {
  if (process.platform !== "linux") return FILES_OPEN_DEFAULT;
  return fs.readdirSync("/proc/self/fd").length - 1; // Less the one for the listing.
}
