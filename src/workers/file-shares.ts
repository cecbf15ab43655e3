/**
 * Who may have how many of the files that the process may have open (`ulimit -n`): half of them connections, three sixteenths
 * open logs, two those that wait for a sync, one the folders of a group that is synced; the rest is for reads and Node itself.
 */
import { processFilesMax } from "../storage/process-files.ts";
import { ENTRIES_MAX, OPEN_FILES_MAX } from "./shared-memory.ts";

/** Besides shares: what the process has open before anybody came. */
const OWN_FILES = 32;
const LEAST = 16;

export interface FileShares {
  readonly connections: number;
  /** Open logs, of three files each. */
  readonly logs: number;
  /** Files of all logs that are complete and wait for a sync. */
  readonly unsynced: number;
}

export function fileShares(filesMax: number = processFilesMax()): FileShares {
  const sixteenth = Math.floor(Math.min(filesMax, OPEN_FILES_MAX) / 16);
  return {
    connections: Math.max(LEAST, Math.floor(filesMax / 2) - OWN_FILES),
    logs: Math.min(ENTRIES_MAX, Math.max(LEAST, sixteenth)),
    unsynced: Math.max(LEAST, 2 * sixteenth),
  };
}
