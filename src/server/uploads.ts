/**
 * Batches too large for one frame (design section 4): the block is granted first, then the parts come in order, straight to
 * where the batch will be written from. One upload at a time is open per connection; the next ones wait for it.
 *
 * A granted block belongs to the upload alone until the last part has come, so a client that is slow, or gone, holds up nobody
 * who writes to the same partition. All uploads together hold no more than their budget, and one that stays silent is given up.
 */
import { BrokerError } from "../base/errors.ts";
import type { BlockPool, MemoryWaiter } from "../broker/block-pool.ts";
import { copyIntoShared } from "../broker/copy-into-shared.ts";
import type { Partition } from "../broker/partition.ts";
import type { ProduceOwner } from "../broker/produce-owner.ts";

/** What was asked for by ProduceBegin. */
export interface UploadRequest {
  readonly correlation: number;
  readonly partition: Partition;
  readonly size: number;
  /** Hears of the batch once it is complete. */
  readonly owner: ProduceOwner;
  readonly token: number;
}

interface OpenUpload extends UploadRequest {
  readonly id: number;
  readonly address: number;
  received: number;
}

/** What uploads of all connections share. */
export class UploadBudget {
  #left: number;
  readonly #waiting = new Set<() => void>();

  /** @param bytes of blocks that uploads may hold together */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  get bytesLeft(): number {
    return this.#left;
  }

  /** @returns false: not now; `retry` is called once when something was given back */
  take(bytes: number, retry: () => void): boolean {
    if (bytes > this.#left) {
      this.#waiting.add(retry);
      return false;
    }
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const retry of waiting) retry();
  }

  forget(retry: () => void): void {
    this.#waiting.delete(retry);
  }
}

export interface UploadsOwner {
  /** Parts may be sent. */
  granted(correlation: number, upload: number): void;
  /** Parts were due and none came for too long, or they come too slowly. */
  silent(): void;
}

/** Requests that may wait on one connection. */
const WAITING_MAX = 64;
/** A part is due within this time. */
const SILENCE_MS_MAX = 30_000;
/** An upload that is slower than this is given up, however steadily it drips: others wait for its block. */
const BYTES_PER_MS_MIN = 64;

export class Uploads implements MemoryWaiter {
  readonly #memory: Uint8Array;
  readonly #pool: BlockPool;
  readonly #budget: UploadBudget;
  readonly #owner: UploadsOwner;
  readonly #silenceMsMax: number;
  readonly #waiting: UploadRequest[] = [];
  #open: OpenUpload | null = null;
  /** Bytes taken from the budget. */
  #taken = 0;
  #silence: NodeJS.Timeout | undefined;
  /** Ends the upload as a whole. */
  #overdue: NodeJS.Timeout | undefined;
  #nextId = 1;
  #closed = false;
  readonly #openNext = (): void => {
    this.retry();
  };

  constructor(
    memory: Uint8Array,
    pool: BlockPool,
    budget: UploadBudget,
    owner: UploadsOwner,
    silenceMsMax: number = SILENCE_MS_MAX,
  ) {
    this.#memory = memory;
    this.#pool = pool;
    this.#budget = budget;
    this.#owner = owner;
    this.#silenceMsMax = silenceMsMax;
  }

  /** Bytes that the next request wants. */
  get size(): number {
    return this.#waiting[0]?.size ?? 0;
  }

  /** @throws BrokerError BUSY */
  begin(request: UploadRequest): void {
    if (this.#waiting.length >= WAITING_MAX)
      throw new BrokerError("BUSY", "too many large batches wait on this connection");
    this.#waiting.push(request);
    if (this.#waiting.length === 1) this.#openNext();
  }

  /**
   * Takes a part.
   *
   * @param frame holds the bytes at [at, at + size)
   * @throws BrokerError PROTOCOL_VIOLATION no such upload, a gap, or more than announced
   */
  part(upload: number, position: number, frame: Uint8Array, at: number, size: number): void {
    const open = this.#open;
    if (open === null || open.id !== upload)
      throw new BrokerError("PROTOCOL_VIOLATION", `upload ${upload} is not open`);
    if (position !== open.received || size > open.size - open.received) {
      throw new BrokerError(
        "PROTOCOL_VIOLATION",
        `upload ${upload}: a part at ${position} of ${size} bytes does not follow ${open.received} of ${open.size}`,
      );
    }
    if (size > 0) this.#silence?.refresh();
    copyIntoShared(frame, at, size, this.#memory, open.address + position);
    open.received += size;
    if (open.received < open.size) return;
    this.#open = null;
    this.#stopTimers();
    open.partition.appendBlock(open.address, open.size, open.owner, open.token);
    this.#giveBack();
    this.#openNext();
  }

  /** The connection is gone: what was not complete is given back. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#stopTimers();
    this.#budget.forget(this.#openNext);
    this.#pool.forget(this);
    if (this.#open !== null) this.#pool.release(this.#open.address);
    this.#open = null;
    this.#giveBack();
  }

  /** Grants the next request. @returns false: there is no memory for it now */
  retry(): boolean {
    this.#refuseDeleted();
    const request = this.#waiting[0];
    if (this.#closed || this.#open !== null || request === undefined) return true;
    const blockSize = this.#pool.blockSize(request.size);
    if (this.#taken === 0) {
      if (!this.#budget.take(blockSize, this.#openNext)) return true;
      this.#taken = blockSize;
    }
    const address = this.#pool.allocate(request.size);
    if (address < 0) {
      this.#pool.whenFree(this);
      return false;
    }
    this.#waiting.shift();
    this.#open = { ...request, id: this.#nextId++, address, received: 0 };
    const silent = (): void => this.#owner.silent();
    this.#silence = setTimeout(silent, this.#silenceMsMax).unref();
    this.#overdue = setTimeout(silent, this.#silenceMsMax + request.size / BYTES_PER_MS_MIN).unref();
    this.#owner.granted(request.correlation, this.#open.id);
    return true;
  }

  #refuseDeleted(): void {
    while (this.#waiting[0]?.partition.log.isDeleted) {
      const { owner, token, size } = this.#waiting.shift()!;
      // What was taken was taken for this one; the next may want more.
      if (this.#open === null) this.#giveBack();
      owner.refused(token, size, new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", "the topic was deleted"));
    }
  }

  #stopTimers(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#overdue);
  }

  #giveBack(): void {
    const taken = this.#taken;
    this.#taken = 0;
    if (taken > 0) this.#budget.give(taken);
  }
}
