/** The produce window of one connection: what was granted, and what of it is unacknowledged. */
import { BrokerError } from "../base/errors.ts";
import { BATCH_WINDOW_OVERHEAD } from "../protocol/limits.ts";
import { STANDING_WINDOW, type WindowBudget, type WindowHolder } from "./windows.ts";

/** A client that was asked for its window back and does not answer is in the way of those who wait for it. */
const AGREEMENT_MS_MAX = 30_000;

export interface ProduceWindowOwner {
  monotonicMs(): number;
  /** The client is to be told its new window. */
  tell(window: number): void;
  /** The client did not agree to a smaller window in time. */
  overdue(): void;
}

export class ProduceWindow implements WindowHolder {
  readonly #budget: WindowBudget;
  readonly #owner: ProduceWindowOwner;
  readonly #agreementMsMax: number;
  #granted = 0;
  #unacknowledged = 0;
  #lastUsedMs: number;
  #isNarrowing = false;
  /** Times that the client was asked and has not answered. */
  #asked = 0;
  #agreement: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(budget: WindowBudget, owner: ProduceWindowOwner, agreementMsMax: number = AGREEMENT_MS_MAX) {
    this.#budget = budget;
    this.#owner = owner;
    this.#agreementMsMax = agreementMsMax;
    this.#lastUsedMs = owner.monotonicMs();
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

  /**
   * A batch came in, so many bytes long.
   *
   * @throws BrokerError CREDIT_EXCEEDED the client sent more than its window; the batch does not count
   */
  take(length: number): void {
    const unacknowledged = this.#unacknowledged + length + BATCH_WINDOW_OVERHEAD;
    if (unacknowledged > this.size) {
      throw new BrokerError(
        "CREDIT_EXCEEDED",
        `${unacknowledged} bytes are unacknowledged; the window is ${this.size}`,
      );
    }
    this.#unacknowledged = unacknowledged;
  }

  /** A batch is answered. */
  release(length: number): void {
    this.#unacknowledged -= length + BATCH_WINDOW_OVERHEAD;
    if (this.#unacknowledged > 0) return;
    if (this.#closed) this.#giveBack();
    else this.#lastUsedMs = this.#owner.monotonicMs();
  }

  widen(granted: number): void {
    this.#granted = granted;
    this.#stopNarrowing();
    this.#owner.tell(this.size);
  }

  narrow(): void {
    if (this.#isNarrowing) return;
    this.#isNarrowing = true;
    this.#asked++;
    this.#agreement = setTimeout(() => this.#owner.overdue(), this.#agreementMsMax).unref();
    this.#owner.tell(STANDING_WINDOW);
  }

  /** The client has agreed to a smaller window: from now on it counts. */
  agreed(window: number): void {
    if (window !== STANDING_WINDOW || this.#asked === 0) return;
    this.#asked--;
    // An answer to an earlier question, which a wider window has overtaken, does not count.
    if (this.#asked > 0 || !this.#isNarrowing) return;
    this.#stopNarrowing();
    this.#giveBack();
  }

  /** The connection is gone. What is unacknowledged still takes memory, and so much of the budget. */
  close(): void {
    this.#closed = true;
    this.#stopNarrowing();
    this.#budget.remove(this);
    if (this.#unacknowledged === 0) this.#giveBack();
  }

  #stopNarrowing(): void {
    this.#isNarrowing = false;
    clearTimeout(this.#agreement);
  }

  #giveBack(): void {
    const given = this.#granted;
    this.#granted = 0;
    this.#budget.give(given);
  }
}
