/** What a producer may be told, checked. */
import type { BrokerError } from "../base/errors.ts";
import {
  booleanOption,
  choiceOption,
  functionOption,
  integerOption,
  knownOptions,
  type OptionNames,
  requireOption,
  signalOption,
  TIMER_MS_MAX,
  topicOption,
} from "../base/options.ts";
import { KIB, MIB } from "../base/units.ts";
import { BATCH_BYTES_INLINE_MAX } from "../protocol/limits.ts";
import { type Compression, type Compressor, compressorOf } from "./compression.ts";
import { METADATA_MAX_AGE_MS } from "./options.ts";
import type { Partitioner } from "./partitioner.ts";
import type { KeylessRule, PartitionChoice } from "./producer-topic.ts";
import type { DurabilityName } from "./topics.ts";

export interface ProducerOptions {
  /** Topic of the records that name none. */
  readonly topic?: string;
  /**
   * "all" and 1: after the topic's durability. 0: `send` resolves as soon as the batch is on its way, nobody hears of
   * what is lost, and nothing is sent twice. Default "all".
   */
  readonly acks?: 0 | 1 | "all";
  /**
   * Batches that are sent again after a reconnect are recognised by the broker: nothing is in the log twice, and the order
   * in a partition is that of the calls. Default true, unless `acks` is 0.
   */
  readonly idempotent?: boolean;
  /**
   * ms that a batch waits for more records. Default 0: a batch goes when the turn of the event loop ends, or, while
   * another one of its partition is under way, when that is acknowledged; under load batches fill by themselves.
   */
  readonly lingerMs?: number;
  /** Bytes of a batch, its envelope included; rounded up to a power of two, from 4 KiB to 1 MiB. Default 256 KiB. */
  readonly batchBytes?: number;
  /** Bytes of all batches that are not acknowledged; at least twice `batchBytes`. Default 32 MiB. */
  readonly bufferBytes?: number;
  /** Bytes of batches that would be on their way at a time, if the broker agrees. Default 4 MiB. */
  readonly windowBytes?: number;
  /** Batches of a partition that may be on their way at a time; at most 5 for an idempotent producer. Default 5. */
  readonly inFlightMax?: number;
  /** ms from a record's call to its acknowledgement, retries and reconnects included. Default 120,000. */
  readonly deliveryTimeoutMs?: number;
  /**
   * ms after which the broker is asked again about a topic in use: for partitions that were added, and for its
   * `max.message.bytes`. It is also asked after a reconnect, and when a record names a partition that is not known. As
   * in Kafka, the records of a key go to another partition once there are more. Default 30,000.
   */
  readonly metadataMaxAgeMs?: number;
  /** Default "none". */
  readonly compression?: Compression;
  /** Where records without a key go. Default "sticky". */
  readonly keyless?: KeylessRule;
  /** Instead of Kafka's rule: murmur2 of the key, `keyless` without one. */
  readonly partitioner?: Partitioner;
  /** Told of each batch that is acknowledged. */
  readonly onAck?: (ack: BatchAck) => void;
  /** Told of each batch that was given up. */
  readonly onError?: (error: BrokerError, batch: FailedBatch) => void;
  /** Ends the wait of `client.producer` for `topic`, and with it the producer. Later it has no effect. */
  readonly signal?: AbortSignal;
}

const NAMES: OptionNames<ProducerOptions> = {
  topic: true,
  acks: true,
  idempotent: true,
  lingerMs: true,
  batchBytes: true,
  bufferBytes: true,
  windowBytes: true,
  inFlightMax: true,
  deliveryTimeoutMs: true,
  metadataMaxAgeMs: true,
  compression: true,
  keyless: true,
  partitioner: true,
  onAck: true,
  onError: true,
  signal: true,
};

export interface BatchAck {
  readonly topic: string;
  readonly partition: number;
  /** Offset of the batch's first record. */
  readonly baseOffset: number;
  /** Records in it. */
  readonly count: number;
  /** What was given before this answer. */
  readonly durability: DurabilityName;
  /** The batch had been in the log before, and was sent again. */
  readonly duplicate: boolean;
}

export interface FailedBatch {
  readonly topic: string;
  readonly partition: number;
  /** Records in it. */
  readonly count: number;
}

/** Contract G1: what the broker remembers of a producer. */
const IN_FLIGHT_MAX = 5;

export interface ProducerSettings {
  readonly topic: string | null;
  readonly acks: 0 | 1 | "all";
  readonly isIdempotent: boolean;
  readonly lingerMs: number;
  /** A power of two. */
  readonly batchBytes: number;
  readonly bufferBytes: number;
  readonly windowBytes: number;
  readonly inFlightMax: number;
  readonly deliveryTimeoutMs: number;
  readonly metadataMaxAgeMs: number;
  readonly compressor: Compressor | null;
  readonly choice: PartitionChoice;
  readonly onAck: ((ack: BatchAck) => void) | null;
  readonly onError: ((error: BrokerError, batch: FailedBatch) => void) | null;
}

/** @throws BrokerError INVALID_OPTION, INVALID_TOPIC, UNSUPPORTED_COMPRESSION */
export function producerSettings(options: ProducerOptions): ProducerSettings {
  knownOptions("a producer", options, NAMES);
  signalOption("signal", options.signal);
  const acks = choiceOption("acks", options.acks ?? "all", [0, 1, "all"] as const);
  const isIdempotent = booleanOption("idempotent", options.idempotent ?? acks !== 0);
  requireOption(!(isIdempotent && acks === 0), "an idempotent producer waits for acknowledgements: acks is not 0");
  const inFlightLimit = isIdempotent ? IN_FLIGHT_MAX : 1000;
  const batchBytes =
    2 **
    Math.ceil(Math.log2(integerOption("batchBytes", options.batchBytes ?? 256 * KIB, 4 * KIB, BATCH_BYTES_INLINE_MAX)));
  const lingerMs = integerOption("lingerMs", options.lingerMs ?? 0, 0, 60_000);
  const deliveryTimeoutMs = integerOption("deliveryTimeoutMs", options.deliveryTimeoutMs ?? 120_000, 1, TIMER_MS_MAX);
  requireOption(lingerMs <= deliveryTimeoutMs, "lingerMs is part of deliveryTimeoutMs, so it is no longer than that");
  return {
    topic: options.topic === undefined ? null : topicOption("topic", options.topic),
    acks,
    isIdempotent,
    lingerMs,
    batchBytes,
    bufferBytes: integerOption("bufferBytes", options.bufferBytes ?? 32 * MIB, 2 * batchBytes, 2 ** 31),
    windowBytes: integerOption("windowBytes", options.windowBytes ?? 4 * MIB, 1, 2 ** 31),
    inFlightMax: integerOption("inFlightMax", options.inFlightMax ?? IN_FLIGHT_MAX, 1, inFlightLimit),
    deliveryTimeoutMs,
    metadataMaxAgeMs: integerOption(
      "metadataMaxAgeMs",
      options.metadataMaxAgeMs ?? METADATA_MAX_AGE_MS,
      1,
      TIMER_MS_MAX,
    ),
    compressor: compressorOf(choiceOption("compression", options.compression ?? "none", ["none", "gzip", "zstd"])),
    choice: {
      keyless: choiceOption("keyless", options.keyless ?? "sticky", ["sticky", "round-robin"]),
      partitioner: functionOption("partitioner", options.partitioner),
    },
    onAck: functionOption("onAck", options.onAck),
    onError: functionOption("onError", options.onError),
  };
}
