/** What a data folder holds, as its files say; for reading only, also while a broker runs on it. */

import { type ExpectedEnds, readExpectedEnds } from "../storage/checkpoint.ts";
import { type FolderMeta, folders, isSameBoot, readBootId, readMeta } from "../storage/data-folder.ts";
import type { Disk } from "../storage/disk.ts";
import { LEADER_EPOCH_FILE, type LeaderEpoch, LeaderEpochs } from "../storage/leader-epochs.ts";
import { inspectMetadata } from "../storage/metadata-log.ts";
import { readPartitionTopic } from "../storage/partition-metadata.ts";
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
import { deletedTopicsIn, type FolderTopic, topicsIn } from "./folder-topics.ts";

type Reading = Pick<ScanEnvironment, "disk" | "crc32c">;

export interface FolderView {
  /** null: a folder of partitions without it, from Kafka for one, or it is damaged. */
  readonly meta: FolderMeta | null;
  /** What is wrong with the files of the folder itself. */
  readonly problems: readonly FileProblem[];
  /** The last broker was stopped in order, and none was started since. */
  readonly isClean: boolean;
  readonly partitions: readonly PartitionFolder[];
}

/** Something wrong with a small file, and what that means. */
export interface FileProblem {
  readonly file: string;
  readonly problem: string;
  /** While a broker is at work it is no problem. */
  readonly isUsualInUse?: boolean;
}

export interface PartitionFolder {
  /** "<topic>-<partition>" */
  readonly name: string;
  readonly path: string;
  /** "unwritten": nothing was ever written to it; "memory": nothing of it ever is on disk. */
  readonly files: "present" | "unwritten" | "memory";
  /** Of its topic, as the metadata log says; "": it knows no such partition; null: there is no telling. */
  readonly topicId: string | null;
  /** What the checkpoint or the clean mark says of its log; null: nothing. */
  readonly expected: ExpectedEnds["logs"][string] | null;
}

export interface PartitionView {
  readonly topicId: string | null;
  readonly epochs: readonly LeaderEpoch[];
  readonly segments: readonly SegmentView[];
  /** It has files that only a Cambium writes. In another program's log offsets may be missing. */
  readonly isOwn: boolean;
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
  if (isPartition(disk, data)) {
    const name = data.replace(/\/+$/, "").replace(/.*\//, "");
    const partition = { name, path: data, files: "present", topicId: null, expected: null } as const;
    return { meta: null, problems: [], isClean: false, partitions: [partition] };
  }
  const problems: FileProblem[] = [];
  const problem = (file: string, problem: string, isUsual = false): void => {
    problems.push({ file: `${data}/${file}`, problem, isUsualInUse: isUsual });
  };
  let meta: FolderMeta | null = null;
  try {
    meta = readMeta(disk, data, crc32c);
    if (meta === null) throw new UsageError(`${data} is no data folder: it has no cambium.meta`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    problem("cambium.meta", `${failureOf(error).message}. No cache: no broker starts on the folder`);
  }
  const expected = readExpectedEnds(disk, data, meta, crc32c);
  for (const name of expected.damaged) problem(name, DAMAGED_TABLE);
  const topics = folders.topics(data);
  const names = disk.list(topics).filter((name) => isPartition(disk, `${topics}/${name}`));
  // Behind the list: a topic is in the log before its partitions have files.
  let records: readonly unknown[] | null = null;
  try {
    const sameBoot = isSameBoot(meta, readBootId(disk));
    const found = inspectMetadata(disk, folders.metadata(data), { expected, sameBoot }, crc32c);
    const isOurs = found !== null && found.owner !== null && (meta === null || found.owner === meta.folderId);
    if (found === null) problem(METADATA_LOG, `missing. ${METADATA_MEANING}`);
    else if (!isOurs) problem(METADATA_LOG, `it does not begin with this folder's id. ${METADATA_MEANING}`);
    else if (found.damage !== null) problem(METADATA_LOG, `it ${found.damage}. ${METADATA_MEANING}`, expected.clean);
    else ({ records } = found);
    const torn = isOurs && found.damage === null ? found.tail?.bytes : 0;
    if (torn) problem(METADATA_LOG, `its last ${torn} bytes are no record. ${TORN}`, true);
  } catch (error) {
    problem(METADATA_LOG, `${failureOf(error).message}. ${METADATA_MEANING}`);
  }
  const partitions = partitionsOf(topics, names, records, expected);
  return { meta, problems, isClean: expected.clean, partitions };
}

const METADATA_LOG = "metadata/metadata.log";
const METADATA_MEANING = "No cache: it is what knows the topics, and no broker starts without it";
const TORN =
  "A crash leaves such an end, which was never acknowledged and which the next start cuts; where none came, a change of topics is lost";
const DAMAGED_TABLE =
  "damaged. It holds how far each log was durable; the next start reads logs that only it knew from their beginning, and cannot tell a lost end of them from a torn one";

/** @param records of the metadata log; null: they cannot be read */
function partitionsOf(
  topics: string,
  names: readonly string[],
  records: readonly unknown[] | null,
  { logs }: ExpectedEnds,
): readonly PartitionFolder[] {
  const found = new Map<string, PartitionFolder>();
  for (const topic of topicsIn(records ?? [])) {
    for (const partition of withoutFiles(topic, topics)) found.set(partition.name, partition);
  }
  const deleted = deletedTopicsIn(records ?? []);
  for (const name of names) {
    const isKnown = records !== null && !deleted.has(split(name)[0]);
    const topicId = found.get(name)?.topicId ?? (isKnown ? "" : null);
    found.set(name, { name, path: `${topics}/${name}`, files: "present", topicId, expected: null });
  }
  return [...found.values()]
    .map((partition) => {
      const { [partition.name]: expected } = logs;
      // One of another id is of an older topic of that name.
      const isOurs = expected !== undefined && (!partition.topicId || expected.topicId === partition.topicId);
      return isOurs ? { ...partition, expected } : partition;
    })
    .sort((left, right) => byTopicAndNumber(left.name, right.name));
}

function withoutFiles({ name, id, partitions, isMemory }: FolderTopic, topics: string): PartitionFolder[] {
  return Array.from({ length: partitions }, (_, index) => ({
    name: `${name}-${index}`,
    path: `${topics}/${name}-${index}`,
    files: isMemory ? "memory" : "unwritten",
    topicId: id,
    expected: null,
  }));
}

export function viewPartition({ disk, crc32c }: Reading, { path }: PartitionFolder): PartitionView {
  const files = disk.list(path).map(parseSegmentFileName);
  const bases = files.flatMap((file) => (file?.kind === "log" ? [file.base] : [])).sort((left, right) => left - right);
  const segments = bases.map((base) => viewSegment({ disk, crc32c }, path, base));
  // Behind the sizes: an epoch is in its file before its first batch is in the log.
  const topicId = readPartitionTopic(disk, path);
  const epochs = disk.readFile(`${path}/${LEADER_EPOCH_FILE}`);
  return {
    topicId,
    epochs: (epochs === null ? null : LeaderEpochs.decode(epochs))?.entries ?? [],
    segments,
    isOwn: files.some((file) => file !== null && file.kind !== "log"),
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

/** The data folder that holds a partition's folder, or the folder itself. */
export function dataFolderOf({ disk }: Reading, path: string): string {
  return isPartition(disk, path) ? `${path}/../..` : path;
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
