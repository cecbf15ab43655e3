/** What of a log lies in the group that the journal is staging: all that its next sync has to cover, or not. */
import type { Journal, JournaledLog } from "./journal.ts";
import type { LogPoint } from "./log-point.ts";

export class JournalPart {
  readonly #journal: Journal;
  readonly #log: JournaledLog;
  /** The group that it is of; 0: it has gaps. */
  #group = 0;
  #base = 0;
  #from = 0;
  #to = 0;

  constructor(journal: Journal, log: JournaledLog) {
    this.#journal = journal;
    this.#log = log;
  }

  /** @param at where the segment ended before @param address of what was written there */
  wrote(at: LogPoint, address: number, length: number): void {
    const journal = this.#journal;
    const { base, position } = at;
    if (!journal.stage(this.#log, base, position, address, length)) {
      this.#group = 0;
      return;
    }
    const follows = this.#group === journal.groupNumber && this.#base === base && this.#to === position;
    if (!follows) this.#from = position;
    this.#group = journal.groupNumber;
    this.#base = base;
    this.#to = position + length;
  }

  /** Does the staged group hold everything between the two points? */
  covers(synced: LogPoint, written: LogPoint): boolean {
    return (
      this.#group === this.#journal.groupNumber &&
      this.#base === synced.base &&
      this.#base === written.base &&
      this.#from <= synced.position &&
      this.#to === written.position
    );
  }
}
