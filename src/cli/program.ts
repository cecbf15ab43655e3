/** Makes the commands work: arguments by commander, settings from all their sources, errors and exit codes. */
import { Command, type CommanderError, Option } from "commander";
import type { CommandDefinition, CommandGroup } from "./command-definition.ts";
import { UsageError } from "./command-error.ts";
import { commands } from "./commands.ts";
import { EXIT_OK, EXIT_USAGE, type ExitCode, report } from "./failure.ts";
import { Output } from "./output.ts";
import { resolveSettings } from "./settings.ts";
import { definitionOf, flagName, type SettingKey, settingKeys, variableName } from "./settings-schema.ts";
import type { World } from "./world.ts";

/** Help was asked for, or nothing else can be done; it was shown. */
class HelpShown extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super("help was shown");
    this.exitCode = exitCode;
  }
}

/**
 * Runs the command that the arguments name.
 *
 * @param argv the arguments alone, without Node and script
 * @returns the exit code; whatever went wrong was told
 */
export async function runCli(argv: readonly string[], world: World): Promise<ExitCode> {
  const output = new Output(world, argv.includes("--json"));
  const run: Run = { world, output, exitCode: EXIT_OK };
  try {
    await programFor(run).parseAsync(withHelpInside(argv), { from: "user" });
    await output.end();
    // What stopped the command may be an error of its own.
    const { reason } = world.stop.signal;
    return isSystemError(reason) ? report(reason, output) : run.exitCode;
  } catch (error) {
    return error instanceof HelpShown ? error.exitCode : report(error, output);
  }
}

/** "help topic alter" → "topic help alter": commander looks no deeper than the word behind "help". */
function withHelpInside(argv: readonly string[]): readonly string[] {
  const [first, group, command, ...rest] = argv;
  const isNested =
    first === "help" && command !== undefined && commands.some((one) => "name" in one && one.name === group);
  return isNested ? [group!, first, command, ...rest] : argv;
}

interface Run {
  readonly world: World;
  readonly output: Output;
  exitCode: ExitCode;
}

function programFor(run: Run): Command {
  const { stdout, stderr } = run.world;
  const program = new Command("cambium")
    .description("A durable message broker: start it, manage its topics, produce, consume, and look inside its files.")
    .version(run.world.version, "-V, --version", "Show the version")
    .helpOption("-h, --help", "Show help, also after any command")
    .helpCommand("help [command...]", "Show help for a command")
    .addOption(jsonOption())
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => {}, // `report` does.
    })
    .addHelpText("after", GETTING_STARTED);
  takeOverExit(program, "cambium");
  for (const command of commands) addTo(program, command, run);
  return program;
}

const GETTING_STARTED = `
Getting started:
  cambium start --data ./data                        a broker on 127.0.0.1:4500
  cambium topic create words --partitions 4
  echo hello | cambium produce words
  cambium consume words --from earliest
  cambium demo                                       all of that with real data, verified

Exit codes: 0 done, also where a signal ended what has no end of its own; 1 it failed (one line "error CODE: why" on
standard error), or a signal came before it was done; 2 called wrongly, nothing was done; 128+N a second signal N.
Settings come from flags, else from the environment (CAMBIUM_...), else from a JSON file (--config FILE):
see "cambium config".`;

function addTo(parent: Command, definition: CommandDefinition | CommandGroup, run: Run): void {
  if ("commands" in definition) {
    const group = parent.command(definition.name).summary(definition.summary).description(definition.summary);
    takeOverExit(group, `cambium ${definition.name}`);
    for (const command of definition.commands) addTo(group, command, run);
    return;
  }
  const command = parent.command(definition.synopsis).summary(definition.summary).description(definition.summary);
  takeOverExit(command, `${pathOf(parent)} ${command.name()}`);
  for (const option of definition.options ?? []) command.addOption(option);
  for (const key of settingKeys) {
    if (definition.settings.includes(definitionOf(key).group)) command.addOption(settingOption(key));
  }
  if (!hasOption(command, "config")) command.option("--config <file>", "JSON file with settings ($CAMBIUM_CONFIG)");
  command.addOption(jsonOption()).addHelpText("after", helpBehind(definition));
  command.action(async (...given: unknown[]) => {
    const options = command.opts();
    const ownConfig = definition.options?.some((option) => option.attributeName() === "config") ?? false;
    const settings = resolveSettings(options, run.world.environment, ownConfig ? undefined : options["config"]);
    run.exitCode = await definition.run({
      world: run.world,
      output: run.output,
      settings: settings.values,
      origins: settings.origins,
      arguments: given.slice(0, -2),
      options,
    });
  });
}

function hasOption(command: Command, attribute: string): boolean {
  return command.options.some((option) => option.attributeName() === attribute);
}

function jsonOption(): Option {
  return new Option("--json", "Results as JSON, one object a line; errors as JSON on standard error");
}

function settingOption(key: SettingKey): Option {
  const { type, default: fallback, doc } = definitionOf(key);
  const flags = type.placeholder === "" ? flagName(key) : `${flagName(key)} <${type.placeholder}>`;
  const value = fallback === null || fallback === false ? "" : `default: ${type.format(fallback)}; `;
  return new Option(flags, `${doc} (${value}$${variableName(key)})`);
}

function helpBehind({ details, examples }: CommandDefinition): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, meaning]) => `  ${line.padEnd(width)}  ${meaning}`.trimEnd());
  return `${details === undefined ? "" : `\n${details}\n`}\nExamples:\n${lines.join("\n")}`;
}

/** commander would end the process: instead, what it says becomes an error of ours. */
function takeOverExit(command: Command, path: string): void {
  command.exitOverride((error: CommanderError) => {
    if (error.exitCode === 0) throw new HelpShown(EXIT_OK);
    if (error.code === "commander.help") throw new HelpShown(EXIT_USAGE);
    const message = error.message.replace(/^error: /, "").replace(/\n\(Did you mean (.*)\?\)$/, "; did you mean $1?");
    throw new UsageError(`${message} (see "${path} --help")`);
  });
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function isSystemError(reason: unknown): reason is NodeJS.ErrnoException {
  return reason instanceof Error && typeof (reason as NodeJS.ErrnoException).code === "string";
}
