/**
 * Room kept for the moment when there is none (contract D5): a file of zeros of which the end is given up so that metadata
 * (deletes, new settings) can still be written on a full disk, and which is made whole again when there is room. Until it is,
 * nothing else is written, or the logs would take the room that was given up, and with it the way out of a full disk.
 */
import { KIB, MIB } from "../base/units.ts";
import { type Disk, DiskError, type FileHandle } from "./disk.ts";

const FILE = "ballast";
const SIZE = 4 * MIB;
const PIECE = 256 * KIB;

/** So much of the ballast stays whatever a running broker wants: the next start needs it. */
export const KEPT_FOR_START: number = MIB;

/** Through which everything but metadata is written. */
export interface WriteGate {
  /** Lets no file grow from now on, as a full disk does, and returns when no write is under way any more. */
  shut(): void;
  open(): void;
}

export class Ballast {
  readonly #disk: Disk;
  readonly #gate: WriteGate;
  readonly #path: string;

  constructor(disk: Disk, data: string, gate: WriteGate) {
    this.#disk = disk;
    this.#gate = gate;
    this.#path = `${data}/${FILE}`;
  }

  /** Makes the ballast whole, as far as there is room. @returns false: there is not enough, and the gate is shut */
  fill(): boolean {
    const isWhole = this.#size >= SIZE || this.#grow();
    if (isWhole) this.#gate.open();
    else this.#gate.shut();
    return isWhole;
  }

  /**
   * Runs what must succeed on a full disk: once more with the ballast's room, where it must.
   *
   * @param kept bytes of the ballast that are not given up
   * @throws DiskError there is no room even then
   */
  spend<Result>(kept: number, run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      if (!isFull(error) || this.#size <= kept) throw error;
    }
    this.#gate.shut();
    this.#withFile((file) => this.#disk.truncate(file, kept));
    try {
      return run();
    } finally {
      this.fill();
    }
  }

  get #size(): number {
    return this.#disk.status(this.#path)?.size ?? 0;
  }

  #grow(): boolean {
    try {
      this.#withFile((file) => {
        const piece = new Uint8Array(PIECE);
        for (let size = this.#disk.size(file); size < SIZE; size += PIECE)
          this.#disk.write(file, piece.subarray(0, SIZE - size), size);
      });
      return true;
    } catch (error) {
      if (!isFull(error)) throw error;
      return false;
    }
  }

  #withFile(use: (file: FileHandle) => void): void {
    const file = this.#disk.open(this.#path, "write");
    try {
      use(file);
    } finally {
      this.#disk.close(file);
    }
  }
}

export function isFull(error: unknown): boolean {
  return error instanceof DiskError && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
