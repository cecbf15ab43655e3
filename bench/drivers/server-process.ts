/** The process of a peer: started, waited for until it answers, and ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ASK_MS = 20;
const ANSWER_MS_MAX = 1000;

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Where its output goes, to a file `output`. */
  readonly folder: string;
  /** What it is asked on its port, until it answers anything: that it accepts a connection means little. */
  readonly port: number;
  readonly question: string | Uint8Array;
  /** What the answer begins with, of a server that also answers that it is not ready. */
  readonly answer?: string;
  readonly secondsMax: number;
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Who it runs as, if not as who runs this. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

export class ServerProcess {
  /** ms until it answered. */
  readonly readyMs: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  /** @throws Error  it ended, or did not answer in time */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    const { program, args, folder, port, question, answer = "", secondsMax, environment, user } = command;
    const path = join(folder, "output");
    const output = openSync(path, "w");
    const startedMs = performance.now();
    const env = { ...process.env, ...environment };
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", output, output], env, ...user });
    closeSync(output);
    const exited = Promise.race([once(child, "exit"), once(child, "error")]);
    let isGone = false;
    void exited.finally(() => {
      isGone = true;
    });
    while (!(await answers(port, question, answer))) {
      if (isGone || (performance.now() - startedMs) / 1000 > secondsMax) {
        child.kill("SIGKILL");
        throw new Error(`${program} did not start: see ${path}`);
      }
      await sleep(ASK_MS);
    }
    return new ServerProcess(child, exited, performance.now() - startedMs);
  }

  private constructor(child: ChildProcess, exited: Promise<unknown>, readyMs: number) {
    this.#child = child;
    this.#exited = exited;
    this.readyMs = readyMs;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

function answers(port: number, question: string | Uint8Array, answer: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (isReady: boolean): void => {
      socket.destroy();
      resolve(isReady);
    };
    socket.once("connect", () => socket.write(question));
    socket.once("data", (bytes) => end(bytes.toString("latin1").startsWith(answer)));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
    socket.setTimeout(ANSWER_MS_MAX, () => end(false));
  });
}
