/** What a data folder holds, as its files say; for reading only, also while a broker runs on it. */

import { type FolderMeta, folders, readMeta } from "../storage/data-folder.ts";
import type { Disk } from "../storage/disk.ts";
import { LEADER_EPOCH_FILE, type LeaderEpoch, LeaderEpochs } from "../storage/leader-epochs.ts";
import { readMetadata } from "../storage/metadata-log.ts";
import { decodePartitionMetadata, PARTITION_METADATA_FILE } from "../storage/partition-metadata.ts";
import {
  decodeIndexHeader,
  decodeSeal,
  INDEX_HEADER_SIZE,
  INDEX_KIND_DENSE,
  INDEX_KIND_TIMES,
  parseSegmentFileName,
  type Seal,
  segmentFileName,
} from "../storage/segment-files.ts";
import type { ScanEnvironment } from "../storage/segment-scan.ts";
import { TIMES_ENTRY_SIZE } from "../storage/time-index.ts";
import { UsageError } from "./command-error.ts";
import { failureOf } from "./failure.ts";
import { type FolderTopic, topicsIn } from "./folder-topics.ts";

type Reading = Pick<ScanEnvironment, "disk" | "crc32c">;

export interface FolderView {
  /** null: a folder of partitions without it, from Kafka for one, or it is damaged. */
  readonly meta: FolderMeta | null;
  /** Why there is no meta, "": it is no data folder of ours. */
  readonly metaProblem: string;
  /** The last broker was stopped in order, and none was started since. */
  readonly isClean: boolean;
  readonly partitions: readonly PartitionFolder[];
}

export interface PartitionFolder {
  /** "<topic>-<partition>" */
  readonly name: string;
  readonly path: string;
  /** "unwritten": nothing was ever written to it; "memory": nothing of it ever is on disk. */
  readonly files: "present" | "unwritten" | "memory";
}

export interface PartitionView {
  readonly topicId: string | null;
  readonly epochs: readonly LeaderEpoch[];
  readonly segments: readonly SegmentView[];
}

/** "none": there is no such file, which is in order for the active segment's seal and for an index that will be rebuilt. */
export type FileState = "ok" | "BAD" | "none";

export interface SegmentView {
  readonly base: number;
  readonly path: string;
  readonly size: number;
  readonly seal: Seal | null;
  readonly sealState: FileState;
  readonly slotsState: FileState;
  /** Entries in the `.slots` file; those of the page in a running broker's memory are not in it yet. */
  readonly slots: number;
  readonly timesState: FileState;
  readonly times: number;
}

/**
 * @param data a data folder, or the folder of one partition
 * @throws UsageError it is neither
 */
export function viewFolder({ disk, crc32c }: Reading, data: string): FolderView {
  const isClean = disk.status(`${data}/clean`) !== null;
  if (isPartition(disk, data)) {
    const name = data.replace(/\/+$/, "").replace(/.*\//, "");
    return { meta: null, metaProblem: "", isClean, partitions: [{ name, path: data, files: "present" }] };
  }
  let meta: FolderMeta | null = null;
  let metaProblem = "";
  try {
    meta = readMeta(disk, data, crc32c);
  } catch (error) {
    metaProblem = failureOf(error).message;
  }
  if (meta === null && metaProblem === "") throw new UsageError(`${data} is no data folder: it has no cambium.meta`);
  const topics = folders.topics(data);
  const names = disk.list(topics).filter((name) => isPartition(disk, `${topics}/${name}`));
  const found = new Map<string, PartitionFolder>();
  try {
    const records = readMetadata(disk, folders.metadata(data), crc32c) ?? [];
    for (const topic of topicsIn(records)) {
      for (const partition of withoutFiles(topic, topics)) found.set(partition.name, partition);
    }
  } catch (error) {
    metaProblem = [metaProblem, failureOf(error).message].filter((problem) => problem !== "").join("; ");
  }
  for (const name of names) found.set(name, { name, path: `${topics}/${name}`, files: "present" });
  const partitions = [...found.values()].sort((left, right) => byTopicAndNumber(left.name, right.name));
  return { meta, metaProblem, isClean, partitions };
}

function withoutFiles({ name, partitions, isMemory }: FolderTopic, topics: string): PartitionFolder[] {
  return Array.from({ length: partitions }, (_, index) => ({
    name: `${name}-${index}`,
    path: `${topics}/${name}-${index}`,
    files: isMemory ? "memory" : "unwritten",
  }));
}

export function viewPartition({ disk, crc32c }: Reading, { path }: PartitionFolder): PartitionView {
  const metadata = disk.readFile(`${path}/${PARTITION_METADATA_FILE}`);
  const epochs = disk.readFile(`${path}/${LEADER_EPOCH_FILE}`);
  const files = disk.list(path).map(parseSegmentFileName);
  const bases = files.flatMap((file) => (file?.kind === "log" ? [file.base] : [])).sort((left, right) => left - right);
  return {
    topicId: metadata === null ? null : decodePartitionMetadata(metadata),
    epochs: (epochs === null ? null : LeaderEpochs.decode(epochs))?.entries ?? [],
    segments: bases.map((base) => viewSegment({ disk, crc32c }, path, base)),
  };
}

function viewSegment({ disk, crc32c }: Reading, folder: string, base: number): SegmentView {
  const path = `${folder}/${segmentFileName(base, "log")}`;
  const sealBytes = disk.readFile(`${folder}/${segmentFileName(base, "seal")}`);
  const seal = sealBytes === null ? null : decodeSeal(sealBytes, crc32c);
  const index = (kind: "slots" | "times"): { state: FileState; bytes: number } => {
    const file = `${folder}/${segmentFileName(base, kind)}`;
    const size = disk.status(file)?.size;
    if (size === undefined) return { state: "none", bytes: 0 };
    const header = decodeIndexHeader(
      firstBytes(disk, file),
      kind === "slots" ? INDEX_KIND_DENSE : INDEX_KIND_TIMES,
      crc32c,
    );
    return { state: header?.base === base ? "ok" : "BAD", bytes: Math.max(0, size - INDEX_HEADER_SIZE) };
  };
  const slots = index("slots");
  const times = index("times");
  return {
    base,
    path,
    size: disk.status(path)?.size ?? 0,
    seal,
    sealState: sealBytes === null ? "none" : seal?.base === base ? "ok" : "BAD",
    slotsState: slots.state,
    slots: Math.floor(slots.bytes / SLOT_SIZE),
    timesState: times.state,
    times: Math.floor(times.bytes / TIMES_ENTRY_SIZE),
  };
}

export const SLOT_SIZE = 4;

function firstBytes(disk: Disk, path: string): Uint8Array {
  const file = disk.open(path, "read");
  try {
    const bytes = new Uint8Array(INDEX_HEADER_SIZE);
    return bytes.subarray(0, disk.read(file, bytes, 0));
  } finally {
    disk.close(file);
  }
}

function isPartition(disk: Disk, folder: string): boolean {
  return disk.list(folder).some((name) => parseSegmentFileName(name)?.kind === "log");
}

function byTopicAndNumber(left: string, right: string): number {
  const [leftTopic, leftNumber] = split(left);
  const [rightTopic, rightNumber] = split(right);
  return leftTopic === rightTopic ? leftNumber - rightNumber : leftTopic < rightTopic ? -1 : 1;
}

function split(name: string): [topic: string, partition: number] {
  const at = name.lastIndexOf("-");
  return [name.slice(0, at), Number(name.slice(at + 1))];
}
