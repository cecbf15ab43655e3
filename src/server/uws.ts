/**
 * Loads uWebSockets.js, a native module, from the first of two packages that has a binary for this machine:
 *
 * - `uWebSockets.js`, an alias of uws-pack: Node 20 and 22 on Linux (glibc 2.27 or newer), macOS and Windows. It comes
 *   first because all our tests run on it.
 * - `@uwsjs/core`, an optional dependency: Node 22, 24 and 26; on Linux it needs glibc 2.38.
 *
 * Both export what uws-pack's types declare.
 */
import { createRequire } from "node:module";
import { BrokerError } from "../base/errors.ts";

export type UwsModule = typeof import("uWebSockets.js");

export interface UwsPackage {
  readonly name: string;
  readonly load: () => UwsModule | Promise<UwsModule>;
}

const require = createRequire(import.meta.url);

const packages: readonly UwsPackage[] = [
  { name: "uws-pack", load: () => import("uWebSockets.js") },
  // Not by import(): in Node 20 a CommonJS module that throws while imported ends the process, caught or not.
  { name: "@uwsjs/core", load: () => require("@uwsjs/core") as UwsModule },
];

const wayOut =
  "It runs on Node 20 and 22 (Linux with glibc, macOS, Windows) and, on Linux with glibc 2.38 or newer, " +
  "also on Node 24 and 26. In a checkout, `npm run cambium` uses the Node that the repository pins.";

/** @throws BrokerError TRANSPORT_UNAVAILABLE no package has a binary for this Node, platform and C library */
export async function loadUws(candidates: readonly UwsPackage[] = packages): Promise<UwsModule> {
  const failures: { name: string; error: unknown }[] = [];
  for (const { name, load } of candidates) {
    try {
      return await load();
    } catch (error) {
      failures.push({ name, error });
    }
  }
  const said = failures.map(({ name, error }) => `${name}: ${gist(error)}`).join("; ");
  throw new BrokerError("TRANSPORT_UNAVAILABLE", `uWebSockets.js does not load on ${here()} (${said}). ${wayOut}`, {
    cause: new AggregateError(failures.map(({ error }) => error)),
  });
}

/** "Node 24.21.0, linux x64, glibc 2.36" */
function here(): string {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  const glibc = header.glibcVersionRuntime === undefined ? "no glibc" : `glibc ${header.glibcVersionRuntime}`;
  const library = process.platform === "linux" ? `, ${glibc}` : "";
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}${library}`;
}

/** The line with the cause: both packages put general advice before it. */
function gist(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [, line = ""] = /(?:[\s\S]*Error: )?(.*)/.exec(text) ?? [];
  return line.replace(/ \(required by .*/, "");
}
