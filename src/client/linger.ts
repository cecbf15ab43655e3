/**
 * When batches are sent that are not full: when they have waited long enough, or, without a time to wait, at the end of
 * the turn of the event loop that opened them, unless a batch of the same partition is still under way.
 */
import type { Batch } from "./batch.ts";
import type { PartitionQueue } from "./partition-queue.ts";

interface Waiting {
  readonly queue: PartitionQueue;
  readonly batch: Batch;
  readonly dueMs: number;
}

export class Linger {
  readonly #lingerMs: number;
  /** Queues whose batch was opened in this turn. */
  #opened: PartitionQueue[] = [];
  #isTurnEndDue = false;
  /** In the order they were opened, which is the order they are due. */
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs;
  }

  /** The queue has opened a batch. */
  opened(queue: PartitionQueue, batch: Batch): void {
    if (this.#lingerMs > 0) {
      this.#waiting.push({ queue, batch, dueMs: batch.openedMs + this.#lingerMs });
      this.#timer ??= setTimeout(() => this.#closeDue(), this.#lingerMs);
      return;
    }
    this.#opened.push(queue);
    if (this.#isTurnEndDue) return;
    this.#isTurnEndDue = true;
    queueMicrotask(() => this.#endTurn());
  }

  /** Everything the queue had under way is settled. */
  idle(queue: PartitionQueue): void {
    if (this.#lingerMs === 0) queue.close();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #endTurn(): void {
    const opened = this.#opened;
    this.#opened = [];
    this.#isTurnEndDue = false;
    for (const queue of opened) if (queue.isIdle) queue.close();
  }

  #closeDue(): void {
    const nowMs = performance.now();
    let due = 0;
    for (; due < this.#waiting.length; due++) {
      const { queue, batch, dueMs } = this.#waiting[due]!;
      // It may have been filled and closed before.
      const isOpen = queue.open === batch;
      if (isOpen && dueMs > nowMs) break;
      if (isOpen) queue.close();
    }
    this.#waiting = this.#waiting.slice(due);
    const next = this.#waiting[0];
    this.#timer = next === undefined ? undefined : setTimeout(() => this.#closeDue(), Math.max(1, next.dueMs - nowMs));
  }
}
