/**
 * The end of a partition's log in memory: the blocks its batches arrived in, oldest first, and for each batch where it lies.
 * Consumers near the end are served from here without a copy; what is evicted is read from the disk.
 *
 * A batch is put in (`reserve`), handed to the log worker, and found by readers once it was appended (`add`). A block may go
 * when no batch of it is on its way and everything in it is durable. Blocks go in order, so that the tail has no hole at its
 * end; a batch that was refused leaves bytes that nobody reads.
 */
import { assert } from "../base/assert.ts";
import type { BlockPool, Evictable } from "./block-pool.ts";

const BLOCK_SIZE_MIN = 16 * 1024;
const BLOCK_SIZE_GROWN = 2 * 1024 * 1024;

class Block implements Evictable {
  readonly address: number;
  readonly size: number;
  readonly #tail: Tail;
  used = 0;
  /** Batches handed to the log worker whose outcome is not known. */
  onTheirWay = 0;
  /** Batches that readers find here. */
  batches = 0;
  /** Offset after the last of them. */
  end = 0;

  constructor(tail: Tail, address: number, size: number) {
    this.#tail = tail;
    this.address = address;
    this.size = size;
  }

  evict(): boolean {
    return this.#tail.evictOldest(this);
  }
}

export interface TailOwner {
  /** Nothing at or above this offset may be evicted: it is not durable. */
  readonly highWatermark: number;
  /** Batches below this offset left the memory. */
  evicted(end: number): void;
}

export class Tail {
  readonly #pool: BlockPool;
  readonly #owner: TailOwner;
  readonly #blocks: Block[] = [];
  #bytes = 0;
  /** Batches in order, as parallel rings: base offset, offset after it, address, length. */
  #bases = new Float64Array(64);
  #ends = new Float64Array(64);
  #addresses = new Uint32Array(64);
  #lengths = new Uint32Array(64);
  #first = 0;
  #count = 0;

  constructor(pool: BlockPool, owner: TailOwner) {
    this.#pool = pool;
    this.#owner = owner;
  }

  /** Bytes of all blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** First offset that is in memory; -1: none is. */
  get start(): number {
    return this.#count === 0 ? -1 : this.#bases[this.#first]!;
  }

  /** Offset after the last batch in memory; -1: none is. */
  get end(): number {
    return this.#count === 0 ? -1 : this.#ends[this.#slot(this.#count - 1)]!;
  }

  /**
   * Takes room for a batch, right behind the last one where it fits.
   *
   * @returns its address, -1: no memory now
   */
  reserve(length: number): number {
    let block = this.#blocks[this.#blocks.length - 1];
    if (block === undefined || block.used + length > block.size) {
      block = this.#addBlock(length);
      if (block === undefined) return -1;
    }
    const address = block.address + block.used;
    block.used += length;
    block.onTheirWay++;
    return address;
  }

  /** The batch at `address` was appended; readers find it from now on. */
  add(baseOffset: number, end: number, address: number, length: number): void {
    const block = this.#blockOf(address);
    block.onTheirWay--;
    block.batches++;
    block.end = end;
    if (this.#count === this.#bases.length) this.#grow();
    const slot = this.#slot(this.#count++);
    this.#bases[slot] = baseOffset;
    this.#ends[slot] = end;
    this.#addresses[slot] = address;
    this.#lengths[slot] = length;
  }

  /** The batch at `address` is not in the log. */
  drop(address: number): void {
    this.#blockOf(address).onTheirWay--;
  }

  /** Batches at or above `end` are gone from the log. */
  truncate(end: number): void {
    while (this.#count > 0 && this.#ends[this.#slot(this.#count - 1)]! > end) {
      this.#count--;
      const block = this.#blockOf(this.#addresses[this.#slot(this.#count)]!);
      block.batches--;
      block.end = Math.min(block.end, end);
    }
  }

  /** @returns which batch in memory holds the offset, counted from the oldest; -1: none */
  find(offset: number): number {
    if (this.#count === 0 || offset < this.start || offset >= this.end) return -1;
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#bases[this.#slot(middle)]! <= offset) low = middle;
      else high = middle - 1;
    }
    return offset < this.#ends[this.#slot(low)]! ? low : -1;
  }

  baseAt(index: number): number {
    return this.#bases[this.#slot(index)]!;
  }

  endAt(index: number): number {
    return this.#ends[this.#slot(index)]!;
  }

  addressAt(index: number): number {
    return this.#addresses[this.#slot(index)]!;
  }

  lengthAt(index: number): number {
    return this.#lengths[this.#slot(index)]!;
  }

  /** Bytes of the batches from the `first` on that end at or below `limit`. */
  bytesBetween(first: number, limit: number): number {
    let bytes = 0;
    for (let index = first; index < this.#count && this.endAt(index) <= limit; index++) bytes += this.lengthAt(index);
    return bytes;
  }

  /** Lets blocks go, oldest first, until at most so many bytes are held or the next one is needed. */
  shrink(bytesMax: number): void {
    while (this.#bytes > bytesMax && this.#blocks.length > 0) {
      if (!this.evictOldest(this.#blocks[0]!)) return;
    }
  }

  /** Lets blocks go whose batches all lie below `needed`, oldest first, until at most so many bytes are held. */
  shrinkBelow(needed: number, bytesMax: number): void {
    while (this.#bytes > bytesMax && this.#blocks[0]!.end <= needed) {
      if (!this.evictOldest(this.#blocks[0]!)) return;
    }
  }

  /** @returns false: the block is not the oldest, or something in it is still needed */
  evictOldest(block: Block): boolean {
    if (block !== this.#blocks[0] || block.onTheirWay > 0 || block.end > this.#owner.highWatermark) return false;
    this.#blocks.shift();
    this.#bytes -= block.size;
    this.#first = this.#slot(block.batches);
    this.#count -= block.batches;
    this.#pool.unregister(block);
    this.#pool.release(block.address);
    if (block.batches > 0) this.#owner.evicted(block.end);
    return true;
  }

  #addBlock(length: number): Block | undefined {
    const previous = this.#blocks[this.#blocks.length - 1]?.size ?? 0;
    const wanted = Math.max(length, Math.min(BLOCK_SIZE_GROWN, Math.max(BLOCK_SIZE_MIN, previous * 2)));
    let address = this.#pool.allocate(wanted);
    const size = address >= 0 ? wanted : length;
    if (address < 0 && length < wanted) address = this.#pool.allocate(length);
    if (address < 0) return undefined;
    const block = new Block(this, address, this.#pool.blockSize(size));
    this.#blocks.push(block);
    this.#bytes += block.size;
    this.#pool.register(block);
    return block;
  }

  /** The block that holds an address; the newest ones are asked for most. */
  #blockOf(address: number): Block {
    for (let index = this.#blocks.length - 1; index >= 0; index--) {
      const block = this.#blocks[index]!;
      if (address >= block.address && address < block.address + block.size) return block;
    }
    assert(false, "a batch lies in a block of its partition");
  }

  #slot(index: number): number {
    return (this.#first + index) & (this.#bases.length - 1);
  }

  #grow(): void {
    const size = this.#bases.length * 2;
    const move = <Values extends Float64Array | Uint32Array>(from: Values, to: Values): Values => {
      for (let index = 0; index < this.#count; index++) to[index] = from[this.#slot(index)]!;
      return to;
    };
    const bases = move(this.#bases, new Float64Array(size));
    const ends = move(this.#ends, new Float64Array(size));
    const addresses = move(this.#addresses, new Uint32Array(size));
    const lengths = move(this.#lengths, new Uint32Array(size));
    this.#bases = bases;
    this.#ends = ends;
    this.#addresses = addresses;
    this.#lengths = lengths;
    this.#first = 0;
  }
}
