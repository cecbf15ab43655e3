/**
 * Holds what a partition's folder holds beside its segments, and how these join, against one another and against what the
 * data folder knows of the log (`cambium dump --verify`).
 */
import { LEADER_EPOCH_FILE, LeaderEpochs } from "../storage/leader-epochs.ts";
import { decodePartitionMetadata, PARTITION_METADATA_FILE } from "../storage/partition-metadata.ts";
import { Producers } from "../storage/producers.ts";
import { parseSegmentFileName } from "../storage/segment-files.ts";
import type { ScanEnvironment } from "../storage/segment-scan.ts";
import type { FileProblem, PartitionFolder, PartitionView, SegmentView } from "./data-folder-view.ts";

const EPOCHS_MEANING = "No cache: it is what tells a damaged epoch in a batch";
const OWNER_MEANING = "No cache, though the metadata log knows the same: it ties the folder to its topic";
const SNAPSHOT_MEANING = "A cache: an older one or the log itself is read in its place";
const MISSING_MEANING = "the broker does not open such a log, or reports the offsets as damaged";

/** Where a segment's batches end. */
export interface SegmentEnd {
  readonly nextOffset: number;
  /** Every batch was good, so they do end there. */
  readonly isWhole: boolean;
}

export class PartitionCheck {
  readonly #folder: PartitionFolder;
  readonly #view: PartitionView;
  readonly #problems: FileProblem[] = [];
  /** Offset at which the next segment begins; -1: not known. */
  #end = -1;

  constructor(folder: PartitionFolder, view: PartitionView) {
    this.#folder = folder;
    this.#view = view;
    this.#checkBeginning();
  }

  /** Told of every segment in order. */
  segment({ base, seal, path }: SegmentView, { nextOffset, isWhole }: SegmentEnd): void {
    if (this.#isForeign) return;
    if (this.#end >= 0 && base !== this.#end) {
      const [how, from, to] = base > this.#end ? ["missing", this.#end, base] : ["in two segments", base, this.#end];
      this.#found(path, `offsets ${from} to ${to - 1} before it are ${how}: ${MISSING_MEANING}`);
    }
    this.#end = isWhole ? nextOffset : (seal?.nextOffset ?? -1);
  }

  /**
   * @param nextOffset offset behind the last good batch
   * @param isSettled the last broker was stopped in order: no crash can have taken a part
   * @returns what is wrong
   */
  finish(
    environment: Pick<ScanEnvironment, "disk" | "crc32c">,
    nextOffset: number,
    isSettled: boolean,
  ): readonly FileProblem[] {
    const { expected, path } = this.#folder;
    if (expected !== null && expected.synced.end > expected.logStartOffset) {
      const { base, end } = expected.synced;
      if (nextOffset < end) this.#found(path, `offsets ${nextOffset} to ${end - 1} were durable and are not there`);
      else if (!this.#view.segments.some((segment) => segment.base === base)) {
        this.#found(path, `segment ${base} was durable and is missing: ${MISSING_MEANING}`);
      }
    }
    if (this.#view.segments.length > 0 && !this.#isForeign) {
      this.#checkSmallFiles(environment, isSettled ? nextOffset : Number.POSITIVE_INFINITY);
    }
    return this.#problems;
  }

  /** Another program's log may have gaps and lack our files. */
  get #isForeign(): boolean {
    return !this.#view.isOwn && this.#folder.expected === null;
  }

  #found(file: string, problem: string): void {
    this.#problems.push({ file, problem });
  }

  #checkBeginning(): void {
    const { expected, path, topicId } = this.#folder;
    const first = this.#view.segments[0]?.base;
    if (topicId === "") this.#found(path, "the metadata log knows no such partition");
    if (expected === null || first === undefined || first <= expected.logStartOffset) return;
    this.#found(
      path,
      `offsets ${expected.logStartOffset} to ${first - 1}, where the log begins, are missing: ${MISSING_MEANING}`,
    );
  }

  #checkSmallFiles({ disk, crc32c }: Pick<ScanEnvironment, "disk" | "crc32c">, endMax: number): void {
    const { path, topicId, expected } = this.#folder;
    const owner = disk.readFile(`${path}/${PARTITION_METADATA_FILE}`);
    const id = owner === null ? null : decodePartitionMetadata(owner);
    const known = topicId || expected?.topicId;
    if (id === null) this.#found(`${path}/${PARTITION_METADATA_FILE}`, `${state(owner)}. ${OWNER_MEANING}`);
    else if (known && id !== known) {
      this.#found(
        `${path}/${PARTITION_METADATA_FILE}`,
        `it says topic id ${id}, the topic's is ${known}. ${OWNER_MEANING}`,
      );
    }
    this.#checkEpochs(disk.readFile(`${path}/${LEADER_EPOCH_FILE}`), endMax);
    for (const name of disk.list(path)) {
      const file = parseSegmentFileName(name);
      const bytes = file?.kind === "producers" ? disk.readFile(`${path}/${name}`) : null;
      if (file !== null && bytes !== null && !isSnapshot(bytes, file.base, crc32c)) {
        this.#found(`${path}/${name}`, `damaged. ${SNAPSHOT_MEANING}`);
      }
    }
  }

  #checkEpochs(bytes: Uint8Array | null, endMax: number): void {
    const file = `${this.#folder.path}/${LEADER_EPOCH_FILE}`;
    const isEmpty = this.#view.segments.every(({ size }) => size === 0);
    if (bytes === null && isEmpty) return;
    const epochs = bytes === null ? null : LeaderEpochs.decode(bytes);
    // What it decodes to may have been written otherwise: a changed byte that is read as the same.
    if (epochs === null || Buffer.compare(epochs.encode(), bytes!) !== 0) {
      this.#found(file, `${state(bytes)}. ${EPOCHS_MEANING}`);
    } else if ((epochs.entries.at(-1)?.startOffset ?? 0) > endMax && this.#end >= 0) {
      this.#found(file, `epoch ${epochs.last} begins behind the log's end ${endMax}. ${EPOCHS_MEANING}`);
    }
  }
}

function state(bytes: Uint8Array | null): string {
  return bytes === null ? "missing" : "damaged";
}

function isSnapshot(bytes: Uint8Array, offset: number, crc32c: ScanEnvironment["crc32c"]): boolean {
  try {
    return new Producers().decodeSnapshot(bytes, crc32c) === offset;
  } catch {
    return false;
  }
}
