/**
 * The data folder as a whole: `cambium.meta`, which says what it is and counts the starts, and the folders in it.
 * The folder must be locked (folder-lock.ts) before it is opened.
 */
import { dirname, resolve } from "node:path";
import { BrokerError } from "../base/errors.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { readExpectedEnds } from "./checkpoint.ts";
import type { Disk } from "./disk.ts";
import { beginMetadata, type LoadedMetadata, loadMetadata } from "./metadata-log.ts";
import { decodeSealedJson, replaceSealedJson } from "./sealed-json.ts";

/** Version of everything below the data folder. A folder of a newer one is refused (contract B8). */
export const LAYOUT_VERSION = 1;
const META = "cambium.meta";
/** What was acknowledged may lie in a journal alone (contract D3). */
const JOURNAL = "journal";
/** Incompatible features that this version understands. An unknown one makes the folder unreadable for us. */
const INCOMPATIBLE_FEATURES: readonly string[] = [JOURNAL];

export interface FolderMeta {
  readonly layout: number;
  /** Features that an older version may ignore. */
  readonly compatible: readonly string[];
  /** Features without which the folder must not be opened. */
  readonly incompatible: readonly string[];
  readonly clusterId: string;
  readonly nodeId: number;
  readonly folderId: string;
  /** How often a broker was started on this folder (contract A4). */
  readonly incarnation: number;
  /** Of the machine's start during which the folder's logs were last recovered; "": unknown. */
  readonly bootId: string;
  /** The version of the product that wrote this last. */
  readonly writtenBy: string;
}

export interface OpenedFolder {
  readonly meta: FolderMeta;
  /** As it was before this start; null for a new folder. */
  readonly previous: FolderMeta | null;
  /** The machine was not restarted since, so the page cache kept what was written (contract E2). */
  readonly sameBoot: boolean;
  readonly metadata: LoadedMetadata;
}

export interface FolderOpening {
  readonly version: string;
  readonly bootId: string;
  /** From now on there may be a journal. */
  readonly journal: boolean;
  /** A new random UUID as text. */
  newId(): string;
}

export const folders = {
  topics: (data: string): string => `${data}/topics`,
  metadata: (data: string): string => `${data}/metadata`,
  quarantine: (data: string): string => `${data}/quarantine`,
  journal: (data: string): string => `${data}/journal`,
  partition: (data: string, topic: string, partition: number): string => `${data}/topics/${topic}-${partition}`,
};

/**
 * Opens or makes a data folder and counts this start: the raised incarnation is durable when this returns.
 *
 * @throws BrokerError LAYOUT_UNSUPPORTED the folder needs a newer version
 * @throws BrokerError LOG_DAMAGED cambium.meta or the metadata log cannot be read, is missing, is another folder's or has lost
 *   what was durable
 * @throws DiskError
 */
export function openDataFolder(disk: Disk, data: string, opening: FolderOpening, crc32c: Crc32c): OpenedFolder {
  disk.makeDirectory(data);
  const previous = readMeta(disk, data, crc32c);
  const sameBoot = isSameBoot(previous, opening.bootId);
  const meta: FolderMeta = {
    layout: LAYOUT_VERSION,
    compatible: previous?.compatible ?? [],
    incompatible: [...new Set([...(previous?.incompatible ?? []), ...(opening.journal ? [JOURNAL] : [])])],
    clusterId: previous?.clusterId ?? opening.newId(),
    nodeId: previous?.nodeId ?? 1,
    folderId: previous?.folderId ?? opening.newId(),
    incarnation: (previous?.incarnation ?? 0) + 1,
    // Until recovery is done nobody may rely on this boot's page cache: what a power cut tore is still torn.
    bootId: previous === null ? opening.bootId : previous.bootId,
    writtenBy: opening.version,
  };
  disk.makeDirectory(folders.topics(data));
  disk.makeDirectory(folders.metadata(data));
  disk.makeDirectory(folders.journal(data));
  disk.syncDirectory(data);
  // Before the meta: a folder that has one and no log of metadata has lost it.
  const metadata =
    previous === null
      ? beginMetadata(disk, folders.metadata(data), meta.folderId, crc32c)
      : loadMetadata(
          disk,
          folders.metadata(data),
          meta.folderId,
          { expected: readExpectedEnds(disk, data, previous, crc32c), sameBoot },
          crc32c,
        );
  replaceSealedJson(disk, data, META, meta, crc32c);
  // A new folder's own name lies in its parent.
  if (previous === null) disk.syncDirectory(dirname(resolve(data)));
  return { meta, previous, sameBoot, metadata };
}

/** Was the machine not restarted since the folder's logs were recovered last? Where a boot has no id, nobody knows. */
export function isSameBoot(meta: FolderMeta | null, bootId: string): boolean {
  return meta !== null && meta.bootId !== "" && meta.bootId === bootId;
}

/** Notes that the folder's logs were recovered in this boot: what is written from now on outlives the process (contract E2). */
export function noteRecovered(disk: Disk, data: string, meta: FolderMeta, bootId: string, crc32c: Crc32c): void {
  if (meta.bootId !== bootId) replaceSealedJson(disk, data, META, { ...meta, bootId }, crc32c);
}

/** Reads `cambium.meta` and checks that this version may open the folder. @returns null for a new folder */
export function readMeta(disk: Disk, data: string, crc32c: Crc32c): FolderMeta | null {
  const bytes = disk.readFile(`${data}/${META}`);
  if (bytes === null) {
    if (disk.list(folders.topics(data)).length === 0) return null;
    throw new BrokerError(
      "LOG_DAMAGED",
      `${data} holds topics but no ${META}; it is not opened, so that nothing in it is lost`,
    );
  }
  const meta = decodeSealedJson(bytes, crc32c) as FolderMeta | null;
  if (meta === null)
    throw new BrokerError("LOG_DAMAGED", `${data}/${META} is damaged; restore it from a backup. Nothing was changed`);
  if (meta.layout > LAYOUT_VERSION) {
    throw new BrokerError(
      "LAYOUT_UNSUPPORTED",
      `${data} has layout ${meta.layout}, this version reads up to ${LAYOUT_VERSION}; cambium ${meta.writtenBy} or newer can open it`,
    );
  }
  const unknown = meta.incompatible.filter((feature) => !INCOMPATIBLE_FEATURES.includes(feature));
  if (unknown.length > 0) {
    throw new BrokerError(
      "LAYOUT_UNSUPPORTED",
      `${data} uses ${unknown.join(", ")}, which this version does not know; cambium ${meta.writtenBy} or newer can open it`,
    );
  }
  return meta;
}

/** @returns the machine's boot id, "" where the system has none */
export function readBootId(disk: Disk): string {
  const bytes = disk.readFile("/proc/sys/kernel/random/boot_id");
  return bytes === null ? "" : new TextDecoder().decode(bytes).trim();
}
