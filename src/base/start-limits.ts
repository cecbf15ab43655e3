/** What a broker can be told, least and most: for the embedded one's options, for its topics and for the CLI. */
import { GIB, KIB, MIB } from "./units.ts";

export const PORT_LIMITS = [0, 65_535] as const;
export const CONNECTIONS_LIMITS = [1, 1_000_000] as const;
export const CONNECTIONS_DEFAULT = 20_000;
/** What uWebSockets.js bears; it would end the process. */
export const IDLE_SECONDS_LIMITS = [8, 960] as const;
export const PARTITIONS_LIMITS = [1, 1_000_000] as const;
/** So that a description of a topic fits a frame. */
export const TOPIC_PARTITIONS_MAX = 100_000;
/** With the least, batches of up to 8 MiB are taken, a quarter of it. */
export const POOL_BYTES_LIMITS = [32 * MIB, 2 * GIB] as const;
export const TAIL_BYTES_LIMITS = [64 * KIB, GIB] as const;
/** Each has an arena in the shared memory. */
export const LOG_WORKERS_LIMITS = [1, 8] as const;
