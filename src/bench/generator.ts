/** A generator's process, as the one who started it sees it (task.ts). */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { beginLine, type Window } from "./task.ts";

export class Generator<Report> {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown[]>;

  /** @param command program and arguments, of which the last are the task */
  constructor([program, ...args]: readonly [string, ...string[]]) {
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
    this.#exited = once(this.#child, "exit");
    this.#child.stdin!.on("error", () => {}); // Its end is told by its exit.
  }

  /** Resolves when it is connected; a consumer has subscribed. */
  async ready(): Promise<void> {
    await this.#line();
  }

  begin(window: Window): void {
    this.#tell(beginLine(window));
  }

  /** A consumer ends when it has read so many records. */
  stop(records: number): void {
    this.#tell(`stop ${records}`);
  }

  /** @throws Error  it ended without a report */
  async report(): Promise<Report> {
    return JSON.parse(await this.#line()) as Report;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  #tell(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  async #line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (!done) return value;
    const [code, signal] = await this.#exited;
    throw new Error(`${this.#child.spawnargs.slice(0, 2).join(" ")} ended with ${code ?? signal} and without a report`);
  }
}
