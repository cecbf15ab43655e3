/** Which topics a data folder's metadata log says there are: a partition that was never written has no files to show it. */

export interface FolderTopic {
  readonly name: string;
  readonly id: string;
  readonly partitions: number;
  /** Its records are in the broker's memory only. */
  readonly isMemory: boolean;
}

type MetadataRecord =
  | {
      readonly type: "topic";
      readonly name: string;
      readonly id: string;
      readonly partitions: number;
      readonly settings: Readonly<Record<string, string>>;
    }
  | { readonly type: "topicDeleted" | "topicForgotten"; readonly name: string };

/** @param records the log's, oldest first; those of other kinds say nothing about topics */
export function topicsIn(records: readonly unknown[]): readonly FolderTopic[] {
  const topics = new Map<string, FolderTopic>();
  for (const record of records as readonly MetadataRecord[]) {
    if (record.type === "topicDeleted") topics.delete(record.name);
    if (record.type !== "topic") continue;
    const { name, id, partitions, settings } = record;
    topics.set(name, { name, id, partitions, isMemory: settings["durability"] === "memory" });
  }
  return [...topics.values()];
}

/** @returns names of topics that were deleted, while their files may still be there */
export function deletedTopicsIn(records: readonly unknown[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { type, name } of records as readonly MetadataRecord[]) {
    if (type === "topicDeleted") names.add(name);
    if (type === "topicForgotten") names.delete(name);
  }
  return names;
}
