/** One answer to one question: the records of a partition from somewhere on, as far as a limit goes. */
import { assert } from "../base/assert.ts";
import { integerOption, knownOptions, type OptionNames, partitionOption, topicOption } from "../base/options.ts";
import { MIB, type Offset, type Timestamp } from "../base/units.ts";
import type { Crc32c } from "../wasm/crc32c.ts";
import { BatchCursor } from "./batch-cursor.ts";
import { BatchHeader } from "./batch-header.ts";
import { decompressedRecords } from "./batch-records.ts";
import type { Channel } from "./channel.ts";
import type { ConsumedRecord } from "./consumed-record.ts";
import { type StartPosition, type StartValue, startValue } from "./consumer-options.ts";
import { damagedBatch } from "./located-error.ts";
import { SliceAssembler } from "./slice-assembler.ts";

export interface FetchOptions {
  readonly topic: string;
  readonly partition: number;
  /** "latest" waits for what is yet to come, if `waitMs` lets it. */
  readonly from: StartPosition;
  /** Bytes of batches; one comes even if it is larger. Default 1 MiB. */
  readonly bytesMax?: number;
  /** Wait until there are so many bytes, or `waitMs` is over. Default 1. */
  readonly bytesMin?: number;
  /** ms, on top of `requestTimeoutMs`. Default 0: what there is. */
  readonly waitMs?: number;
  /** Ends the wait for the answer, with the signal's reason as an exception. */
  readonly signal?: AbortSignal;
}

const NAMES: OptionNames<FetchOptions> = {
  topic: true,
  partition: true,
  from: true,
  bytesMax: true,
  bytesMin: true,
  waitMs: true,
  signal: true,
};

export interface FetchResult {
  /** In the order of their offsets; none, if there is nothing to read yet. */
  readonly records: readonly ConsumedRecord[];
  /** Where the next fetch goes on. */
  readonly nextOffset: number;
  /** First offset that can be read. */
  readonly logStartOffset: number;
  /** First offset that cannot be read yet. */
  readonly highWatermark: number;
}

const DECOMPRESSED_BYTES_MAX: number = 64 * MIB;

interface Numbers {
  readonly baseOffset: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
}

export interface FetchSettings {
  readonly topic: string;
  readonly partition: number;
  readonly from: StartPosition;
  readonly start: StartValue;
  readonly limits: { readonly bytesMax: number; readonly bytesMin: number; readonly waitMsMax: number };
}

/** @throws BrokerError INVALID_OPTION, INVALID_TOPIC */
export function fetchSettings(options: FetchOptions): FetchSettings {
  knownOptions("fetch", options, NAMES);
  return {
    topic: topicOption("topic", options.topic),
    partition: partitionOption("partition", options.partition),
    from: options.from,
    start: startValue(options.from),
    limits: {
      bytesMax: integerOption("bytesMax", options.bytesMax ?? 1 * MIB, 1, 2 ** 31),
      bytesMin: integerOption("bytesMin", options.bytesMin ?? 1, 0, 2 ** 31),
      waitMsMax: integerOption("waitMs", options.waitMs ?? 0, 0, 2 ** 31),
    },
  };
}

/** @throws BrokerError UNKNOWN_TOPIC_ID, OFFSET_OUT_OF_RANGE, CORRUPT_BATCH, UNSUPPORTED_COMPRESSION */
export async function fetchRecords(
  channel: Channel,
  topicId: Uint8Array,
  { topic, partition, from, start: { start, value }, limits }: FetchSettings,
  crc32c: Crc32c,
): Promise<FetchResult> {
  const batches: Uint8Array[] = [];
  const assembler = new SliceAssembler({
    batch: (bytes, at, size) => void batches.push(bytes.slice(at, at + size)),
  });
  let numbers: Numbers | null = null;
  const body = { topicId, partition, start, value: value as Offset | Timestamp, ...limits };
  await channel.fetch(body, (data, frame) => {
    const { baseOffset, logStartOffset, highWatermark } = data;
    assembler.take(frame.bytes, data.bytesAt, data.bytesSize, data.batchPosition);
    numbers = { baseOffset, logStartOffset, highWatermark };
  });
  assert(numbers !== null, "the answer to a fetch has a last slice");
  const { baseOffset, logStartOffset, highWatermark } = numbers as Numbers;

  const records: ConsumedRecord[] = [];
  let nextOffset = baseOffset;
  for (const batch of batches) {
    const header = new BatchHeader();
    header.read(batch, 0);
    if (!header.isIntact(batch, 0, crc32c)) {
      throw damagedBatch({ topic, partition }, { nextOffset: header.nextOffset });
    }
    nextOffset = header.nextOffset;
    if (header.isControl) continue;
    const { bytes, at, end } = await decompressedRecords(header, batch, 0, DECOMPRESSED_BYTES_MAX);
    const cursor = new BatchCursor();
    const fromOffset = typeof from === "object" && "offset" in from ? from.offset : 0;
    const fromTime = typeof from === "object" && "time" in from && batch === batches[0] ? from.time : -Infinity;
    cursor.open({ topic, partition, header, bytes, at, end, fromOffset, fromTime });
    while (cursor.next()) records.push(cursor.recordOver(bytes, 0));
    if (cursor.fault !== null) throw cursor.fault;
  }
  return { records, nextOffset, logStartOffset, highWatermark };
}
