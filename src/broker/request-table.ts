/**
 * Batches on their way through a log worker, by the number that goes with them. Numbers are reused, arrays stay, so that a
 * batch costs no allocation.
 */
import type { BrokerError } from "../base/errors.ts";
import type { Partition } from "./partition.ts";

/** Whoever brought a batch and hears what became of it. `token` is its own name for the batch, `length` the batch's bytes. */
export interface ProduceOwner {
  /** Below the high watermark now, as durable as the topic promises. */
  produced(token: number, length: number, partition: Partition, baseOffset: number, duplicate: boolean): void;
  refused(token: number, length: number, error: BrokerError): void;
}

export class RequestTable {
  readonly #partitions: (Partition | null)[] = [];
  readonly #owners: (ProduceOwner | null)[] = [];
  readonly #tokens: number[] = [];
  readonly #addresses: number[] = [];
  readonly #lengths: number[] = [];
  readonly #free: number[] = [];

  /** @returns the request's number */
  add(partition: Partition, owner: ProduceOwner, token: number, address: number, length: number): number {
    const request = this.#free.pop() ?? this.#tokens.length;
    this.#partitions[request] = partition;
    this.#owners[request] = owner;
    this.#tokens[request] = token;
    this.#addresses[request] = address;
    this.#lengths[request] = length;
    return request;
  }

  remove(request: number): void {
    this.#partitions[request] = null;
    this.#owners[request] = null;
    this.#free.push(request);
  }

  partitionOf(request: number): Partition | null {
    return this.#partitions[request] ?? null;
  }

  ownerOf(request: number): ProduceOwner {
    return this.#owners[request]!;
  }

  tokenOf(request: number): number {
    return this.#tokens[request]!;
  }

  addressOf(request: number): number {
    return this.#addresses[request]!;
  }

  lengthOf(request: number): number {
    return this.#lengths[request]!;
  }

  /** All requests of one partition. */
  select(partition: Partition): number[] {
    return [...this.#partitions.keys()].filter((request) => this.#partitions[request] === partition);
  }
}
