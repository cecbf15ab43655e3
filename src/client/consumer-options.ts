/** What a consumer may be told, checked. */
import type { BrokerError } from "../base/errors.ts";
import {
  choiceOption,
  functionOption,
  integerOption,
  knownOptions,
  type OptionNames,
  partitionOption,
  requireOption,
  signalOption,
  TIMER_MS_MAX,
  topicOption,
} from "../base/options.ts";
import { MIB } from "../base/units.ts";
import { Start } from "../protocol/generated/wire.ts";
import { METADATA_MAX_AGE_MS } from "./options.ts";

/**
 * Where reading begins: at the first record there is, after the last one, at an offset, or at the first record that is not
 * earlier than a time (Unix ms).
 */
export type StartPosition = "earliest" | "latest" | { readonly offset: number } | { readonly time: number };

export interface ConsumerOptions {
  readonly topic: string;
  /** Default: all. */
  readonly partitions?: readonly number[];
  /** Default "latest"; where offsets are given by partition, those not named begin there. */
  readonly from?: StartPosition;
  /** Where single partitions begin instead: to go on where an earlier consumer was, give its `offsets`. */
  readonly offsets?: Readonly<Record<number, number>>;
  /** "end": stop where each partition ended when reading began. Default: go on for ever. */
  readonly until?: "end";
  /**
   * Bytes of batches, and of parts of them, that may be under way and not consumed, in equal shares for the partitions, of at
   * least 256 KiB. A batch that is larger than its share comes on top of that, and such batches come one at a time: who reads
   * many of them from many partitions makes the shares as large. (A paused partition that has one does not keep the others
   * waiting, who then have another.) Default 4 MiB.
   */
  readonly bufferBytes?: number;
  /** Bytes that a compressed batch may have, decompressed. Default 64 MiB. */
  readonly decompressedBytesMax?: number;
  /** A batch that is damaged: "stop" fails, with the offset after it in `details.nextOffset`; "skip" goes on there. Default "stop". */
  readonly onCorrupt?: "stop" | "skip";
  /** Told of what `onCorrupt: "skip"` leaves out, when it does. */
  readonly onSkip?: (skipped: SkippedOffsets) => void;
  /**
   * ms for which a partition that cannot be read for now (STORAGE_ERROR, BUSY, ...) is tried again with nothing read in between,
   * where reading has an end (`until: "end"`): then it fails with the reason. Without an end it is tried for ever. Default 30,000.
   */
  readonly retryTimeoutMs?: number;
  /** Told once where that has lasted for a second; and again after something was read. */
  readonly onRetry?: (retry: RetriedRead) => void;
  /** The offset to be read is not in the log, or not any more: fail, or go on elsewhere. Default "fail". */
  readonly onOutOfRange?: "fail" | "earliest" | "latest";
  /**
   * ms after which the broker is asked again whether the topic has more partitions, as it also is after a reconnect: a
   * consumer of all reads those that were added from their start. Default 30,000.
   */
  readonly metadataMaxAgeMs?: number;
  /** Ends reading: whoever reads gets the signal's reason as an exception. */
  readonly signal?: AbortSignal;
}

/** What a damaged batch held, as far as can be said. */
export interface SkippedOffsets {
  readonly topic: string;
  readonly partition: number;
  /** First offset that is left out. */
  readonly offset: number;
  /** Offset at which reading goes on. */
  readonly nextOffset: number;
  readonly error: BrokerError;
}

/** A partition that cannot be read for now. */
export interface RetriedRead {
  readonly topic: string;
  readonly partition: number;
  readonly error: BrokerError;
}

const NAMES: OptionNames<ConsumerOptions> = {
  topic: true,
  partitions: true,
  from: true,
  offsets: true,
  until: true,
  bufferBytes: true,
  decompressedBytesMax: true,
  onCorrupt: true,
  onSkip: true,
  retryTimeoutMs: true,
  onRetry: true,
  onOutOfRange: true,
  metadataMaxAgeMs: true,
  signal: true,
};

/** A start as the protocol has it. */
export interface StartValue {
  readonly start: Start;
  /** The offset or the timestamp. */
  readonly value: number;
}

export interface ConsumerSettings {
  readonly topic: string;
  /** null: all. */
  readonly partitions: readonly number[] | null;
  readonly from: StartValue;
  readonly offsets: Readonly<Record<number, number>>;
  readonly untilEnd: boolean;
  readonly bufferBytes: number;
  readonly decompressedBytesMax: number;
  readonly onCorrupt: "stop" | "skip";
  readonly onSkip: ((skipped: SkippedOffsets) => void) | null;
  readonly retryTimeoutMs: number;
  readonly onRetry: ((retry: RetriedRead) => void) | null;
  readonly onOutOfRange: "fail" | "earliest" | "latest";
  readonly metadataMaxAgeMs: number;
}

export const EARLIEST: StartValue = { start: Start.Earliest, value: 0 };
export const LATEST: StartValue = { start: Start.Latest, value: 0 };

/** @throws BrokerError INVALID_OPTION, INVALID_TOPIC */
export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  knownOptions("a consumer", options, NAMES);
  const { partitions, offsets = {} } = options;
  requireOption(partitions === undefined || Array.isArray(partitions), "partitions is a list of partitions");
  requireOption(typeof offsets === "object" && offsets !== null, "offsets is an object, offsets by partition");
  signalOption("signal", options.signal);
  for (const partition of partitions ?? []) partitionOption("a partition of partitions", partition);
  requireOption(partitions?.length !== 0, "partitions names at least one");
  requireOption(new Set(partitions).size === (partitions?.length ?? 0), "partitions names none twice");
  for (const [partition, offset] of Object.entries(offsets)) {
    requireOption(
      /^\d+$/.test(partition),
      `offsets is an object, offsets by partition; "${partition}" is no partition`,
    );
    integerOption("an offset of offsets", offset, 0);
  }
  return {
    topic: topicOption("topic", options.topic),
    partitions: partitions ?? null,
    from: startValue(options.from ?? "latest"),
    offsets: { ...offsets },
    untilEnd: options.until !== undefined && choiceOption("until", options.until, ["end"]) === "end",
    bufferBytes: integerOption("bufferBytes", options.bufferBytes ?? 4 * MIB, 1, 2 ** 31),
    decompressedBytesMax: integerOption("decompressedBytesMax", options.decompressedBytesMax ?? 64 * MIB, 1, 2 ** 31),
    onCorrupt: choiceOption("onCorrupt", options.onCorrupt ?? "stop", ["stop", "skip"]),
    onSkip: functionOption("onSkip", options.onSkip),
    retryTimeoutMs: integerOption("retryTimeoutMs", options.retryTimeoutMs ?? 30_000, 1, TIMER_MS_MAX),
    onRetry: functionOption("onRetry", options.onRetry),
    onOutOfRange: choiceOption("onOutOfRange", options.onOutOfRange ?? "fail", ["fail", "earliest", "latest"]),
    metadataMaxAgeMs: integerOption(
      "metadataMaxAgeMs",
      options.metadataMaxAgeMs ?? METADATA_MAX_AGE_MS,
      1,
      TIMER_MS_MAX,
    ),
  };
}

/** @throws BrokerError INVALID_OPTION */
export function startValue(position: StartPosition): StartValue {
  if (position === "earliest") return EARLIEST;
  if (position === "latest") return LATEST;
  const isObject = typeof position === "object" && position !== null;
  const kind = isObject && Object.keys(position).length === 1 ? Object.keys(position)[0] : undefined;
  requireOption(kind === "offset" || kind === "time", 'from is "earliest", "latest", {offset} or {time}');
  if ("offset" in position) return { start: Start.Offset, value: integerOption("from.offset", position.offset, 0) };
  return { start: Start.Timestamp, value: integerOption("from.time", position.time, 0) };
}
