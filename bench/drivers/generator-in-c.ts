/** Generators in C (bench/clients), compiled when they are needed. */
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "./cache.ts";

/**
 * @param name      of the file, as `kafka` of kafka-load.c
 * @param libraries as cc's -l takes them
 * @returns the program
 * @throws Error  there is no compiler or no such library
 */
export async function compileGenerator(name: string, libraries: readonly string[]): Promise<string> {
  const source = join(import.meta.dirname, `../clients/${name}-load.c`);
  const folder = join(cacheFolder, "generators");
  const program = join(folder, `${name}-load`);
  mkdirSync(folder, { recursive: true });
  const links = libraries.map((library) => `-l${library}`);
  await promisify(execFile)("cc", ["-O2", "-o", program, source, ...links, "-lpthread"]);
  return program;
}
