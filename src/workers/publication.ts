/**
 * The version word that lets readers on any thread take one consistent look at a partition's published numbers, directory and
 * index page (contract H4): odd while the writer is at work.
 */
import { DIRECTORY, ENTRY_SIZE, PAGE_ADDRESS, type Publisher } from "../storage/log-memory.ts";

/** Tries before a reader waits or gives up: the writer usually needs nanoseconds. */
const SPINS = 1000;

/** The writer's side. */
export class SharedPublisher implements Publisher {
  readonly #words: Int32Array;
  #depth = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
  }

  begin(entry: number): void {
    if (this.#depth++ === 0) Atomics.add(this.#words, entry >>> 2, 1);
  }

  end(entry: number): void {
    if (--this.#depth === 0) Atomics.add(this.#words, entry >>> 2, 1);
  }
}

/** Waits a moment while the word at `version` has this value. */
type Pause = (words: Int32Array, version: number, value: number) => void;

/** A reader's side. */
export class ConsistentReader {
  readonly #words: Int32Array;
  readonly #pause: Pause;

  /** @param pause for a thread that may wait: the writer may be cutting files, which takes as long as a disk takes */
  constructor(buffer: SharedArrayBuffer, pause: Pause = () => {}) {
    this.#words = new Int32Array(buffer);
    this.#pause = pause;
  }

  /** Runs `look`, which must have no effect, until nothing changed while it ran. */
  consistently<Result>(entry: number, look: () => Result): Result {
    for (let attempt = 0; ; attempt++) {
      const seen = this.#look(entry, look);
      if (seen !== null) return seen.result;
      if (attempt >= SPINS) this.#pause(this.#words, entry >>> 2, Atomics.load(this.#words, entry >>> 2));
    }
  }

  /** For a thread that must not wait. @returns null: the writer is at work */
  glimpse<Result>(entry: number, look: () => Result): Result | null {
    for (let attempt = 0; attempt < SPINS; attempt++) {
      const seen = this.#look(entry, look);
      if (seen !== null) return seen.result;
    }
    return null;
  }

  #look<Result>(entry: number, look: () => Result): { result: Result } | null {
    const version = entry >>> 2;
    const before = Atomics.load(this.#words, version);
    if ((before & 1) === 1) return null;
    const result = look();
    return Atomics.load(this.#words, version) === before ? { result } : null;
  }
}

/** Makes an entry readable that a writer left in the middle of a change. The caller knows that nobody writes to it. */
export function settle(buffer: SharedArrayBuffer, entry: number): void {
  const words = new Int32Array(buffer);
  const version = entry >>> 2;
  if ((Atomics.load(words, version) & 1) === 1) Atomics.add(words, version, 1);
}

/**
 * The writer is dead, and what its entry refers to will be used for something else: readers find no log there any more. The
 * numbers stay.
 */
export function retire(buffer: SharedArrayBuffer, entry: number): void {
  settle(buffer, entry);
  const publisher = new SharedPublisher(buffer);
  const numbers = new Float64Array(buffer, entry, ENTRY_SIZE / 8);
  publisher.begin(entry);
  numbers[DIRECTORY] = 0;
  numbers[PAGE_ADDRESS] = 0;
  publisher.end(entry);
}
