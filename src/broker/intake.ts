/**
 * Batches on their way into memory. Normally a batch is copied once, from the socket's buffer to its partition's tail. When
 * there is no memory it is kept aside in the heap, in order and bounded, until blocks come free: granted windows promise
 * memory, and every connection may send a little beyond them.
 */
import { BrokerError } from "../base/errors.ts";
import type { BlockPool, MemoryWaiter } from "./block-pool.ts";
import { copyIntoShared } from "./copy-into-shared.ts";
import type { Partition } from "./partition.ts";
import type { ProduceOwner } from "./produce-owner.ts";

interface Spilled {
  readonly partition: Partition;
  readonly batch: Uint8Array;
  readonly owner: ProduceOwner;
  readonly token: number;
}

/** What a batch that is kept aside takes besides its bytes. */
const SPILLED_OVERHEAD = 256;
/** Places at the front that are empty; beyond so many the array is moved up. */
const TAKEN_MAX = 1024;

export class Intake implements MemoryWaiter {
  readonly #memory: Uint8Array;
  readonly #pool: BlockPool;
  readonly #spillBytesMax: number;
  /** In order; null: taken in. */
  #spilled: (Spilled | null)[] = [];
  #taken = 0;
  #spilledBytes = 0;

  constructor(memory: Uint8Array, pool: BlockPool, spillBytesMax: number) {
    this.#memory = memory;
    this.#pool = pool;
    this.#spillBytesMax = spillBytesMax;
  }

  /** Memory of what is kept aside now. */
  get spilledBytes(): number {
    return this.#spilledBytes;
  }

  /** Bytes that the next batch in line wants. */
  get size(): number {
    return this.#spilled[this.#taken]?.batch.length ?? 0;
  }

  /**
   * Takes a batch from a frame, whose bytes are the caller's again when this returns. The owner hears of it later, at once if
   * it is refused with BUSY.
   */
  take(partition: Partition, frame: Uint8Array, at: number, length: number, owner: ProduceOwner, token: number): void {
    if (this.#spilled.length === 0) {
      const address = partition.reserve(length);
      if (address >= 0) {
        copyIntoShared(frame, at, length, this.#memory, address);
        partition.append(address, length, owner, token);
        return;
      }
    }
    if (this.#spilledBytes + length + SPILLED_OVERHEAD > this.#spillBytesMax) {
      owner.refused(token, length, new BrokerError("BUSY", "the broker has no memory for more batches right now"));
      return;
    }
    this.#spilledBytes += length + SPILLED_OVERHEAD;
    this.#spilled.push({ partition, batch: frame.slice(at, at + length), owner, token });
    this.#pool.whenFree(this);
  }

  /** Takes in what was kept aside, in order. @returns whether that was all */
  retry(): boolean {
    while (this.#taken < this.#spilled.length) {
      const { partition, batch, owner, token } = this.#spilled[this.#taken]!;
      const address = partition.reserve(batch.length);
      if (address < 0) {
        this.#moveUp();
        return false;
      }
      this.#spilled[this.#taken++] = null;
      this.#spilledBytes -= batch.length + SPILLED_OVERHEAD;
      copyIntoShared(batch, 0, batch.length, this.#memory, address);
      partition.append(address, batch.length, owner, token);
    }
    this.#spilled = [];
    this.#taken = 0;
    return true;
  }

  /** What is still kept aside is not taken any more. */
  refuseAll(error: BrokerError): void {
    const left = this.#spilled.slice(this.#taken);
    this.#spilled = [];
    this.#taken = 0;
    this.#spilledBytes = 0;
    this.#pool.forget(this);
    for (const spilled of left) spilled?.owner.refused(spilled.token, spilled.batch.length, error);
  }

  #moveUp(): void {
    if (this.#taken < TAKEN_MAX) return;
    this.#spilled = this.#spilled.slice(this.#taken);
    this.#taken = 0;
  }
}
