/** Reads sources and gives out their records, as fast as they are taken. */
import fs from "node:fs";
import { BrokerError, type ErrorName } from "../base/errors.ts";
import { KIB, MIB } from "../base/units.ts";
import type { ProducerRecord } from "../client/index.ts";
import { UsageError } from "./command-error.ts";
import { lines } from "./lines.ts";
import type { LineReader, RecordDefaults } from "./record-input.ts";

/** @returns null, or a promise to await before the next record */
export type TakeRecord = (record: ProducerRecord) => Promise<void> | null;

/** The largest record that a topic may take. */
const RECORD_BYTES_MAX = 32 * MIB;
const FILE_CHUNK_SIZE = 256 * KIB;
/** As a file's name. */
const STDIN = "-";

type Source = NodeJS.ReadableStream & { destroy(): void };

/** Reading was ended from outside. What was not read to its end is no record. */
class EndedEarly extends Error {}

export class ProduceInput {
  /** It was ended before everything was read. */
  isCut = false;
  readonly #files: readonly string[];
  readonly #stdin: Source;
  readonly #end: AbortSignal;

  /**
   * @param files none: standard input is read
   * @param end ends the reading; records that were read to their ends are given out before
   */
  constructor(files: readonly string[], stdin: Source, end: AbortSignal) {
    this.#files = files;
    this.#stdin = stdin;
    this.#end = end;
  }

  /** A name that is wrong is told before anything is sent. @throws UsageError; what the system says of a file */
  check(): void {
    if (this.#files.filter((path) => path === STDIN).length > 1) throw new UsageError("standard input is read once");
    for (const path of this.#files) {
      if (path === STDIN) continue;
      fs.accessSync(path, fs.constants.R_OK);
      if (fs.statSync(path).isDirectory()) throw new UsageError(`--file ${path} is a folder`);
    }
  }

  /** Bytes of all files; null: they are read as they come. */
  get size(): number | null {
    if (this.#files.length === 0 || this.#files.includes(STDIN)) return null;
    return this.#files.reduce((sum, path) => sum + (fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  }

  /** @throws BrokerError INVALID_RECORD, MESSAGE_TOO_LARGE, with the line; and what `take` throws */
  lines(read: LineReader, take: TakeRecord): Promise<void> {
    return this.#eachSource(async (name, chunks) => {
      let number = 0;
      for await (const group of lines(chunks, RECORD_BYTES_MAX)) {
        for (const line of group) {
          number++;
          const taken = takeAt(read, take, line, name, number);
          if (taken !== null) await taken;
        }
      }
    });
  }

  /** Each source is one record. @throws BrokerError MESSAGE_TOO_LARGE, and what `take` throws */
  whole(defaults: RecordDefaults, take: TakeRecord): Promise<void> {
    return this.#eachSource(async (name, chunks) => {
      const pieces: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of chunks) {
        pieces.push(chunk);
        size += chunk.length;
        if (size <= RECORD_BYTES_MAX) continue;
        throw new BrokerError("MESSAGE_TOO_LARGE", `${name} is larger than ${RECORD_BYTES_MAX} bytes`);
      }
      const taken = take({ ...defaults, value: Buffer.concat(pieces) });
      if (taken !== null) await taken;
    });
  }

  async #eachSource(read: (name: string, chunks: AsyncIterable<Uint8Array>) => Promise<void>): Promise<void> {
    try {
      for (const path of this.#files.length === 0 ? [STDIN] : this.#files) {
        if (path === STDIN) await read("standard input", this.#chunks(this.#stdin));
        else await read(path, this.#chunks(fs.createReadStream(path, { highWaterMark: FILE_CHUNK_SIZE })));
      }
    } catch (error) {
      if (!(error instanceof EndedEarly)) throw error;
      this.isCut = true;
    }
  }

  async *#chunks(source: Source): AsyncGenerator<Uint8Array, void> {
    const end = (): void => source.destroy();
    this.#end.addEventListener("abort", end);
    try {
      if (this.#end.aborted) throw new EndedEarly();
      for await (const chunk of source) {
        yield chunk as Buffer;
        if (this.#end.aborted) throw new EndedEarly();
      }
    } catch (error) {
      throw this.#end.aborted ? new EndedEarly() : error;
    } finally {
      this.#end.removeEventListener("abort", end);
      source.destroy();
    }
  }
}

/** What is wrong with a line's record is an error that names the line, whoever found it. */
const ERRORS_OF_RECORDS: readonly ErrorName[] = [
  "INVALID_RECORD",
  "INVALID_TIMESTAMP",
  "MESSAGE_TOO_LARGE",
  "UNKNOWN_TOPIC_OR_PARTITION",
];

function takeAt(
  read: LineReader,
  take: TakeRecord,
  line: Uint8Array,
  name: string,
  number: number,
): Promise<void> | null {
  try {
    const record = read(line);
    return record === null ? null : take(record);
  } catch (error) {
    if (!(error instanceof BrokerError) || !ERRORS_OF_RECORDS.includes(error.code)) throw error;
    const { code, details, message } = error;
    throw new BrokerError(code, `${name}, line ${number}: ${message}`, { details: { ...details, line: number } });
  }
}
