/**
 * The worker's end of the results ring: outcomes of the logs, put where the main thread finds them, and its bell rung when it
 * has something to do.
 */
import { parentPort } from "node:worker_threads";
import type { LogCheckpoint, LogEvents } from "../storage/partition-log.ts";
import type { Ring } from "./ring.ts";
import * as shared from "./shared-memory.ts";

/** Piscina passes messages of a worker on as its own 'message' events. */
export interface WorkerWarning {
  readonly entry: number;
  readonly message: string;
}

export interface ResultsOwner {
  /** Does nobody wait for this log's syncs? */
  syncsInBackground(entry: number): boolean;
  closed(entry: number): void;
  /** The ring is full: wait until the main thread took something. */
  waitForRoom(tail: number): void;
}

export class ResultsWriter implements LogEvents {
  readonly #ring: Ring;
  readonly #words: Int32Array;
  readonly #f64: Float64Array;
  readonly #mainBell: number;
  readonly #owner: ResultsOwner;
  #head: number;
  /** The main thread has to be woken for what was put into the ring. */
  #isMainWanted = false;

  /** @param mainBell index of the word that the main thread waits for */
  constructor(ring: Ring, buffer: SharedArrayBuffer, mainBell: number, owner: ResultsOwner) {
    this.#ring = ring;
    this.#words = new Int32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#mainBell = mainBell;
    this.#owner = owner;
    this.#head = ring.head;
  }

  appended(entry: number, request: number, baseOffset: number, end: number, duplicate: boolean): void {
    // Where the owner waits for the sync, the main thread need not wake before it either.
    if (duplicate || this.#owner.syncsInBackground(entry)) this.#isMainWanted = true;
    this.#push(duplicate ? shared.RESULT_DUPLICATE : shared.RESULT_APPENDED, entry, request, 0, baseOffset, end);
  }

  refused(entry: number, request: number, code: number): void {
    this.#isMainWanted = true;
    this.#push(shared.RESULT_REFUSED, entry, request, code, 0, 0);
  }

  durable(entry: number, durableEnd: number): void {
    this.#isMainWanted = true;
    this.#push(shared.RESULT_DURABLE, entry, 0, 0, 0, durableEnd);
  }

  lost(entry: number, end: number, code: number): void {
    this.#isMainWanted = true;
    this.#push(shared.RESULT_LOST, entry, 0, code, 0, end);
  }

  closed(entry: number, _checkpoint: LogCheckpoint | null): void {
    this.#owner.closed(entry);
    this.#isMainWanted = true;
    this.#push(shared.RESULT_CLOSED, entry, 0, 0, 0, 0);
  }

  warned(entry: number, message: string): void {
    parentPort?.postMessage({ entry, message } satisfies WorkerWarning);
  }

  /** Shows the main thread what was put in, and wakes it if it has something to do. */
  publish(): void {
    this.#ring.publish(this.#head);
    if (!this.#isMainWanted) return;
    this.#isMainWanted = false;
    Atomics.add(this.#words, this.#mainBell, 1);
    Atomics.notify(this.#words, this.#mainBell);
  }

  #push(kind: number, entry: number, request: number, code: number, baseOffset: number, end: number): void {
    const ring = this.#ring;
    for (let tail = ring.tail; ((this.#head - tail) | 0) >= ring.capacity; tail = ring.tail) {
      this.#isMainWanted = true;
      this.publish();
      this.#owner.waitForRoom(tail);
    }
    const address = ring.at(this.#head);
    const at = address >>> 2;
    this.#f64[address >>> 3] = baseOffset;
    this.#f64[(address >>> 3) + 1] = end;
    this.#words[at + 4] = kind;
    this.#words[at + 5] = entry;
    this.#words[at + 6] = request;
    this.#words[at + 7] = code;
    this.#head = (this.#head + 1) | 0;
  }
}
