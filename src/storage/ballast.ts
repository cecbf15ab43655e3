/**
 * Room kept for the moment when there is none (contract D5): two files of zeros that are given up so that metadata (deletes, new
 * settings) can still be written on a full disk, and a start succeed, and that are made whole again when there is room. Each is
 * room for bytes and for a file's name. Until both are whole, nothing else is written, or the logs would take the room that was
 * given up, and with it the way out of a full disk.
 */
import { KIB, MIB } from "../base/units.ts";
import { type Disk, DiskError } from "./disk.ts";

/** Filled first; a running broker does not touch it. */
const FOR_START = { file: "ballast.start", size: MIB };
const FOR_ALL = { file: "ballast", size: 3 * MIB };
const PARTS = [FOR_START, FOR_ALL] as const;
/** What is written at a time, and what file systems hand out at the least. */
const PIECE_MAX = 256 * KIB;
const PIECE_MIN = 4 * KIB;

/** Through which everything but metadata is written. */
export interface WriteGate {
  /** Lets no file come or grow from now on, as a full disk does, and returns when no write is under way any more. */
  shut(): void;
  open(): void;
}

export class Ballast {
  readonly #disk: Disk;
  readonly #gate: WriteGate;
  readonly #data: string;

  constructor(disk: Disk, data: string, gate: WriteGate) {
    this.#disk = disk;
    this.#gate = gate;
    this.#data = data;
  }

  /** Makes the ballast whole, as far as there is room. @returns false: there is not enough, and the gate is shut */
  fill(): boolean {
    const isWhole = PARTS.every(({ file, size }) => this.#sizeOf(file) >= size || this.#grow(file, size));
    if (isWhole) this.#gate.open();
    else this.#gate.shut();
    return isWhole;
  }

  /**
   * Runs what must succeed on a full disk: once more with the ballast's room, where it must.
   *
   * @param whose what a start needs is kept for it
   * @throws DiskError there is no room even then
   */
  spend<Result>(whose: "start" | "running", run: () => Result): Result {
    const parts = whose === "start" ? PARTS : [FOR_ALL];
    try {
      return run();
    } catch (error) {
      if (!isFull(error) || parts.every(({ file }) => this.#sizeOf(file) < 0)) throw error;
    }
    this.#gate.shut();
    for (const { file } of parts) this.#disk.remove(this.#pathOf(file));
    try {
      return run();
    } finally {
      this.fill();
    }
  }

  #pathOf(file: string): string {
    return `${this.#data}/${file}`;
  }

  /** @returns -1: it is not there */
  #sizeOf(file: string): number {
    return this.#disk.status(this.#pathOf(file))?.size ?? -1;
  }

  /** Takes what there is, in ever smaller pieces. @returns false: not all that is wanted */
  #grow(name: string, size: number): boolean {
    const disk = this.#disk;
    let file = -1;
    try {
      file = disk.open(this.#pathOf(name), "write");
      for (let piece = PIECE_MAX; piece >= PIECE_MIN && disk.size(file) < size; piece /= 2)
        this.#extend(file, new Uint8Array(piece), size);
      return disk.size(file) >= size;
    } catch (error) {
      if (!isFull(error)) throw error;
      return false;
    } finally {
      if (file >= 0) disk.close(file);
    }
  }

  /** Until it has its size, or there is no room for another piece. */
  #extend(file: number, piece: Uint8Array, size: number): void {
    try {
      for (let at = this.#disk.size(file); at < size; at = this.#disk.size(file))
        this.#disk.write(file, piece.subarray(0, size - at), at);
    } catch (error) {
      if (!isFull(error)) throw error;
    }
  }
}

export function isFull(error: unknown): boolean {
  return error instanceof DiskError && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
