/**
 * Batches on their way into memory. Normally a batch is copied once, from the socket's buffer to its partition's tail. When
 * there is no memory it is kept aside in the heap, in order and bounded, until blocks come free: granted windows promise
 * memory, and every connection may send a little beyond them.
 */
import { BrokerError } from "../base/errors.ts";
import type { BlockPool } from "./block-pool.ts";
import { copyIntoShared } from "./copy-into-shared.ts";
import type { Partition } from "./partition.ts";
import type { ProduceOwner } from "./produce-owner.ts";

interface Spilled {
  readonly partition: Partition;
  readonly batch: Uint8Array;
  readonly owner: ProduceOwner;
  readonly token: number;
}

export class Intake {
  readonly #memory: Uint8Array;
  readonly #pool: BlockPool;
  readonly #spillBytesMax: number;
  readonly #spilled: Spilled[] = [];
  #spilledBytes = 0;

  constructor(memory: Uint8Array, pool: BlockPool, spillBytesMax: number) {
    this.#memory = memory;
    this.#pool = pool;
    this.#spillBytesMax = spillBytesMax;
  }

  /** Bytes kept aside now. */
  get spilledBytes(): number {
    return this.#spilledBytes;
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
    this.#spill({ partition, batch: frame.slice(at, at + length), owner, token });
  }

  #spill(spilled: Spilled): void {
    const size = spilled.batch.length;
    if (this.#spilledBytes + size > this.#spillBytesMax) {
      spilled.owner.refused(
        spilled.token,
        size,
        new BrokerError("BUSY", "the broker has no memory for more batches right now"),
      );
      return;
    }
    this.#spilledBytes += size;
    this.#spilled.push(spilled);
    if (this.#spilled.length === 1) this.#pool.whenFree(() => this.#takeSpilled());
  }

  #takeSpilled(): void {
    while (this.#spilled.length > 0) {
      const { partition, batch, owner, token } = this.#spilled[0]!;
      const address = partition.reserve(batch.length);
      if (address < 0) {
        this.#pool.whenFree(() => this.#takeSpilled());
        return;
      }
      this.#spilled.shift();
      this.#spilledBytes -= batch.length;
      copyIntoShared(batch, 0, batch.length, this.#memory, address);
      partition.append(address, batch.length, owner, token);
    }
  }
}
