/**
 * Builds the publishable package into `dist/` (`npm run build`; then `npm pack ./dist`).
 *
 * dist/ mirrors the repository: src/client/index.ts becomes src/client/index.js and .d.ts. So its package.json is the
 * repository's by rule: what only a checkout needs is left out, and every path "./x.ts" reads "./x.js".
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

const publishedFields = [
  "name",
  "version",
  "description",
  "keywords",
  "license",
  "repository",
  "type",
  "sideEffects",
  "engines",
  "imports",
  "exports",
  "bin",
  "dependencies",
  "optionalDependencies",
  "peerDependencies",
  "peerDependenciesMeta",
];
/** The Node that a checkout pins for its own scripts. */
const pinnedNode = /^node-(bin-)?(linux|darwin|win)-/;

/** Copied beside the compiled sources. */
const documents = ["README.md", "LICENSE"];

/** @param manifest the repository's package.json, parsed */
export function publishedManifest(manifest: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const published = Object.fromEntries(
    publishedFields.filter((field) => field in manifest).map((field) => [field, manifest[field]]),
  );
  return JSON.parse(JSON.stringify(published), (key, value: unknown) => {
    if (pinnedNode.test(key)) return undefined;
    return typeof value === "string" && value.startsWith("./") ? value.replace(/[.]ts$/, ".js") : value;
  }) as Record<string, unknown>;
}

/** @param folder is emptied first */
export function build(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [compiler, "--project", "tsconfig.build.json", "--outDir", folder], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the sources do not compile");
  localiseIntegers(join(folder, "assembly/layout.d.ts"));
  for (const path of globSync("src/**/*.d.ts", { cwd: folder })) localiseWebAssembly(join(folder, path));
  const manifest = publishedManifest(
    JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>,
  );
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const document of documents) copyFileSync(join(root, document), join(folder, document));
}

/** `u32` and `i32` are global types in the repository, since asc brings its own; in the package they are the file's. */
function localiseIntegers(declarations: string): void {
  const integers = readFileSync(join(root, "src/base/wasm-integers.d.ts"), "utf8").replaceAll("declare type", "type");
  writeFileSync(declarations, integers + readFileSync(declarations, "utf8"));
}

/** A project without `lib.dom` may have no namespace WebAssembly: files that name it bring what they need of it. */
function localiseWebAssembly(declarations: string): void {
  const text = readFileSync(declarations, "utf8");
  if (!text.includes("WebAssembly.")) return;
  const own = readFileSync(join(root, "src/wasm/web-assembly.d.ts"), "utf8");
  writeFileSync(declarations, `${text}\n${own}`);
}

if (import.meta.main) build(join(root, "dist"));
