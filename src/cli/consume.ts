/** `cambium consume`: a topic's records on standard output. */
import { BrokerError, type ErrorName } from "../base/errors.ts";
import type { Consumer, RetriedRead, SkippedOffsets } from "../client/index.ts";
import type { Invocation } from "./command-definition.ts";
import { CommandError } from "./command-error.ts";
import { connected } from "./connected.ts";
import { EXIT_OK, type ExitCode } from "./failure.ts";
import type { Output } from "./output.ts";
import { Progress } from "./progress.ts";
import { type RecordFormat, recordFormat } from "./record-format.ts";
import { Skips } from "./skips.ts";
import { startingPoint } from "./starting-point.ts";

interface ConsumeOptions {
  readonly from?: string;
  readonly follow?: true;
  readonly format?: string;
  readonly partition?: readonly (readonly number[])[];
  readonly max?: number;
  readonly skipCorrupt?: true;
}

export function consume(invocation: Invocation): Promise<ExitCode> {
  const { world, output, settings } = invocation;
  const { signal } = world.stop;
  const options = invocation.options as ConsumeOptions;
  const topic = String(invocation.arguments[0]);
  const from = startingPoint(options.from ?? "earliest", Date.now());
  const format = recordFormat(options.format ?? (output.json ? "json" : "value"));
  return connected(invocation, async (client) => {
    const skips = new Skips(output);
    const consumer = client.consumer({
      topic,
      from,
      ...(options.partition !== undefined && { partitions: [...new Set(options.partition.flat())] }),
      retryTimeoutMs: settings.requestTimeout,
      onRetry: (retry) => tellRetry(output, retry),
      ...(!options.follow && { until: "end" as const }),
      ...(options.skipCorrupt && { onCorrupt: "skip" as const, onSkip: (skipped) => skips.tell(skipped) }),
    });
    let isCutShort = false;
    const end = (): void => {
      isCutShort = true;
      void consumer.close();
    };
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
    const printing = new Printing(
      consumer,
      format,
      output,
      options.max ?? Number.POSITIVE_INFINITY,
      options.skipCorrupt ? skips : null,
    );
    // On one terminal the bar would stand among the records.
    const progress = output.isTerminal ? null : new Progress(output, `consume ${topic}`, null, () => printing);
    try {
      await printing.run();
    } catch (error) {
      throw explained(error, typeof from === "object" && "offset" in from);
    } finally {
      progress?.end();
      signal.removeEventListener("abort", end);
      await consumer.close();
      skips.tellTotal();
    }
    // Where a reader went away (`| head`) it had what it wanted.
    if (isCutShort && !options.follow && typeof signal.reason === "string")
      throw new CommandError("INTERRUPTED", "a signal came before the end");
    return EXIT_OK;
  });
}

/** Who waits for records learns why none come. */
function tellRetry(output: Output, { topic, partition, error: { code, message } }: RetriedRead): void {
  const facts = { topic, partition, code, message };
  output.news({ retrying: facts }, `${topic}-${partition} cannot be read, trying again: ${code}: ${message}`);
}

/** With the way out, where an option is one. */
function explained(error: unknown, isFromOffset: boolean): unknown {
  if (!(error instanceof BrokerError)) return error;
  const { code, message, details } = error;
  const hints: Partial<Record<ErrorName, string>> = {
    CORRUPT_BATCH: "--skip-corrupt goes on behind it",
    // What one partition does not have may be another's, or be meant as a time.
    ...(isFromOffset && {
      OFFSET_OUT_OF_RANGE:
        "an integer after --from is an offset, of each partition that --partition names; a time is ISO 8601 or -1h",
    }),
  };
  const hint = hints[code];
  return hint === undefined ? error : new BrokerError(code, `${message} (${hint})`, { details, cause: error });
}

class Printing {
  records = 0;
  bytes = 0;
  readonly #consumer: Consumer;
  readonly #format: RecordFormat;
  readonly #output: Output;
  readonly #recordsMax: number;
  readonly #skips: Skips | null;

  /** @param skips null: a damaged batch ends it */
  constructor(consumer: Consumer, format: RecordFormat, output: Output, recordsMax: number, skips: Skips | null) {
    this.#consumer = consumer;
    this.#format = format;
    this.#output = output;
    this.#recordsMax = recordsMax;
    this.#skips = skips;
  }

  async run(): Promise<void> {
    const output = this.#output;
    const write = output.write.bind(output);
    for await (const batch of this.#consumer.batches()) {
      try {
        batch.forEach((record) => {
          if (this.records === this.#recordsMax) return;
          this.records++;
          this.bytes += record.valueEnd - record.valueStart;
          this.#format(record, write);
        });
      } catch (error) {
        // Who walks a batch learns from the walk that its bytes are no records.
        if (this.#skips === null || !(error instanceof BrokerError) || error.code !== "CORRUPT_BATCH") throw error;
        this.#skips.tell({ ...(error.details as unknown as Omit<SkippedOffsets, "error">), error });
      }
      await output.flush();
      if (this.records === this.#recordsMax) return;
    }
  }
}
