/** A command as data: what help says of it and what it takes. program.ts makes it work. */
import type { Option } from "commander";
import type { ExitCode } from "./failure.ts";
import type { Output } from "./output.ts";
import type { ResolvedSettings } from "./settings.ts";
import type { SettingGroup } from "./settings-schema.ts";
import type { World } from "./world.ts";

/** One call of a command. */
export interface Invocation {
  readonly world: World;
  readonly output: Output;
  readonly settings: ResolvedSettings["values"];
  readonly origins: ResolvedSettings["origins"];
  /** In the order of the synopsis; a variadic one is an array. */
  readonly arguments: readonly unknown[];
  /** Of the command's own options, as their parsers made them. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandDefinition[];
}

export interface CommandDefinition {
  /** Its name, and its arguments as commander reads them: "create <name>". */
  readonly synopsis: string;
  readonly summary: string;
  /** What help teaches behind the options. */
  readonly details?: string;
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [commandLine: string, meaning: string])[];
  /** Which settings are flags here. */
  readonly settings: readonly SettingGroup[];
  readonly options?: readonly Option[];
  run(invocation: Invocation): Promise<ExitCode>;
}
