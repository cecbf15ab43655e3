/** Options that users of the library give, checked once where they come in. */
import { BrokerError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { checkTopicName } from "./topic-name.ts";

/** Every name of the options, so that none is missing. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** @throws BrokerError INVALID_OPTION  one of the options has a name that is not among these */
export function knownOptions<Options extends object>(of: string, options: Options, names: OptionNames<Options>): void {
  objectOption(`the options of ${of} are`, options);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue;
    const meant = nearest(name, Object.keys(names));
    throw new BrokerError(
      "INVALID_OPTION",
      `${of} has no option ${name}${meant === null ? "" : `; the nearest is ${meant}`}`,
      { details: { option: name, ...(meant !== null && { nearest: meant }) } },
    );
  }
}

/** Longer than this a timer does not wait, ms: it would go off at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** @throws BrokerError INVALID_OPTION */
export function requireOption(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BrokerError("INVALID_OPTION", message);
}

/** @throws BrokerError INVALID_OPTION */
export function integerOption(
  name: string,
  value: number,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number {
  const inRange = Number.isSafeInteger(value) && value >= minimum && value <= maximum;
  const range = maximum === Number.MAX_SAFE_INTEGER ? `at least ${minimum}` : `from ${minimum} to ${maximum}`;
  requireOption(inRange, `${name} is a whole number, ${range}, not ${String(value)}`);
  return value;
}

/** @param what such as "settings is". @throws BrokerError INVALID_OPTION  it is no object, or one that is iterated */
export function objectOption(what: string, value: object): void {
  const isObject = typeof value === "object" && value !== null && !(Symbol.iterator in value);
  requireOption(isObject, `${what} an object with names and values`);
}

/** A partition's number, as the protocol has it. @throws BrokerError INVALID_OPTION */
export function partitionOption(name: string, value: number): number {
  return integerOption(name, value, 0, 2 ** 31 - 1);
}

/** @throws BrokerError INVALID_OPTION */
export function booleanOption(name: string, value: boolean): boolean {
  requireOption(typeof value === "boolean", `${name} is true or false, not ${typeof value}`);
  return value;
}

/** @throws BrokerError INVALID_OPTION */
export function textOption(name: string, value: string): string {
  requireOption(typeof value === "string", `${name} is text, not ${typeof value}`);
  return value;
}

/** @throws BrokerError INVALID_OPTION  it is no text; INVALID_TOPIC  no topic can have this name */
export function topicOption(name: string, value: string): string {
  checkTopicName(textOption(name, value));
  return value;
}

/** @throws BrokerError INVALID_OPTION */
export function functionOption<Callback>(name: string, value: Callback | undefined): Callback | null {
  requireOption(value === undefined || typeof value === "function", `${name} is a function, not ${typeof value}`);
  return value ?? null;
}

/** @throws BrokerError INVALID_OPTION */
export function signalOption(name: string, value: AbortSignal | undefined): void {
  requireOption(value === undefined || value instanceof AbortSignal, `${name} is an AbortSignal`);
}

/** @throws BrokerError INVALID_OPTION */
export function choiceOption<Choice extends string | number>(
  name: string,
  value: Choice,
  choices: readonly Choice[],
): Choice {
  requireOption(choices.includes(value), `${name} is one of ${choices.join(", ")}, not ${String(value)}`);
  return value;
}
