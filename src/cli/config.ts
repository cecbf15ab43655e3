/** `cambium config`: the settings, where they come from, and their names everywhere. */
import type { Invocation } from "./command-definition.ts";
import { EXIT_OK, type ExitCode } from "./failure.ts";
import { definitionOf, flagName, settingKeys, variableName } from "./settings-schema.ts";
import { table } from "./table.ts";

export function config({ output, settings, origins }: Invocation): Promise<ExitCode> {
  const rows = settingKeys.map((key) => {
    const { type, default: fallback, doc } = definitionOf(key);
    const value = settings[key];
    const text = value === null ? "" : type.format(value);
    return {
      key,
      value,
      text,
      default: fallback,
      origin: origins[key],
      flag: flagName(key),
      variable: variableName(key),
      doc,
    };
  });
  if (output.json) {
    for (const { text: _, ...row } of rows) output.line(JSON.stringify(row));
  } else {
    const cells = rows.map(({ key, text, origin, variable, doc }) => [key, text, origin, variable, doc]);
    output.line(table(["SETTING", "VALUE", "FROM", "VARIABLE", ""], cells));
  }
  return Promise.resolve(EXIT_OK);
}
