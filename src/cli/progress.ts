/** A progress bar on the last line of a terminal; nothing elsewhere, and nothing with `--json`. */
import { countText, rateText, sizeText } from "./amounts.ts";
import type { Output } from "./output.ts";

export interface ProgressState {
  readonly records: number;
  readonly bytes: number;
}

const WIDTH = 24;
const INTERVAL_MS = 100;

export class Progress {
  readonly #output: Output;
  readonly #label: string;
  readonly #bytesTotal: number | null;
  readonly #state: () => ProgressState;
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;

  /**
   * @param bytesTotal null: nobody knows; then there is no bar, only numbers
   * @param state asked from time to time
   */
  constructor(output: Output, label: string, bytesTotal: number | null, state: () => ProgressState) {
    this.#output = output;
    this.#label = label;
    this.#bytesTotal = bytesTotal;
    this.#state = state;
    if (output.hasStatusLine) this.#timer = setInterval(() => this.#draw(), INTERVAL_MS);
  }

  /** Takes the bar away. */
  end(): void {
    clearInterval(this.#timer);
    this.#output.status("");
  }

  #draw(): void {
    const { records, bytes } = this.#state();
    const rate = rateText(bytes, performance.now() - this.#startedMs);
    const amount = `${countText(records)} records  ${sizeText(bytes)}  ${rate}`;
    this.#output.status(`${this.#label}  ${this.#bar(bytes)}${amount}`);
  }

  #bar(bytes: number): string {
    if (this.#bytesTotal === null) return "";
    const share = Math.min(1, bytes / Math.max(1, this.#bytesTotal));
    const full = Math.round(share * WIDTH);
    return `[${"#".repeat(full)}${".".repeat(WIDTH - full)}] ${Math.floor(share * 100)}%  `;
  }
}
