/** What a peer needs of Debian. */
import { existsSync } from "node:fs";

/**
 * @param paths by package: a file that the package brings
 * @throws Error  that names every package that is missing
 */
export function needDebianPackages(paths: Readonly<Record<string, string>>): void {
  const missing = Object.entries(paths).flatMap(([name, path]) => (existsSync(path) ? [] : [name]));
  if (missing.length > 0) throw new Error(`not installed: apt-get install ${missing.join(" ")}`);
}
