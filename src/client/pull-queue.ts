/** Items in order, from one who pushes to one who pulls and waits. What bounds it is the pusher's business. */
import { assert } from "../base/assert.ts";

interface Puller<Item> {
  resolve(item: Item | null): void;
  reject(error: unknown): void;
}

export class PullQueue<Item> {
  #items: Item[] = [];
  #first = 0;
  #puller: Puller<Item> | null = null;
  #end: { readonly error: unknown } | null = null;

  /** Is someone waiting? Then there is nothing in it. */
  get isAwaited(): boolean {
    return this.#puller !== null;
  }

  get isEnded(): boolean {
    return this.#end !== null;
  }

  push(item: Item): void {
    if (this.#end !== null) return;
    if (this.#puller === null) this.#items.push(item);
    else this.#takePuller().resolve(item);
  }

  /**
   * Nothing more will be pushed. What is in it may still be pulled.
   *
   * @param error thrown after the last item; null: its end is no error
   */
  end(error: unknown): void {
    this.#end ??= { error };
    if (this.#puller === null) return;
    const puller = this.#takePuller();
    if (this.#end.error === null) puller.resolve(null);
    else puller.reject(this.#end.error);
  }

  /** Forgets what is in it. */
  clear(): void {
    this.#items = [];
    this.#first = 0;
  }

  /** @returns the next item; null: there is none and will be none */
  pull(): Promise<Item | null> {
    assert(this.#puller === null, "one pulls at a time");
    if (this.#first < this.#items.length) {
      const item = this.#items[this.#first++]!;
      if (this.#first === this.#items.length) this.clear();
      return Promise.resolve(item);
    }
    if (this.#end !== null) return this.#end.error === null ? Promise.resolve(null) : Promise.reject(this.#end.error);
    return new Promise((resolve, reject) => {
      this.#puller = { resolve, reject };
    });
  }

  #takePuller(): Puller<Item> {
    const puller = this.#puller;
    assert(puller !== null, "someone waits");
    this.#puller = null;
    return puller;
  }
}
