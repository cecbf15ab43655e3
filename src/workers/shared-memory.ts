/**
 * The one memory that all threads share: who finds what where. Its size is fixed at the start, because a shared memory that
 * grew would leave every older view short. Nothing is touched before it is used, so reserved is not resident.
 *
 *   control words     a block per log worker, words of different writers 128 bytes apart
 *   CRC tables        filled once, for the core's own CRC-32C
 *   rings             per log worker: arrivals, results; and its sync groups
 *   entries           published numbers of the open partitions (storage/log-memory.ts)
 *   arenas            per log worker: index pages and segment directories
 *   scratch           per maintenance worker: what recovery and checked reads work in
 *   pool              blocks for all batch bytes, handed out by the main thread alone
 */

import { assert } from "../base/assert.ts";
import { GIB, KIB, MIB } from "../base/units.ts";
import { ENTRY_SIZE } from "../storage/log-memory.ts";
import { scratchSizeFor } from "../storage/segment-scan.ts";
import { CRC_TABLES_SIZE } from "../wasm/layout.ts";

export const WASM_PAGE_SIZE: number = 64 * KIB;

/** Distance between words that different threads write: two cache lines, for the prefetcher takes them in pairs. */
const WORD_SPACING = 128;

/** Control words of one log worker, as indexes into an Int32Array from its control block on. */
const word = (index: number): number => (index * WORD_SPACING) / 4;
/** Rung by the main thread and the sync thread; the worker waits on it. */
export const BELL: number = word(0);
/** 1 while the worker waits or is about to. */
export const PARKED: number = word(1);
/** 1: the drain task shall return, so that another task can run. */
export const YIELD: number = word(2);
/** Raised by the worker in every round of its drain. */
export const PROGRESS: number = word(3);
/** 1 while the worker is in a file call (contract H5). */
export const IN_FILE_CALL: number = word(4);
/** Arrivals put in by the main thread, and taken out by the worker. */
export const ARRIVALS_HEAD: number = word(5);
export const ARRIVALS_TAIL: number = word(6);
/** Results put in by the worker, and taken out by the main thread. */
export const RESULTS_HEAD: number = word(7);
export const RESULTS_TAIL: number = word(8);
/** Sync groups submitted by the worker, and ended by the sync thread. */
export const SYNC_SUBMITTED: number = word(9);
export const SYNC_DONE: number = word(10);
/** 1: the sync thread shall end. */
export const SYNC_STOP: number = word(11);
/** 1 while a task runs. */
export const BUSY: number = word(12);
/** 1: the sync thread shall fail when it takes up its next group (faults.ts). */
export const SYNC_FAULT: number = word(13);
/** 1: the worker's journal holds what may be nowhere else, since a file's sync failed (contract D3). */
export const JOURNAL_HELD: number = word(14);
const CONTROL_WORDS = 16;

/** Words of the node, which the map gives as indexes into an Int32Array of the whole memory. */

/** Rung by log workers; the main thread waits on it, asynchronously. */
const MAIN_BELL_AT = WORD_SPACING;
/** 1: log writes are refused, as on a full disk (write-gate.ts). */
const WRITE_GATE_AT = 2 * WORD_SPACING;
/** Counts syncs of folders that failed (folder-failures.ts). */
const FOLDER_FAILURES_AT = 3 * WORD_SPACING;

/** An arrival: {u32 entry, u32 request, u32 address, u32 length}. */
export const ARRIVAL_SIZE = 16;
export const ARRIVALS_CAPACITY = 8192;
/** A result: {f64 base offset, f64 end, i32 kind, u32 entry, u32 request, i32 code}. */
export const RESULT_SIZE = 32;
export const RESULTS_CAPACITY = 32768;

/** Kinds of results: the calls of storage's LogEvents. */
export const RESULT_APPENDED = 1;
export const RESULT_DUPLICATE = 2;
export const RESULT_REFUSED = 3;
export const RESULT_DURABLE = 4;
export const RESULT_LOST = 5;
export const RESULT_CLOSED = 6;

/**
 * A sync group, as i32: {files, directories, failures, closes}, then the handles, files first. On the way back failures as
 * {handle, errno} follow behind the room for handles.
 */
export const SYNC_HANDLES_MAX = 16384;
export const SYNC_HANDLES = 4;
export const SYNC_FAILURES: number = SYNC_HANDLES + SYNC_HANDLES_MAX;
const SYNC_AREA_SIZE = (SYNC_FAILURES + 2 * SYNC_HANDLES_MAX) * 4;

/** Open files of one log worker, for whoever takes over from a dead one (contract D2): u32 entry by descriptor, 0: not open. */
export const OPEN_FILES_MAX = 65536;
const OPEN_FILES_SIZE = OPEN_FILES_MAX * 4;

/** Through which a thread computes the checksum of bytes that lie elsewhere. */
export const CHECKSUM_SCRATCH_SIZE: number = 64 * KIB;

/** Most partitions that may be open at a time. */
export const ENTRIES_MAX = 16384;

export { ENTRY_SIZE };

const ARENA_SIZE = 128 * MIB;
export const ARENA_BLOCK_MIN: number = KIB;
export const ARENA_BLOCK_MAX: number = 32 * MIB;

export const POOL_BLOCK_MIN: number = 16 * KIB;
export const POOL_BLOCK_MAX: number = 32 * MIB;
const MEMORY_SIZE_MAX = 4 * GIB;

export interface MemorySizes {
  readonly logWorkers: number;
  readonly maintenanceWorkers: number;
  /** A multiple of POOL_BLOCK_MAX. */
  readonly poolBytes: number;
}

/** Addresses of everything; plain data that goes to every thread. */
export interface MemoryMap {
  readonly size: number;
  readonly mainBell: number;
  readonly writeGate: number;
  readonly folderFailures: number;
  readonly crcTables: number;
  readonly logWorkers: readonly LogWorkerMap[];
  readonly maintenanceWorkers: readonly MaintenanceWorkerMap[];
  readonly scratchSize: number;
  readonly entries: number;
  readonly pool: number;
  readonly poolBytes: number;
}

export interface MaintenanceWorkerMap {
  readonly checksumScratch: number;
  /** What recovery and checked reads work in. */
  readonly scratch: number;
}

export interface LogWorkerMap {
  readonly control: number;
  readonly arrivals: number;
  readonly results: number;
  readonly sync: number;
  readonly openFiles: number;
  readonly checksumScratch: number;
  readonly arena: number;
  readonly arenaSize: number;
}

export function mapMemory({ logWorkers, maintenanceWorkers, poolBytes }: MemorySizes): MemoryMap {
  assert(poolBytes % POOL_BLOCK_MAX === 0, "the pool is a multiple of its largest block");
  let at = FOLDER_FAILURES_AT + WORD_SPACING;
  const take = (size: number, alignment: number): number => {
    const address = Math.ceil(at / alignment) * alignment;
    at = address + size;
    return address;
  };
  const crcTables = take(CRC_TABLES_SIZE, 64);
  const workers = Array.from({ length: logWorkers }, () => ({
    control: take(CONTROL_WORDS * WORD_SPACING, WORD_SPACING),
    arrivals: take(ARRIVALS_CAPACITY * ARRIVAL_SIZE, WORD_SPACING),
    results: take(RESULTS_CAPACITY * RESULT_SIZE, WORD_SPACING),
    sync: take(SYNC_AREA_SIZE, WORD_SPACING),
    openFiles: take(OPEN_FILES_SIZE, WORD_SPACING),
    checksumScratch: take(CHECKSUM_SCRATCH_SIZE, WORD_SPACING),
    arena: take(ARENA_SIZE, WORD_SPACING),
    arenaSize: ARENA_SIZE,
  }));
  const entries = take(ENTRIES_MAX * ENTRY_SIZE, ENTRY_SIZE);
  const scratchSize = scratchSizeFor(POOL_BLOCK_MAX);
  const maintenance = Array.from({ length: maintenanceWorkers }, () => ({
    checksumScratch: take(CHECKSUM_SCRATCH_SIZE, WORD_SPACING),
    scratch: take(scratchSize, WORD_SPACING),
  }));
  const pool = take(poolBytes, WASM_PAGE_SIZE);
  const size = Math.ceil(at / WASM_PAGE_SIZE) * WASM_PAGE_SIZE;
  assert(size <= MEMORY_SIZE_MAX, "the shared memory fits 32-bit addresses");
  return {
    size,
    mainBell: MAIN_BELL_AT / 4,
    writeGate: WRITE_GATE_AT / 4,
    folderFailures: FOLDER_FAILURES_AT / 4,
    crcTables,
    logWorkers: workers,
    maintenanceWorkers: maintenance,
    scratchSize,
    entries,
    pool,
    poolBytes,
  };
}
