/** The produce window of one connection: what was granted, and what of it is unacknowledged. */
import { BrokerError } from "../base/errors.ts";
import { BATCH_WINDOW_OVERHEAD } from "../protocol/limits.ts";
import { STANDING_WINDOW, type WindowBudget, type WindowHolder } from "./windows.ts";

/** Then a window that was asked back is taken, whether the client has agreed or not. */
const AGREEMENT_MS = 500;

export interface ProduceWindowOwner {
  monotonicMs(): number;
  /** The client is to be told its new window. */
  tell(window: number): void;
}

export class ProduceWindow implements WindowHolder {
  readonly #budget: WindowBudget;
  readonly #owner: ProduceWindowOwner;
  #granted = 0;
  #grantedMs: number;
  /** The largest window of which the client may not know yet that it is one no more. */
  #toldMax = STANDING_WINDOW;
  /** Of the budget, for what is unacknowledged beyond the window since that became smaller. */
  #overhang = 0;
  #unacknowledged = 0;
  #lastUsedMs: number;
  #askedBackMs = -1;
  /** Times that the client was asked and has not answered. */
  #asked = 0;
  #agreement: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(budget: WindowBudget, owner: ProduceWindowOwner) {
    this.#budget = budget;
    this.#owner = owner;
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
    this.#toldMax = this.size;
  }

  /** The client needs more. @param wanted bytes in all */
  request(wanted: number): void {
    this.#budget.request(this, wanted - STANDING_WINDOW);
  }

  /**
   * A batch came in, so many bytes long. It counts until it is answered.
   *
   * @returns false: it is more than the window holds now, of which the client may not have heard; it is to be refused
   * @throws BrokerError CREDIT_EXCEEDED the client sent more than it was ever told; the batch does not count
   */
  take(length: number): boolean {
    const unacknowledged = this.#unacknowledged + length + BATCH_WINDOW_OVERHEAD;
    if (unacknowledged > Math.max(this.size, this.#toldMax)) {
      throw new BrokerError(
        "CREDIT_EXCEEDED",
        `${unacknowledged} bytes are unacknowledged; the window is ${this.size}`,
      );
    }
    this.#unacknowledged = unacknowledged;
    const missing = unacknowledged - this.size - this.#overhang;
    if (missing <= 0) return true;
    const isLent = this.#budget.lend(missing);
    if (isLent) this.#overhang += missing;
    return isLent;
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
    this.#toldMax = Math.max(this.#toldMax, this.size);
    this.#stopAsking();
    this.#owner.tell(this.size);
  }

  narrow(): void {
    if (this.#askedBackMs >= 0 || this.#isClosed) return;
    this.#askedBackMs = this.#owner.monotonicMs();
    this.#asked++;
    this.#agreement = setTimeout(() => this.#endGrant(), AGREEMENT_MS).unref();
    this.#owner.tell(STANDING_WINDOW);
  }

  /** The client has heard of a window: from now on a smaller one counts. */
  agreed(window: number): void {
    if (window !== STANDING_WINDOW || this.#asked === 0) return;
    this.#asked--;
    if (this.#asked > 0) return;
    // An answer to an earlier question, which a wider window has overtaken, takes nothing.
    if (this.#askedBackMs >= 0) this.#endGrant();
    this.#toldMax = this.size;
  }

  /** The connection is gone. What is unacknowledged still takes memory, and so much of the budget. */
  close(): void {
    this.#isClosed = true;
    this.#budget.remove(this);
    this.#endGrant();
  }

  #stopAsking(): void {
    this.#askedBackMs = -1;
    clearTimeout(this.#agreement);
  }

  #endGrant(): void {
    this.#stopAsking();
    this.#overhang += this.#granted;
    this.#granted = 0;
    this.#giveBack();
  }

  /** Gives back what no longer stands for anything unacknowledged. Of a connection that is gone the standing window counts too. */
  #giveBack(): void {
    const window = this.#isClosed ? 0 : this.size;
    const needed = Math.max(0, this.#unacknowledged - window);
    const given = this.#overhang - Math.min(this.#overhang, needed);
    this.#overhang -= given;
    if (given > 0) this.#budget.give(given);
  }
}
