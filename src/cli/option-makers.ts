/** Options of commands, read by the types that settings have. */
import { Option } from "commander";
import { UsageError } from "./command-error.ts";
import type { OptionType } from "./option-types.ts";

/** An option with one value. */
export function option<Value>(flags: string, description: string, type: OptionType<Value>): Option {
  const made = new Option(flags, description);
  return made.argParser((value) => parsed(made, type, value));
}

/** An option that may be given several times; its values are in an array. */
export function repeated<Value>(flags: string, description: string, type: OptionType<Value>): Option {
  const made = new Option(flags, `${description} (may be repeated)`);
  return made.argParser((value: string, before?: readonly Value[]) => [...(before ?? []), parsed(made, type, value)]);
}

function parsed<Value>({ long }: Option, type: OptionType<Value>, value: string): Value {
  const result = type.parse(value);
  if (result === null) throw new UsageError(`${long} is ${type.expected}, not "${value}"`);
  return result;
}

/**
 * An option "name=value" that may be given several times; the pairs are in an array.
 *
 * @param hint for who gives it something else
 */
export function pairs(flags: string, description: string, hint = ""): Option {
  const made = new Option(flags, `${description} (may be repeated)`);
  return made.argParser((value: string, before?: readonly (readonly [string, string])[]) => {
    const at = value.indexOf("=");
    if (at < 1) throw new UsageError(`${made.long} is name=value, not "${value}"${hint}`);
    return [...(before ?? []), [value.slice(0, at), value.slice(at + 1)] as const];
  });
}
