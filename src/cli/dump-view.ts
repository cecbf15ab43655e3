/** What `cambium dump` says, one line or paragraph for each thing it meets; "" for nothing. */
import type { RecordCursor } from "../client/index.ts";
import type { FileProblem, FolderView, PartitionFolder, PartitionView, SegmentView } from "./data-folder-view.ts";
import type { SegmentItem } from "./segment-items.ts";

/** What was found in a segment, or in everything. */
export interface Tally {
  batches: number;
  records: number;
  bytes: number;
  /** Batches that are not good, and places that are no batch. */
  bad: number;
  /** Of files beside the batches, and of how segments join. */
  problems: number;
}

export function emptyTally(): Tally {
  return { batches: 0, records: 0, bytes: 0, bad: 0, problems: 0 };
}

export interface DumpView {
  /** @param isInUse a broker holds it, so files change while they are read */
  folder(view: FolderView, data: string, isInUse: boolean): string;
  partition(folder: PartitionFolder, view: PartitionView): string;
  /** @param withItems its batches follow */
  segment(partition: string, segment: SegmentView, withItems: boolean): string;
  item(partition: string, segment: SegmentView, item: SegmentItem): string;
  record(partition: string, record: RecordCursor): string;
  problem(partition: string, segment: SegmentView, problem: string): string;
  /** @param partition null: of the folder itself */
  fileProblem(partition: string | null, problem: FileProblem): string;
  segmentEnd(partition: string, segment: SegmentView, tally: Tally, nextOffset: number): string;
  end(tally: Tally): string;
}

const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"];

/** The bits of a batch's attributes, by name. */
export function attributesOf(attributes: number): {
  readonly codec: string;
  readonly timestampType: "create" | "append";
  readonly transactional: boolean;
  readonly control: boolean;
} {
  return {
    codec: CODECS[attributes & 7] ?? `codec ${attributes & 7}`,
    timestampType: (attributes & 8) === 0 ? "create" : "append",
    transactional: (attributes & 16) !== 0,
    control: (attributes & 32) !== 0,
  };
}
