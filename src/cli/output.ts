/**
 * Where a command's results go: standard output, as text or, with `--json`, as one JSON object a line. Everything else, such
 * as notes and progress, goes to standard error.
 *
 * A reader that goes away (`| head`) ends the command quietly, as a signal would.
 */
import type { World } from "./world.ts";

/** What is written together when much is written. */
const CHUNK_SIZE = 64 * 1024;
/** Most bytes of UTF-8 that a UTF-16 unit can become. */
const BYTES_PER_UNIT_MAX = 3;

export class Output {
  readonly json: boolean;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  #isClosed = false;
  #chunk: Buffer = Buffer.allocUnsafe(CHUNK_SIZE);
  #used = 0;
  #hasStatus = false;

  constructor({ stdout, stderr, stop }: Pick<World, "stdout" | "stderr" | "stop">, json: boolean) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
    stdout.on("error", (error: NodeJS.ErrnoException) => {
      this.#isClosed = true;
      // A full disk behind a redirection is no quiet end.
      stop.abort(error.code === "EPIPE" ? undefined : error);
    });
    stderr.on("error", () => {});
  }

  get isTerminal(): boolean {
    return this.#stdout.isTTY;
  }

  /** Standard error is a terminal, whose last line may show how far the work is. */
  get hasStatusLine(): boolean {
    return this.#stderr.isTTY && !this.json;
  }

  /** Shows how far the work is, until the next line; "": nothing any more. */
  status(text: string): void {
    if (!this.hasStatusLine || (text === "" && !this.#hasStatus)) return;
    this.#stderr.write(`\r\x1b[K${text}`);
    this.#hasStatus = text !== "";
  }

  /** The reader does not keep up: what is written now waits in memory. */
  get isSlow(): boolean {
    return this.#stdout.writableNeedDrain;
  }

  /** A result: the object with `--json`, else the text. */
  result(value: Readonly<Record<string, unknown>>, text: string): void {
    this.line(this.json ? JSON.stringify(value) : text);
  }

  /** One line, out at once. */
  line(text: string): void {
    this.status("");
    this.write(`${text}\n`);
    this.#send();
  }

  /**
   * Adds a part of a large result; it leaves when a chunk is full, or with `flush`.
   *
   * @param piece read before this returns
   */
  write(piece: string | Uint8Array): void {
    const isText = typeof piece === "string";
    const sizeMax = isText ? piece.length * BYTES_PER_UNIT_MAX : piece.length;
    if (this.#used + sizeMax > this.#chunk.length) {
      this.#send();
      if (sizeMax > this.#chunk.length) {
        if (!this.#isClosed) this.#stdout.write(isText ? piece : Buffer.from(piece));
        return;
      }
    }
    if (isText) {
      this.#used += this.#chunk.write(piece, this.#used);
    } else {
      this.#chunk.set(piece, this.#used);
      this.#used += piece.length;
    }
  }

  /** Sends off what was written, and waits while the reader is slow. */
  async flush(): Promise<void> {
    this.#send();
    if (!this.isSlow || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        this.#stdout.off("drain", settle).off("close", settle).off("error", settle);
        resolve();
      };
      this.#stdout.on("drain", settle).on("close", settle).on("error", settle);
    });
  }

  /** Resolves when everything is with the reader, or was refused: then the command has been told to stop. */
  async end(): Promise<void> {
    this.#send();
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => this.#stdout.write("", () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Something worth knowing that is no result. Not with `--json`, where standard error holds JSON only. */
  note(text: string): void {
    if (!this.json) this.error(text);
  }

  /** What whoever waits for a result must know: the object with `--json`, else the text. */
  news(value: Readonly<Record<string, unknown>>, text: string): void {
    this.error(this.json ? JSON.stringify(value) : text);
  }

  /** A line on standard error. */
  error(text: string): void {
    this.status("");
    this.#stderr.write(`${text}\n`);
  }

  #send(): void {
    if (this.#used === 0) return;
    // The stream keeps what it is given until the kernel has taken it.
    if (!this.#isClosed) this.#stdout.write(this.#chunk.subarray(0, this.#used));
    const left = this.#chunk.subarray(this.#used);
    this.#chunk = left.length < CHUNK_SIZE / 4 ? Buffer.allocUnsafe(CHUNK_SIZE) : left;
    this.#used = 0;
  }
}
