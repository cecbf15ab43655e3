/**
 * What one partition publishes in shared memory: its entry of numbers, its segment directory and the active page of its
 * offset index. One writer, the log; readers on any thread (contract H4).
 *
 * A reader may meet the writer at work, so every change lies between `begin` and `end` of a Publisher, and a reader that saw
 * the version move reads again. The Publisher is an argument because storage uses no Atomics (contract H3): the broker's
 * lies in src/workers, a test's may do nothing.
 */

/** Views of the core's memory. The memory never grows, so they stay good. */
export class LogMemory {
  readonly bytes: Uint8Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly view: DataView;

  constructor(buffer: ArrayBufferLike) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }
}

export interface Publisher {
  /** The entry, directory and page of this partition are about to change. */
  begin(entry: number): void;
  end(entry: number): void;
}

/**
 * A partition's entry: 32 f64. Slot 0 is the Publisher's version word; the rest are indexed by these. Offsets and positions
 * follow contract A1; a position is a byte in the active segment.
 */
export const ENTRY_SIZE = 256;

export const LOG_START = 1;
export const LOG_END = 2;
export const DURABLE_END = 3;
export const LAST_STABLE = 4;
/** Base offset of the active segment. */
export const ACTIVE_BASE = 5;
/** Position of `LOG_END` in the active segment. */
export const END_POSITION = 6;
/** Epoch of the last append. */
export const LEADER_EPOCH = 7;
/** Bits of STATE_*. */
export const STATE = 8;
/** Address of the index page, 0: none, everything is in the file. */
export const PAGE_ADDRESS = 9;
/** First offset slot of the active segment that lies in the page; those before are in the file. */
export const PAGE_FIRST_SLOT = 10;
/** Address of the segment directory. */
export const DIRECTORY = 11;
/** CRC-32C chained over the headers of the active segment's batches, up to LOG_END. */
export const HEADERS_CRC = 12;
/** Largest timestamp in the active segment, -1: none. */
export const MAX_TIMESTAMP = 13;
/** Wall time of the first and of the last append to the active segment. */
export const FIRST_APPEND_MS = 14;
export const LAST_APPEND_MS = 15;
/** What a sync really covered (`SyncedPoint`). */
export const SYNCED_END = 16;
export const SYNCED_BASE = 17;
export const SYNCED_POSITION = 18;
/** Where recovery would begin (`IndexedPoint`). */
export const INDEXED_END = 19;
export const INDEXED_BASE = 20;
export const INDEXED_POSITION = 21;
export const INDEXED_HEADERS_CRC = 22;
export const INDEXED_MAX_TIMESTAMP = 23;
export const INDEXED_FIRST_APPEND_MS = 24;
export const INDEXED_LAST_APPEND_MS = 25;
/** Most offsets the active segment may hold. */
export const SLOTS_MAX = 26;

/** No writes until an operator acts (contract D4). */
export const STATE_READ_ONLY = 1;
