/**
 * Batches on their way through a log worker, by the number that goes with them. Numbers are reused, arrays stay, so that a
 * batch costs no allocation.
 */
import type { ProduceOwner } from "./produce-owner.ts";

/** @template Holder whose batches they are: the partition */
export class RequestTable<Holder> {
  readonly #holders: (Holder | null)[] = [];
  readonly #owners: (ProduceOwner | null)[] = [];
  readonly #tokens: number[] = [];
  readonly #addresses: number[] = [];
  readonly #lengths: number[] = [];
  readonly #free: number[] = [];

  /** @returns the request's number */
  add(holder: Holder, owner: ProduceOwner, token: number, address: number, length: number): number {
    const request = this.#free.pop() ?? this.#tokens.length;
    this.#holders[request] = holder;
    this.#owners[request] = owner;
    this.#tokens[request] = token;
    this.#addresses[request] = address;
    this.#lengths[request] = length;
    return request;
  }

  remove(request: number): void {
    this.#holders[request] = null;
    this.#owners[request] = null;
    this.#free.push(request);
  }

  holderOf(request: number): Holder | null {
    return this.#holders[request] ?? null;
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

  /** Numbers of the requests whose holder is one that is asked for. */
  select(isWanted: (holder: Holder) => boolean): number[] {
    const selected: number[] = [];
    for (let request = 0; request < this.#holders.length; request++) {
      const holder = this.#holders[request]!;
      if (holder !== null && isWanted(holder)) selected.push(request);
    }
    return selected;
  }
}
