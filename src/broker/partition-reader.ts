/**
 * Reads one partition from an offset on, slice by slice: from the tail where the offset is in memory, else from slabs that the
 * maintenance workers read. Doors own readers; what a slice points to holds until the callback that asked for it returns
 * (contract H2).
 *
 * A slice is whole batches that lie one behind the other, or a part of one that is larger than a slice may be.
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { KIB, MIB } from "../base/units.ts";
import type { BlockPool, Evictable, MemoryWaiter } from "./block-pool.ts";
import type { LogStore } from "./log-store.ts";
import type { Partition, TailReader } from "./partition.ts";
import type { ReadGate } from "./read-gate.ts";

/** Bytes read from the disk at a time: what is asked for, and ever more of it where reading goes on. */
const SLAB_SIZE_MIN = 16 * KIB;
const SLAB_SIZE_MAX: number = MIB;

/** `slice`: the reader's fields describe one. `end`: nothing more below the limit. `pending`: `readable` will be called. */
export type ReadStep = "slice" | "end" | "pending";

export interface ReaderOwner {
  /** There is more to ask for: new batches, or what was pending. */
  readable(): void;
  /** Reading cannot go on: CORRUPT_BATCH, OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION, ... */
  failed(error: BrokerError): void;
}

/** What readers share. */
export interface ReaderContext {
  readonly store: LogStore;
  readonly pool: BlockPool;
  readonly gate: ReadGate;
}

/** Whole batches from the disk, one behind the other from `address` on. */
interface Slab {
  readonly address: number;
  readonly baseOffsets: Float64Array;
  readonly sizes: Uint32Array;
  /** Offset after the last of them. */
  readonly end: number;
}

export class PartitionReader implements TailReader, Evictable {
  readonly partition: Partition;
  readonly #store: LogStore;
  readonly #pool: BlockPool;
  readonly #gate: ReadGate;
  readonly #owner: ReaderOwner;
  readonly #readCommitted: boolean;
  #offset: number;
  /** Bytes of the batch at `#offset` that earlier slices carried. */
  #batchPosition = 0;
  #slab: Slab | null = null;
  /** The batch in the slab that holds `#offset`, and where it begins. */
  #slabIndex = 0;
  #slabPosition = 0;
  /** Bytes that the last slab was read for, 0: none was. */
  #slabSize = 0;
  #reading = false;
  #closed = false;
  /** Waits for the memory of a slab. */
  #waiter: (MemoryWaiter & { readonly giveUp: () => void }) | null = null;

  /** The slice: where it lies, the base offset of the batch it begins in, and what of that batch came before. */
  address = 0;
  length = 0;
  baseOffset = 0;
  batchPosition = 0;

  constructor(
    partition: Partition,
    offset: number,
    { store, pool, gate }: ReaderContext,
    owner: ReaderOwner,
    readCommitted = false,
  ) {
    this.partition = partition;
    this.#offset = offset;
    this.#store = store;
    this.#pool = pool;
    this.#gate = gate;
    this.#owner = owner;
    this.#readCommitted = readCommitted;
    partition.addReader(this);
  }

  get offset(): number {
    return this.#offset;
  }

  /** The last slice was a part of a batch, and not the last part. */
  get insideBatch(): boolean {
    return this.#batchPosition > 0;
  }

  /** Bytes of the batch at the offset, where it is at hand; 0: not known yet. */
  get nextSize(): number {
    const index = this.partition.tail.find(this.#offset);
    return index >= 0 ? this.partition.tail.lengthAt(index) : (this.#slab?.sizes[this.#slabIndex] ?? 0);
  }

  /** Nothing at or above is read (contract A2). */
  get limit(): number {
    return this.#readCommitted ? this.partition.lastStableOffset : this.partition.highWatermark;
  }

  /**
   * Takes the next slice.
   *
   * @param bytesMax of several batches together; one batch comes all the same
   * @param partMax a batch larger than this comes in parts of this size
   */
  next(bytesMax: number, partMax: number): ReadStep {
    if (this.#reading) return "pending";
    if (this.#offset >= this.limit) return "end";
    if (this.#offset < this.partition.logStartOffset) {
      this.#fail(outOfRange(this.#offset, this.partition));
      return "pending";
    }
    const { tail } = this.partition;
    const index = tail.find(this.#offset);
    if (index >= 0) {
      this.#releaseSlab();
      this.#sliceOfTail(index, bytesMax, partMax);
      return "slice";
    }
    if (this.#slab !== null && this.#slabIndex < this.#slab.sizes.length) {
      this.#sliceOfSlab(this.#slab, bytesMax, partMax);
      return "slice";
    }
    if (this.#slab !== null) this.#slabSize *= 2;
    this.#slabSize = Math.min(SLAB_SIZE_MAX, Math.max(SLAB_SIZE_MIN, bytesMax, this.#slabSize));
    this.#releaseSlab();
    void this.#readSlab();
    return "pending";
  }

  wake(): void {
    if (this.#closed) return;
    if (this.partition.log.isDeleted) this.#fail(deleted());
    else this.#owner.readable();
  }

  /** Others need memory: what was read and not sent is read again when it is its turn. */
  evict(): boolean {
    this.#releaseSlab();
    return true;
  }

  close(): void {
    this.#closed = true;
    this.partition.removeReader(this);
    this.#waiter?.giveUp();
    if (!this.#reading) this.#releaseSlab();
  }

  #sliceOfTail(first: number, bytesMax: number, partMax: number): void {
    const { tail } = this.partition;
    const { limit } = this;
    const address = tail.addressAt(first);
    let length = tail.lengthAt(first);
    if (this.#batchPosition > 0 || length > partMax) {
      this.#part(address, length, tail.baseAt(first), tail.endAt(first), partMax);
      return;
    }
    let end = tail.endAt(first);
    for (let index = first + 1; index < tail.count; index++) {
      const size = tail.lengthAt(index);
      const follows = tail.addressAt(index) === address + length && tail.endAt(index) <= limit;
      if (!follows || length + size > bytesMax) break;
      length += size;
      end = tail.endAt(index);
    }
    this.#whole(address, length, tail.baseAt(first), end);
  }

  #sliceOfSlab(slab: Slab, bytesMax: number, partMax: number): void {
    const { baseOffsets, sizes } = slab;
    const first = this.#slabIndex;
    const address = slab.address + this.#slabPosition;
    const endOf = (index: number): number => baseOffsets[index + 1] ?? slab.end;
    let length = sizes[first]!;
    if (this.#batchPosition > 0 || length > partMax) {
      if (!this.#part(address, length, baseOffsets[first]!, endOf(first), partMax)) return;
      this.#slabPosition += length;
      this.#slabIndex++;
      return;
    }
    let last = first;
    while (last + 1 < sizes.length && length + sizes[last + 1]! <= bytesMax) length += sizes[++last]!;
    this.#slabPosition += length;
    this.#slabIndex = last + 1;
    this.#whole(address, length, baseOffsets[first]!, endOf(last));
  }

  #whole(address: number, length: number, baseOffset: number, end: number): void {
    this.address = address;
    this.length = length;
    this.baseOffset = baseOffset;
    this.batchPosition = 0;
    this.#offset = end;
  }

  /** @returns whether the batch is complete with this part */
  #part(address: number, size: number, baseOffset: number, end: number, partMax: number): boolean {
    const position = this.#batchPosition;
    this.address = address + position;
    this.length = Math.min(partMax, size - position);
    this.baseOffset = baseOffset;
    this.batchPosition = position;
    const done = position + this.length === size;
    this.#batchPosition = done ? 0 : position + this.length;
    if (done) this.#offset = end;
    return done;
  }

  async #readSlab(): Promise<void> {
    this.#reading = true;
    let failure: BrokerError | null = null;
    await this.#gate.enter();
    try {
      if (this.partition.isMemory) throw outOfRange(this.#offset, this.partition);
      for (let capacity = this.#slabSize; capacity > 0 && !this.#closed; ) capacity = await this.#fill(capacity);
    } catch (error) {
      failure = asBrokerError(error);
    }
    this.#gate.leave();
    this.#reading = false;
    if (this.#closed) this.#releaseSlab();
    else if (failure !== null) this.#fail(failure);
    else {
      this.#owner.readable();
      this.#offerSlab();
    }
  }

  /** Lets the slab be evicted from the next turn on: by then its owner had one to send it. */
  #offerSlab(): void {
    const slab = this.#slab;
    setImmediate(() => {
      if (slab === null || this.#slab !== slab) return;
      this.#pool.register(this);
      this.#pool.nudge();
    });
  }

  /** @returns 0, or the capacity that the batch at the offset needs */
  async #fill(wanted: number): Promise<number> {
    const address = await this.#takeMemory(wanted);
    if (address < 0) return 0;
    const { folder } = this.partition.log;
    try {
      const read = await this.partition.read((entry) =>
        this.#store.read({
          entry,
          folder,
          offset: this.#offset,
          limit: this.limit,
          address,
          capacity: this.#pool.blockSize(wanted),
        }),
      );
      if (read.sizes.length === 0) {
        this.#pool.release(address);
        return read.sizeNeeded;
      }
      this.#slab = { address, baseOffsets: read.baseOffsets, sizes: read.sizes, end: read.nextOffset };
      this.#slabIndex = 0;
      this.#slabPosition = 0;
      return 0;
    } catch (error) {
      this.#pool.release(address);
      throw error;
    }
  }

  /** @returns the address of a block, -1: the reader was closed while it waited for one */
  #takeMemory(size: number): number | Promise<number> {
    const address = this.#pool.allocate(size);
    if (address >= 0) return address;
    return new Promise((resolve) => {
      const found = (result: number): void => {
        this.#waiter = null;
        resolve(result);
      };
      const waiter = {
        size,
        retry: (): boolean => {
          const freed = this.#pool.allocate(size);
          if (freed >= 0) found(freed);
          return freed >= 0;
        },
        giveUp: (): void => {
          this.#pool.forget(waiter);
          found(-1);
        },
      };
      this.#waiter = waiter;
      this.#pool.whenFree(waiter);
    });
  }

  #releaseSlab(): void {
    if (this.#slab === null) return;
    const { address } = this.#slab;
    this.#slab = null;
    this.#pool.unregister(this);
    this.#pool.release(address);
  }

  #fail(error: BrokerError): void {
    this.close();
    queueMicrotask(() => this.#owner.failed(error));
  }
}

function deleted(): BrokerError {
  return new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", "the topic was deleted");
}

function outOfRange(offset: number, partition: Partition): BrokerError {
  const { logStartOffset, highWatermark } = partition;
  return new BrokerError(
    "OFFSET_OUT_OF_RANGE",
    `offset ${offset} is not in ${partition.log.folderName}, which begins at ${logStartOffset} and ends before ${highWatermark}`,
    {
      details: { offset, logStartOffset, highWatermark },
    },
  );
}
