/**
 * The one table of settings: a row is at once a key of the config file (`poolBytes`), a variable of the environment
 * (`CAMBIUM_POOL_BYTES`) and a flag (`--pool-bytes`).
 */
import * as limits from "../base/start-limits.ts";
import { KIB, MIB } from "../base/units.ts";
import { bytes, choice, duration, flag, folder, integer, type OptionType, text } from "./option-types.ts";

/** Which commands have a setting's flag. */
export type SettingGroup = "start" | "data" | "client" | "produce";

interface SettingDefinition<Value> {
  readonly group: SettingGroup;
  readonly type: OptionType<Value>;
  /** null: it depends, and `doc` says on what. */
  readonly default: Value | null;
  readonly doc: string;
}

const DAY_MS = 86_400_000;

function setting<Value>(
  group: SettingGroup,
  type: OptionType<Value>,
  fallback: Value,
  doc: string,
): SettingDefinition<Value> & { readonly default: Value } {
  return { group, type, default: fallback, doc };
}

export const schema = {
  data: setting(
    "data",
    folder,
    "data",
    'Folder of the logs; start makes it if need be, and takes "temporary" (it goes with the broker) and "memory" (no logs on disk)',
  ),
  host: setting("start", text, "127.0.0.1", "Address to listen on"),
  port: setting("start", integer(...limits.PORT_LIMITS), 4500, "Port to listen on; 0: any free one"),
  insecureNoAuth: setting(
    "start",
    flag,
    false,
    "Allow a host that other machines reach, although nobody has to log in",
  ),
  connectionsMax: setting(
    "start",
    integer(...limits.CONNECTIONS_LIMITS),
    limits.CONNECTIONS_DEFAULT,
    "Most connections at a time, as far as open files (ulimit -n) go",
  ),
  partitionsMax: setting(
    "start",
    integer(...limits.PARTITIONS_LIMITS),
    100_000,
    "Most partitions of all topics together",
  ),
  poolBytes: setting(
    "start",
    bytes(...limits.POOL_BYTES_LIMITS),
    256 * MIB,
    "Memory for the batches of all connections",
  ),
  tailBytes: setting(
    "start",
    bytes(...limits.TAIL_BYTES_LIMITS),
    8 * MIB,
    "Newest bytes that a partition keeps in memory unread",
  ),
  journal: setting(
    "start",
    flag,
    false,
    "Experimental: sync one journal instead of many partitions with a little each",
  ),
  logWorkers: {
    ...setting(
      "start",
      integer(...limits.LOG_WORKERS_LIMITS),
      1,
      "Threads that write logs (default: one per two processors)",
    ),
    default: null,
  } as SettingDefinition<number>,
  logLevel: setting(
    "start",
    choice("info", "warn", "error"),
    "info",
    "Least important messages to log, on standard error",
  ),
  logFormat: setting("start", choice("text", "json"), "text", "How to log: for people or for programs"),

  server: setting("client", text, "127.0.0.1:4500", "The broker, as host:port"),
  connectTimeout: setting("client", duration(1, DAY_MS), 10_000, "How long to try to reach the broker at first"),
  requestTimeout: setting(
    "client",
    duration(1, DAY_MS),
    30_000,
    "How long to wait for an answer, reconnecting meanwhile, and how long consume tries again to read what cannot be read",
  ),

  linger: setting(
    "produce",
    duration(0, 60_000),
    0,
    "How long a batch waits for more records; under load batches fill anyway",
  ),
  batchBytes: setting(
    "produce",
    bytes(4 * KIB, MIB),
    256 * KIB,
    "Most bytes of a batch, unless one record alone is larger",
  ),
  compression: setting("produce", choice("none", "gzip", "zstd"), "none", "How to compress batches"),
  deliveryTimeout: setting(
    "produce",
    duration(1, DAY_MS),
    120_000,
    "How long a record may take, reconnecting meanwhile",
  ),
};

export type SettingKey = keyof typeof schema;

/** A value for every setting. */
export type Settings = { readonly [Key in SettingKey]: (typeof schema)[Key]["default"] };

export const settingKeys: readonly SettingKey[] = Object.keys(schema) as SettingKey[];

/** A row of the table, where its value's type does not matter. */
export function definitionOf(key: SettingKey): SettingDefinition<unknown> {
  return schema[key] as SettingDefinition<unknown>;
}

/** poolBytes → --pool-bytes */
export function flagName(key: SettingKey): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export const VARIABLE_PREFIX = "CAMBIUM_";

/** For a program that is started with settings of its own: an environment without those of the user's. */
export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith(VARIABLE_PREFIX)));
}

/** poolBytes → CAMBIUM_POOL_BYTES */
export function variableName(key: SettingKey): string {
  return VARIABLE_PREFIX + key.replace(/[A-Z]/g, "_$&").toUpperCase();
}
