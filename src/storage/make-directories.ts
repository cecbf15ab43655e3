import fs from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder, and those above it that are missing.
 *
 * Node's own recursive mkdir never returns where a folder exists and yet cannot take another one, as /proc.
 *
 * @throws the system's error: ENOENT, EACCES, ENOTDIR, ENOSPC, EEXIST where a file has the name, ...
 */
export function makeDirectories(path: string): void {
  try {
    fs.mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && fs.statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path || fs.existsSync(parent)) throw error;
    makeDirectories(parent);
    fs.mkdirSync(path);
  }
}
