/** What `startBroker` may be told, and the check of it. */
import { isLoopback } from "../base/loopback.ts";
import {
  booleanOption,
  functionOption,
  integerOption,
  knownOptions,
  type OptionNames,
  requireOption,
  textOption,
} from "../base/options.ts";
import * as limits from "../base/start-limits.ts";

export type LogLevel = "info" | "warn" | "error";
export type LogSink = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;

export interface StartOptions {
  /**
   * A folder, made if need be; or one of two names that are none (a folder of that name is "./memory"):
   *
   * - "temporary": a folder of its own that goes with the broker
   * - "memory": no record comes to a disk. Every topic is of durability `memory`, by default, and one that asks for `disk` or
   *   `os` is refused with INVALID_CONFIG. What topics there are stands in a small temporary folder.
   */
  readonly data: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** A host that other machines reach is refused without this: nobody has to log in. */
  readonly insecureNoAuth?: boolean;
  /** Default 4500; 0: any free one. */
  readonly port?: number;
  /** Default 20,000, or as many as files may be open for. */
  readonly connectionsMax?: number;
  /** A client that is silent for so long is pinged, and cut off if it stays so: 8 to 960, default 60. */
  readonly idleSeconds?: number;
  readonly partitionsMax?: number;
  /** Bytes of memory for batches, default 256 MiB. */
  readonly poolBytes?: number;
  /** Bytes of its newest batches that a partition keeps in memory while nobody reads them, default 8 MiB. */
  readonly tailBytes?: number;
  /** Partitions unused for so long are closed, default 60,000. */
  readonly idleMs?: number;
  /** Default: one per two processors. */
  readonly logWorkers?: number;
  /**
   * Experimental: many partitions of durability `disk` with a little to sync are made durable by one file, a journal (contract D3).
   * Default false: every partition's file is synced. What a journal holds is replayed by any start, with or without this.
   */
  readonly journal?: boolean;
  /** Hears what an operator should know; default: nobody. */
  readonly log?: LogSink;
}

const NAMES: OptionNames<StartOptions> = {
  data: true,
  host: true,
  insecureNoAuth: true,
  port: true,
  connectionsMax: true,
  idleSeconds: true,
  partitionsMax: true,
  poolBytes: true,
  tailBytes: true,
  idleMs: true,
  logWorkers: true,
  journal: true,
  log: true,
};

const LIMITS = {
  port: limits.PORT_LIMITS,
  connectionsMax: limits.CONNECTIONS_LIMITS,
  idleSeconds: limits.IDLE_SECONDS_LIMITS,
  partitionsMax: limits.PARTITIONS_LIMITS,
  poolBytes: limits.POOL_BYTES_LIMITS,
  tailBytes: limits.TAIL_BYTES_LIMITS,
  idleMs: [1, Number.MAX_SAFE_INTEGER],
  logWorkers: limits.LOG_WORKERS_LIMITS,
} as const;

/** Is the data folder one of its own, that goes with the broker? */
export function isOwnFolder({ data }: StartOptions): boolean {
  return data === "temporary" || data === "memory";
}

/** @throws BrokerError INVALID_OPTION */
export function checkStartOptions(options: StartOptions): void {
  knownOptions("startBroker", options, NAMES);
  requireOption(textOption("data", options.data) !== "", 'data is a folder, "temporary" or "memory"');
  for (const [name, [min, max]] of Object.entries(LIMITS)) {
    const value = options[name as keyof typeof LIMITS];
    if (value !== undefined) integerOption(name, value, min, max);
  }
  functionOption("log", options.log);
  if (options.journal !== undefined) booleanOption("journal", options.journal);
  const { host, insecureNoAuth } = options;
  if (host === undefined) return;
  requireOption(
    isLoopback(textOption("host", host)) || insecureNoAuth === true,
    `host ${host} is not loopback: it may be reached from other machines, and nobody has to log in: anyone there could read, write and delete; say insecureNoAuth if the network is closed`,
  );
}
