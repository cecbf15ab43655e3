/**
 * Checks the arrows between the rooms (.dependency-cruiser.mjs).
 *
 * dependency-cruiser reads nothing where it does not support the installed TypeScript, and reports success. So every
 * source file on disk must turn up in its result.
 */
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractDepcruiseOptions from "dependency-cruiser/config-utl/extract-depcruise-options";

const root = join(import.meta.dirname, "..");
const topFolders = ["assembly", "bench", "console", "examples", "scripts", "src", "test"];

export interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly comment: string;
}

export interface Arrows {
  readonly violations: readonly Violation[];
  /** Source files that were not read: what they import is unknown. */
  readonly unread: readonly string[];
  readonly fileCount: number;
}

/** @param baseDir the folder that holds src/ and its siblings */
export async function checkArrows(baseDir: string): Promise<Arrows> {
  const folders = topFolders.filter((folder) => existsSync(join(baseDir, folder)));
  const files = folders.flatMap((folder) => sourceFiles(baseDir, folder));
  const options = await extractDepcruiseOptions(join(root, ".dependency-cruiser.mjs"));
  const { output } = await cruise(folders, { ...options, baseDir });
  const { modules, summary } = output as ICruiseResult;
  const read = new Set(modules.map((module) => module.source));
  const comments = new Map(summary.ruleSetUsed?.forbidden?.map((rule) => [rule.name, rule.comment ?? ""]));
  return {
    violations: summary.violations.map(({ rule, from, to, cycle }) => ({
      rule: rule.name,
      from,
      to: cycle?.map(({ name }) => name).join(" → ") ?? to,
      comment: comments.get(rule.name) ?? "",
    })),
    unread: files.filter((file) => !read.has(file)),
    fileCount: files.length,
  };
}

function sourceFiles(baseDir: string, folder: string): string[] {
  return readdirSync(join(baseDir, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<![.]d)[.]ts$/.test(entry.name))
    .map((entry) => relative(baseDir, join(entry.parentPath, entry.name)));
}

if (import.meta.main) {
  const { violations, unread, fileCount } = await checkArrows(root);
  for (const { rule, from, to, comment } of violations) console.error(`${from} → ${to}\n  ${rule}. ${comment}`);
  for (const file of unread) console.error(`${file} was not read by dependency-cruiser`);
  console.log(`arrows: ${fileCount} files, ${violations.length} violations, ${unread.length} unread`);
  process.exitCode = violations.length + unread.length === 0 && fileCount > 0 ? 0 : 1;
}
