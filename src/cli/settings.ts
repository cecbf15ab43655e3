/**
 * Where the value of a setting comes from: its flag, else its variable in the environment, else its key in the config file,
 * else its default. Whatever is said under a name that no setting has is refused, with the name that was probably meant.
 */
import fs from "node:fs";
import { nearest } from "../base/nearest.ts";
import { UsageError } from "./command-error.ts";
import {
  definitionOf,
  flagName,
  type SettingKey,
  type Settings,
  settingKeys,
  VARIABLE_PREFIX,
  variableName,
} from "./settings-schema.ts";

export type Origin = "flag" | "environment" | "file" | "default";

export interface ResolvedSettings {
  readonly values: Settings;
  readonly origins: Readonly<Record<SettingKey, Origin>>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const CONFIG_VARIABLE = `${VARIABLE_PREFIX}CONFIG`;

/**
 * @param flags by setting, as the command line gave them; others are ignored
 * @param configFile of the flag `--config`
 * @throws UsageError an unknown name, a value that is none, or a config file that cannot be read
 */
export function resolveSettings(
  flags: Readonly<Record<string, unknown>>,
  environment: Environment,
  configFile: string | undefined,
): ResolvedSettings {
  const variables = ownVariables(environment);
  const path = configFile ?? variables[CONFIG_VARIABLE];
  const file = path === undefined ? {} : readConfigFile(path);
  const values: Record<string, unknown> = {};
  const origins: Partial<Record<SettingKey, Origin>> = {};
  for (const key of settingKeys) {
    const variable = variableName(key);
    // All are read, also those that another overrides: a value that is none is a mistake wherever it stands.
    const given: readonly (readonly [Origin, unknown])[] = [
      ["flag", parse(key, flags[key], flagName(key))],
      ["environment", parse(key, variables[variable], variable)],
      ["file", parse(key, file[key], `${key} in ${path}`)],
      ["default", definitionOf(key).default],
    ];
    [origins[key], values[key]] = given.find(([, value]) => value !== undefined)!;
  }
  // Every key was set, each by the parser of its own row.
  return { values: values as Settings, origins: origins as Record<SettingKey, Origin> };
}

function parse(key: SettingKey, value: unknown, source: string): unknown {
  if (value === undefined) return undefined;
  const { type } = definitionOf(key);
  const parsed = type.parse(String(value));
  if (parsed === null) throw new UsageError(`${source} is ${type.expected}, not "${value}"`);
  return parsed;
}

/** The variables that are ours and not empty. */
function ownVariables(environment: Environment): Record<string, string> {
  const known = [...settingKeys.map(variableName), CONFIG_VARIABLE];
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(VARIABLE_PREFIX) || value === undefined || value === "" || isOrchestrators(name, value))
      continue;
    if (!known.includes(name)) throw new UsageError(`there is no variable ${name}${didYouMean(name, known)}`);
    own[name] = value;
  }
  return own;
}

/**
 * Kubernetes gives every container variables for each service of its namespace. Those of a service named "cambium" are not
 * ours: CAMBIUM_SERVICE_HOST=10.0.0.1, CAMBIUM_PORT=tcp://10.0.0.1:4500, CAMBIUM_PORT_4500_TCP_ADDR=10.0.0.1, ...
 */
function isOrchestrators(name: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name) ||
    /^(tcp|udp|sctp):\/\//.test(value)
  );
}

function readConfigFile(path: string): Partial<Record<SettingKey, string>> {
  let content: unknown;
  try {
    content = JSON.parse(fs.readFileSync(path, "utf8").replace(/^\ufeff/, ""));
  } catch (error) {
    throw new UsageError(`the config file ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new UsageError(`the config file ${path} is not a JSON object, such as {"port": 4500}`);
  }
  const settings: Partial<Record<SettingKey, string>> = {};
  for (const [name, value] of Object.entries(content)) {
    const key = settingKeys.find((candidate) => candidate === name);
    if (key === undefined)
      throw new UsageError(`there is no setting "${name}" (in ${path})${didYouMean(name, settingKeys)}`);
    if (typeof value === "object") throw new UsageError(`${key} in ${path} is ${definitionOf(key).type.expected}`);
    settings[key] = String(value);
  }
  return settings;
}

export function didYouMean(name: string, known: readonly string[]): string {
  const candidate = nearest(name, known);
  return candidate === null ? "" : `; did you mean ${candidate}?`;
}
