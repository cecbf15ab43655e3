/** The processes of a run: the broker as a user starts it, and the clients, each on its own. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const MAIN = join(import.meta.dirname, "../../dist/src/main.js");

/** Folders for data; all on one device, the system's temporary one unless CAMBIUM_BENCH_DIR says otherwise. */
export function makeFolder(): string {
  return mkdtempSync(join(process.env["CAMBIUM_BENCH_DIR"] ?? tmpdir(), "cambium-bench-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export class BrokerProcess {
  readonly data: string;
  readonly port: number;
  /** ms from the start of the process to its ready line. */
  readonly readyMs: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, data: string, port: number, readyMs: number) {
    this.#child = child;
    this.data = data;
    this.port = port;
    this.readyMs = readyMs;
  }

  /** Starts the built broker on a folder, on a free port. */
  static async start(data: string): Promise<BrokerProcess> {
    const begunMs = performance.now();
    const child = spawn(process.execPath, [MAIN, "start", "--data", data, "--port", "0", "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout! })) {
      const { port } = JSON.parse(line) as { port: number };
      return new BrokerProcess(child, data, port, performance.now() - begunMs);
    }
    throw new Error("the broker ended before it was ready");
  }

  get server(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** CPU seconds so far, all threads. */
  cpu(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Resident bytes now, or the most there ever were. */
  memory(which: "VmRSS" | "VmHWM"): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)![1]) * 1024;
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  #end(signal: NodeJS.Signals): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.kill(signal);
    });
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
