import { processFilesMax } from "../storage/process-files.ts";
import { ENTRIES_MAX, OPEN_FILES_MAX } from "./shared-memory.ts";

/** Segment, index files, and what a sync opens besides. */
const FILES_PER_LOG = 4;
const LOGS_MIN = 16;

/** How many logs may be open at a time. Half of the process's files are for connections, reads and everything else. */
export function logsOpenMax(filesMax: number = processFilesMax()): number {
  const logs = Math.floor(Math.min(filesMax, OPEN_FILES_MAX) / 2 / FILES_PER_LOG);
  return Math.min(ENTRIES_MAX, Math.max(LOGS_MIN, logs));
}
