/**
 * Who may have how many of the files that the process may have open (`ulimit -n`), after what its threads take: half of them
 * connections, three sixteenths open logs, two those that wait for a sync, one the folders of a group that is synced; the rest
 * is for reads.
 */
import { BrokerError } from "../base/errors.ts";
import { processFilesMax } from "../storage/process-files.ts";
import { ENTRIES_MAX, OPEN_FILES_MAX } from "./shared-memory.ts";

/** What the process has open with no log worker, before anybody came: 31 on Linux. */
const OWN_FILES = 40;
/** Event loops and pipes of a log worker and its sync thread, 10 on Linux; and what one roll adds to a share that is full. */
const WORKER_FILES = 15;
/** Less is not worth sharing. */
const SHARED_FILES_MIN = 96;

export interface FileShares {
  readonly connections: number;
  /** Open logs, of three files each. */
  readonly logs: number;
  /** Files of all logs that are complete and wait for a sync. */
  readonly unsynced: number;
}

/** @throws BrokerError LIMIT_EXCEEDED  too few for a broker with so many log workers */
export function fileShares(logWorkers: number, filesMax: number = processFilesMax()): FileShares {
  const ownFiles = OWN_FILES + logWorkers * WORKER_FILES;
  const filesMin = ownFiles + SHARED_FILES_MIN;
  if (filesMax < filesMin) {
    const message = `only ${filesMax} files may be open (ulimit -n); log workers: ${logWorkers}, for which it takes ${filesMin}`;
    throw new BrokerError("LIMIT_EXCEEDED", message, { details: { filesMax, filesMin, logWorkers } });
  }
  const sixteenth = Math.floor(Math.min(filesMax - ownFiles, OPEN_FILES_MAX) / 16);
  return {
    connections: Math.floor((filesMax - ownFiles) / 2),
    logs: Math.min(ENTRIES_MAX, sixteenth),
    unsynced: 2 * sixteenth,
  };
}
