/**
 * The small files of a partition's folder: whose it is, at which offsets its leader epochs began, and snapshots of its
 * producers. Each is replaced as a whole, and made durable by the log's next sync, before anything that needs it is
 * acknowledged.
 */
import type { TopicId } from "../base/topic-id.ts";
import { DiskError } from "./disk.ts";
import { LEADER_EPOCH_FILE, type LeaderEpochs } from "./leader-epochs.ts";
import type { LogEnvironment } from "./partition-log.ts";
import { encodePartitionMetadata, PARTITION_METADATA_FILE } from "./partition-metadata.ts";
import type { Producers } from "./producers.ts";
import { parseSegmentFileName, segmentFileName } from "./segment-files.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

/**
 * Snapshots of the producers that are kept. The checkpoint on disk is a second old at most and names one of them; each roll
 * since has written two. Without the one that it names, recovery would have to read everything (contract E3).
 */
const SNAPSHOTS_KEPT = 10;

/** Which log it is, and where. */
export interface LogIdentity {
  /** Address of the published numbers. */
  readonly entry: number;
  readonly topicId: TopicId;
  /** The folder that holds all partitions' folders. */
  readonly parent: string;
  readonly folder: string;
}

export class PartitionFiles {
  readonly #environment: LogEnvironment;
  readonly #identity: LogIdentity;
  readonly #unsynced: UnsyncedFiles;
  #isFolderMade = false;
  /** It was not there before. */
  #isFolderNew = false;
  /** Offsets of the producers' snapshots in the folder, newest first; null: not looked at yet. */
  #snapshots: readonly number[] | null = null;

  constructor(environment: LogEnvironment, identity: LogIdentity, unsynced: UnsyncedFiles) {
    this.#environment = environment;
    this.#identity = identity;
    this.#unsynced = unsynced;
  }

  /** Makes the folder. @throws DiskError call again */
  makeFolder(): void {
    if (this.#isFolderMade) return;
    const { disk } = this.#environment;
    this.#isFolderNew ||= disk.status(this.#identity.folder) === null;
    disk.makeDirectory(this.#identity.folder);
    this.#unsynced.changed(this.#identity.parent);
    this.#replace(PARTITION_METADATA_FILE, encodePartitionMetadata(this.#identity.topicId));
    this.#isFolderMade = true;
  }

  /** Takes a new folder back that the log's first segment had no room in. @throws DiskError some of it may still be there */
  removeNewFolder(): void {
    if (!this.#isFolderNew) return;
    this.#isFolderMade = false;
    this.#unsynced.abandon();
    this.#environment.disk.remove(this.#identity.folder);
    this.#unsynced.forgetFolders();
    this.#isFolderNew = false;
  }

  /** @throws DiskError */
  writeEpochs(epochs: LeaderEpochs): void {
    this.#replace(LEADER_EPOCH_FILE, epochs.encode());
  }

  /**
   * Writes whose the folder is, and the epochs, over themselves: a sync that failed may have been theirs, and the kernel syncs
   * nothing again that it was not given again.
   *
   * @throws DiskError
   */
  writeAgain(epochs: LeaderEpochs): void {
    const { disk } = this.#environment;
    const { folder, topicId } = this.#identity;
    const files = [
      [PARTITION_METADATA_FILE, encodePartitionMetadata(topicId)],
      [LEADER_EPOCH_FILE, epochs.encode()],
    ] as const;
    for (const [name, bytes] of files) {
      const file = disk.open(`${folder}/${name}`, "write");
      this.#unsynced.retire(file);
      disk.write(file, bytes, 0);
    }
    this.#unsynced.changed(folder);
  }

  /** Contract G2. @param end the snapshot covers the log below it @throws DiskError */
  writeSnapshot(producers: Producers, end: number): void {
    const { disk, crc32c } = this.#environment;
    const { folder } = this.#identity;
    this.#replace(segmentFileName(end, "producers"), producers.encodeSnapshot(end, crc32c));
    // Listed once: a folder of many segments is slow to list.
    this.#snapshots ??= disk.list(folder).flatMap((name) => {
      const file = parseSegmentFileName(name);
      return file?.kind === "producers" ? [file.base] : [];
    });
    const older = this.#snapshots.filter((offset) => offset < end).sort((left, right) => right - left);
    const kept = [end, ...older.slice(0, SNAPSHOTS_KEPT - 1)];
    // Also those above the end: they were taken before a failed sync cut the log.
    const obsolete = this.#snapshots.filter((offset) => !kept.includes(offset));
    this.#snapshots = kept;
    for (const offset of obsolete) disk.remove(`${folder}/${segmentFileName(offset, "producers")}`);
  }

  #replace(name: string, bytes: Uint8Array): void {
    const { disk } = this.#environment;
    const { folder } = this.#identity;
    const path = `${folder}/${name}`;
    const temporary = `${path}.tmp`;
    disk.remove(temporary);
    const file = disk.open(temporary, "create");
    try {
      disk.write(file, bytes, 0);
      // A power cut may keep the new name and not the bytes. What is replaced must not be lost to half of a new one.
      if (disk.status(path) !== null) disk.sync(file);
      disk.rename(temporary, path);
    } catch (error) {
      disk.close(file);
      if (error instanceof DiskError) disk.remove(temporary);
      throw error;
    }
    this.#unsynced.retire(file);
    this.#unsynced.changed(folder);
  }
}
