/**
 * Produce windows (design section 4): how many bytes of batches a connection may have unacknowledged. A WebSocket's reads cannot
 * be paused, so a client sends only what was granted, and the sum of all grants stays below what memory there is for arrivals.
 *
 * Every connection has a small standing window, which is backed by the bounded spill; what goes beyond it is taken from one
 * budget. While there is enough, everybody gets what they ask for. When it is used up, each who asks for more is owed a share of
 * it, and windows are asked back until they have that: idle ones first, then those above a share, then those held for longest,
 * so that many who write take turns. A client agrees when what it has sent is through, which behind a slow link takes a while; all
 * that are so slow hold half of the budget at most, and beyond that the windows are taken that were asked back first. What such a
 * client had sent before it read that may be on its way for long, and would be sent again if it were refused: for this there is
 * some room beside the budget.
 */
import { BATCH_BYTES_INLINE_MAX, BATCH_WINDOW_OVERHEAD } from "../protocol/limits.ts";

/** Granted to everyone, whatever the budget says. */
export const STANDING_WINDOW = 64 * 1024;
/** No connection gets more than this. */
const WINDOW_MAX = 8 * 1024 * 1024;
/** With less, the largest batch of a Produce could never be sent. */
const SHARE_MIN = BATCH_BYTES_INLINE_MAX + BATCH_WINDOW_OVERHEAD - STANDING_WINDOW;
/** Who holds no more than a share has it for so long before it is asked back. */
const HOLD_MS = 250;
/** A window unused for so long is the first to be asked back. */
const IDLE_MS = 5000;
/** How often windows are asked back while somebody waits for a share. */
const RECLAIM_MS = 100;
/** A client that has not agreed for so long is a slow one, and not counted on. */
const SLOW_MS = 1000;
/** Of the budget, what slow ones may hold. */
const SLOW_SHARE = 0.5;
/** Beside the budget, for what comes after its window was taken. */
const LATE_SHARE = 0.25;

export interface WindowHolder {
  /** When it last had something unacknowledged; Infinity: it has now. */
  readonly lastUsedMs: number;
  /** Bytes granted beyond the standing window. */
  readonly granted: number;
  /** When it got those. */
  readonly grantedMs: number;
  /** Since when it is asked to give all back; -1: it is not. */
  readonly askedBackMs: number;
  /** Gets more than it has. */
  widen(granted: number): void;
  /** Is asked to give all back: `WindowBudget.give` follows when the client has agreed, as what it sent is answered. */
  narrow(): void;
  /** What it was asked to give back is taken. What it sends beyond is late, and must find room as such. */
  revoke(): void;
}

export class WindowBudget {
  readonly #monotonicMs: () => number;
  readonly #total: number;
  #left: number;
  #leftForLate: number;
  readonly #holders = new Set<WindowHolder>();
  /** Who wants more, and how much in all; in the order in which they asked. */
  readonly #waiting = new Map<WindowHolder, number>();
  #reclaiming: NodeJS.Timeout | undefined;

  /** @param bytes what all windows together may hold beyond the standing ones */
  constructor(bytes: number, monotonicMs: () => number) {
    this.#total = bytes;
    this.#left = bytes;
    this.#leftForLate = Math.max(SHARE_MIN, bytes * LATE_SHARE);
    this.#monotonicMs = monotonicMs;
  }

  get bytesLeft(): number {
    return this.#left;
  }

  /**
   * Takes up to `wanted` bytes for a holder that has none yet.
   *
   * @returns bytes granted
   */
  take(holder: WindowHolder, wanted: number): number {
    // Who waits for a share goes before who has not asked for anything yet.
    const granted = this.#waiting.size > 0 ? 0 : Math.min(wanted, this.#left, WINDOW_MAX - STANDING_WINDOW);
    this.#left -= granted;
    this.#holders.add(holder);
    return granted;
  }

  /** The holder needs `wanted` bytes in all: it is widened now or when there is room. */
  request(holder: WindowHolder, wanted: number): void {
    const target = Math.min(wanted, WINDOW_MAX - STANDING_WINDOW);
    if (target <= holder.granted) return;
    this.#waiting.set(holder, target);
    this.#serve();
  }

  /** Bytes come back. */
  give(bytes: number): void {
    this.#left += bytes;
    this.#serve();
  }

  /** Something came that a window was taken for. @returns false: there is no room for it */
  takeLate(bytes: number): boolean {
    if (bytes > this.#leftForLate) return false;
    this.#leftForLate -= bytes;
    return true;
  }

  giveLate(bytes: number): void {
    this.#leftForLate += bytes;
  }

  /** The holder wants nothing any more; what it has it gives back itself. */
  remove(holder: WindowHolder): void {
    this.#holders.delete(holder);
    this.#waiting.delete(holder);
  }

  get #share(): number {
    return Math.min(this.#total, Math.max(SHARE_MIN, Math.floor(this.#total / this.#holders.size)));
  }

  /** What a holder that waits is still owed; 0: it has its share. */
  #owed(holder: WindowHolder, target: number): number {
    return Math.max(0, Math.min(target, this.#share) - holder.granted);
  }

  #serve(): void {
    for (const [holder, target] of this.#waiting) {
      const owed = this.#owed(holder, target);
      if (owed === 0) continue;
      if (owed > this.#left) return this.#reclaim();
      this.#widen(holder, target, owed);
    }
    // Nobody is owed anything: what is left is for those who want more than a share.
    for (const [holder, target] of this.#waiting) this.#widen(holder, target, 0);
  }

  /** By an equal part of what is left, at least by what is owed. Not by crumbs: each wider window is told. */
  #widen(holder: WindowHolder, target: number, owed: number): void {
    const wanted = target - holder.granted;
    const part = Math.floor(this.#left / this.#waiting.size);
    const more = Math.max(owed, Math.min(wanted, part));
    if (owed === 0 && more < Math.min(wanted, STANDING_WINDOW)) return;
    this.#waiting.delete(holder);
    this.#left -= more;
    holder.widen(holder.granted + more);
  }

  /** Asks windows back, and again a little later, until everybody has a share. */
  #reclaim(): void {
    if (this.#reclaiming !== undefined) return;
    // First: what is taken here serves some, and may leave others waiting.
    this.#reclaiming = setTimeout(() => {
      this.#reclaiming = undefined;
      this.#serve();
    }, RECLAIM_MS).unref();
    this.#takeFromSlow();
    this.#askBack();
  }

  #takeFromSlow(): void {
    const since = this.#monotonicMs() - SLOW_MS;
    const slow = [...this.#holders].filter(({ askedBackMs }) => askedBackMs >= 0 && askedBackMs < since);
    slow.sort((left, right) => left.askedBackMs - right.askedBackMs);
    let held = slow.reduce((sum, { granted }) => sum + granted, 0);
    const taken = slow.filter(({ granted }) => {
      const isTooMuch = held > this.#total * SLOW_SHARE;
      if (isTooMuch) held -= granted;
      return isTooMuch;
    });
    // What one loses may widen the next one, who is then asked for nothing any more.
    for (const holder of taken) if (holder.askedBackMs >= 0) holder.revoke();
  }

  #askBack(): void {
    const nowMs = this.#monotonicMs();
    const share = this.#share;
    let missing = -this.#left;
    for (const [holder, target] of this.#waiting) missing += this.#owed(holder, target);
    const candidates: WindowHolder[] = [];
    for (const holder of this.#holders) {
      const { granted, grantedMs, askedBackMs } = holder;
      if (askedBackMs >= 0) missing -= nowMs - askedBackMs < SLOW_MS ? granted : 0;
      else if (granted > share || (granted > 0 && nowMs - grantedMs >= HOLD_MS)) candidates.push(holder);
    }
    const rank = (holder: WindowHolder): number => {
      if (nowMs - holder.lastUsedMs > IDLE_MS) return 0;
      if (holder.granted > share) return 1;
      // What is less than a share is of use to nobody, and may be all that there is: but theirs last who wait themselves.
      return this.#waiting.has(holder) ? 3 : 2;
    };
    candidates.sort((left, right) => rank(left) - rank(right) || left.grantedMs - right.grantedMs);
    for (const holder of candidates) {
      if (missing <= 0) return;
      if (holder === this.#waiting.keys().next().value) continue; // It is the next to be served.
      missing -= holder.granted;
      this.#waiting.delete(holder); // What it wants it asks for again.
      holder.narrow();
    }
  }
}
