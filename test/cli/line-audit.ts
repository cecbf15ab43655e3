/** Numbered lines, and an audit of those that came back: every acknowledged one must be there exactly once, in order. */

const FILLING_MAX = 1024;
const FILLING = "cambium keeps what it acknowledged; ".repeat(Math.ceil(FILLING_MAX / 32));

/** Line `number`, whose length and content follow from the number, so that an altered one is recognised. */
export function numberedLine(number: number): string {
  return `${number} ${FILLING.slice(0, Math.imul(number, 0x9e3779b1) >>> 22)}`;
}

export interface LineFindings {
  readonly consumed: number;
  /** Acknowledged, and not there. */
  readonly lost: number;
  /** There more than once. */
  readonly duplicated: number;
  /** There behind a later line. */
  readonly reordered: number;
  /** Not as they were written, or never written. */
  readonly altered: number;
  /** Missing before a later one: an unacknowledged line may be missing, but then everything behind it is, too. */
  readonly holes: number;
}

export class LineAudit {
  #consumed = 0;
  #duplicated = 0;
  #reordered = 0;
  #altered = 0;
  #latest = 0;
  readonly #seen = new Set<number>();

  consume(line: string): void {
    this.#consumed++;
    const number = Number.parseInt(line, 10);
    if (line !== numberedLine(number)) {
      this.#altered++;
      return;
    }
    if (this.#seen.has(number)) this.#duplicated++;
    else if (number < this.#latest) this.#reordered++;
    this.#seen.add(number);
    this.#latest = Math.max(this.#latest, number);
  }

  /** @param written lines that the producer was given, of which the first `acknowledged` were acknowledged */
  findings(written: number, acknowledged: number): LineFindings {
    let lost = 0;
    for (let number = 1; number <= acknowledged; number++) if (!this.#seen.has(number)) lost++;
    return {
      consumed: this.#consumed,
      lost,
      duplicated: this.#duplicated,
      reordered: this.#reordered,
      altered: this.#altered + Math.max(0, this.#latest - written),
      holes: this.#latest - this.#seen.size,
    };
  }
}
