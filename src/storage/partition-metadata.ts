/** `partition.metadata`: which topic a partition's folder belongs to, in Kafka's format ("version: 0", "topic_id: base64url"). */
import type { TopicId } from "../base/topic-id.ts";
import type { Disk } from "./disk.ts";

export const PARTITION_METADATA_FILE = "partition.metadata";

export function encodePartitionMetadata(topicId: TopicId): Uint8Array {
  return new TextEncoder().encode(`version: 0\ntopic_id: ${topicId}\n`);
}

/** @returns null when the file is not whole and well formed */
export function decodePartitionMetadata(bytes: Uint8Array): TopicId | null {
  const match = /^version: 0\ntopic_id: ([A-Za-z0-9_-]{22})\n?$/.exec(new TextDecoder().decode(bytes));
  return match === null ? null : (match[1] as TopicId);
}

/** @returns the id of the topic that the folder's own file names; null: there is none, or it is not whole */
export function readPartitionTopic(disk: Disk, folder: string): TopicId | null {
  const bytes = disk.readFile(`${folder}/${PARTITION_METADATA_FILE}`);
  return bytes === null ? null : decodePartitionMetadata(bytes);
}
