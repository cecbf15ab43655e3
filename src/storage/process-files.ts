import fs from "node:fs";

/** Where the system does not say. */
const FILES_MAX_DEFAULT = 10_240;

/** How many files this process may have open (`ulimit -n`). */
export function processFilesMax(): number {
  if (process.platform !== "linux") return FILES_MAX_DEFAULT;
  const [, max] = /^Max open files +(\d+)/m.exec(fs.readFileSync("/proc/self/limits", "utf8")) ?? [];
  return max === undefined ? FILES_MAX_DEFAULT : Number(max);
}
