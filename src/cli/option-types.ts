/**
 * What an option's value may be. All are read from text, because flags and the environment are text; a number or a boolean
 * of the config file is read as the text it would be written as.
 */

export interface OptionType<Value> {
  /** What help shows for it; "": the option is a flag. */
  readonly placeholder: string;
  /** Completes the sentence "... is". */
  readonly expected: string;
  /** @returns null for text that is no such value */
  parse(text: string): Value | null;
  format(value: Value): string;
}

export const text: OptionType<string> = {
  placeholder: "text",
  expected: "text, and not empty",
  parse: (value) => (value === "" ? null : value),
  format: (value) => value,
};

export const folder: OptionType<string> = { ...text, placeholder: "folder" };

export const flag: OptionType<boolean> = {
  placeholder: "",
  expected: "true or false",
  parse: (value) => (/^(true|1)$/.test(value) ? true : /^(false|0)$/.test(value) ? false : null),
  format: String,
};

export function integer(minimum: number, maximum: number): OptionType<number> {
  return {
    placeholder: "number",
    expected: `a whole number from ${minimum} to ${maximum}`,
    parse: (value) => within(/^\d+$/.test(value) ? Number(value) : Number.NaN, minimum, maximum),
    format: String,
  };
}

/** Several of them with commas between. */
export function integers(minimum: number, maximum: number): OptionType<readonly number[]> {
  const one = integer(minimum, maximum);
  return {
    placeholder: "number,...",
    expected: `${one.expected}, or several with commas between`,
    parse: (value) => {
      const numbers = value.split(",").map((part) => one.parse(part.trim()));
      return numbers.every((number) => number !== null) ? numbers : null;
    },
    format: (values) => values.join(","),
  };
}

export function choice<Choice extends string>(...choices: readonly Choice[]): OptionType<Choice> {
  return {
    placeholder: choices.join("|"),
    expected: `one of ${choices.join(", ")}`,
    parse: (value) => choices.find((candidate) => candidate === value) ?? null,
    format: (value) => value,
  };
}

export function bytes(minimum: number, maximum: number): OptionType<number> {
  return {
    placeholder: "size",
    expected: `a size from ${formatBytes(minimum)} to ${formatBytes(maximum)}, in bytes or with a unit (KiB, MiB, GiB)`,
    parse: (value) => within(parseBytes(value) ?? Number.NaN, minimum, maximum),
    format: formatBytes,
  };
}

export function duration(minimum: number, maximum: number): OptionType<number> {
  return {
    placeholder: "time",
    expected: `a time from ${formatDuration(minimum)} to ${formatDuration(maximum)} with its unit (ms, s, m, h, d)`,
    parse: (value) => within(parseDuration(value) ?? Number.NaN, minimum, maximum),
    format: formatDuration,
  };
}

function within(value: number, minimum: number, maximum: number): number | null {
  return value >= minimum && value <= maximum ? value : null;
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
};

/** @returns bytes; null: no size, or not a whole number of bytes */
export function parseBytes(value: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(value);
  const unit = SIZE_UNITS[match?.[2]?.toLowerCase() ?? "none"];
  const size = Number(match?.[1]) * (unit ?? Number.NaN);
  return Number.isSafeInteger(size) ? size : null;
}

/** In the largest unit that says it exactly: what `parseBytes` reads back. */
function formatBytes(size: number): string {
  const unit = ["TiB", "GiB", "MiB", "KiB"].find((name) => size > 0 && size % SIZE_UNITS[name.toLowerCase()]! === 0);
  return unit === undefined ? String(size) : `${size / SIZE_UNITS[unit.toLowerCase()]!}${unit}`;
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** @returns ms; null: no time with its unit */
export function parseDuration(value: string): number | null {
  if (value === "0") return 0;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(value);
  const ms = match === null ? Number.NaN : Math.round(Number(match[1]) * DURATION_UNITS[match[2]!]!);
  return Number.isSafeInteger(ms) ? ms : null;
}

/** What `parseDuration` reads back. */
function formatDuration(ms: number): string {
  const unit = ["d", "h", "m", "s"].find((name) => ms > 0 && ms % DURATION_UNITS[name]! === 0) ?? "ms";
  return `${ms / DURATION_UNITS[unit]!}${unit}`;
}
