/** The FolderFailures of all threads: a word of the shared memory. */
import type { FolderFailures } from "../storage/disk.ts";
import type { MemoryMap } from "./shared-memory.ts";

export class SharedFolderFailures implements FolderFailures {
  readonly #words: Int32Array;
  readonly #index: number;

  constructor(map: MemoryMap, buffer: SharedArrayBuffer) {
    this.#words = new Int32Array(buffer);
    this.#index = map.folderFailures;
  }

  get count(): number {
    return Atomics.load(this.#words, this.#index);
  }

  add(): void {
    Atomics.add(this.#words, this.#index, 1);
  }
}
