/**
 * Which logs are open, by the address of their published numbers. As many as may be: for one more, the log that was unused for
 * longest is closed first (contract D2), so a topic that is used now and then costs a while, not an error.
 */
import type { LogStore } from "./log-store.ts";

/** The partition around a log. */
interface LogHolder {
  /** By the monotonic clock. */
  readonly lastUsedMs: number;
  /** The log has no files, and would forget its producers when it is closed. */
  readonly isMemory: boolean;
  readonly log: { readonly isOpen: boolean; close(): Promise<void> };
}

export class OpenLogs<Holder extends LogHolder> {
  readonly #max: number;
  readonly #byEntry = new Map<number, Holder>();
  readonly #free: number[] = [];
  /** Entries of logs that have files. */
  readonly #withFiles = new Set<number>();
  /** Places are given in the order in which they were asked for. */
  #turn: Promise<unknown> = Promise.resolve();
  #whenLeft: (() => void)[] = [];

  /** @param max logs with files that may be open at a time, as far as the store has places */
  constructor(store: LogStore, max: number) {
    this.#max = max;
    for (let index = store.entriesMax - 1; index >= 0; index--) this.#free.push(store.entryAt(index));
  }

  get size(): number {
    return this.#byEntry.size;
  }

  get(entry: number): Holder | undefined {
    return this.#byEntry.get(entry);
  }

  holders(): Holder[] {
    return [...this.#byEntry.values()];
  }

  /** @returns an address for the partition's published numbers, once there is one */
  enter(holder: Holder): Promise<number> {
    const entry = this.#turn.then(async () => {
      while (this.#free.length === 0 || (!holder.isMemory && this.#withFiles.size >= this.#max)) await this.#makeRoom();
      const entry = this.#free.pop()!;
      if (!holder.isMemory) this.#withFiles.add(entry);
      this.#byEntry.set(entry, holder);
      return entry;
    });
    this.#turn = entry;
    return entry;
  }

  /** The log is closed, and nobody reads by its numbers. */
  leave(entry: number): void {
    this.#byEntry.delete(entry);
    this.#withFiles.delete(entry);
    this.#free.push(entry);
    const waiting = this.#whenLeft;
    this.#whenLeft = [];
    for (const tell of waiting) tell();
  }

  #makeRoom(): Promise<void> {
    const left = new Promise<void>((resolve) => this.#whenLeft.push(resolve));
    // One that is being opened is closed once it is open; one that is being closed or deleted leaves by itself.
    const withFiles = this.holders().filter(({ isMemory }) => !isMemory);
    const holders = withFiles.length > 0 ? withFiles : this.holders();
    const open = holders.filter(({ log }) => log.isOpen);
    const chosen = (open.length > 0 ? open : holders).reduce((oldest, candidate) =>
      candidate.lastUsedMs < oldest.lastUsedMs ? candidate : oldest,
    );
    void chosen.log.close();
    return left;
  }
}
