/**
 * Reads of logs that the disk refused. Each is counted, and a log's first one is told: not what who tries again meets, until the
 * log was read in between, and once a minute at most, where one place of it cannot be read and others can.
 */
import type { BrokerError } from "../base/errors.ts";
import type { LogSink } from "./start-options.ts";

const PAUSE_MS = 60_000;

export class ReadErrors {
  readonly #log: LogSink;
  readonly #monotonicMs: () => number;
  /** When each was told that was not well since, or not long ago. */
  readonly #told = new Map<string, { readonly atMs: number; wasRead: boolean }>();
  #count = 0;

  constructor(log: LogSink, monotonicMs: () => number) {
    this.#log = log;
    this.#monotonicMs = monotonicMs;
  }

  get count(): number {
    return this.#count;
  }

  /** @param error STORAGE_ERROR, as the read ended */
  failed(partition: string, error: BrokerError): void {
    this.#count++;
    const told = this.#told.get(partition);
    const nowMs = this.#monotonicMs();
    if (told !== undefined && !(told.wasRead && nowMs - told.atMs >= PAUSE_MS)) return;
    this.#told.set(partition, { atMs: nowMs, wasRead: false });
    this.#log("error", "a log cannot be read; whoever asks tries again", { partition, error: error.message });
  }

  succeeded(partition: string): void {
    const told = this.#told.get(partition);
    if (told === undefined) return;
    told.wasRead = true;
    if (this.#monotonicMs() - told.atMs >= PAUSE_MS) this.#told.delete(partition);
  }
}
