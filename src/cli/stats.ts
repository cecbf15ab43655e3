/** `cambium stats`: what the broker says of itself, once or again and again. */
import { setTimeout as sleep } from "node:timers/promises";
import { sizeText } from "./amounts.ts";
import type { Invocation } from "./command-definition.ts";
import { connected } from "./connected.ts";
import { EXIT_OK, type ExitCode } from "./failure.ts";
import { table } from "./table.ts";

export function stats(invocation: Invocation): Promise<ExitCode> {
  const { world, output, options } = invocation;
  const { watch } = options as { readonly watch?: number };
  const { signal } = world.stop;
  return connected(invocation, async (client) => {
    do {
      const facts = (await client.stats()) as Readonly<Record<string, unknown>>;
      output.result(facts, table(["FACT", "VALUE"], Object.entries(flat(facts))));
      if (watch !== undefined) await sleep(watch, undefined, { signal }).catch(() => {});
      if (watch !== undefined && !signal.aborted && !output.json) output.line("");
    } while (watch !== undefined && !signal.aborted);
    return EXIT_OK;
  });
}

/** Nested facts by their path, sizes and times with their units. */
function flat(facts: object, path = ""): Record<string, string | number> {
  const entries = Object.entries(facts).flatMap(([name, value]): [string, string | number][] => {
    const full = path === "" ? name : `${path}.${name}`;
    if (typeof value === "object" && value !== null) return Object.entries(flat(value, full));
    return [[full, readable(name, value)]];
  });
  return Object.fromEntries(entries);
}

function readable(name: string, value: unknown): string {
  if (typeof value !== "number") return String(value);
  if (/bytes/i.test(name)) return `${value} (${sizeText(value)})`;
  return /Ms$/.test(name) ? `${value} ms` : String(value);
}
