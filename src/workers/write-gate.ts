/**
 * The WriteGate of all threads: a word of the shared memory. Log workers and the log tasks of maintenance workers look at it
 * before every write; a maintenance worker shuts and opens it (storage/ballast.ts).
 */
import type { WriteGate } from "../storage/ballast.ts";
import { IN_FILE_CALL, type MemoryMap } from "./shared-memory.ts";

const LOOK_MS = 1;
/** Looks at a file call that does not end: the disk stalls, and what it was told then may still take room. */
const LOOKS_MAX = 200;

/** For whoever goes through it. */
export class SharedWriteGate {
  readonly #words: Int32Array;
  readonly #index: number;

  constructor(map: MemoryMap, buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
    this.#index = map.writeGate;
  }

  get isShut(): boolean {
    return Atomics.load(this.#words, this.#index) === 1;
  }

  /** @returns whether it was shut before */
  set(isShut: boolean): boolean {
    return Atomics.exchange(this.#words, this.#index, Number(isShut)) === 1;
  }
}

/** For the one who shuts and opens it. */
export class WriteGateKeeper implements WriteGate {
  readonly #gate: SharedWriteGate;
  readonly #controls: readonly Int32Array[];
  readonly #pause: (ms: number) => void;

  constructor(gate: SharedWriteGate, map: MemoryMap, buffer: SharedArrayBuffer, pause: (ms: number) => void) {
    this.#gate = gate;
    this.#controls = map.logWorkers.map(({ control }) => new Int32Array(buffer, control));
    this.#pause = pause;
  }

  shut(): void {
    if (this.#gate.set(true)) return;
    // A worker says that it is in a file call, then looks at the gate: whoever is in none now will meet it shut.
    for (const control of this.#controls)
      for (let looks = 0; looks < LOOKS_MAX && Atomics.load(control, IN_FILE_CALL) === 1; looks++) this.#pause(LOOK_MS);
  }

  open(): void {
    this.#gate.set(false);
  }
}
