/** Records that `send` could not take at once, in order, because there was no memory or the topic was not known yet. */
import { BrokerError } from "../base/errors.ts";
import type { Ack, ProducerRecord } from "./producer-record.ts";
import type { Payload } from "./record-encoder.ts";

export interface DeferredSend {
  readonly topic: string;
  readonly record: ProducerRecord;
  resolve(ack: Ack): void;
  reject(error: BrokerError): void;
}

interface Entry {
  readonly send: DeferredSend;
  readonly size: number;
  /** By the monotonic clock. */
  readonly sinceMs: number;
}

export class DeferredSends {
  readonly #bytesMax: number;
  #entries: Entry[] = [];
  #first = 0;
  #bytes = 0;
  /** How many were ever put in, and taken out. */
  pushed = 0;
  shifted = 0;

  /** @param bytesMax about as many bytes of keys and values may wait */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.pushed === this.shifted;
  }

  /** The oldest. */
  get first(): DeferredSend {
    return this.#entries[this.#first]!.send;
  }

  /** Since when the oldest waits, by the monotonic clock. */
  get firstSinceMs(): number {
    return this.#entries[this.#first]!.sinceMs;
  }

  /** @throws BrokerError BUSY  too much waits already */
  push(send: DeferredSend): void {
    const size = sizeOf(send.record);
    if (!this.isEmpty && this.#bytes + size > this.#bytesMax)
      throw new BrokerError("BUSY", "too many records wait for memory; wait for earlier sends before making more");
    this.#bytes += size;
    this.pushed++;
    this.#entries.push({ send, size, sinceMs: performance.now() });
  }

  /** Takes the oldest out. */
  shift(): DeferredSend {
    const { send, size } = this.#entries[this.#first]!;
    this.#bytes -= size;
    this.shifted++;
    this.#first++;
    if (this.isEmpty) {
      this.#entries = [];
      this.#first = 0;
    }
    return send;
  }

  /** Takes all out and rejects them. */
  rejectAll(error: BrokerError): void {
    while (!this.isEmpty) this.shift().reject(error);
  }
}

/** About the memory that a record takes: what is bounded is its order of magnitude. */
function sizeOf({ key, value }: ProducerRecord): number {
  return 100 + lengthOf(key) + lengthOf(value);
}

function lengthOf(payload: Payload | null | undefined): number {
  return payload?.length ?? 0;
}
