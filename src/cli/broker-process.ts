/** A broker in a process of its own: this very program, started again, so that it can be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { CommandError } from "./command-error.ts";
import { withoutSettings } from "./settings-schema.ts";
import type { World } from "./world.ts";

export class BrokerProcess {
  readonly port: number;
  /** ms from the start of the process until it was ready. */
  readonly readyMs: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  /**
   * @param port    0: any free one
   * @param options of `cambium start`, beside those
   * @throws CommandError BROKER_FAILED, with what it said
   */
  static async start(
    { self, environment }: Pick<World, "self" | "environment">,
    data: string,
    port: number,
    options: readonly string[] = [],
  ): Promise<BrokerProcess> {
    const [node, ...args] = self;
    const startedMs = performance.now();
    const child = spawn(
      node,
      [...args, "start", "--data", data, "--port", String(port), "--log-level", "error", "--json", ...options],
      {
        // Settings of the user's own broker are not this one's.
        env: withoutSettings(environment),
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let said = "";
    child.stderr.on("data", (chunk) => {
      said = `${said}${chunk}`.slice(-4096);
    });
    const exited = once(child, "exit");
    const line = await Promise.race([once(createInterface(child.stdout), "line"), exited.then(() => null)]);
    if (line === null) throw new CommandError("BROKER_FAILED", `the broker did not start: ${said.trim()}`);
    const ready = JSON.parse(String(line[0])) as { readonly port: number };
    return new BrokerProcess(child, exited, ready.port, performance.now() - startedMs);
  }

  private constructor(child: ChildProcess, exited: Promise<unknown>, port: number, readyMs: number) {
    this.#child = child;
    this.#exited = exited;
    this.port = port;
    this.readyMs = readyMs;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** kill -9: it gets no chance to do anything. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** @throws CommandError BROKER_FAILED it did not end in order */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#exited;
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0)
      throw new CommandError("BROKER_FAILED", `the broker ended with ${exitCode ?? signalCode} when it was stopped`);
  }
}
