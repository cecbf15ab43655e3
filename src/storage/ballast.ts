/**
 * Space kept for the moment when there is none (contract D5): a file of zeros that is given up so that metadata (deletes, new
 * settings) can still be written on a full disk, and made again when there is room.
 */
import { MIB } from "../base/units.ts";
import { type Disk, DiskError } from "./disk.ts";

const FILE = "ballast";
const SIZE = 4 * MIB;

/** Makes the ballast where it is missing. @returns false: no room for it now */
export function ensureBallast(disk: Disk, data: string): boolean {
  const path = `${data}/${FILE}`;
  if (disk.status(path)?.size === SIZE) return true;
  try {
    const file = disk.open(path, "write");
    try {
      disk.write(file, new Uint8Array(SIZE), 0);
    } finally {
      disk.close(file);
    }
    return true;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    disk.remove(path);
    return false;
  }
}

/** Runs what must succeed on a full disk: once more without the ballast. @throws DiskError there is no room even then */
export function withBallast<Result>(disk: Disk, data: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!isFull(error) || disk.status(`${data}/${FILE}`) === null) throw error;
    disk.remove(`${data}/${FILE}`);
    return run();
  }
}

export function isFull(error: unknown): boolean {
  return error instanceof DiskError && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
