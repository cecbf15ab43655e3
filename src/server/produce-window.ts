/** The produce window of one connection: what was granted, and what of it is unacknowledged. */
import { BrokerError } from "../base/errors.ts";
import { STANDING_WINDOW, type WindowBudget, type WindowHolder } from "./windows.ts";

export class ProduceWindow implements WindowHolder {
  readonly #budget: WindowBudget;
  readonly #monotonicMs: () => number;
  readonly #tell: (window: number) => void;
  #granted = 0;
  #unacknowledged = 0;
  #lastUsedMs: number;
  #isNarrowing = false;

  /** @param tell sends the client its new window */
  constructor(budget: WindowBudget, monotonicMs: () => number, tell: (window: number) => void) {
    this.#budget = budget;
    this.#monotonicMs = monotonicMs;
    this.#tell = tell;
    this.#lastUsedMs = monotonicMs();
  }

  /** Bytes that may be unacknowledged. */
  get size(): number {
    return STANDING_WINDOW + this.#granted;
  }

  get granted(): number {
    return this.#granted;
  }

  get lastUsedMs(): number {
    return this.#unacknowledged > 0 ? Number.POSITIVE_INFINITY : this.#lastUsedMs;
  }

  /** The connection begins with what there is. @param wanted bytes in all */
  open(wanted: number): void {
    this.#granted = this.#budget.take(this, Math.max(0, wanted - STANDING_WINDOW));
  }

  /** The client needs more. @param wanted bytes in all */
  request(wanted: number): void {
    this.#budget.request(this, wanted - STANDING_WINDOW);
  }

  /** A batch came in. @throws BrokerError CREDIT_EXCEEDED the client sent more than its window */
  take(length: number): void {
    this.#unacknowledged += length;
    if (this.#unacknowledged <= this.size) return;
    throw new BrokerError(
      "CREDIT_EXCEEDED",
      `${this.#unacknowledged} bytes are unacknowledged; the window is ${this.size}`,
    );
  }

  /** A batch is answered. */
  release(length: number): void {
    this.#unacknowledged -= length;
    if (this.#unacknowledged === 0) this.#lastUsedMs = this.#monotonicMs();
  }

  widen(granted: number): void {
    this.#granted = granted;
    this.#isNarrowing = false;
    this.#tell(this.size);
  }

  narrow(): void {
    if (this.#isNarrowing) return;
    this.#isNarrowing = true;
    this.#tell(STANDING_WINDOW);
  }

  /** The client has agreed to a smaller window: from now on it counts. */
  agreed(window: number): void {
    if (!this.#isNarrowing || window !== STANDING_WINDOW) return;
    this.#isNarrowing = false;
    const given = this.#granted;
    this.#granted = 0;
    this.#budget.give(given);
  }

  close(): void {
    this.#budget.remove(this);
  }
}
