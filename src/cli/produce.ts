/** `cambium produce`: lines, JSON or whole files as records of a topic. */
import fs from "node:fs";
import { BrokerError } from "../base/errors.ts";
import { MIB } from "../base/units.ts";
import type { BatchAck, Producer, ProducerRecord } from "../client/index.ts";
import { countText, rateText, secondsText } from "./amounts.ts";
import type { Invocation } from "./command-definition.ts";
import { CommandError, UsageError } from "./command-error.ts";
import { connected } from "./connected.ts";
import { EXIT_OK, type ExitCode } from "./failure.ts";
import { lines } from "./lines.ts";
import type { Output } from "./output.ts";
import { Progress } from "./progress.ts";
import {
  fieldKeyedLines,
  keyedLines,
  type LineReader,
  type RecordDefaults,
  recordLines,
  valueLines,
} from "./record-input.ts";

export interface ProduceOptions {
  readonly file?: readonly string[];
  readonly whole?: true;
  readonly jsonLines?: true;
  readonly key?: string;
  readonly keySeparator?: string;
  readonly keyField?: string;
  readonly partition?: number;
  readonly header?: readonly (readonly [string, string])[];
}

/** The largest record that a topic may take. */
const LINE_BYTES_MAX = 32 * MIB;

export function produce(invocation: Invocation): Promise<ExitCode> {
  const { world, output, settings } = invocation;
  const topic = String(invocation.arguments[0]);
  const options = invocation.options as ProduceOptions;
  const readLine = lineReader(options);
  return connected(invocation, async (client) => {
    const acks = new Acks(output);
    const producer = await client.producer({
      topic,
      lingerMs: settings.linger,
      batchBytes: settings.batchBytes,
      compression: settings.compression,
      deliveryTimeoutMs: settings.deliveryTimeout,
      onAck: (ack) => acks.acknowledged(ack),
      onError: (error, { count }) => acks.refused(error, count),
    });
    const sources = options.file ?? [];
    const input = new Input(producer, acks, sources, world.stdin, world.stop.signal);
    const progress = new Progress(output, `produce ${topic}`, sizeOf(sources), () => ({
      records: acks.records,
      bytes: input.bytes,
    }));
    const startedMs = performance.now();
    let failure: unknown = null;
    try {
      await (options.whole ? input.whole(defaultsOf(options)) : input.lines(readLine));
    } catch (error) {
      failure = error;
    }
    // What was read before a failure is sent all the same.
    await producer.close().catch((error: unknown) => acks.refused(error, 0));
    progress.end();
    acks.end(topic, input, performance.now() - startedMs);
    if (failure !== null || acks.error !== null) throw acks.error ?? failure;
    if (input.isInterrupted && sources.length > 0)
      throw new CommandError("INTERRUPTED", "a signal came before all files were sent");
    return EXIT_OK;
  });
}

function defaultsOf({ key, partition, header }: ProduceOptions): RecordDefaults {
  return {
    ...(key !== undefined && { key }),
    ...(partition !== undefined && { partition }),
    ...(header && { headers: header }),
  };
}

function lineReader(options: ProduceOptions): LineReader {
  const { whole, jsonLines, keySeparator, keyField } = options;
  const ways = {
    "--whole": whole,
    "--json-lines": jsonLines,
    "--key-separator": keySeparator,
    "--key-field": keyField,
  };
  const chosen = Object.entries(ways).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (chosen.length > 1) throw new UsageError(`${chosen.join(" and ")} are different ways to read records: choose one`);
  if (keySeparator === "") throw new UsageError("--key-separator is not empty");
  const defaults = defaultsOf(options);
  if (jsonLines) return recordLines(defaults);
  if (keyField !== undefined) return fieldKeyedLines(keyField, defaults);
  return keySeparator === undefined ? valueLines(defaults) : keyedLines(keySeparator, defaults);
}

/** @returns bytes of all files; null: they are read as they come */
function sizeOf(paths: readonly string[]): number | null {
  if (paths.length === 0) return null;
  return paths.reduce((sum, path) => sum + (fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Reads the sources and gives their records to the producer, as fast as it takes them. */
class Input {
  /** Of the values that were given to the producer. */
  bytes = 0;
  /** A signal came before the end. */
  isInterrupted = false;
  readonly #producer: Producer;
  readonly #acks: Acks;
  /** Empty: standard input. */
  readonly #files: readonly string[];
  readonly #stdin: NodeJS.ReadStream;
  readonly #stop: AbortSignal;

  constructor(producer: Producer, acks: Acks, files: readonly string[], stdin: NodeJS.ReadStream, stop: AbortSignal) {
    this.#producer = producer;
    this.#acks = acks;
    this.#files = files;
    this.#stdin = stdin;
    this.#stop = stop;
  }

  async lines(read: LineReader): Promise<void> {
    for (const { name, stream } of this.#streams()) {
      let number = 0;
      for await (const group of lines(this.#chunks(stream), LINE_BYTES_MAX)) {
        for (const line of group) {
          number++;
          const record = readAt(read, line, name, number);
          if (record === null) continue;
          const taken = this.#take(record);
          if (taken !== null) await taken;
        }
        if (this.#isOver) break;
      }
    }
  }

  /** Each source is one record. */
  async whole(defaults: RecordDefaults): Promise<void> {
    for (const { name, stream } of this.#streams()) {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of this.#chunks(stream)) {
        chunks.push(chunk);
        size += chunk.length;
        if (size > LINE_BYTES_MAX)
          throw new BrokerError("MESSAGE_TOO_LARGE", `${name} is larger than ${LINE_BYTES_MAX} bytes`);
      }
      if (this.#isOver) return;
      const taken = this.#take({ ...defaults, value: Buffer.concat(chunks) });
      if (taken !== null) await taken;
    }
  }

  get #isOver(): boolean {
    return this.isInterrupted || this.#acks.error !== null;
  }

  *#streams(): Generator<{ readonly name: string; readonly stream: NodeJS.ReadableStream & { destroy(): void } }> {
    if (this.#files.length === 0) yield { name: "standard input", stream: this.#stdin };
    for (const path of this.#files) {
      if (this.#isOver) return;
      yield { name: path, stream: fs.createReadStream(path, { highWaterMark: 256 * 1024 }) };
    }
  }

  /** Ends early on a signal, and when a record was refused. */
  async *#chunks(stream: NodeJS.ReadableStream & { destroy(): void }): AsyncGenerator<Uint8Array, void> {
    const interrupt = (): void => {
      this.isInterrupted = true;
      stream.destroy();
    };
    if (this.#stop.aborted) interrupt();
    this.#stop.addEventListener("abort", interrupt);
    const end = (): void => stream.destroy();
    this.#acks.onRefused = end;
    try {
      for await (const chunk of stream) yield chunk as Buffer;
    } catch (error) {
      if (!this.#isOver) throw error;
    } finally {
      this.#stop.removeEventListener("abort", interrupt);
    }
  }

  /** @returns null, or a promise to await before the next record: the memory is full */
  #take(record: ProducerRecord): Promise<void> | null {
    try {
      const hasRoom = this.#producer.enqueue(record);
      this.bytes += record.value?.length ?? 0;
      return hasRoom ? null : this.#producer.ready();
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== "BUSY") throw error;
      return this.#producer.ready().then(() => this.#take(record) ?? undefined);
    }
  }
}

function readAt(read: LineReader, line: Uint8Array, name: string, number: number): ProducerRecord | null {
  try {
    return read(line);
  } catch (error) {
    if (error instanceof BrokerError) throw new BrokerError(error.code, `${name}, line ${number}: ${error.message}`);
    throw error;
  }
}

/** Counts what was acknowledged and, with `--json`, says so as it happens. */
class Acks {
  records = 0;
  /** Why the first batch was refused. */
  error: unknown = null;
  onRefused: () => void = () => {};
  readonly #output: Output;
  #failed = 0;
  #durability = "";
  #scheduled = false;

  constructor(output: Output) {
    this.#output = output;
  }

  acknowledged({ count, durability }: BatchAck): void {
    this.records += count;
    this.#durability = durability ?? "";
    if (!this.#output.json || this.#scheduled) return;
    this.#scheduled = true;
    // At most a line per turn, and none while the reader of standard output is slow.
    setImmediate(() => this.#tell());
  }

  refused(error: unknown, count: number): void {
    this.#failed += count;
    this.error ??= error;
    this.onRefused();
  }

  end(topic: string, { bytes, isInterrupted }: Input, ms: number): void {
    const acked = this.records;
    const durability = this.#durability === "" ? "" : ` (${this.#durability})`;
    const text = `${countText(acked)} records acknowledged${durability} by ${topic} in ${secondsText(ms)}, ${rateText(bytes, ms)}`;
    const facts = { acked, done: true, failed: this.#failed, bytes, ms: Math.round(ms), interrupted: isInterrupted };
    this.#output.result(facts, text);
  }

  #tell(): void {
    this.#scheduled = false;
    this.#output.line(JSON.stringify({ acked: this.records }));
  }
}
