/** Names in a folder that a sync may have failed for, in this process or in one that died (contract D4 for names). */
import type { Disk } from "./disk.ts";

/** Made and removed at once; what a crash leaves of it says nothing. */
const RENEWAL_FILE = "names.tmp";

/** Changes the folder, so that its next sync writes every name in it. @throws DiskError */
export function renewFolder(disk: Disk, folder: string): void {
  const path = `${folder}/${RENEWAL_FILE}`;
  disk.close(disk.open(path, "write"));
  disk.remove(path);
}

/** Makes every name in the folder durable, also those that an earlier sync failed for. @throws DiskError */
export function syncNames(disk: Disk, folder: string): void {
  renewFolder(disk, folder);
  disk.syncDirectory(folder);
}
