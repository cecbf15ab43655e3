/** The produce window of one connection: what was granted, and what of it is unacknowledged. */
import { BrokerError } from "../base/errors.ts";
import { BATCH_WINDOW_OVERHEAD } from "../protocol/limits.ts";
import { STANDING_WINDOW, type WindowBudget, type WindowHolder } from "./windows.ts";

/** A client that was asked for its window back and does not answer is in the way of those who wait for it. */
const AGREEMENT_MS_MAX = 10_000;

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
  #grantedMs: number;
  /** Of the budget, for what was unacknowledged beyond the window when the client agreed to a smaller one. */
  #overhang = 0;
  #unacknowledged = 0;
  #lastUsedMs: number;
  #askedBackMs = -1;
  /** Times that the client was asked and has not answered. */
  #asked = 0;
  #agreement: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(budget: WindowBudget, owner: ProduceWindowOwner, agreementMsMax: number = AGREEMENT_MS_MAX) {
    this.#budget = budget;
    this.#owner = owner;
    this.#agreementMsMax = agreementMsMax;
    this.#lastUsedMs = owner.monotonicMs();
    this.#grantedMs = this.#lastUsedMs;
  }

  /** Bytes that may be unacknowledged. */
  get size(): number {
    return STANDING_WINDOW + this.#granted;
  }

  get granted(): number {
    return this.#granted;
  }

  get grantedMs(): number {
    return this.#grantedMs;
  }

  get askedBackMs(): number {
    return this.#askedBackMs;
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
    if (this.#unacknowledged === 0) this.#lastUsedMs = this.#owner.monotonicMs();
    if (this.#overhang > 0) this.#giveBack();
  }

  widen(granted: number): void {
    this.#granted = granted;
    this.#grantedMs = this.#owner.monotonicMs();
    this.#stopNarrowing();
    this.#owner.tell(this.size);
  }

  narrow(): void {
    if (this.#askedBackMs >= 0) return;
    this.#askedBackMs = this.#owner.monotonicMs();
    this.#asked++;
    this.#agreement = setTimeout(() => this.#owner.overdue(), this.#agreementMsMax).unref();
    this.#owner.tell(STANDING_WINDOW);
  }

  /** The client has agreed to a smaller window: from now on it counts. */
  agreed(window: number): void {
    if (window !== STANDING_WINDOW || this.#asked === 0) return;
    this.#asked--;
    // An answer to an earlier question, which a wider window has overtaken, does not count.
    if (this.#asked > 0 || this.#askedBackMs < 0) return;
    this.#stopNarrowing();
    this.#endGrant();
  }

  /** The connection is gone. What is unacknowledged still takes memory, and so much of the budget. */
  close(): void {
    this.#closed = true;
    this.#stopNarrowing();
    this.#budget.remove(this);
    this.#endGrant();
  }

  #stopNarrowing(): void {
    this.#askedBackMs = -1;
    clearTimeout(this.#agreement);
  }

  #endGrant(): void {
    this.#overhang += this.#granted;
    this.#granted = 0;
    this.#giveBack();
  }

  /** Gives back what no longer stands for anything unacknowledged. Of a connection that is gone the standing window counts too. */
  #giveBack(): void {
    const window = this.#closed ? 0 : this.size;
    const needed = Math.max(0, this.#unacknowledged - window);
    const given = this.#overhang - Math.min(this.#overhang, needed);
    this.#overhang -= given;
    if (given > 0) this.#budget.give(given);
  }
}
