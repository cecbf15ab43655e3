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

/** How one handle is synced. `now` returns, and `beside` is told, an errno; 0: it went well. */
export interface HandleSync {
  now(handle: number): number;
  beside(handle: number, done: (errno: number) => void): void;
}

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

/**
 * Syncs every handle of the group, notes which failed, and closes them if that is wanted. Several at a time: their commits in
 * the file system's journal become one (docs/decisions/0002-syncs-side-by-side.md). One alone needs no turn of the event loop.
 */
export async function runGroup(
  area: Int32Array,
  file: HandleSync,
  directory: HandleSync,
  close: (handle: number) => void,
): Promise<void> {
  const files = area[FILES]!;
  const count = files + area[DIRECTORIES]!;
  let failures = 0;
  const ended = (handle: number, errno: number): void => {
    if (area[CLOSES] === 1) close(handle);
    if (errno === 0) return;
    area[SYNC_FAILURES + 2 * failures] = handle;
    area[SYNC_FAILURES + 2 * failures + 1] = errno;
    failures++;
  };
  const handleAt = (index: number): number => area[SYNC_HANDLES + index]!;
  const syncOf = (index: number): HandleSync => (index < files ? file : directory);
  if (count === 1) ended(handleAt(0), syncOf(0).now(handleAt(0)));
  else
    await sideBySide(
      count,
      (index, done) => syncOf(index).beside(handleAt(index), done),
      (index, errno) => ended(handleAt(index), errno),
    );
  area[FAILURES] = failures;
}

/** Runs `count` syncs and resolves when all have ended. */
function sideBySide(
  count: number,
  begin: (index: number, done: (errno: number) => void) => void,
  ended: (index: number, errno: number) => void,
): Promise<void> {
  if (count === 0) return Promise.resolve();
  return new Promise((resolve) => {
    let left = count;
    for (let index = 0; index < count; index++) {
      begin(index, (errno) => {
        ended(index, errno);
        if (--left === 0) resolve();
      });
    }
  });
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
