/**
 * Items in order, from one who pushes to one who pulls and waits. Some may be held back, until they are not any more, while
 * those behind them go on. What bounds it is the pusher's business.
 */
import { assert } from "../base/assert.ts";

/** So many places of items that were pulled are kept, before the others move up. */
const GONE_MAX = 64;

interface Puller<Item> {
  resolve(item: Item | null): void;
  reject(error: unknown): void;
}

export class PullQueue<Item extends object> {
  readonly #isHeldBack: (item: Item) => boolean;
  #items: (Item | null)[] = [];
  /** Before it are places of items that were pulled. */
  #first = 0;
  #puller: Puller<Item> | null = null;
  #end: { readonly error: unknown } | null = null;
  #isStopped = false;

  /** @param isHeldBack who changes what it says of an item calls `wake` */
  constructor(isHeldBack: (item: Item) => boolean) {
    this.#isHeldBack = isHeldBack;
  }

  /** Is someone waiting? Then all there is in it is held back. */
  get isAwaited(): boolean {
    return this.#puller !== null;
  }

  /** Nothing more will be pushed. */
  get isEnded(): boolean {
    return this.#end !== null;
  }

  push(item: Item): void {
    if (this.#end !== null) return;
    if (this.#puller === null || this.#isHeldBack(item)) this.#items.push(item);
    else this.#takePuller().resolve(item);
  }

  /** Puts an item that was pulled, and is held back now, before all others. After `stop` it is forgotten. */
  putBack(item: Item): void {
    if (this.#isStopped) return;
    if (this.#first > 0) this.#items[--this.#first] = item;
    else this.#items.unshift(item);
  }

  /** What was held back may go now. */
  wake(): void {
    if (this.#puller === null) return;
    const item = this.#take();
    if (item !== null) this.#takePuller().resolve(item);
  }

  /**
   * Nothing more will be pushed. What is in it may still be pulled.
   *
   * @param error thrown after the last item that is not held back; null: its end, after the last one, is no error
   */
  end(error: unknown): void {
    this.#end ??= { error };
    this.#endPuller();
  }

  /**
   * Nothing more will be pushed, and what is in it is forgotten.
   *
   * @param error as for `end`; what was the end before the last item was pulled stays it
   */
  stop(error: unknown): void {
    this.#isStopped = true;
    if (this.#items.length > 0) this.#end = { error };
    this.#items = [];
    this.#first = 0;
    this.end(error);
  }

  /** @returns the next item; null: there is none and will be none */
  pull(): Promise<Item | null> {
    assert(this.#puller === null, "one pulls at a time");
    const item = this.#take();
    if (item !== null) return Promise.resolve(item);
    return new Promise((resolve, reject) => {
      this.#puller = { resolve, reject };
      this.#endPuller();
    });
  }

  /** @returns null: there is none that is not held back */
  #take(): Item | null {
    const items = this.#items;
    let at = this.#first;
    while (at < items.length && this.#isHeldBack(items[at]!)) at++;
    if (at === items.length) return null;
    const item = items[at]!;
    if (at > this.#first) items.splice(at, 1);
    else items[this.#first++] = null;
    if (this.#first >= GONE_MAX || this.#first === items.length) {
      items.splice(0, this.#first);
      this.#first = 0;
    }
    return item;
  }

  #endPuller(): void {
    if (this.#puller === null || this.#end === null) return;
    const { error } = this.#end;
    if (error !== null) this.#takePuller().reject(error);
    else if (this.#items.length === 0) this.#takePuller().resolve(null);
  }

  #takePuller(): Puller<Item> {
    const puller = this.#puller;
    assert(puller !== null, "someone waits");
    this.#puller = null;
    return puller;
  }
}
