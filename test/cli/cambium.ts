/**
 * The command line under test: as a process, started from source as a user does, or, ten times as fast, in this process
 * with streams of its own. The process is for what only it has: signals, pipes, and its exit.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { runCli } from "../../src/cli/program.ts";
import { withoutSettings } from "../../src/cli/settings-schema.ts";
import type { World } from "../../src/cli/world.ts";
import { type Client, connect } from "../../src/client/index.ts";

const main = join(import.meta.dirname, "../../src/main.ts");

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Most files that its process may have open; where there is a shell. */
  readonly filesMax?: number;
  /** A program and its options, under which it runs. */
  readonly under?: readonly string[];
  /** Asks a command in this process to end, as a signal does. */
  readonly stop?: AbortController;
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables of the machine that runs the tests are none of theirs. */
function environment(env: RunOptions["env"] = {}): NodeJS.ProcessEnv {
  const own = withoutSettings(process.env);
  return { NODE_COMPILE_CACHE: join(tmpdir(), "cambium-compile-cache"), ...own, ...env };
}

export function spawnCambium(
  args: readonly string[],
  { env, filesMax, under = [] }: RunOptions = {},
): ChildProcessWithoutNullStreams {
  const command = [...under, process.execPath, main, ...args];
  const limited =
    filesMax === undefined ? command : ["sh", "-c", `ulimit -n ${filesMax} && exec "$0" "$@"`, ...command];
  const child = spawn(limited[0]!, limited.slice(1), { env: environment(env) });
  child.stdin.on("error", () => {}); // It may end before it has read everything.
  return child;
}

/** Runs a command to its end, in a process. */
export async function spawned(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawnCambium(args, options);
  child.stdin.end(options.input ?? "");
  const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout: stdout(), stderr: stderr() };
}

/** Runs a command to its end, in this process; all but those that need a broker or a core of their own. */
export async function cambium(
  args: readonly string[],
  { input = "", env = {}, stop = new AbortController() }: RunOptions = {},
): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const [output, errors] = [collected(stdout), collected(stderr)];
  const world = {
    version: "0.0.0",
    self: [process.execPath, main],
    environment: env,
    stdin: Readable.from([Buffer.from(input)]),
    stdout,
    stderr,
    stop,
    uptimeMs: () => performance.now(),
    startBroker: () => Promise.reject(new Error("not in this process")),
    openScan: () => Promise.reject(new Error("not in this process")),
  };
  const status = await runCli(args, world as unknown as World);
  await Promise.all([stdout, stderr].map((stream) => once(stream.end(), "end")));
  return { status, stdout: output(), stderr: errors() };
}

/** @returns what has come so far, as text */
export function collected(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

/** Every line as JSON. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The error that a command told with `--json`. */
export function errorOf({ stderr }: Ran): Record<string, unknown> {
  return jsonLines(stderr).at(-1)?.["error"] as Record<string, unknown>;
}

export interface StartedBroker {
  readonly port: number;
  readonly data: string;
  /** For `--server`. */
  readonly server: readonly ["--server", string];
  readonly process: ChildProcessWithoutNullStreams;
  /** What it wrote to standard error so far. */
  stderr(): string;
  /** @returns the exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a broker by `cambium start`, on a free port. */
export async function startBroker(
  data: string,
  args: readonly string[] = [],
  port = 0,
  options: RunOptions = {},
): Promise<StartedBroker> {
  const child = spawnCambium(["start", "--data", data, "--port", String(port), "--json", ...args], options);
  const stdout = collected(child.stdout);
  const stderr = collected(child.stderr);
  const exited = once(child, "exit") as Promise<[number | null]>;
  const ready = Promise.withResolvers<void>();
  child.stdout.on("data", () => stdout().includes("\n") && ready.resolve());
  const failed = exited.then(([status]) => Promise.reject(new Error(`the broker ended with ${status}: ${stderr()}`)));
  failed.catch(() => {});
  await Promise.race([ready.promise, failed]);
  const [facts] = jsonLines(stdout());
  const boundPort = facts!["port"] as number;
  return {
    port: boundPort,
    data: facts!["data"] as string,
    server: ["--server", `127.0.0.1:${boundPort}`],
    process: child,
    stderr,
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      return (await exited)[0];
    },
  };
}

/** Runs it with a client of the broker, which is closed behind it. */
export async function connected<Result>(
  broker: StartedBroker,
  run: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = await connect({ server: `127.0.0.1:${broker.port}` });
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "cambium-cli-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
