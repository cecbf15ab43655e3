/** Producer ids one at a time, from blocks that are durable before the first of them is used (contract G1). */
import type { MetaStore } from "./meta-store.ts";

const BLOCK_SIZE = 1000;

export class ProducerIds {
  readonly #meta: MetaStore;
  #next = 0;
  #end = 0;
  #taking: Promise<void> | null = null;

  constructor(meta: MetaStore) {
    this.#meta = meta;
  }

  /** @throws BrokerError NO_SPACE, STORAGE_ERROR */
  async next(): Promise<number> {
    while (this.#next === this.#end) {
      this.#taking ??= this.#takeBlock();
      await this.#taking;
    }
    return this.#next++;
  }

  /** Was the id given to somebody, or may have been? */
  isTaken(id: number): boolean {
    const isLeft = id >= this.#next && id < this.#end;
    return id >= 0 && id < this.#meta.nextProducerId && !isLeft;
  }

  async #takeBlock(): Promise<void> {
    try {
      const { first, count } = await this.#meta.takeProducerIds(BLOCK_SIZE);
      this.#next = first;
      this.#end = first + count;
    } finally {
      this.#taking = null;
    }
  }
}
