/**
 * Batches that are in the log and wait for the high watermark, in the order of their appends. Parallel rings that stay, so that
 * a batch costs no allocation; they are as large as ever was needed at once, and none until something was.
 */
import type { BrokerError } from "../base/errors.ts";
import type { PartitionNumbers } from "./produce-owner.ts";
import type { RequestTable } from "./request-table.ts";

const CAPACITY_MIN = 16;
const noNumbers = new Uint32Array(0);
const noOffsets = new Float64Array(0);
const noFlags = new Uint8Array(0);

export class PendingAcks<Holder> {
  readonly #requests: RequestTable<Holder>;
  #waiting = noNumbers;
  #baseOffsets = noOffsets;
  #ends = noOffsets;
  #duplicates = noFlags;
  #first = 0;
  #count = 0;

  constructor(requests: RequestTable<Holder>) {
    this.#requests = requests;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** How many there is room for. */
  get capacity(): number {
    return this.#waiting.length;
  }

  add(request: number, baseOffset: number, end: number, duplicate: boolean): void {
    if (this.#count === this.#waiting.length) this.#grow();
    const slot = this.#slot(this.#count++);
    this.#waiting[slot] = request;
    this.#baseOffsets[slot] = baseOffset;
    this.#ends[slot] = end;
    this.#duplicates[slot] = duplicate ? 1 : 0;
  }

  /** Tells the owners of batches that end at or below the high watermark. */
  acknowledge(partition: PartitionNumbers): void {
    const requests = this.#requests;
    const { highWatermark } = partition;
    while (this.#count > 0 && this.#ends[this.#first]! <= highWatermark) {
      const slot = this.#first;
      const request = this.#waiting[slot]!;
      const owner = requests.ownerOf(request);
      const token = requests.tokenOf(request);
      const length = requests.lengthOf(request);
      this.#first = this.#slot(1);
      this.#count--;
      requests.remove(request);
      owner.produced(token, length, partition, this.#baseOffsets[slot]!, this.#duplicates[slot] === 1);
    }
  }

  /** Tells the owners of all others that their batches are gone. */
  refuseAll(error: BrokerError): void {
    const requests = this.#requests;
    while (this.#count > 0) {
      const request = this.#waiting[this.#first]!;
      const owner = requests.ownerOf(request);
      const token = requests.tokenOf(request);
      const length = requests.lengthOf(request);
      this.#first = this.#slot(1);
      this.#count--;
      requests.remove(request);
      owner.refused(token, length, error);
    }
  }

  #slot(index: number): number {
    return (this.#first + index) & (this.#waiting.length - 1);
  }

  #grow(): void {
    const size = Math.max(CAPACITY_MIN, 2 * this.#waiting.length);
    const move = <Values extends Uint32Array | Float64Array | Uint8Array>(from: Values, to: Values): Values => {
      for (let index = 0; index < this.#count; index++) to[index] = from[this.#slot(index)]!;
      return to;
    };
    const waiting = move(this.#waiting, new Uint32Array(size));
    this.#baseOffsets = move(this.#baseOffsets, new Float64Array(size));
    this.#ends = move(this.#ends, new Float64Array(size));
    this.#duplicates = move(this.#duplicates, new Uint8Array(size));
    this.#waiting = waiting;
    this.#first = 0;
  }
}
