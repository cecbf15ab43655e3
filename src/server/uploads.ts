/**
 * Batches too large for one frame (design section 4): the block is granted first, then the parts come in order, straight to
 * where the batch will be written from. One upload at a time is open per connection; the next ones wait for it.
 */
import { BrokerError } from "../base/errors.ts";
import type { BlockPool } from "../broker/block-pool.ts";
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

/** Requests that may wait on one connection. */
const WAITING_MAX = 64;

export class Uploads {
  readonly #memory: Uint8Array;
  readonly #pool: BlockPool;
  readonly #grant: (correlation: number, upload: number) => void;
  readonly #waiting: UploadRequest[] = [];
  #open: OpenUpload | null = null;
  #nextId = 1;
  #closed = false;

  /** @param grant told when parts may be sent */
  constructor(memory: Uint8Array, pool: BlockPool, grant: (correlation: number, upload: number) => void) {
    this.#memory = memory;
    this.#pool = pool;
    this.#grant = grant;
  }

  /** @throws BrokerError MESSAGE_TOO_LARGE, BUSY */
  begin(request: UploadRequest): void {
    const { size, partition } = request;
    const sizeMax = partition.topic.settings["max.message.bytes"];
    if (size > sizeMax)
      throw new BrokerError("MESSAGE_TOO_LARGE", `the batch has ${size} bytes; max.message.bytes is ${sizeMax}`);
    if (this.#waiting.length >= WAITING_MAX)
      throw new BrokerError("BUSY", "too many large batches wait on this connection");
    this.#waiting.push(request);
    this.#openNext();
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
    if (open.received < open.size) return;
    this.#open = null;
    open.partition.append(open.address, open.size, open.owner, open.token);
    this.#openNext();
  }

  /** The connection is gone: what was not complete is given back. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#open?.partition.release(this.#open.address);
    this.#open = null;
  }

  #openNext(): void {
    const request = this.#waiting[0];
    if (this.#closed || this.#open !== null || request === undefined) return;
    const address = request.partition.reserve(request.size);
    if (address < 0) {
      this.#pool.whenFree(() => this.#openNext());
      return;
    }
    this.#waiting.shift();
    this.#open = { ...request, id: this.#nextId++, address, received: 0 };
    this.#grant(request.correlation, this.#open.id);
  }
}
