import { generatedHeader } from "./names.ts";

/** @returns the names of flatc's classes, in the schema's order */
export function classNames(files: Readonly<Record<string, string>>): string[] {
  return Object.values(files).flatMap((text) => /^export class (\w+)/m.exec(text)?.[1] ?? []);
}

/**
 * Joins what `flatc --ts` wrote, one file per type, into one module that Node runs as it is.
 *
 * flatc's text is kept but for what type stripping and our compiler settings refuse: an enum becomes an object and a
 * type of the same name, and the helpers and the type parameter that nothing uses go. And a struct's bytes may come
 * from a Uint8Array.
 *
 * @param files flatc's files by name, in the schema's order
 * @returns the text of src/protocol/generated/wire.ts
 * @throws Error if flatc's output no longer looks as this expects
 */
export function joinAccessors(files: Readonly<Record<string, string>>): string {
  const parts: string[] = [];
  const enums: string[] = [];
  for (const text of Object.values(files)) {
    if (/^export \{/m.test(text)) continue; // the namespace's list of re-exports
    const body = text
      .replace(/^\/\/ automatically generated.*\n|^\/\* eslint-disable.*\n|^import .*\n/gm, "")
      .replace(/^export function union(?:List)?To\w+\([\s\S]*?\n\}\n?/gm, "")
      .replace(/<T extends flatbuffers\.Table>/g, "")
      .replace(/\bbytes: number\[\]/g, "bytes: ArrayLike<number>")
      .replace(/^export enum (\w+) \{\n([\s\S]*?)\n\}/gm, (_, name: string, members: string) => {
        enums.push(name);
        const properties = members.replace(/ = /g, ": ");
        const type = `export type ${name} = (typeof ${name})[keyof typeof ${name}];`;
        return `export const ${name} = {\n${properties}\n} as const;\n${type}`;
      });
    parts.push(body.trim());
  }

  let joined = parts.join("\n\n");
  for (const name of enums) {
    // The accessor of an enum returns the number it finds; the type of an object's values is narrower than that.
    joined = joined.replace(
      new RegExp(`(\\(\\):${name} \\{\\n.*\\n  return )(.*);`, "g"),
      (_, head: string, value: string) => `${head}(${value}) as ${name};`,
    );
  }
  const leftover = joined.split("\n").find((line) => /^export (enum|namespace|function|\{)|from '\.\//.test(line));
  if (leftover !== undefined) throw new Error(`flatc wrote what cannot be joined: ${leftover}`);
  const header = [...generatedHeader("flatc's accessors."), `import * as flatbuffers from "flatbuffers";`];
  return `${header.join("\n")}\n\n${joined}\n`;
}
