/**
 * What `send` was given and could not take at once: the broker has to be asked about the topic first, or there is no
 * memory. It waits in a line for each topic, so that nothing overtakes, whatever it waits for; the lines that wait for
 * memory get it in turn.
 */
import { BrokerError } from "../base/errors.ts";
import type { Ack, ProducerRecord } from "./producer-record.ts";
import { headersSize, type Payload } from "./record-encoder.ts";
import type { OnAbort } from "./until-aborted.ts";
import { Waiters } from "./waiters.ts";

export interface DeferredSend {
  readonly topic: string;
  readonly record: ProducerRecord;
  resolve(ack: Ack): void;
  reject(error: BrokerError): void;
}

/** What a send waits for: that the broker was asked about its topic, or that there is memory for it. */
export type Obstacle = "topic" | "memory";

/**
 * Takes a send, or rejects it.
 *
 * @param sinceMs since when it waits, by the monotonic clock
 * @returns what it has to wait for; null: it is done with
 */
export type TakeSend = (send: DeferredSend, sinceMs: number) => Obstacle | null;

interface Entry {
  readonly send: DeferredSend;
  readonly size: number;
  readonly ordinal: number;
  /** By the monotonic clock. */
  readonly sinceMs: number;
}

/** Never empty. */
interface Line {
  readonly topic: string;
  entries: Entry[];
  /** Index of the oldest entry. */
  at: number;
  /** Why the broker could not be asked about the topic when that was tried last. */
  failure: BrokerError | null;
}

export class DeferredSends {
  readonly #bytesMax: number;
  /** By topic. */
  readonly #lines = new Map<string, Line>();
  /** Those that wait for memory. */
  readonly #ready = new Set<Line>();
  #bytes = 0;
  readonly #shrunk = new Waiters();
  /** How many were ever put in: numbers them. */
  pushed = 0;

  /** @param bytesMax about as many bytes of keys and values may wait */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  /** Does something wait that must not be overtaken by what is given for a topic now? */
  comesBefore(topic: string): boolean {
    return this.#lines.size > 0 && (this.#ready.size > 0 || this.#lines.has(topic));
  }

  /** Does something wait that was put in before there were `pushed`? */
  hasBefore(pushed: number): boolean {
    for (const line of this.#lines.values()) if (line.entries[line.at]!.ordinal < pushed) return true;
    return false;
  }

  /** Resolves when something does not wait any more. */
  shrunk(onAbort: OnAbort): Promise<void> {
    return this.#shrunk.wait(onAbort);
  }

  /** @throws BrokerError BUSY  too much waits already; INVALID_RECORD */
  push(send: DeferredSend, obstacle: Obstacle): void {
    const size = sizeOf(send.record);
    if (!this.isEmpty && this.#bytes + size > this.#bytesMax)
      throw new BrokerError("BUSY", "too many sends wait already; wait for earlier ones before making more");
    this.#bytes += size;
    const entry = { send, size, ordinal: this.pushed++, sinceMs: performance.now() };
    const line = this.#lines.get(send.topic);
    if (line !== undefined) {
      line.entries.push(entry);
      return;
    }
    const begun = { topic: send.topic, entries: [entry], at: 0, failure: null };
    this.#lines.set(send.topic, begun);
    if (obstacle === "memory") this.#ready.add(begun);
  }

  /** Offers what waits for memory, of each topic one in turn, until there is none. */
  offer(take: TakeSend): void {
    for (const line of this.#ready) {
      const { send, sinceMs } = line.entries[line.at]!;
      const obstacle = take(send, sinceMs);
      if (obstacle === "memory") return;
      // A partitioner may have ended the producer, and with it the line.
      const isThere = this.#ready.delete(line);
      if (isThere && obstacle === null && this.#shift(line)) this.#ready.add(line);
    }
  }

  /** The broker was asked about a topic: what waited for that is offered from now on. */
  release(topic: string): void {
    const line = this.#lines.get(topic);
    if (line !== undefined) this.#ready.add(line);
  }

  /**
   * The broker could not be asked about a topic.
   *
   * @returns whether something waits that it should be asked again for
   */
  keep(topic: string, failure: BrokerError): boolean {
    const line = this.#lines.get(topic);
    if (line === undefined) return false;
    line.failure = failure;
    return true;
  }

  /** Rejects what waits for a topic. */
  reject(topic: string, error: BrokerError): void {
    const line = this.#lines.get(topic);
    if (line !== undefined) this.#rejectWhile(line, error, () => true);
  }

  rejectAll(error: BrokerError): void {
    for (const line of this.#lines.values()) this.#rejectWhile(line, error, () => true);
  }

  /** Rejects what waits since before `sinceMs`, by the monotonic clock. */
  expire(sinceMs: number): void {
    for (const line of this.#lines.values())
      if (line.entries[line.at]!.sinceMs < sinceMs)
        this.#rejectWhile(line, this.#timedOut(line), (entry) => entry.sinceMs < sinceMs);
  }

  #timedOut(line: Line): BrokerError {
    const { topic, failure } = line;
    if (this.#ready.has(line))
      return new BrokerError("REQUEST_TIMED_OUT", "there was no memory for the record in time");
    const last = failure === null ? "" : `; the last try ended with ${failure.code}: ${failure.message}`;
    const message = `the broker could not be asked about topic ${topic} in time${last}`;
    return new BrokerError("REQUEST_TIMED_OUT", message, failure === null ? {} : { cause: failure });
  }

  #rejectWhile(line: Line, error: BrokerError, isMeant: (entry: Entry) => boolean): void {
    let entry: Entry;
    do {
      entry = line.entries[line.at]!;
      if (!isMeant(entry)) return;
      entry.send.reject(error);
    } while (this.#shift(line));
  }

  /** Lets the oldest go. @returns whether there are others in its line */
  #shift(line: Line): boolean {
    this.#bytes -= line.entries[line.at]!.size;
    line.at++;
    this.#shrunk.resolveAll();
    if (line.at < line.entries.length) {
      // What it holds is let go in time, and moved rarely enough.
      if (line.at >= 1024 && line.at * 2 > line.entries.length) {
        line.entries = line.entries.slice(line.at);
        line.at = 0;
      }
      return true;
    }
    this.#lines.delete(line.topic);
    this.#ready.delete(line);
    return false;
  }
}

/** About the memory that a record takes: what is bounded is its order of magnitude. */
function sizeOf({ key, value, headers }: ProducerRecord): number {
  return 100 + lengthOf(key) + lengthOf(value) + headersSize(headers);
}

function lengthOf(payload: Payload | null | undefined): number {
  return payload?.length ?? 0;
}
