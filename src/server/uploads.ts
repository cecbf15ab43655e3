/**
 * Batches too large for one frame (design section 4): the block is granted first, then the parts come in order, straight to
 * where the batch will be written from. One upload at a time is open per connection; the next ones wait for it.
 *
 * A granted block belongs to the upload alone until the last part has come, so a client that is slow, or gone, holds up nobody
 * who writes to the same partition. All uploads together hold no more than their budget, for which they stand in line, and one
 * whose client brings too little is given up.
 */
import { BrokerError } from "../base/errors.ts";
import { KIB } from "../base/units.ts";
import type { BlockPool, MemoryWaiter } from "../broker/block-pool.ts";
import { copyIntoShared } from "../broker/copy-into-shared.ts";
import type { Partition } from "../broker/partition.ts";
import type { ProduceOwner } from "../broker/produce-owner.ts";
import { REQUEST_BYTES_MAX } from "../protocol/limits.ts";

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
  readonly bytes: number;
  #left: number;
  /** By whom to tell, in the order in which they came: a large one is not passed for ever. */
  readonly #waiting = new Map<() => void, number>();

  /** @param bytes of blocks that uploads may hold together */
  constructor(bytes: number) {
    this.bytes = bytes;
    this.#left = bytes;
  }

  get bytesLeft(): number {
    return this.#left;
  }

  /** @returns false: not now; `taken` is called when they were */
  take(bytes: number, taken: () => void): boolean {
    if (this.#waiting.size > 0 || bytes > this.#left) {
      this.#waiting.set(taken, bytes);
      return false;
    }
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
    this.#serve();
  }

  /** Leaves the line. */
  forget(taken: () => void): void {
    if (this.#waiting.delete(taken)) this.#serve();
  }

  #serve(): void {
    for (const [taken, bytes] of this.#waiting) {
      if (bytes > this.#left) return;
      this.#waiting.delete(taken);
      this.#left -= bytes;
      taken();
    }
  }
}

export interface UploadsOwner {
  /** Parts may be sent. */
  granted(correlation: number, upload: number): void;
  /** So much has come. */
  progressed(upload: number, received: number): void;
  /** Bytes of other batches that the client may have sent before it can know of a grant, and that have not come yet. */
  inFront(): number;
  /** The client brings too little. */
  tooSlow(): void;
}

/** Requests that may wait on one connection. */
const WAITING_MAX = 64;
/** A client that brings less than this is given up, however steadily it drips: others wait for the block. */
const BYTES_PER_MS_MIN = 64;
/** How often that is looked at. In this time even the slowest brings a frame of the largest size. */
const PERIOD_MS = 20_000;
/** So often its client hears that it is getting on; behind the slowest link it would else hear nothing for minutes. */
const PROGRESS_BYTES = 256 * KIB;

export class Uploads implements MemoryWaiter {
  readonly #memory: Uint8Array;
  readonly #pool: BlockPool;
  readonly #budget: UploadBudget;
  readonly #owner: UploadsOwner;
  readonly #periodMs: number;
  readonly #waiting: UploadRequest[] = [];
  #open: OpenUpload | null = null;
  /** Bytes of the budget that are waited for, and that were taken. */
  #wanted = 0;
  #taken = 0;
  /** What the client has brought of what is due; one frame may be under way. */
  #brought = 0;
  /** What may still come before the first part. */
  #inFront = 0;
  /** What of the open upload its client was told of. */
  #told = 0;
  #pace: NodeJS.Timeout | undefined;
  #nextId = 1;
  #closed = false;
  readonly #wasTaken = (): void => {
    this.#taken = this.#wanted;
    this.#wanted = 0;
    this.retry();
  };

  constructor(
    memory: Uint8Array,
    pool: BlockPool,
    budget: UploadBudget,
    owner: UploadsOwner,
    periodMs: number = PERIOD_MS,
  ) {
    this.#memory = memory;
    this.#pool = pool;
    this.#budget = budget;
    this.#owner = owner;
    this.#periodMs = periodMs;
  }

  /** Bytes that the next request wants. */
  get size(): number {
    return this.#waiting[0]?.size ?? 0;
  }

  /** @throws BrokerError MESSAGE_TOO_LARGE, BUSY */
  begin(request: UploadRequest): void {
    if (this.#pool.blockSize(request.size) > this.#budget.bytes) {
      const blockMax = 2 ** Math.floor(Math.log2(this.#budget.bytes));
      throw new BrokerError(
        "MESSAGE_TOO_LARGE",
        `a batch of ${request.size} bytes is too large for this broker's pool, which takes up to ${blockMax}; a larger one makes room (--pool-bytes)`,
      );
    }
    if (this.#waiting.length >= WAITING_MAX)
      throw new BrokerError("BUSY", "too many large batches wait on this connection");
    this.#waiting.push(request);
    if (this.#waiting.length === 1) this.retry();
  }

  /** The client has brought another batch. It lies in front of the parts if it was sent before the grant was heard of. */
  broughtFirst(bytes: number): void {
    const counted = Math.min(bytes, this.#inFront);
    this.#inFront -= counted;
    this.#keepPace(counted);
  }

  #keepPace(bytes: number): void {
    if (this.#open !== null) this.#brought = Math.min(this.#brought + bytes, this.#due + REQUEST_BYTES_MAX);
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
    copyIntoShared(frame, at, size, this.#memory, open.address + position);
    open.received += size;
    this.#inFront = 0;
    this.#keepPace(size);
    if (open.received < open.size) return this.#tellProgress(open);
    this.#open = null;
    clearInterval(this.#pace);
    open.partition.appendBlock(open.address, open.size, open.owner, open.token);
    this.#giveBack();
    this.retry();
  }

  #tellProgress({ id, received }: OpenUpload): void {
    if (received - this.#told < PROGRESS_BYTES) return;
    this.#told = received;
    this.#owner.progressed(id, received);
  }

  /** The connection is gone: what was not complete is given back. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    clearInterval(this.#pace);
    this.#pool.forget(this);
    if (this.#open !== null) this.#pool.release(this.#open.address);
    this.#open = null;
    this.#giveBack();
  }

  /** Grants the next request. @returns false: there is no memory for it now */
  retry(): boolean {
    this.#refuseDeleted();
    const request = this.#waiting[0];
    if (this.#closed || this.#open !== null || this.#wanted > 0 || request === undefined) return true;
    const blockSize = this.#pool.blockSize(request.size);
    if (this.#taken === 0) {
      this.#wanted = blockSize;
      if (!this.#budget.take(blockSize, this.#wasTaken)) return true;
      this.#wanted = 0;
      this.#taken = blockSize;
    }
    const address = this.#pool.allocate(request.size);
    if (address < 0) {
      this.#pool.whenFree(this);
      return false;
    }
    this.#waiting.shift();
    this.#open = { ...request, id: this.#nextId++, address, received: 0 };
    this.#brought = REQUEST_BYTES_MAX;
    this.#told = 0;
    this.#inFront = this.#owner.inFront();
    this.#pace = setInterval(() => this.#checkPace(), this.#periodMs).unref();
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

  /** Bytes that are due in a period. */
  get #due(): number {
    return this.#periodMs * BYTES_PER_MS_MIN;
  }

  #checkPace(): void {
    this.#brought -= this.#due;
    if (this.#brought < 0) this.#owner.tooSlow();
  }

  #giveBack(): void {
    if (this.#wanted > 0) this.#budget.forget(this.#wasTaken);
    this.#wanted = 0;
    const taken = this.#taken;
    this.#taken = 0;
    if (taken > 0) this.#budget.give(taken);
  }
}
