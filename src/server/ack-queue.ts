/** Acknowledgements of one connection that leave together at the end of a round. Parallel arrays that stay. */
import type { Offset } from "../base/units.ts";
import type { PartitionNumbers } from "../broker/produce-owner.ts";
import type { ProduceAckEncoder } from "../protocol/produce-ack.ts";
import type { ClientSocket } from "./client-socket.ts";
import { durabilityOf } from "./requests.ts";

export class AckQueue {
  readonly #correlations: number[] = [];
  readonly #baseOffsets: number[] = [];
  readonly #partitions: PartitionNumbers[] = [];
  readonly #duplicates: boolean[] = [];

  get isEmpty(): boolean {
    return this.#correlations.length === 0;
  }

  add(correlation: number, partition: PartitionNumbers, baseOffset: number, duplicate: boolean): void {
    this.#correlations.push(correlation);
    this.#baseOffsets.push(baseOffset);
    this.#partitions.push(partition);
    this.#duplicates.push(duplicate);
  }

  /** Sends all. Cork the socket around it. */
  send(socket: ClientSocket, encoder: ProduceAckEncoder): void {
    for (let index = 0; index < this.#correlations.length; index++) {
      const partition = this.#partitions[index]!;
      const frame = encoder.encode(this.#correlations[index]!, {
        baseOffset: this.#baseOffsets[index]! as Offset,
        logStartOffset: partition.logStartOffset as Offset,
        highWatermark: partition.highWatermark as Offset,
        lastStableOffset: partition.lastStableOffset as Offset,
        leaderEpoch: partition.leaderEpoch,
        durability: durabilityOf(partition.topic),
        duplicate: this.#duplicates[index]!,
      });
      socket.send(frame);
    }
    this.clear();
  }

  clear(): void {
    this.#correlations.length = 0;
    this.#baseOffsets.length = 0;
    this.#partitions.length = 0;
    this.#duplicates.length = 0;
  }
}
