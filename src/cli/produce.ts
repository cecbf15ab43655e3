/** `cambium produce`: lines, JSON or whole files as records of a topic. */
import { BrokerError } from "../base/errors.ts";
import type { BatchAck, Producer, ProducerRecord } from "../client/index.ts";
import { pluralText, rateText, secondsText } from "./amounts.ts";
import type { Invocation } from "./command-definition.ts";
import { CommandError, UsageError } from "./command-error.ts";
import { connected, PATIENCE_MS } from "./connected.ts";
import { unescapedBytes } from "./escapes.ts";
import { EXIT_OK, type ExitCode } from "./failure.ts";
import type { Output } from "./output.ts";
import { ProduceInput } from "./produce-input.ts";
import { Progress } from "./progress.ts";
import {
  fieldKeyedLines,
  keyedLines,
  type LineReader,
  type RecordDefaults,
  recordLines,
  valueLines,
} from "./record-input.ts";

interface ProduceOptions {
  readonly file?: readonly string[];
  readonly whole?: true;
  readonly jsonLines?: true;
  readonly key?: string;
  readonly keySeparator?: string;
  readonly keyField?: string;
  readonly keyOptional?: true;
  readonly ignorePartition?: true;
  readonly partition?: number;
  readonly header?: readonly (readonly [string, string])[];
}

export function produce(invocation: Invocation): Promise<ExitCode> {
  const { world, output, settings } = invocation;
  const topic = String(invocation.arguments[0]);
  const options = invocation.options as ProduceOptions;
  const readLine = lineReader(options);
  const tally = new Tally(output);
  const end = AbortSignal.any([world.stop.signal, tally.failed]);
  const input = new ProduceInput(options.file ?? [], world.stdin, end);
  input.check();
  return connected(invocation, async (client) => {
    const producer = await client.producer({
      topic,
      lingerMs: settings.linger,
      batchBytes: settings.batchBytes,
      compression: settings.compression,
      deliveryTimeoutMs: settings.deliveryTimeout,
      onAck: (ack) => tally.acknowledged(ack),
      onError: (error, { count }) => tally.refused(error, count),
    });
    const progress = new Progress(output, `produce ${topic}`, input.size, () => tally);
    const take = (record: ProducerRecord): Promise<void> | null => tally.take(producer, record);
    const startedMs = performance.now();
    try {
      await (options.whole ? input.whole(defaultsOf(options), take) : input.lines(readLine, take));
    } catch (error) {
      tally.refused(options.jsonLines ? withPartitionHint(error) : error, 0);
    }
    // What was read before a failure is sent all the same; but who has waited once as long as may be does not wait again.
    const { reason } = tally.failed;
    const isTimedOut = reason instanceof BrokerError && reason.code === "REQUEST_TIMED_OUT";
    const patience = setTimeout(() => {
      if (world.stop.signal.aborted)
        output.note("waiting until what was read is acknowledged; another signal gives it up");
    }, PATIENCE_MS);
    await (isTimedOut ? producer.abort(reason) : producer.close()).catch((error: unknown) => tally.refused(error, 0));
    clearTimeout(patience);
    progress.end();
    const isInterrupted = input.isCut && world.stop.signal.aborted;
    tally.report(topic, performance.now() - startedMs, isInterrupted);
    if (tally.failed.aborted) throw tally.failed.reason;
    if (isInterrupted && input.size !== null) {
      throw new CommandError("INTERRUPTED", "a signal came before all files were sent");
    }
    return EXIT_OK;
  });
}

/** Lines that were another topic's may name a partition that this one has not. */
function withPartitionHint(error: unknown): unknown {
  if (!(error instanceof BrokerError) || error.code !== "UNKNOWN_TOPIC_OR_PARTITION") return error;
  const { code, message, details } = error;
  return new BrokerError(code, `${message}; with --ignore-partition the key decides`, { details });
}

function defaultsOf({ key, partition, header }: ProduceOptions): RecordDefaults {
  return {
    ...(key !== undefined && { key }),
    ...(partition !== undefined && { partition }),
    ...(header !== undefined && { headers: header }),
  };
}

function lineReader(options: ProduceOptions): LineReader {
  const { whole, jsonLines, keySeparator, keyField, keyOptional = false, ignorePartition = false } = options;
  const ways = {
    "--whole": whole,
    "--json-lines": jsonLines,
    "--key-separator": keySeparator,
    "--key-field": keyField,
  };
  const chosen = Object.entries(ways).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (chosen.length > 1) throw new UsageError(`${chosen.join(" and ")} are different ways to read records: choose one`);
  if (keyOptional && keySeparator === undefined && keyField === undefined) {
    throw new UsageError("--key-optional goes with --key-separator or --key-field");
  }
  if (ignorePartition && !jsonLines) throw new UsageError("--ignore-partition goes with --json-lines");
  const defaults = defaultsOf(options);
  if (jsonLines) return recordLines(defaults, ignorePartition);
  const keyed = { optional: keyOptional || options.key !== undefined };
  if (keyField !== undefined) return fieldKeyedLines(keyField, keyed, defaults);
  if (keySeparator === undefined) return valueLines(defaults);
  return keyedLines(unescapedBytes(keySeparator, "--key-separator"), keyed, defaults);
}

/** Counts what is sent and acknowledged and, with `--json`, tells of the latter as it happens. */
class Tally {
  /** Acknowledged. */
  records = 0;
  /** Of the values that were given to the producer. */
  bytes = 0;
  readonly #output: Output;
  readonly #failure = new AbortController();
  /** Given to the producer. */
  #given = 0;
  #refused = 0;
  #durability = "";
  #isTelling = false;
  #isReported = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Aborted with the first error there is. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** @returns null, or a promise to await before the next record: the producer's memory is full */
  take(producer: Producer, record: ProducerRecord): Promise<void> | null {
    try {
      const hasRoom = producer.enqueue(record);
      this.#given++;
      this.bytes += record.value?.length ?? 0;
      return hasRoom ? null : producer.ready();
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== "BUSY") {
        this.#refused++;
        throw error;
      }
      return producer.ready().then(() => this.take(producer, record) ?? undefined);
    }
  }

  acknowledged({ count, durability }: BatchAck): void {
    this.records += count;
    this.#durability = durability;
    if (!this.#output.json || this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => void this.#tell());
  }

  refused(error: unknown, count: number): void {
    this.#refused += count;
    this.#failure.abort(error);
  }

  report(topic: string, ms: number, interrupted: boolean): void {
    const { records, bytes } = this;
    const hasFailed = this.failed.aborted;
    this.#isReported = true;
    const durability = this.#durability === "" ? "" : ` (${this.#durability})`;
    const what = `${pluralText(records, "record")} acknowledged${durability} by ${topic} in ${secondsText(ms)}`;
    const facts = {
      acked: records,
      done: true,
      given: this.#given,
      failed: this.#refused,
      // Of what was given, so after a failure neither an amount of what is in the topic nor a rate.
      ...(!hasFailed && { bytes }),
      ms: Math.round(ms),
      interrupted,
    };
    const text = hasFailed ? `${what}: ${this.#extent(topic)}` : `${what}, ${rateText(bytes, ms)}`;
    this.#output.result(facts, text);
  }

  /** What of the input is in the topic, for whoever has to send the rest of it. */
  #extent(topic: string): string {
    if (this.records === this.#given) return "all that came before the failure, and nothing else";
    return `of ${this.#given} that were sent; of the others none is known to be in ${topic}`;
  }

  /** A line per turn of the event loop at most, and none while nobody takes them: the number is what counts. */
  async #tell(): Promise<void> {
    if (this.#isReported) return;
    this.#output.line(JSON.stringify({ acked: this.records }));
    await this.#output.flush();
    this.#isTelling = false;
  }
}
