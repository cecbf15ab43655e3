/**
 * When batches are sent that are not full: when they have waited long enough, or, without a time to wait, at the end of
 * the turn of the event loop that opened them, unless a batch of the same partition is still under way.
 */
import type { PartitionQueue } from "./partition-queue.ts";

export class Linger {
  readonly #lingerMs: number;
  /** Queues whose batch was opened in this turn. */
  #opened: PartitionQueue[] = [];
  #isTurnEndDue = false;
  /**
   * Queues with a time to wait, and when that of the batch they opened last is over, by the monotonic clock; in the order
   * in which it is. Batches are not kept here: those that are full and settled would be, until the timer goes off.
   */
  readonly #dueMs = new Map<PartitionQueue, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(lingerMs: number) {
    this.#lingerMs = lingerMs;
  }

  /** The queue has opened a batch. @param openedMs by the monotonic clock, no earlier than that of any before */
  opened(queue: PartitionQueue, openedMs: number): void {
    if (this.#lingerMs > 0) {
      this.#dueMs.delete(queue); // So that it becomes the last.
      this.#dueMs.set(queue, openedMs + this.#lingerMs);
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
    this.#dueMs.clear();
  }

  #endTurn(): void {
    const opened = this.#opened;
    this.#opened = [];
    this.#isTurnEndDue = false;
    for (const queue of opened) if (queue.isIdle) queue.close();
  }

  #closeDue(): void {
    const nowMs = performance.now();
    for (const [queue, dueMs] of this.#dueMs) {
      // Its batch may have been filled and closed before.
      if (queue.open !== null && dueMs > nowMs) {
        this.#timer = setTimeout(() => this.#closeDue(), Math.max(1, dueMs - nowMs));
        return;
      }
      this.#dueMs.delete(queue);
      queue.close();
    }
    this.#timer = undefined;
  }
}
