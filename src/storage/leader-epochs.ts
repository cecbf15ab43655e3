/**
 * At which offset each leader epoch began: Kafka's `leader-epoch-checkpoint`, in Kafka's own format (a version line, a count
 * line, then one "epoch startOffset" line each), so that Kafka's tools read it.
 */

const VERSION_LINE = "0";
export const LEADER_EPOCH_FILE = "leader-epoch-checkpoint";

export interface LeaderEpoch {
  readonly epoch: number;
  readonly startOffset: number;
}

export class LeaderEpochs {
  #entries: LeaderEpoch[];

  constructor(entries: readonly LeaderEpoch[] = []) {
    this.#entries = [...entries];
  }

  get entries(): readonly LeaderEpoch[] {
    return this.#entries;
  }

  /** Epoch of the newest entry, -1: none. */
  get last(): number {
    return this.#entries.at(-1)?.epoch ?? -1;
  }

  /** An epoch begins; entries that start at or above it never held a record and give way. */
  begin(epoch: number, startOffset: number): void {
    this.#entries = this.#entries.filter((entry) => entry.startOffset < startOffset && entry.epoch < epoch);
    this.#entries.push({ epoch, startOffset });
  }

  /** The log ends at `end` now. */
  truncate(end: number): void {
    this.#entries = this.#entries.filter((entry) => entry.startOffset < end);
  }

  /** @returns the epoch in which the offset was written, -1: unknown */
  epochOf(offset: number): number {
    let epoch = -1;
    for (const entry of this.#entries) {
      if (entry.startOffset > offset) break;
      epoch = entry.epoch;
    }
    return epoch;
  }

  encode(): Uint8Array {
    const lines = this.#entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`);
    return new TextEncoder().encode(`${[VERSION_LINE, this.#entries.length, ...lines].join("\n")}\n`);
  }

  /** @returns null when the text is not whole and well formed */
  static decode(bytes: Uint8Array): LeaderEpochs | null {
    const [version, count, ...lines] = new TextDecoder().decode(bytes).split("\n");
    // Without the end of its last line, that line may be torn in the middle of a number.
    const isWhole = lines.pop() === "" && Number(count) === lines.length;
    if (version !== VERSION_LINE || !isWhole) return null;
    const entries: LeaderEpoch[] = [];
    for (const line of lines) {
      const [epoch, startOffset] = line.split(" ").map(Number);
      const previous = entries.at(-1);
      const valid = Number.isSafeInteger(epoch) && Number.isSafeInteger(startOffset);
      if (!valid || epoch! <= (previous?.epoch ?? -1) || startOffset! < (previous?.startOffset ?? 0)) return null;
      entries.push({ epoch: epoch!, startOffset: startOffset! });
    }
    return new LeaderEpochs(entries);
  }
}
