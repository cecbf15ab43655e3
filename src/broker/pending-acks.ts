/**
 * Batches that are in the log and wait for the high watermark, in the order of their appends. Parallel arrays that stay, so that
 * a batch costs no allocation.
 */
import type { BrokerError } from "../base/errors.ts";
import type { PartitionNumbers } from "./produce-owner.ts";
import type { RequestTable } from "./request-table.ts";

export class PendingAcks<Holder> {
  readonly #requests: RequestTable<Holder>;
  readonly #waiting: number[] = [];
  readonly #baseOffsets: number[] = [];
  readonly #ends: number[] = [];
  readonly #duplicates: boolean[] = [];
  #first = 0;

  constructor(requests: RequestTable<Holder>) {
    this.#requests = requests;
  }

  get isEmpty(): boolean {
    return this.#first === this.#waiting.length;
  }

  add(request: number, baseOffset: number, end: number, duplicate: boolean): void {
    this.#waiting.push(request);
    this.#baseOffsets.push(baseOffset);
    this.#ends.push(end);
    this.#duplicates.push(duplicate);
  }

  /** Tells the owners of batches that end at or below the high watermark. */
  acknowledge(partition: PartitionNumbers): void {
    const requests = this.#requests;
    const { highWatermark } = partition;
    let index = this.#first;
    while (index < this.#waiting.length && this.#ends[index]! <= highWatermark) {
      const request = this.#waiting[index]!;
      const owner = requests.ownerOf(request);
      const token = requests.tokenOf(request);
      const length = requests.lengthOf(request);
      requests.remove(request);
      owner.produced(token, length, partition, this.#baseOffsets[index]!, this.#duplicates[index]!);
      index++;
    }
    this.#first = index;
    if (this.isEmpty) this.#clear();
  }

  /** Tells the owners of all others that their batches are gone. */
  refuseAll(error: BrokerError): void {
    const requests = this.#requests;
    for (let index = this.#first; index < this.#waiting.length; index++) {
      const request = this.#waiting[index]!;
      const owner = requests.ownerOf(request);
      const token = requests.tokenOf(request);
      const length = requests.lengthOf(request);
      requests.remove(request);
      owner.refused(token, length, error);
    }
    this.#clear();
  }

  #clear(): void {
    this.#waiting.length = 0;
    this.#baseOffsets.length = 0;
    this.#ends.length = 0;
    this.#duplicates.length = 0;
    this.#first = 0;
  }
}
