/** The README quotes the benchmark: the table stands between two marks, and the rows that it was made of lie beside us. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownRows, type Row } from "./row.ts";

export const readmeFile: string = join(import.meta.dirname, "../../README.md");
export const resultsFile: string = join(import.meta.dirname, "../results/canonical.json");

const quote = /(<!-- canonical: .*? -->\n)([\s\S]*?)(<!-- \/canonical -->)/;

export function quoteInReadme(machine: string, rows: readonly Row[]): void {
  const text = `\n${machine}:\n\n${markdownRows(rows)}\n\n`;
  const readme = readFileSync(readmeFile, "utf8");
  writeFileSync(
    readmeFile,
    readme.replace(quote, (_, begin: string, __, end: string) => begin + text + end),
  );
  writeFileSync(resultsFile, `${JSON.stringify(rows, null, 2)}\n`);
}

/** @returns what stands between the marks */
export function quotedInReadme(): string {
  return quote.exec(readFileSync(readmeFile, "utf8"))?.[2] ?? "";
}
