/**
 * Files and directories as a power cut sees them: each has what a reader gets now, what the device holds for certain, and the
 * changes in between, any of which a crash may keep or lose.
 */

const SECTOR = 512;

/** What decides at a crash; a seeded generator, or a fixed answer. */
export interface Chance {
  /** @returns a whole number in [0, below) */
  below(below: number): number;
}

/** How much of what was not synced outlives a power cut. `some` asks the Chance for every file and every directory. */
export type Survival = "none" | "all" | "some";

/** Bytes that grow at the end. */
class Content {
  #bytes = new Uint8Array(256);
  size = 0;

  read(into: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(into.length, this.size - position));
    into.set(this.#bytes.subarray(position, position + count));
    return count;
  }

  write(bytes: Uint8Array, position: number): void {
    this.#reserve(position + bytes.length);
    this.#bytes.set(bytes, position);
    this.size = Math.max(this.size, position + bytes.length);
  }

  truncate(size: number): void {
    this.#reserve(size);
    if (size < this.size) this.#bytes.fill(0, size, this.size);
    this.size = size;
  }

  all(): Uint8Array {
    return this.#bytes.slice(0, this.size);
  }

  copyFrom(other: Content): void {
    this.#bytes = other.#bytes.slice();
    this.size = other.size;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(2 ** Math.ceil(Math.log2(size)));
    larger.set(this.#bytes.subarray(0, this.size));
    this.#bytes = larger;
  }
}

interface FileWrite {
  readonly number: number;
  readonly position: number;
  readonly bytes: Uint8Array;
}

type FileChange = FileWrite | { readonly number: number; readonly size: number };

export class FakeFile {
  readonly now = new Content();
  readonly #durable = new Content();
  #pending: FileChange[] = [];
  #changes = 0;
  modifiedMs = 0;

  /** Number of the last change, for `confirm`. */
  get lastChange(): number {
    return this.#changes;
  }

  get isDirty(): boolean {
    return this.#pending.length > 0;
  }

  write(bytes: Uint8Array, position: number): void {
    const copy = bytes.slice();
    this.now.write(copy, position);
    this.#pending.push({ number: ++this.#changes, position, bytes: copy });
  }

  truncate(size: number): void {
    this.now.truncate(size);
    this.#pending.push({ number: ++this.#changes, size });
  }

  /** Changes up to this number are on the device. */
  confirm(last: number): void {
    for (const change of this.#pending) if (change.number <= last) apply(this.#durable, change);
    this.#drop(last);
  }

  /** Their sync failed: as on Linux, readers still see them, and no later sync writes them. */
  lose(last: number): void {
    this.#drop(last);
  }

  /** Changes one byte on the device and in the cache, as rot does. */
  flip(position: number, mask: number): void {
    const byte = new Uint8Array(1);
    for (const content of [this.now, this.#durable]) {
      if (content.read(byte, position) === 1) content.write(Uint8Array.of(byte[0]! ^ mask), position);
    }
  }

  crash(survival: Survival, chance: Chance): void {
    const kept = survival === "all" ? this.#pending : survival === "none" ? [] : survivors(this.#pending, chance);
    for (const change of kept) apply(this.#durable, change);
    this.now.copyFrom(this.#durable);
    this.#pending = [];
  }

  #drop(last: number): void {
    this.#pending = this.#pending.filter(({ number }) => number > last);
  }
}

function apply(content: Content, change: FileChange): void {
  if ("bytes" in change) content.write(change.bytes, change.position);
  else content.truncate(change.size);
}

/** One of: nothing, everything, a beginning whose last write is torn, or any sectors of any writes. */
function survivors(pending: readonly FileChange[], chance: Chance): readonly FileChange[] {
  const kind = chance.below(4);
  if (kind === 0 || pending.length === 0) return [];
  if (kind === 1) return pending;
  if (kind === 2) {
    const count = chance.below(pending.length);
    const torn = pending[count]!;
    const rest =
      "bytes" in torn ? [{ ...torn, bytes: torn.bytes.subarray(0, chance.below(torn.bytes.length + 1)) }] : [];
    return [...pending.slice(0, count), ...rest];
  }
  return pending.flatMap((change): readonly FileChange[] => {
    if ("size" in change) return chance.below(2) === 0 ? [] : [change];
    return sectors(change).filter(() => chance.below(2) === 1);
  });
}

/** A write in pieces that a device writes as a whole. */
function sectors({ number, position, bytes }: FileWrite): FileWrite[] {
  const pieces: FileWrite[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, (Math.floor((position + from) / SECTOR) + 1) * SECTOR - position);
    pieces.push({ number, position: position + from, bytes: bytes.subarray(from, to) });
    from = to;
  }
  return pieces;
}

export type FakeInode = FakeFile | FakeDirectory;

/** A change of names that happens as a whole: a file made or removed, or a rename, which may touch two directories. */
export interface NameChange {
  readonly links: readonly {
    readonly directory: FakeDirectory;
    readonly name: string;
    readonly inode: FakeInode | null;
  }[];
}

export class FakeDirectory {
  readonly now = new Map<string, FakeInode>();
  readonly #durable = new Map<string, FakeInode>();
  #pending: NameChange[] = [];
  /** A sync of them failed: the device does not have them, and gets them only with another change of this directory. */
  #lost: NameChange[] = [];

  /** Makes a change in every directory that it touches. */
  static change(links: NameChange["links"]): void {
    const change = { links };
    for (const { directory, name, inode } of links) {
      link(directory.now, name, inode);
      directory.#pending.unshift(...directory.#lost.splice(0));
      if (!directory.#pending.includes(change)) directory.#pending.push(change);
    }
  }

  get isDirty(): boolean {
    return this.#pending.length > 0;
  }

  /** Its entries are on the device, and those of directories that share a rename with it. */
  confirm(): void {
    const partners = this.#settle(() => true);
    for (const partner of partners) if (partner.isDirty) partner.confirm();
  }

  /** The sync failed: the names stay as readers see them, and the kernel takes them for written. */
  lose(): void {
    this.#lost.push(...this.#pending.splice(0));
  }

  /**
   * Decides for this directory, then for those in it that are left. Changes of names survive in their order, as a file
   * system's journal has them; which ones of two directories is open.
   */
  crash(survival: Survival, chance: Chance): void {
    this.#lost = [];
    const count = this.#pending.length;
    const kept = survival === "some" ? chance.below(count + 1) : survival === "all" ? count : 0;
    this.#settle((index) => index < kept);
    this.now.clear();
    for (const [name, inode] of this.#durable) this.now.set(name, inode);
    for (const inode of this.now.values()) inode.crash(survival, chance);
  }

  /** @returns the other directories that pending changes touched */
  #settle(survives: (index: number) => boolean): Set<FakeDirectory> {
    const partners = new Set<FakeDirectory>();
    const pending = this.#pending;
    this.#pending = [];
    for (const [index, change] of pending.entries()) {
      const kept = survives(index);
      for (const { directory, name, inode } of change.links) {
        if (kept) link(directory.#durable, name, inode);
        if (directory === this) continue;
        directory.#pending = directory.#pending.filter((other) => other !== change);
        partners.add(directory);
      }
    }
    return partners;
  }
}

function link(entries: Map<string, FakeInode>, name: string, inode: FakeInode | null): void {
  if (inode === null) entries.delete(name);
  else entries.set(name, inode);
}
