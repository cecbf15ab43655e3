/** A sync group on its way from a log worker to its sync thread and back, in the area that shared-memory.ts describes. */
import { getSystemErrorName } from "node:util";
import { assert } from "../base/assert.ts";
import type { FailedSync, SyncGroup } from "../storage/disk.ts";
import { GROUP_SIZE_MAX } from "../storage/drain.ts";
import { SYNC_FAILURES, SYNC_HANDLES, SYNC_HANDLES_MAX } from "./shared-memory.ts";

const FILES = 0;
const DIRECTORIES = 1;
const FAILURES = 2;
/** 1: the handles are closed too; they belonged to a thread that died. */
const CLOSES = 3;
const EIO = 5;

assert(GROUP_SIZE_MAX <= SYNC_HANDLES_MAX, "every group of a drain fits the area");

/** Errno of one handle's sync, 0: it went well. */
type Sync = (file: number) => number;

/** @param area view from the sync area on */
export function writeGroup(area: Int32Array, { files, directories }: SyncGroup, closes = false): void {
  assert(files.length + directories.length <= SYNC_HANDLES_MAX, "a group fits its area");
  area[FILES] = files.length;
  area[DIRECTORIES] = directories.length;
  area[FAILURES] = 0;
  area[CLOSES] = closes ? 1 : 0;
  area.set(files, SYNC_HANDLES);
  area.set(directories, SYNC_HANDLES + files.length);
}

/** Syncs every handle of the group, notes which failed, and closes them if that is wanted. */
export function runGroup(area: Int32Array, syncFile: Sync, syncDirectory: Sync, close: (file: number) => void): void {
  const files = area[FILES]!;
  const count = files + area[DIRECTORIES]!;
  let failures = 0;
  for (let index = 0; index < count; index++) {
    const handle = area[SYNC_HANDLES + index]!;
    const errno = index < files ? syncFile(handle) : syncDirectory(handle);
    if (area[CLOSES] === 1) close(handle);
    if (errno === 0) continue;
    area[SYNC_FAILURES + 2 * failures] = handle;
    area[SYNC_FAILURES + 2 * failures + 1] = errno;
    failures++;
  }
  area[FAILURES] = failures;
}

/** Whoever was at the group is gone: nothing in it counts as synced. */
export function failGroup(area: Int32Array): void {
  const count = area[FILES]! + area[DIRECTORIES]!;
  for (let index = 0; index < count; index++) {
    area[SYNC_FAILURES + 2 * index] = area[SYNC_HANDLES + index]!;
    area[SYNC_FAILURES + 2 * index + 1] = EIO;
  }
  area[FAILURES] = count;
}

export function readFailures(area: Int32Array): FailedSync[] {
  return Array.from({ length: area[FAILURES]! }, (_, index) => ({
    file: area[SYNC_FAILURES + 2 * index]!,
    code: errorName(area[SYNC_FAILURES + 2 * index + 1]!),
  }));
}

function errorName(errno: number): string {
  return getSystemErrorName(-(errno || EIO));
}
