/**
 * Writes to the logs again what a crash left in a journal (contract D3), and removes it, before any log is looked at.
 *
 * A run of batches is written where its log, its topic and its place are still what they were: in a segment that is there and
 * reaches up to it, below the segment behind. A good batch that is there already, and another, is never written over.
 */

import type { TopicId } from "../base/topic-id.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import {
  BATCH_ATTRIBUTES_AT,
  BATCH_CRC_AT,
  BATCH_HEADER_SIZE,
  BATCH_LENGTH_AT,
  BATCH_LENGTH_OVERHEAD,
} from "../wasm/layout.ts";
import type { Disk, FileHandle } from "./disk.ts";
import { GROUP_ALIGNMENT, type JournalFrame, type JournalGroup, readGroup } from "./journal-group.ts";
import { readPartitionTopic } from "./partition-metadata.ts";
import { parseSegmentFileName, segmentFileName } from "./segment-files.ts";

export interface JournalReplay {
  /** Where the journal's files are; all of them, or those named. */
  readonly folder: string;
  readonly names?: readonly string[];
  /** The folder of the partitions' folders. */
  readonly topics: string;
  /** 16 bytes. */
  readonly folderId: Uint8Array;
}

/** @returns the id of the topic to which a partition's folder of this name belongs; null: there is none */
export type TopicIdOf = (folderName: string) => TopicId | null;

export interface ReplayReport {
  readonly groups: number;
  /** Runs of batches that were written to their logs again, and those that no longer belong there. */
  readonly written: number;
  readonly skipped: number;
  /** Groups between others that cannot be read: what they held is there only if its log has it. */
  readonly damaged: number;
}

/**
 * @param topicIdOf asked where a folder's own file does not say whose it is: a power cut may have taken that. null: the folder
 *   of that name is the one
 * @throws DiskError the journal is as it was; call again
 */
export function replayJournal(
  disk: Disk,
  replay: JournalReplay,
  topicIdOf: TopicIdOf | null,
  crc32c: Crc32c,
): ReplayReport {
  const paths = pathsOf(disk, replay);
  const groups = paths.flatMap((path) => groupsOf(disk.readFile(path)!, replay.folderId, crc32c));
  groups.sort((left, right) => left.generation - right.generation || left.sequence - right.sequence);
  const report = { groups: groups.length, written: 0, skipped: 0, damaged: missingOf(groups) };
  for (const [name, frames] of byFolder(groups)) {
    const folder = `${replay.topics}/${name}`;
    const topicId = readPartitionTopic(disk, folder) ?? topicIdOf?.(name);
    const ours = frames.filter((frame) => topicId === undefined || frame.topicId === topicId);
    const written = writeFrames(disk, folder, ours, crc32c);
    report.written += written;
    report.skipped += frames.length - written;
  }
  removeJournal(disk, replay);
  return report;
}

/** Of no use any more: every log has been synced itself. @throws DiskError */
export function removeJournal(disk: Disk, journal: JournalReplay): void {
  const paths = pathsOf(disk, journal);
  for (const path of paths) disk.remove(path);
  // Also where there are none: an earlier try may have removed them and failed to make that durable.
  disk.syncDirectory(journal.folder);
}

function pathsOf(disk: Disk, { folder, names = disk.list(folder) }: JournalReplay): string[] {
  return names.map((name) => `${folder}/${name}`).filter((path) => disk.status(path) !== null);
}

/** Every whole group of a file: behind one that was torn or damaged there may be others. */
function groupsOf(bytes: Uint8Array, folderId: Uint8Array, crc32c: Crc32c): JournalGroup[] {
  const groups: JournalGroup[] = [];
  for (let at = 0; at < bytes.length; ) {
    const group = readGroup(bytes, at, folderId, crc32c);
    if (group !== null) groups.push(group);
    at += group?.size ?? GROUP_ALIGNMENT;
  }
  return groups;
}

/** Groups that are missing between others of their generation, which is overwritten from its beginning. */
function missingOf(groups: readonly JournalGroup[]): number {
  return groups.reduce((missing, { generation, sequence }, index) => {
    const previous = groups[index - 1];
    return previous?.generation === generation ? missing + sequence - previous.sequence - 1 : missing;
  }, 0);
}

function byFolder(groups: readonly JournalGroup[]): Map<string, JournalFrame[]> {
  const frames = new Map<string, JournalFrame[]>();
  for (const frame of groups.flatMap((group) => group.frames)) {
    const known = frames.get(frame.folderName);
    if (known === undefined) frames.set(frame.folderName, [frame]);
    else known.push(frame);
  }
  return frames;
}

/** @returns how many were written; they are durable */
function writeFrames(disk: Disk, folder: string, frames: readonly JournalFrame[], crc32c: Crc32c): number {
  const bases = disk
    .list(folder)
    .map(parseSegmentFileName)
    .flatMap((file): number[] => (file?.kind === "log" ? [file.base] : []));
  /** By base, with the base of the segment behind. */
  const open = new Map<number, { readonly file: FileHandle; readonly nextBase: number }>();
  let written = 0;
  try {
    for (const frame of frames) {
      if (!bases.includes(frame.base)) continue;
      let segment = open.get(frame.base);
      if (segment === undefined) {
        const file = disk.open(`${folder}/${segmentFileName(frame.base, "log")}`, "write");
        segment = { file, nextBase: Math.min(...bases.filter((base) => base > frame.base)) };
        open.set(frame.base, segment);
      }
      if (writeFrame(disk, segment.file, frame, segment.nextBase, crc32c)) written++;
    }
    for (const { file } of open.values()) disk.sync(file);
  } finally {
    for (const { file } of open.values()) disk.close(file);
  }
  return written;
}

/** @param nextBase of the segment behind @returns whether anything of it was written */
function writeFrame(disk: Disk, file: FileHandle, frame: JournalFrame, nextBase: number, crc32c: Crc32c): boolean {
  const { batches, position } = frame;
  // A gap before it: what belongs there was durable in the log itself, and recovery says so.
  if (disk.size(file) < position) return false;
  const view = new DataView(batches.buffer, batches.byteOffset, batches.length);
  let end = 0;
  while (end < batches.length) {
    const size = BATCH_LENGTH_OVERHEAD + view.getInt32(end + BATCH_LENGTH_AT);
    const batch = batches.subarray(end, end + size);
    if (Number(view.getBigInt64(end)) >= nextBase || isReplaced(disk, file, position + end, batch, crc32c)) break;
    end += size;
  }
  if (end > 0) disk.write(file, batches.subarray(0, end), position);
  return end > 0;
}

/** Is there another good batch in its place? */
function isReplaced(disk: Disk, file: FileHandle, position: number, batch: Uint8Array, crc32c: Crc32c): boolean {
  const header = new Uint8Array(BATCH_HEADER_SIZE);
  if (disk.read(file, header, position) < header.length) return false;
  const view = new DataView(header.buffer);
  const length = view.getInt32(BATCH_LENGTH_AT);
  const size = BATCH_LENGTH_OVERHEAD + length;
  if (size < BATCH_HEADER_SIZE || position + size > disk.size(file)) return false;
  const found = new Uint8Array(size);
  disk.read(file, found, position);
  if (crc32c(found.subarray(BATCH_ATTRIBUTES_AT)) !== view.getUint32(BATCH_CRC_AT)) return false;
  return found.length !== batch.length || !sameBytes(found, batch);
}

/** Does `bytes` begin with `start`? */
function sameBytes(start: Uint8Array, bytes: Uint8Array): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}
