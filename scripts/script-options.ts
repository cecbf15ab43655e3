/**
 * The options of a script. What it takes is said in the comment at its head, and `--help` prints that; a wrong option prints what
 * is wrong with it, and the same.
 */
import { readFileSync } from "node:fs";
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

type Defaults = Readonly<Record<string, string | number | boolean>>;

/** Of each option any value of its default's type. */
type Values<Given extends Defaults> = {
  readonly [Name in keyof Given]: Given[Name] extends string ? string : Given[Name] extends number ? number : boolean;
};

interface ScriptArguments<Given extends Defaults> {
  readonly values: Values<Given>;
  readonly positionals: readonly string[];
}

/**
 * Ends the process at `--help` (0) and at what the script does not take (2).
 *
 * @param script   import.meta.filename
 * @param defaults by option; where it is a number, only whole numbers above 0 are taken
 * @param takesPositionals arguments without a name are the script's, too
 */
export function scriptArguments<Given extends Defaults>(
  script: string,
  defaults: Given,
  takesPositionals = false,
): ScriptArguments<Given> {
  const options: ParseArgsOptionsConfig = { help: { type: "boolean", short: "h" } };
  for (const [name, value] of Object.entries(defaults))
    options[name] = { type: typeof value === "boolean" ? "boolean" : "string" };
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: takesPositionals });
    if (values["help"] === true) {
      console.log(usageOf(script));
      process.exit(0);
    }
    const read = Object.entries(defaults).map(([name, value]) => [name, givenOr(name, values[name], value)]);
    return { values: Object.fromEntries(read) as Values<Given>, positionals };
  } catch (error) {
    wrongUsage(script, (error as Error).message);
  }
}

/** Ends the process: the script cannot do what it was asked to. */
export function wrongUsage(script: string, message: string): never {
  console.error(`${message}\n\n${usageOf(script)}`);
  process.exit(2);
}

function givenOr(name: string, given: unknown, standard: string | number | boolean): string | number | boolean {
  if (given === undefined) return standard;
  if (typeof standard !== "number") return given as string | boolean;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new Error(`--${name} is a whole number above 0, not "${given}"`);
  return value;
}

/** The comment at the head of the script, without its marks. */
function usageOf(script: string): string {
  const comment = /\/\*\*\n?([\s\S]*?)\*\//.exec(readFileSync(script, "utf8"))?.[1] ?? "";
  return comment.replaceAll(/^ ?\* ?/gm, "").trim();
}
