/**
 * A log's published numbers as its writer sets them, and as others read them whole. Where they lie is log-memory.ts's.
 */

import type { LogMemory, Publisher } from "./log-memory.ts";
import * as field from "./log-memory.ts";
import type { LogPoint } from "./log-point.ts";
import type { Durability, LogCheckpoint, SyncedPoint } from "./partition-log.ts";

export class PublishedLog {
  readonly #entry: number;
  readonly #numbers: Float64Array;
  readonly #publisher: Publisher;
  readonly #isDisk: boolean;

  constructor(memory: LogMemory, publisher: Publisher, entry: number, durability: Durability) {
    this.#entry = entry;
    this.#numbers = memory.f64.subarray(entry >>> 3, (entry + field.ENTRY_SIZE) >>> 3);
    this.#publisher = publisher;
    this.#isDisk = durability === "disk";
  }

  get logStartOffset(): number {
    return this.#numbers[field.LOG_START]!;
  }

  /** Holds readers off until `end`; the two nest. */
  begin(): void {
    this.#publisher.begin(this.#entry);
  }

  end(): void {
    this.#publisher.end(this.#entry);
  }

  /** A log that was taken up at `point`, all of which is durable. */
  opened(logStartOffset: number, leaderEpoch: number, directory: number, point: LogPoint): void {
    this.begin();
    this.#numbers.fill(0, 1);
    this.#numbers[field.LOG_START] = logStartOffset;
    this.#numbers[field.LEADER_EPOCH] = leaderEpoch;
    this.#numbers[field.DIRECTORY] = directory;
    this.written(point);
    this.synced(point, point);
    this.end();
  }

  closed(): void {
    this.begin();
    this.#numbers[field.PAGE_ADDRESS] = 0;
    this.#numbers[field.DIRECTORY] = 0;
    this.end();
  }

  written({ base, position, end, headersCrc, maxTimestamp, firstAppendMs, lastAppendMs }: LogPoint): void {
    const numbers = this.#numbers;
    this.begin();
    numbers[field.LOG_END] = end;
    numbers[field.ACTIVE_BASE] = base;
    numbers[field.END_POSITION] = position;
    numbers[field.HEADERS_CRC] = headersCrc;
    numbers[field.MAX_TIMESTAMP] = maxTimestamp;
    numbers[field.FIRST_APPEND_MS] = firstAppendMs;
    numbers[field.LAST_APPEND_MS] = lastAppendMs;
    if (!this.#isDisk) this.#durable(end);
    this.end();
  }

  synced(synced: LogPoint, indexed: LogPoint): void {
    const numbers = this.#numbers;
    const { base, position, end, headersCrc, maxTimestamp, firstAppendMs, lastAppendMs } = indexed;
    this.begin();
    numbers[field.SYNCED_END] = synced.end;
    numbers[field.SYNCED_BASE] = synced.base;
    numbers[field.SYNCED_POSITION] = synced.position;
    numbers[field.INDEXED_BASE] = base;
    numbers[field.INDEXED_POSITION] = position;
    numbers[field.INDEXED_END] = end;
    numbers[field.INDEXED_HEADERS_CRC] = headersCrc;
    numbers[field.INDEXED_MAX_TIMESTAMP] = maxTimestamp;
    numbers[field.INDEXED_FIRST_APPEND_MS] = firstAppendMs;
    numbers[field.INDEXED_LAST_APPEND_MS] = lastAppendMs;
    if (this.#isDisk) this.#durable(synced.end);
    this.end();
  }

  leaderEpoch(epoch: number): void {
    this.begin();
    this.#numbers[field.LEADER_EPOCH] = epoch;
    this.end();
  }

  directory(address: number): void {
    this.begin();
    this.#numbers[field.DIRECTORY] = address;
    this.end();
  }

  segment(page: number, firstSlotInPage: number, slotsMax: number): void {
    this.begin();
    this.#numbers[field.PAGE_ADDRESS] = page;
    this.#numbers[field.SLOTS_MAX] = slotsMax;
    this.firstSlotInPage(firstSlotInPage);
    this.end();
  }

  firstSlotInPage(slot: number): void {
    this.begin();
    this.#numbers[field.PAGE_FIRST_SLOT] = slot;
    this.end();
  }

  readOnly(): void {
    this.begin();
    this.#numbers[field.STATE] = field.STATE_READ_ONLY;
    this.end();
  }

  #durable(end: number): void {
    this.#numbers[field.DURABLE_END] = end;
    this.#numbers[field.LAST_STABLE] = end;
  }
}

/** What a log published for the checkpoint. The caller makes sure of a consistent look. */
export function readCheckpoint({ f64 }: LogMemory, entry: number): LogCheckpoint {
  const at = (index: number): number => f64[(entry >>> 3) + index]!;
  return {
    logStartOffset: at(field.LOG_START),
    synced: { base: at(field.SYNCED_BASE), position: at(field.SYNCED_POSITION), end: at(field.SYNCED_END) },
    indexed: {
      base: at(field.INDEXED_BASE),
      position: at(field.INDEXED_POSITION),
      end: at(field.INDEXED_END),
      headersCrc: at(field.INDEXED_HEADERS_CRC),
      maxTimestamp: at(field.INDEXED_MAX_TIMESTAMP),
      firstAppendMs: at(field.INDEXED_FIRST_APPEND_MS),
      lastAppendMs: at(field.INDEXED_LAST_APPEND_MS),
    },
  };
}

/** The end of the log as it was written and published last. */
export function readWrittenEnd({ f64 }: LogMemory, entry: number): SyncedPoint {
  const at = (index: number): number => f64[(entry >>> 3) + index]!;
  return { base: at(field.ACTIVE_BASE), position: at(field.END_POSITION), end: at(field.LOG_END) };
}

/** Nothing more is written: what a failure left behind the end could not be cut off (contract D4). */
export function isReadOnly({ f64 }: LogMemory, entry: number): boolean {
  return f64[(entry >>> 3) + field.STATE] === field.STATE_READ_ONLY;
}
