/** What a broker can be told, least and most: for the embedded one's options and for the CLI's settings. */
import { GIB, KIB } from "./units.ts";

export const PORT_LIMITS = [0, 65_535] as const;
export const CONNECTIONS_LIMITS = [1, 1_000_000] as const;
export const CONNECTIONS_DEFAULT = 20_000;
/** What uWebSockets.js bears; it would end the process. */
export const IDLE_SECONDS_LIMITS = [8, 960] as const;
export const PARTITIONS_LIMITS = [1, 1_000_000] as const;
export const POOL_BYTES_MAX: number = 2 * GIB;
export const TAIL_BYTES_LIMITS = [64 * KIB, GIB] as const;
/** Each has an arena in the shared memory. */
export const LOG_WORKERS_LIMITS = [1, 8] as const;
