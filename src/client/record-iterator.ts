/** Records as objects, one by one. By hand: an async generator costs a record three times as much. */
import { BatchCursor } from "./batch-cursor.ts";
import type { ConsumedRecord } from "./consumed-record.ts";
import type { ConsumerFeed, ReadableBatch } from "./consumer-feed.ts";

export class RecordIterator implements AsyncIterator<ConsumedRecord, undefined> {
  readonly #feed: ConsumerFeed;
  readonly #finish: () => Promise<void>;
  readonly #cursor = new BatchCursor();
  #batch: ReadableBatch | null = null;
  /** The next batch is being waited for. */
  #waiting: Promise<unknown> | null = null;

  /** @param finish called when the loop is left, or has come to its end */
  constructor(feed: ConsumerFeed, finish: () => Promise<void>) {
    this.#feed = feed;
    this.#finish = finish;
  }

  next(): Promise<IteratorResult<ConsumedRecord, undefined>> {
    // Who asks for several at a time gets one behind the other.
    if (this.#waiting !== null) return this.#waiting.then(() => this.next());
    const batch = this.#batch;
    // Who asks for the next record has done with the last one.
    if (batch !== null) batch.subscription.doneOffset = batch.subscription.position;
    if (batch !== null && this.#feed.holdsBack(batch, this.#cursor.offset + 1)) {
      this.#batch = null;
      return this.#afterBatch();
    }
    if (!this.#cursor.next()) return this.#afterBatch();
    return this.#feed.isEnded ? this.#end() : Promise.resolve(this.#record());
  }

  async return(): Promise<IteratorResult<ConsumedRecord, undefined>> {
    await this.#finish();
    return { done: true, value: undefined };
  }

  #afterBatch(): Promise<IteratorResult<ConsumedRecord, undefined>> {
    const next = this.#nextBatch();
    const done = (): void => {
      this.#waiting = null;
    };
    this.#waiting = next.then(done, done);
    return next;
  }

  /** Reading was ended while a batch was being handed out. */
  async #end(): Promise<IteratorResult<ConsumedRecord, undefined>> {
    await this.#finish();
    this.#feed.throwEnd();
    return { done: true, value: undefined };
  }

  #record(): IteratorResult<ConsumedRecord, undefined> {
    const cursor = this.#cursor;
    this.#batch!.subscription.position = cursor.offset + 1;
    return { done: false, value: cursor.recordOver(cursor.bytes, 0) };
  }

  async #nextBatch(): Promise<IteratorResult<ConsumedRecord, undefined>> {
    const cursor = this.#cursor;
    try {
      for (;;) {
        if (this.#batch !== null) this.#feed.consumed(this.#batch, cursor.fault);
        this.#batch = null;
        const batch = await this.#feed.pull();
        if (batch === null) return await this.return();
        if (!this.#feed.isStillDue(batch)) continue;
        this.#batch = batch;
        cursor.open(batch);
        if (cursor.next()) return this.#record();
      }
    } catch (error) {
      await this.#finish();
      throw error;
    }
  }
}
