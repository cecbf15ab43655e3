/**
 * Completes package-lock.json with the native packages of other platforms (`npm run lockfile`).
 *
 * `npm ci` refuses a lock file that lacks an optional dependency of any package, also one for a foreign platform. npm
 * writes an entry only where the registry has the package, and a mirror need not carry every platform. Such entries are
 * written here, without integrity: version from the package that wants it, platform from the name, as all of these
 * packages are named. npm skips them everywhere but on that platform.
 */
import { readFileSync, writeFileSync } from "node:fs";

export interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
/** By place in the tree: "" is the project, then "node_modules/a", "node_modules/a/node_modules/b". */
export type LockEntries = Readonly<Record<string, LockEntry>>;

export interface MissingPackage {
  readonly wantedBy: string;
  readonly name: string;
  readonly version: string;
}

export function missingPackages(entries: LockEntries): MissingPackage[] {
  return Object.entries(entries).flatMap(([wantedBy, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !lookupPlaces(wantedBy, name).some((place) => place in entries))
      .map(([name, version]) => ({ wantedBy, name, version })),
  );
}

export function completed(entries: LockEntries): LockEntries {
  const added = missingPackages(entries).map(({ wantedBy, name, version }): [string, LockEntry] => {
    const { os, cpu, libc } = platformOf(name);
    const dev = entries[wantedBy]?.dev;
    // In npm's order, so that the next `npm install` does not rewrite the file.
    const entry = { version, cpu: [cpu], ...(dev && { dev }), ...(libc && { libc: [libc] }), optional: true, os: [os] };
    return [`node_modules/${name}`, entry];
  });
  return Object.fromEntries([...Object.entries(entries), ...added].sort(([a], [b]) => a.localeCompare(b, "en")));
}

/** Where Node, and so npm, looks for `name` from the package at `place`: nearest first. */
function lookupPlaces(place: string, name: string): string[] {
  const parents = place === "" ? [] : place.split("/node_modules/");
  const folders = parents.map((_, depth) => parents.slice(0, parents.length - depth).join("/node_modules/"));
  return [...folders, ""].map((folder) => `${folder === "" ? "" : `${folder}/`}node_modules/${name}`);
}

/** "@biomejs/cli-linux-arm64-musl" → linux, arm64, musl */
function platformOf(name: string): { os: string; cpu: string; libc?: "glibc" | "musl" } {
  const match = /[-/](android|darwin|freebsd|linux|openharmony|win32)-([a-z0-9]+)(?:-(gnu|musl))?/.exec(name);
  const [, os, cpu, libc] = match ?? [];
  if (os === undefined || cpu === undefined) throw new Error(`cannot tell the platform of ${name} from its name`);
  return { os, cpu, ...(libc && { libc: libc === "gnu" ? "glibc" : "musl" }) };
}

if (import.meta.main) {
  const lockfile = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: LockEntries };
  for (const { name, version } of missingPackages(lockfile.packages)) console.log(`added ${name}@${version}`);
  const packages = completed(lockfile.packages);
  writeFileSync("package-lock.json", `${JSON.stringify({ ...lockfile, packages }, null, 2)}\n`);
}
