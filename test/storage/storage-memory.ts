/** The memory that storage works in, laid out once and used by one run after another. */
import { BuddyAllocator } from "../../src/base/buddy-allocator.ts";
import { KIB, MIB } from "../../src/base/units.ts";
import { ENTRY_SIZE, LogMemory } from "../../src/storage/log-memory.ts";
import { scratchSizeFor } from "../../src/storage/segment-scan.ts";
import type { Core } from "../../src/wasm/core.ts";
import { type Crc32c, crc32cOf } from "../../src/wasm/crc32c.ts";
import { openCore } from "../wasm/core-memory.ts";

const ENTRIES = 8;
const ARENA_SIZE: number = MIB;
const BLOCK_MIN = 1024;
const BATCHES_SIZE: number = 2 * MIB;
const CHECKSUM_SIZE: number = 4 * KIB;
const BATCH_SIZE_MAX: number = MIB;

export class StorageMemory {
  readonly core: Core;
  readonly memory: LogMemory;
  readonly crc32c: Crc32c;
  readonly scratch: number;
  readonly scratchSize: number = scratchSizeFor(BATCH_SIZE_MAX);
  readonly readBuffer: number;
  readonly readBufferSize: number = BATCH_SIZE_MAX;
  readonly #entries: number;
  readonly #arena: number;
  readonly #batches: number;
  #batchesUsed = 0;

  constructor() {
    const { core, bytes, free } = openCore("unshared", 12 * MIB);
    this.core = core;
    this.memory = new LogMemory(bytes.buffer);
    this.#entries = free;
    const checksum = free + ENTRIES * ENTRY_SIZE;
    this.crc32c = crc32cOf(core, checksum, CHECKSUM_SIZE);
    this.#arena = MIB;
    this.#batches = this.#arena + ARENA_SIZE;
    this.readBuffer = this.#batches + BATCHES_SIZE;
    this.scratch = this.readBuffer + this.readBufferSize;
  }

  /** Address of a partition's published numbers. */
  entry(index: number): number {
    if (index >= ENTRIES) throw new RangeError("too many partitions");
    return this.#entries + index * ENTRY_SIZE;
  }

  newArena(): BuddyAllocator {
    return new BuddyAllocator(this.#arena, ARENA_SIZE, BLOCK_MIN, ARENA_SIZE);
  }

  /** Nothing written is on its way any more. */
  freeBatches(): void {
    this.#batchesUsed = 0;
  }

  /** Bytes of batches that find room before `freeBatches` has to be called. */
  get room(): number {
    return BATCHES_SIZE - this.#batchesUsed;
  }

  /** Copies a batch to where a log may take it from. @returns its address; the next one lies right behind it */
  place(batch: Uint8Array): number {
    if (this.#batchesUsed + batch.length > BATCHES_SIZE) throw new RangeError("call freeBatches now and then");
    const address = this.#batches + this.#batchesUsed;
    this.memory.bytes.set(batch, address);
    this.#batchesUsed += batch.length;
    return address;
  }

  /** Leaves a gap, so that the next batch does not lie behind the last one. */
  skip(): void {
    this.#batchesUsed += 64;
  }
}
