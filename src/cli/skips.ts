/** What `consume --skip-corrupt` leaves out, on standard error: nothing is left out in silence. */
import type { SkippedOffsets } from "../client/index.ts";
import { pluralText } from "./amounts.ts";
import type { Output } from "./output.ts";

export class Skips {
  readonly #output: Output;
  #batches = 0;
  #offsets = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  tell({ topic, partition, offset, nextOffset, error: { code, message } }: SkippedOffsets): void {
    this.#batches++;
    this.#offsets += nextOffset - offset;
    const facts = { topic, partition, offset, nextOffset, code, message };
    const range = `${topic}-${partition}, offsets ${offset}..${nextOffset - 1}`;
    this.#output.news({ skipped: facts }, `skipped ${range}: ${code}: ${message}`);
  }

  /** At the end, if there was anything. */
  tellTotal(): void {
    if (this.#batches === 0) return;
    const facts = { batches: this.#batches, offsets: this.#offsets };
    const offsets = pluralText(this.#offsets, "offset");
    const places = pluralText(this.#batches, "place");
    this.#output.news({ skippedTotal: facts }, `skipped ${offsets} in ${places} in all`);
  }
}
