/**
 * The log core as an object: one instance of the WebAssembly module over one memory.
 *
 * The methods are the core's exports (assembly/index.ts) with types. Addresses and sizes are bytes in the memory; they
 * are the caller's to lay out, and the core reads and writes nothing else. A batch or a record that is not good is a
 * negative number, since that is no surprise on a path taken per batch; `coreError` makes the error for whoever asked.
 *
 * Promises
 * - No method allocates, awaits or keeps anything.
 * - Instances on one shared memory, one per thread, do not disturb each other.
 */
import {
  CRC_TABLES_SIZE,
  ERR_ATTRIBUTES,
  ERR_CODEC,
  ERR_CONTROL,
  ERR_COUNT,
  ERR_CRC,
  ERR_FULL,
  ERR_KEY_MISSING,
  ERR_LENGTH,
  ERR_LOG_APPEND_TIME,
  ERR_MAGIC,
  ERR_MAX_TIMESTAMP,
  ERR_NOT_FOUND,
  ERR_OFFSET_ORDER,
  ERR_OFFSET_RANGE,
  ERR_PRODUCER,
  ERR_RECORD,
  ERR_TIMESTAMP_AHEAD,
  ERR_TOO_LARGE,
  ERR_TOO_MANY_RECORDS,
  ERR_TRANSACTIONAL,
  ERR_TRUNCATED,
  LAYOUT_VERSION,
} from "../../assembly/layout.ts";
import { assert, fail } from "../base/assert.ts";
import { BrokerError, type BrokerErrorOptions, type ErrorName } from "../base/errors.ts";
import type { CoreExports } from "./generated/core-exports.ts";

export interface CompileOptions {
  /** For a shared memory of at most 65,536 pages, or for one that is not shared. */
  readonly shared: boolean;
}

/**
 * Compiles the core. Once per process: a module can be posted to workers.
 *
 * @throws WebAssembly.CompileError where there is no SIMD (browsers before 2023)
 */
export async function compileCore({ shared }: CompileOptions): Promise<WebAssembly.Module> {
  const { base64 } = shared ? await import("./generated/core-shared.ts") : await import("./generated/core-unshared.ts");
  const binary = atob(base64);
  return WebAssembly.compile(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

export class Core {
  readonly memory: WebAssembly.Memory;
  readonly #exports: CoreExports;
  readonly #tables: number;

  /**
   * @param module    of `compileCore`, with the same `shared` as the memory
   * @param crcTables address of CRC_TABLES_SIZE bytes, 8-byte aligned, the same for every instance on this memory; one
   *                  of them fills them by `initCrc32c`
   */
  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, crcTables: number) {
    assert(crcTables + CRC_TABLES_SIZE <= memory.buffer.byteLength, "the CRC tables lie in the memory");
    this.memory = memory;
    this.#exports = new WebAssembly.Instance(module, { env: { memory } }).exports as CoreExports;
    this.#tables = crcTables;
    assert(this.#exports.LAYOUT_VERSION.value === LAYOUT_VERSION, "the core was built from another layout.ts");
  }

  /** Fills the CRC tables. Once per memory, before anything else of this class is called. */
  initCrc32c(): void {
    this.#exports.initCrc32c(this.#tables);
  }

  /**
   * CRC-32C.
   *
   * @param seed 0, or the checksum of the bytes before these
   * @returns u32
   */
  crc32c(seed: number, address: number, size: number): number {
    return this.#exports.crc32c(this.#tables, seed, address, size) >>> 0;
  }

  /**
   * Checks one batch as the rules ask (contract C1, C4), all but its CRC, and every record of it unless they are
   * compressed; for those `checkRecords` follows the decompression.
   *
   * @param size         bytes of the batch, exactly
   * @param sizeMax      bytes allowed
   * @param rules        RULE_*
   * @param timestampMax Unix ms; no record may be later. Infinity: no limit
   * @returns records of the batch, at least 1 unless RULE_REPLICATED; or an ERR_*
   */
  checkBatch(batch: number, size: number, sizeMax: number, rules: number, timestampMax: number): number {
    return this.#exports.checkBatch(batch, size, sizeMax, rules, timestampMax);
  }

  /**
   * Checks a batch's decompressed records against its header.
   *
   * @param batch   address of a header that `checkBatch` accepted under the same rules
   * @param records address of the decompressed records
   * @param size    bytes of them
   * @returns records, or an ERR_*
   */
  checkRecords(batch: number, records: number, size: number, rules: number): number {
    return this.#exports.checkRecords(batch, records, size, rules);
  }

  /** @returns 0, ERR_CRC or ERR_TRUNCATED */
  verifyBatchCrc(batch: number, size: number): number {
    return this.#exports.verifyBatchCrc(this.#tables, batch, size);
  }

  /** Writes base offset and leader epoch: what the CRC does not cover. */
  stampBatch(batch: number, baseOffset: number, leaderEpoch: number): void {
    this.#exports.stampBatch(batch, baseOffset, leaderEpoch);
  }

  /**
   * Makes an uncompressed batch's maxTimestamp the time of its latest record, as Kafka's broker does where a client did
   * not: the answer to ERR_MAX_TIMESTAMP. The CRC must have been verified; `sealBatch` and another check must follow.
   *
   * @returns 0; or ERR_CODEC (compressed), ERR_TRUNCATED, ERR_COUNT, ERR_RECORD, and nothing was written
   */
  correctMaxTimestamp(batch: number, size: number): number {
    return this.#exports.correctMaxTimestamp(batch, size);
  }

  /** Gives every record of a batch the broker's time, Unix ms (contract C3). `sealBatch` must follow. */
  setLogAppendTime(batch: number, timestamp: number): void {
    this.#exports.setLogAppendTime(batch, timestamp);
  }

  /**
   * The running checksum over batch headers (contract B6).
   *
   * @param seed 0, or the checksum up to the batch before
   * @returns u32
   */
  headersCrc(seed: number, batch: number): number {
    return this.#exports.headersCrc(this.#tables, seed, batch) >>> 0;
  }

  /** Points `count` slots of the dense offset index, from `address` on, at the batch at `position` of its segment. */
  fillSlots(address: number, count: number, position: number): void {
    this.#exports.fillSlots(address, count, position);
  }

  /**
   * Fills the record table of layout.ts from records that are not compressed. They are checked on the way: untrusted
   * bytes may be given.
   *
   * A table that is too small is filled as far as it goes; call again with the address after its last record (position +
   * size) and with what is left of size and count.
   *
   * @param count     records there are
   * @param table     address of the table, 8-byte aligned
   * @param capacity  entries, of RECORD_ENTRY_SIZE + nameCount * RECORD_NAMED_HEADER_SIZE bytes
   * @param flags     WALK_*
   * @param names     address of {u32 size, bytes} per named header
   * @returns entries filled: min(count, capacity); or ERR_RECORD, ERR_COUNT
   */
  walkRecords(
    records: number,
    size: number,
    count: number,
    table: number,
    capacity: number,
    flags = 0,
    names = 0,
    nameCount = 0,
  ): number {
    return this.#exports.walkRecords(records, size, count, table, capacity, flags, names, nameCount);
  }

  /**
   * Finds the first record at or after an offset, in records that are not compressed.
   *
   * @param offsetDelta offset - baseOffset
   * @returns position of the record, relative to `records`; or ERR_NOT_FOUND, ERR_RECORD, ERR_COUNT
   */
  findRecord(records: number, size: number, count: number, offsetDelta: number): number {
    return this.#exports.findRecord(records, size, count, offsetDelta);
  }

  /**
   * Finds the first record at or after a time, in a batch that is not compressed.
   *
   * @param timestamp Unix ms
   * @returns offset - baseOffset; or ERR_NOT_FOUND, ERR_CODEC (compressed), ERR_TRUNCATED, ERR_RECORD, ERR_COUNT
   */
  findTimestamp(batch: number, size: number, timestamp: number): number {
    return this.#exports.findTimestamp(batch, size, timestamp);
  }

  /**
   * Finds the batches that lie one after another, by their headers; fills the batch table and the scan result of
   * layout.ts.
   *
   * @param expectedOffset base offset of the first batch; -1: any
   * @param flags          SCAN_*
   * @param table          address of the batch table, 8-byte aligned
   * @param capacity       entries of SCAN_ENTRY_SIZE bytes
   * @param result         address of SCAN_RESULT_SIZE bytes, 8-byte aligned
   * @returns batches found = entries filled; never negative
   */
  scanBatches(
    address: number,
    size: number,
    expectedOffset: number,
    flags: number,
    table: number,
    capacity: number,
    result: number,
  ): number {
    return this.#exports.scanBatches(this.#tables, address, size, expectedOffset, flags, table, capacity, result);
  }

  /**
   * @param timestampDelta ms
   * @param keySize        bytes, -1: null; `valueSize` likewise
   * @param headersSize    bytes of the encoded headers
   * @returns bytes that `encodeRecord` would write; or ERR_TOO_LARGE: above 2^31 - 1
   */
  recordSize(
    offsetDelta: number,
    timestampDelta: number,
    keySize: number,
    valueSize: number,
    headersSize: number,
    headerCount: number,
  ): number {
    return this.#exports.recordSize(offsetDelta, timestampDelta, keySize, valueSize, headersSize, headerCount);
  }

  /**
   * Encodes one record at `target`, which overlaps nothing it is made of.
   *
   * @param capacity       bytes that may be written; those behind the record may be changed
   * @param offsetDelta    index of the record in its batch
   * @param timestampDelta ms after the batch's baseTimestamp
   * @param keySize        bytes, -1: null; `valueSize` likewise
   * @param headers        address of `headerCount` headers of `encodeHeader`, `headersSize` bytes
   * @returns bytes of the record; or ERR_FULL, and nothing was written
   */
  encodeRecord(
    target: number,
    capacity: number,
    offsetDelta: number,
    timestampDelta: number,
    key: number,
    keySize: number,
    value: number,
    valueSize: number,
    headers = 0,
    headersSize = 0,
    headerCount = 0,
  ): number {
    return this.#exports.encodeRecord(
      target,
      capacity,
      offsetDelta,
      timestampDelta,
      key,
      keySize,
      value,
      valueSize,
      headers,
      headersSize,
      headerCount,
    );
  }

  /**
   * Encodes records from the table of layout.ts (ENCODE_*) until the target is full.
   *
   * @param offsetDelta of the first record
   * @param table       address of `count` entries of ENCODE_ENTRY_SIZE bytes; each one encoded gets its `end`
   * @returns records encoded, 0 to `count`
   */
  encodeRecords(target: number, capacity: number, offsetDelta: number, table: number, count: number): number {
    return this.#exports.encodeRecords(target, capacity, offsetDelta, table, count);
  }

  /**
   * Encodes one header of a record.
   *
   * @param keySize   bytes, UTF-8
   * @param valueSize bytes, -1: null
   * @returns bytes written; or ERR_FULL, and nothing was written
   */
  encodeHeader(
    target: number,
    capacity: number,
    key: number,
    keySize: number,
    value: number,
    valueSize: number,
  ): number {
    return this.#exports.encodeHeader(target, capacity, key, keySize, value, valueSize);
  }

  /**
   * Writes the header of a batch whose records were encoded behind it. `sealBatch` completes it.
   *
   * @param size           bytes of the batch, header and records
   * @param count          records
   * @param attributes     codec, ATTRIBUTE_TRANSACTIONAL
   * @param baseTimestamp  Unix ms; `maxTimestamp` likewise
   * @param producerIdHigh with `producerIdLow` the id's two halves, u32 or i32; -1, -1: none
   * @param producerEpoch  -1: none
   * @param baseSequence   -1: none
   */
  finishBatch(
    batch: number,
    size: number,
    count: number,
    attributes: number,
    baseTimestamp: number,
    maxTimestamp: number,
    producerIdHigh = -1,
    producerIdLow = -1,
    producerEpoch = -1,
    baseSequence = -1,
  ): void {
    this.#exports.finishBatch(
      batch,
      size,
      count,
      attributes,
      baseTimestamp,
      maxTimestamp,
      producerIdHigh,
      producerIdLow,
      producerEpoch,
      baseSequence,
    );
  }

  /** Computes the batch's CRC and writes it into the header. */
  sealBatch(batch: number, size: number): void {
    this.#exports.sealBatch(this.#tables, batch, size);
  }

  /**
   * The hash by which Kafka's clients choose a partition.
   *
   * @returns u32; the partition is (hash & 0x7fffffff) % partitions
   */
  murmur2(address: number, size: number): number {
    return this.#exports.murmur2(address, size) >>> 0;
  }
}

const errors: Readonly<Record<number, readonly [ErrorName, string]>> = {
  [ERR_TRUNCATED]: ["CORRUPT_BATCH", "the batch is cut off"],
  [ERR_LENGTH]: ["CORRUPT_BATCH", "the batch's length is not that of the bytes"],
  [ERR_CRC]: ["CORRUPT_BATCH", "the batch's CRC does not match"],
  [ERR_OFFSET_RANGE]: ["CORRUPT_BATCH", "the batch's offsets are negative or beyond 2^53"],
  [ERR_OFFSET_ORDER]: ["CORRUPT_BATCH", "the batch's base offset does not follow the batch before it"],
  [ERR_TOO_LARGE]: ["MESSAGE_TOO_LARGE", "the batch or record is larger than allowed"],
  [ERR_CODEC]: [
    "UNSUPPORTED_COMPRESSION",
    "the batch's compression codec is unknown, or its records must be decompressed first",
  ],
  [ERR_TIMESTAMP_AHEAD]: [
    "INVALID_TIMESTAMP",
    "the batch's largest timestamp is further ahead of the broker's clock than message.timestamp.after.max.ms allows",
  ],
  [ERR_MAX_TIMESTAMP]: ["INVALID_TIMESTAMP", "a record is later than the batch's maxTimestamp"],
  [ERR_LOG_APPEND_TIME]: ["INVALID_TIMESTAMP", "only the broker sets the timestamp type LogAppendTime"],
  [ERR_MAGIC]: ["INVALID_RECORD", "the batch's magic is not 2"],
  [ERR_ATTRIBUTES]: ["INVALID_RECORD", "the batch has unknown attributes"],
  [ERR_COUNT]: ["INVALID_RECORD", "the batch's record count does not match its offsets or its records"],
  [ERR_TOO_MANY_RECORDS]: ["INVALID_RECORD", "the batch has too many records"],
  [ERR_CONTROL]: ["INVALID_RECORD", "clients do not write control batches"],
  [ERR_PRODUCER]: ["INVALID_RECORD", "the batch's producer id, epoch and sequence do not go together"],
  [ERR_TRANSACTIONAL]: ["INVALID_RECORD", "the batch belongs to no open transaction"],
  [ERR_RECORD]: ["INVALID_RECORD", "a record is malformed"],
  [ERR_KEY_MISSING]: ["INVALID_RECORD", "every record of a compacted topic needs a key"],
  [ERR_FULL]: ["MESSAGE_TOO_LARGE", "the record does not fit into its batch"],
  [ERR_NOT_FOUND]: ["OFFSET_OUT_OF_RANGE", "the batch has no such record"],
};

/** Is this number one of the core's ERR_*? */
export function isCoreError(code: number): boolean {
  return code in errors;
}

/** The error for a negative result of the core. */
export function coreError(code: number, options: BrokerErrorOptions = {}): BrokerError {
  const [name, message] = errors[code] ?? fail("a result code of the core has its error");
  return new BrokerError(name, message, options);
}
