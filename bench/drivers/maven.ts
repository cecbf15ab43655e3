/** Jars from Maven Central, kept in a cache from run to run. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "./cache.ts";

const run = promisify(execFile);

/**
 * Fetches artifacts and all they need at runtime.
 *
 * @param name      of the folder in the cache
 * @param artifacts as group:artifact:version
 * @returns the folder of the jars
 * @throws Error  they are not to be had, or there is no `mvn`
 */
export async function jars(name: string, artifacts: readonly string[]): Promise<string> {
  const folder = join(cacheFolder, name);
  if (existsSync(folder)) return folder;
  const work = join(cacheFolder, `${name}.part`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, "pom.xml"), pom(artifacts));
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=libs"];
  await run("mvn", ["-q", "-B", ...goal], { cwd: work });
  // Under its name only when it is whole.
  renameSync(join(work, "libs"), folder);
  rmSync(work, { recursive: true });
  return folder;
}

function pom(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(":");
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>bench</groupId><artifactId>bench</artifactId><version>1</version>
<dependencies>${dependencies.join("\n")}</dependencies></project>\n`;
}
