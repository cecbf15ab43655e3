/** The system's page cache; Linux only. */

import { execFileSync } from "node:child_process";
import { accessSync, constants, writeFileSync } from "node:fs";

const DROP = "/proc/sys/vm/drop_caches";

export function canDropPageCache(): boolean {
  try {
    accessSync(DROP, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** What was written is on the disk, and nothing of it in memory. @throws Error  who runs this may not */
export function dropPageCache(): void {
  execFileSync("sync");
  writeFileSync(DROP, "1");
}
