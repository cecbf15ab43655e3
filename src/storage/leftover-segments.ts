/**
 * Segments that were begun in vain and whose files the disk then refused to remove: empty ones, in the middle of a segment with
 * which the log had gone on. No other segment follows one before it is removed (log-segments.ts), but a power cut may take that back.
 */
import type { Disk } from "./disk.ts";
import type { LogCheckpoint } from "./partition-log.ts";
import { segmentFileName } from "./segment-files.ts";

/**
 * Those of which that can be told before anything is read. An empty last segment may also be one that the log had just rolled to.
 *
 * @param bases of all segments, in order
 */
export function leftoverSegments(
  disk: Disk,
  folder: string,
  bases: readonly number[],
  expected: LogCheckpoint | null,
): readonly number[] {
  const { synced, indexed } = expected ?? { synced: null, indexed: null };
  return bases.filter((base, index) => {
    const isInside = synced !== null && base > synced.base && base < synced.end;
    const isInQuestion = index > 0 && base > (indexed?.base ?? -1) && (isInside || index < bases.length - 1);
    return isInQuestion && isEmptySegment(disk, folder, base);
  });
}

export function isEmptySegment(disk: Disk, folder: string, base: number): boolean {
  return disk.status(`${folder}/${segmentFileName(base, "log")}`)?.size === 0;
}
