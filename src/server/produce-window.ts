/** The produce window of one connection: what was granted, and what of it is unacknowledged. */
import { BrokerError } from "../base/errors.ts";
import { BATCH_WINDOW_OVERHEAD } from "../protocol/limits.ts";
import { STANDING_WINDOW, type WindowBudget, type WindowHolder } from "./windows.ts";

/** Then a window that was asked back is taken. */
const AGREEMENT_MS_MAX = 30_000;

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
  /** Of the budget, for what was unacknowledged beyond the window when that became smaller. */
  #overhang = 0;
  /** The same of the room for what is late. */
  #late = 0;
  /** What may still be on its way from a client that has not read that its window was taken. */
  #expected = 0;
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

  /** Bytes that the client may have sent by now and that are not answered. */
  get onTheirWayMax(): number {
    return Math.max(this.size, this.#unacknowledged) + this.#expected;
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
   * A batch came in, so many bytes long. It counts until it is answered.
   *
   * @throws BrokerError CREDIT_EXCEEDED the client sent more than its window; the batch does not count
   */
  take(length: number): void {
    const unacknowledged = this.#unacknowledged + length + BATCH_WINDOW_OVERHEAD;
    if (unacknowledged > this.size && !this.#takeLate(unacknowledged)) {
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
    if (this.#overhang > 0 || this.#late > 0) this.#giveBack();
  }

  widen(granted: number): void {
    this.#granted = granted;
    this.#grantedMs = this.#owner.monotonicMs();
    this.#stopAsking();
    this.#owner.tell(this.size);
  }

  narrow(): void {
    if (this.#askedBackMs >= 0 || this.#isClosed) return;
    this.#askedBackMs = this.#owner.monotonicMs();
    this.#asked++;
    this.#agreement = setTimeout(() => this.revoke(), AGREEMENT_MS_MAX).unref();
    this.#owner.tell(STANDING_WINDOW);
  }

  revoke(): void {
    this.#expected = Math.max(0, this.size - this.#unacknowledged);
    this.#endGrant();
  }

  /** The client has agreed to a smaller window: from now on it counts. */
  agreed(window: number): void {
    if (window !== STANDING_WINDOW || this.#asked === 0) return;
    this.#asked--;
    if (this.#asked === 0) this.#expected = 0;
    // An answer to an earlier question, which a wider window has overtaken, does not count.
    if (this.#asked === 0 && this.#askedBackMs >= 0) this.#endGrant();
  }

  /** The connection is gone. What is unacknowledged still takes memory, and so much of the budget. */
  close(): void {
    this.#isClosed = true;
    this.#budget.remove(this);
    this.#endGrant();
  }

  /** @returns false: what brings the client to so much unacknowledged is not late, or there is no room for it */
  #takeLate(unacknowledged: number): boolean {
    // What was so before has its room.
    const bytes = unacknowledged - Math.max(this.size, this.#unacknowledged);
    if (bytes > this.#expected || !this.#budget.takeLate(bytes)) return false;
    this.#expected -= bytes;
    this.#late += bytes;
    return true;
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
    const late = Math.max(0, this.#late - Math.max(0, needed - this.#overhang));
    const given = this.#overhang - Math.min(this.#overhang, needed);
    this.#late -= late;
    this.#overhang -= given;
    if (late > 0) this.#budget.giveLate(late);
    if (given > 0) this.#budget.give(given);
  }
}
