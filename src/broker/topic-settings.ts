/**
 * The settings of a topic: Kafka's names where Kafka has them, with Kafka's meaning and defaults. Only what is honoured can be
 * set; anything else is refused, never stored and ignored.
 */
import { BrokerError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { GIB, MIB } from "../base/units.ts";
import type { Durability, LogSettings } from "../storage/partition-log.ts";

export interface TopicSettings {
  readonly durability: Durability;
  readonly "segment.bytes": number;
  readonly "segment.ms": number;
  readonly "segment.slots": number;
  readonly "max.message.bytes": number;
  readonly "message.timestamp.after.max.ms": number;
  /** Honoured at durability `memory`, where it bounds what is kept. */
  readonly "retention.bytes": number;
}

export type SettingName = keyof TopicSettings;

interface NumberSetting {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly doc: string;
}

interface ChoiceSetting {
  readonly default: string;
  readonly choices: readonly string[];
  readonly doc: string;
}

const HOUR_MS = 3_600_000;
/** A batch must fit one block of memory. */
const MESSAGE_BYTES_MAX: number = 32 * MIB;

export const settingDefinitions: Readonly<Record<SettingName, NumberSetting | ChoiceSetting>> = {
  durability: {
    default: "disk",
    choices: ["disk", "os", "memory"],
    doc: "What an acknowledgement promises: disk (synced), os (survives the process), memory (nothing outlives the process)",
  },
  "segment.bytes": { default: GIB, min: 1024, max: 2 ** 31 - 1, doc: "A segment rolls before it would exceed this" },
  "segment.ms": {
    default: 7 * 24 * HOUR_MS,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    doc: "A segment rolls when its first append is older",
  },
  "segment.slots": { default: 2 ** 22, min: 2 ** 17, max: 2 ** 28, doc: "A segment rolls at this many offsets" },
  "max.message.bytes": { default: 1_048_588, min: 61, max: MESSAGE_BYTES_MAX, doc: "Largest record batch" },
  "message.timestamp.after.max.ms": {
    default: HOUR_MS,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    doc: "How far a record's timestamp may be ahead of the broker's clock",
  },
  "retention.bytes": {
    default: 16 * MIB,
    min: MIB,
    max: GIB,
    doc: "Durability memory only: bytes kept per partition; the oldest go first",
  },
};

/** Settings that mean something with only some durabilities. */
const HONOURED_ONLY: Partial<Record<SettingName, readonly Durability[]>> = {
  "retention.bytes": ["memory"],
  "segment.bytes": ["disk", "os"],
  "segment.ms": ["disk", "os"],
  "segment.slots": ["disk", "os"],
};

/** Names of a topic's settings, without those that change nothing about it, unless somebody has set them. */
export function describedSettings(settings: TopicSettings): SettingName[] {
  const isHonoured = (name: SettingName): boolean => HONOURED_ONLY[name]?.includes(settings.durability) ?? true;
  const names = Object.keys(defaultSettings) as SettingName[];
  return names.filter((name) => isHonoured(name) || settings[name] !== defaultSettings[name]);
}

/** Settings of Kafka that we do not honour yet: refused with that reason. */
const NOT_HONOURED = [
  "cleanup.policy",
  "compression.type",
  "delete.retention.ms",
  "file.delete.delay.ms",
  "flush.messages",
  "flush.ms",
  "index.interval.bytes",
  "max.compaction.lag.ms",
  "message.timestamp.before.max.ms",
  "message.timestamp.type",
  "min.cleanable.dirty.ratio",
  "min.compaction.lag.ms",
  "min.insync.replicas",
  "preallocate",
  "remote.storage.enable",
  "retention.ms",
  "segment.index.bytes",
  "segment.jitter.ms",
  "unclean.leader.election.enable",
];

export const defaultSettings: TopicSettings = Object.fromEntries(
  Object.entries(settingDefinitions).map(([name, definition]) => [name, definition.default]),
) as unknown as TopicSettings;

/** Defaults of a broker that keeps all its topics in memory. */
export const memorySettings: TopicSettings = { ...defaultSettings, durability: "memory" };

/**
 * @param overrides name to value, as text; a value of null means the default again
 * @throws BrokerError INVALID_CONFIG an unknown or unhonoured name, or a value out of range
 */
export function withSettings(
  settings: TopicSettings,
  overrides: Iterable<readonly [string, string | null]>,
  defaults: TopicSettings = defaultSettings,
): TopicSettings {
  const changed: Record<string, string | number> = { ...settings };
  for (const [name, value] of overrides) {
    if (!isSetting(name)) throw unknownSetting(name);
    const definition = settingDefinitions[name];
    changed[name] = value === null ? defaults[name] : parse(name, definition, value);
  }
  const result = changed as unknown as TopicSettings;
  if (result.durability !== "memory" && result["retention.bytes"] !== settingDefinitions["retention.bytes"].default) {
    throw new BrokerError("INVALID_CONFIG", "retention.bytes is honoured only with durability=memory so far");
  }
  return result;
}

/** What differs from the defaults, as text: what is stored. */
export function overridesOf(settings: TopicSettings): Record<string, string> {
  const changed = (Object.keys(settings) as SettingName[]).filter((name) => settings[name] !== defaultSettings[name]);
  return Object.fromEntries(changed.map((name) => [name, String(settings[name])]));
}

export function logSettingsOf(settings: TopicSettings): LogSettings {
  return {
    durability: settings.durability,
    segmentBytes: settings["segment.bytes"],
    segmentMs: settings["segment.ms"],
    segmentSlots: settings["segment.slots"],
    messageBytesMax: settings["max.message.bytes"],
    timestampAheadMaxMs: settings["message.timestamp.after.max.ms"],
  };
}

/** Names such as "constructor" are no settings, though every object has them. */
function isSetting(name: string): name is SettingName {
  return Object.hasOwn(settingDefinitions, name);
}

function parse(name: string, definition: NumberSetting | ChoiceSetting, value: string): string | number {
  if ("choices" in definition) {
    if (definition.choices.includes(value)) return value;
    throw new BrokerError("INVALID_CONFIG", `${name} is one of ${definition.choices.join(", ")}, not "${value}"`);
  }
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= definition.min && number <= definition.max) return number;
  throw new BrokerError(
    "INVALID_CONFIG",
    `${name} is a whole number from ${definition.min} to ${definition.max}, not "${value}"`,
  );
}

function unknownSetting(name: string): BrokerError {
  if (NOT_HONOURED.includes(name)) {
    return new BrokerError("INVALID_CONFIG", `${name} is not honoured by this version, so it is refused`);
  }
  const candidate = nearest(name, Object.keys(settingDefinitions));
  const hint = candidate === null ? "" : `; did you mean ${candidate}?`;
  return new BrokerError("INVALID_CONFIG", `there is no setting "${name}"${hint}`);
}
