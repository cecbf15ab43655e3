/**
 * The end of a partition's log in memory: the blocks its batches arrived in, oldest first, and for each batch where it lies.
 * Consumers near the end are served from here without a copy; what is evicted is read from the disk.
 *
 * A batch is put in (`reserve`, or `adopt` with a block of its own), handed to the log worker, and found by readers once it was
 * appended (`add`). Batches are appended in the order in which they were put in, so blocks and batches have one order. A block
 * may go when no batch of it is on its way and everything in it is durable; blocks with batches go in order, so that the tail
 * has no hole at its end. A batch that was refused leaves bytes that nobody reads.
 */
import { assert } from "../base/assert.ts";
import type { BlockPool, Evictable } from "./block-pool.ts";

const BLOCK_SIZE_MIN = 16 * 1024;
const BLOCK_SIZE_GROWN = 2 * 1024 * 1024;
/** Room for so many batches is made at first. */
const CAPACITY_MIN = 64;
const noOffsets = new Float64Array(0);
const noWords = new Uint32Array(0);

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

  get isEmpty(): boolean {
    return this.onTheirWay === 0 && this.batches === 0;
  }

  evict(): boolean {
    return this.#tail.giveWay(this);
  }
}

export interface TailOwner {
  /** Nothing at or above this offset may be evicted: it is not durable. */
  readonly highWatermark: number;
  /** Bytes that are kept whatever others need, because they are nowhere else; 0: all of it is on disk too. */
  readonly bytesKept: number;
  /** Batches below this offset left the memory. */
  evicted(end: number): void;
}

export class Tail {
  readonly #pool: BlockPool;
  readonly #owner: TailOwner;
  readonly #blocks: Block[] = [];
  #bytes = 0;
  /** Batches in order, as parallel rings: base offset, offset after it, address, length, bytes of all batches up to its end. */
  #bases = noOffsets;
  #ends = noOffsets;
  #addresses = noWords;
  #lengths = noWords;
  #byteEnds = noOffsets;
  #first = 0;
  #count = 0;
  #byteEnd = 0;

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
   * @param length bytes, at least 1
   * @returns its address, -1: no memory now
   */
  reserve(length: number): number {
    assert(length > 0, "a batch has bytes");
    let block = this.#blocks[this.#blocks.length - 1];
    if (block === undefined || block.used + length > block.size) {
      block = this.#takeBlock(length);
      if (block === undefined) return -1;
    }
    const address = block.address + block.used;
    block.used += length;
    block.onTheirWay++;
    return address;
  }

  /** Takes over a block of the pool that was filled elsewhere with one batch of this length. */
  adopt(address: number, length: number): void {
    const block = this.#addBlock(address, this.#pool.blockSize(length));
    block.used = block.size;
    block.onTheirWay++;
  }

  /** The batch at `address` was appended; readers find it from now on. */
  add(baseOffset: number, end: number, address: number, length: number): void {
    const block = this.#blocks[this.#indexOf(address)]!;
    block.onTheirWay--;
    block.batches++;
    block.end = end;
    if (this.#count === this.#bases.length) this.#grow();
    const slot = this.#slot(this.#count++);
    this.#byteEnd += length;
    this.#bases[slot] = baseOffset;
    this.#ends[slot] = end;
    this.#addresses[slot] = address;
    this.#lengths[slot] = length;
    this.#byteEnds[slot] = this.#byteEnd;
  }

  /** The batch at `address` is not in the log. */
  drop(address: number): void {
    const index = this.#indexOf(address);
    const block = this.#blocks[index]!;
    block.onTheirWay--;
    if (block.isEmpty) this.#letGo(index);
  }

  /** Batches at or above `end` are gone from the log. */
  truncate(end: number): void {
    while (this.#count > 0 && this.#ends[this.#slot(this.#count - 1)]! > end) {
      const slot = this.#slot(--this.#count);
      this.#byteEnd -= this.#lengths[slot]!;
      const index = this.#indexOf(this.#addresses[slot]!);
      const block = this.#blocks[index]!;
      block.batches--;
      block.end = Math.min(block.end, end);
      if (block.isEmpty) this.#letGo(index);
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
    let low = first;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.endAt(middle) <= limit) low = middle + 1;
      else high = middle;
    }
    if (low === first) return 0;
    return this.#byteEnds[this.#slot(low - 1)]! - this.#byteEnds[this.#slot(first)]! + this.lengthAt(first);
  }

  /** Lets blocks go, oldest first, until at most so many bytes are held or the next one is needed. */
  shrink(bytesMax: number): void {
    while (this.#bytes > bytesMax && this.#blocks.length > 0) {
      if (!this.#evictOldest()) return;
    }
    if (this.#bytes === 0) this.#setRings(noOffsets, noOffsets, noWords, noWords, noOffsets);
  }

  /** Lets blocks go whose batches all lie below `needed`, oldest first, until at most so many bytes are held. */
  shrinkBelow(needed: number, bytesMax: number): void {
    while (this.#bytes > bytesMax && this.#blocks[0]!.end <= needed) {
      if (!this.#evictOldest()) return;
    }
  }

  /** As `shrink`, but the newest block stays: it holds what was acknowledged last. */
  shrinkToNewest(bytesMax: number): void {
    while (this.#bytes > bytesMax && this.#blocks.length > 1) {
      if (!this.#evictOldest()) return;
    }
  }

  /** The log is gone: nobody reads any more, durable or not. What is on its way goes when its outcome is told. */
  clear(): void {
    this.#count = 0;
    for (let index = this.#blocks.length - 1; index >= 0; index--) {
      const block = this.#blocks[index]!;
      block.batches = 0;
      if (block.isEmpty) this.#letGo(index);
    }
  }

  /** Others need memory. @returns false: the block is not the oldest, or something in it is still needed */
  giveWay(block: Block): boolean {
    if (block !== this.#blocks[0] || this.#bytes - block.size < this.#owner.bytesKept) return false;
    return this.#evictOldest();
  }

  /** @returns false: something in it is still needed */
  #evictOldest(): boolean {
    const block = this.#blocks[0]!;
    if (block.onTheirWay > 0 || block.end > this.#owner.highWatermark) return false;
    this.#first = this.#slot(block.batches);
    this.#count -= block.batches;
    this.#letGo(0);
    if (block.batches > 0) this.#owner.evicted(block.end);
    return true;
  }

  #letGo(index: number): void {
    const block = this.#blocks[index]!;
    this.#blocks.splice(index, 1);
    this.#bytes -= block.size;
    this.#pool.unregister(block);
    this.#pool.release(block.address);
  }

  #takeBlock(length: number): Block | undefined {
    const previous = this.#blocks[this.#blocks.length - 1]?.size ?? 0;
    const { bytesKept } = this.#owner;
    // Where blocks are all there is of a log, eight of them make its bound fine enough.
    const sizeMax = bytesKept > 0 ? Math.max(BLOCK_SIZE_MIN, bytesKept / 8) : BLOCK_SIZE_GROWN;
    const grown = Math.min(BLOCK_SIZE_GROWN, sizeMax, Math.max(BLOCK_SIZE_MIN, previous * 2));
    const wanted = Math.max(length, grown);
    let address = this.#pool.allocate(wanted);
    const size = address >= 0 ? wanted : length;
    if (address < 0 && length < wanted) address = this.#pool.allocate(length);
    return address < 0 ? undefined : this.#addBlock(address, this.#pool.blockSize(size));
  }

  #addBlock(address: number, size: number): Block {
    const block = new Block(this, address, size);
    this.#blocks.push(block);
    this.#bytes += size;
    this.#pool.register(block);
    return block;
  }

  /** Which block holds an address; the newest ones are asked for most. */
  #indexOf(address: number): number {
    for (let index = this.#blocks.length - 1; index >= 0; index--) {
      const block = this.#blocks[index]!;
      if (address >= block.address && address < block.address + block.size) return index;
    }
    assert(false, "a batch lies in a block of its partition");
  }

  #slot(index: number): number {
    return (this.#first + index) & (this.#bases.length - 1);
  }

  #grow(): void {
    const size = Math.max(CAPACITY_MIN, this.#bases.length * 2);
    const move = <Values extends Float64Array | Uint32Array>(from: Values, to: Values): Values => {
      for (let index = 0; index < this.#count; index++) to[index] = from[this.#slot(index)]!;
      return to;
    };
    this.#setRings(
      move(this.#bases, new Float64Array(size)),
      move(this.#ends, new Float64Array(size)),
      move(this.#addresses, new Uint32Array(size)),
      move(this.#lengths, new Uint32Array(size)),
      move(this.#byteEnds, new Float64Array(size)),
    );
  }

  #setRings(
    bases: Float64Array<ArrayBuffer>,
    ends: Float64Array<ArrayBuffer>,
    addresses: Uint32Array<ArrayBuffer>,
    lengths: Uint32Array<ArrayBuffer>,
    byteEnds: Float64Array<ArrayBuffer>,
  ): void {
    this.#bases = bases;
    this.#ends = ends;
    this.#addresses = addresses;
    this.#lengths = lengths;
    this.#byteEnds = byteEnds;
    this.#first = 0;
  }
}
