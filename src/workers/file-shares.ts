/**
 * Who may have how many of the files that the process may have open (`ulimit -n`), after what it has open already, which in an
 * app that embeds a broker may be much, and what the broker's threads take: half of them connections, unless a number was asked
 * for; of the others three eighths open logs, two those that wait for a sync, one the folders of a group that is synced; the
 * rest is for reads.
 *
 * They are made once, before there is any thread, for what is open changes from then on.
 */
import { BrokerError } from "../base/errors.ts";
import { processFilesMax, processFilesOpen } from "../storage/process-files.ts";
import { ENTRIES_MAX, OPEN_FILES_MAX } from "./shared-memory.ts";

/** What a broker without log workers opens from then on until somebody comes: 6 on Linux. */
const COMING_FILES = 15;
/**
 * Event loops and pipes of a log worker and its sync thread, 10 on Linux; its journal's two files and their folder; and what one
 * roll adds to a share that is full.
 */
const WORKER_FILES = 18;
/** Less is not worth sharing. */
const SHARED_FILES_MIN = 96;

export interface FileShares {
  readonly connections: number;
  /** Open logs, of three files each. */
  readonly logs: number;
  /** Files of all logs that are complete and wait for a sync. */
  readonly unsynced: number;
}

/**
 * @param connectionsWanted undefined: as many as there is room for
 * @throws BrokerError LIMIT_EXCEEDED  too few for a broker with so many log workers
 */
export function fileShares(
  logWorkers: number,
  connectionsWanted?: number,
  filesMax: number = processFilesMax(),
  filesOpen: number = processFilesOpen(),
): FileShares {
  const ownFiles = filesOpen + COMING_FILES + logWorkers * WORKER_FILES;
  const filesMin = ownFiles + SHARED_FILES_MIN;
  if (filesMax < filesMin) {
    const message = `only ${filesMax} files may be open (ulimit -n); with the ${filesOpen} that are, a broker with ${logWorkers} log worker${logWorkers === 1 ? "" : "s"} needs ${filesMin}`;
    throw new BrokerError("LIMIT_EXCEEDED", message, { details: { filesMax, filesOpen, filesMin, logWorkers } });
  }
  const shared = filesMax - ownFiles;
  const connections = Math.min(connectionsWanted ?? Math.floor(shared / 2), shared - SHARED_FILES_MIN / 2);
  const eighth = Math.floor(Math.min(shared - connections, OPEN_FILES_MAX / 2) / 8);
  return { connections, logs: Math.min(ENTRIES_MAX, eighth), unsynced: 2 * eighth };
}
