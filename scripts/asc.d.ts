/**
 * What scripts/build-core.ts uses of AssemblyScript's compiler (tsconfig.json, `paths`). The package's own types also
 * declare AssemblyScript's globals, among them a `console` without `error`.
 */
export interface CompilerHost {
  readFile(path: string, baseDir: string): string | null;
  writeFile(path: string, contents: string | Uint8Array, baseDir: string): void;
  listFiles(folder: string, baseDir: string): string[] | null;
}

export function main(
  options: readonly string[],
  host: CompilerHost,
): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
