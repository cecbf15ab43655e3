/** The processes of a run: the broker as a user starts it, and the clients, each on its own. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuOf, memoryOf } from "../../src/bench/process-figures.ts";
import { BrokerProcess as ChildBroker } from "../../src/cli/broker-process.ts";

/** The broker as it is published. */
export const MAIN: string = join(import.meta.dirname, "../../dist/src/main.js");

/** Folders for data; all on one device, the system's temporary one unless CAMBIUM_BENCH_DIR says otherwise. */
export function makeFolder(): string {
  return mkdtempSync(join(process.env["CAMBIUM_BENCH_DIR"] ?? tmpdir(), "cambium-bench-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export class BrokerProcess {
  readonly data: string;
  readonly #process: ChildBroker;

  private constructor(process: ChildBroker, data: string) {
    this.#process = process;
    this.data = data;
  }

  /** Starts the built broker on a folder, on a free port. */
  static async start(data: string): Promise<BrokerProcess> {
    const world = { self: [process.execPath, MAIN] as const, environment: process.env };
    return new BrokerProcess(await ChildBroker.start(world, data, 0), data);
  }

  /** ms from the start of the process to its ready line. */
  get readyMs(): number {
    return this.#process.readyMs;
  }

  get port(): number {
    return this.#process.port;
  }

  get server(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** CPU seconds so far, all threads. */
  cpu(): number {
    return cpuOf(this.#process.pid);
  }

  /** Resident bytes now, or the most there ever were. */
  memory(which: "now" | "most"): number {
    return memoryOf(this.#process.pid, which);
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }
}

/** A client in a process of its own; it is told its task, may be told more, and reports. */
export class ClientProcess<Task extends object, Report> {
  readonly #child: ChildProcess;
  readonly report: Promise<Report>;

  constructor(file: string, task: Task) {
    this.#child = fork(join(import.meta.dirname, file), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.report = new Promise((resolve, reject) => {
      this.#child.once("message", (message) => resolve(message as Report));
      this.#child.once("exit", (code) => reject(new Error(`${file} ended with code ${code}`)));
    });
    this.report.catch(() => {});
    this.#child.send(task);
  }

  tell(message: object): void {
    this.#child.send(message);
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}
