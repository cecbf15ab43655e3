/**
 * Which segment holds an offset: sorted bases plus a table of hints over `(offset - first) >> k` (contract B4).
 *
 * hints[h] is the last segment whose base is not above `first + h * 2^k`. The segment of an offset lies between its hint
 * and the next one; those candidates are searched. k follows the small segments, with at most HINTS_PER_SEGMENT_MAX hints a
 * segment, so the candidates are few however the log was rolled, and the cost does not grow with the number of segments.
 *
 * It lies in shared memory (log-memory.ts):
 *
 *   at size field
 *    0    4 count            segments
 *    4    4 k
 *    8    4 hints            entries of the table
 *   12    4 capacity         most bases
 *   16    4 hintCapacity     most hints
 *   24    8 first            f64, base of segment 0
 *   32    - bases            f64 x capacity
 *         - hints            u32 x hintCapacity
 */
import { assert } from "../base/assert.ts";
import type { LogMemory } from "./log-memory.ts";

const COUNT = 0;
const SHIFT = 1;
const HINTS = 2;
const CAPACITY = 3;
const HINT_CAPACITY = 4;
const FIRST = 3; // As f64 slot: byte 24.
const BASES = 4; // As f64 slot: byte 32.
const HEADER_SIZE = 32;

const HINTS_PER_SEGMENT_MAX = 32;

/** Memory for the bases and hints: the log's arena. Blocks never move. */
export interface DirectoryAllocator {
  /** @returns address of at least `size` bytes, 8-byte aligned; -1: no room */
  allocate(size: number): number;
  release(address: number): void;
}

/** Bytes for a directory of so many segments. */
function sizeFor(capacity: number): number {
  return HEADER_SIZE + capacity * 8 + capacity * HINTS_PER_SEGMENT_MAX * 4;
}

/**
 * Writes a directory for `bases` with room to grow.
 *
 * @param bases strictly ascending, at least one
 * @returns its address, -1: no memory
 */
export function createDirectory(memory: LogMemory, allocator: DirectoryAllocator, bases: ArrayLike<number>): number {
  assert(bases.length > 0, "a log has a segment");
  const capacity = Math.max(4, bases.length * 2);
  const address = allocator.allocate(sizeFor(capacity));
  if (address < 0) return -1;
  const words = address >>> 2;
  const doubles = address >>> 3;
  memory.u32[words + COUNT] = bases.length;
  memory.u32[words + CAPACITY] = capacity;
  memory.u32[words + HINT_CAPACITY] = capacity * HINTS_PER_SEGMENT_MAX;
  memory.f64[doubles + FIRST] = bases[0]!;
  for (let index = 0; index < bases.length; index++) memory.f64[doubles + BASES + index] = bases[index]!;
  rebuildHints(memory, address);
  return address;
}

/**
 * Adds the base of a new segment, in place where there is room.
 *
 * @returns the directory's address, a new one after it grew (the caller releases the old one once no reader can hold it);
 *   -1: no memory, nothing changed
 */
export function appendBase(memory: LogMemory, allocator: DirectoryAllocator, address: number, base: number): number {
  const words = address >>> 2;
  const doubles = address >>> 3;
  const count = memory.u32[words + COUNT]!;
  assert(base > memory.f64[doubles + BASES + count - 1]!, "bases ascend");
  if (count === memory.u32[words + CAPACITY]!) {
    const bases = new Float64Array(count + 1);
    bases.set(memory.f64.subarray(doubles + BASES, doubles + BASES + count));
    bases[count] = base;
    return createDirectory(memory, allocator, bases);
  }
  memory.f64[doubles + BASES + count] = base;
  memory.u32[words + COUNT] = count + 1;
  if (!extendHints(memory, address, count)) rebuildHints(memory, address);
  return address;
}

/** How many segments there are. */
export function segmentCount(memory: LogMemory, address: number): number {
  return memory.u32[(address >>> 2) + COUNT]!;
}

export function segmentBase(memory: LogMemory, address: number, index: number): number {
  return memory.f64[(address >>> 3) + BASES + index]!;
}

/** Work of the last `findSegment` on this thread: bases compared. A metric (contract B4). */
export let lastFindSteps = 0;

/**
 * @param offset not below the first base
 * @returns index of the segment that holds the offset
 */
export function findSegment(memory: LogMemory, address: number, offset: number): number {
  const words = address >>> 2;
  const doubles = address >>> 3;
  const count = memory.u32[words + COUNT]!;
  const hints = memory.u32[words + HINTS]!;
  const table = (address + HEADER_SIZE + memory.u32[words + CAPACITY]! * 8) >>> 2;
  const hint = Math.floor((offset - memory.f64[doubles + FIRST]!) / 2 ** memory.u32[words + SHIFT]!);
  let low = hint < hints ? memory.u32[table + hint]! : count - 1;
  let high = hint + 1 < hints ? memory.u32[table + hint + 1]! : count - 1;
  lastFindSteps = 0;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    lastFindSteps++;
    if (memory.f64[doubles + BASES + middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function rebuildHints(memory: LogMemory, address: number): void {
  const words = address >>> 2;
  const doubles = address >>> 3;
  const count = memory.u32[words + COUNT]!;
  memory.u32[words + SHIFT] = chooseShift(memory, address, count);
  memory.u32[words + HINTS] = 0;
  memory.f64[doubles + FIRST] = memory.f64[doubles + BASES]!;
  for (let index = 0; index < count; index++) {
    const extended = extendHints(memory, address, index);
    assert(extended, "the table was sized for the log");
  }
}

/** Fills the hints up to the base of segment `index`. @returns false when the table is full */
function extendHints(memory: LogMemory, address: number, index: number): boolean {
  const words = address >>> 2;
  const doubles = address >>> 3;
  const step = 2 ** memory.u32[words + SHIFT]!;
  const first = memory.f64[doubles + FIRST]!;
  const base = memory.f64[doubles + BASES + index]!;
  const table = (address + HEADER_SIZE + memory.u32[words + CAPACITY]! * 8) >>> 2;
  let hint = memory.u32[words + HINTS]!;
  // A hint at or behind this base is the first that this segment can be the answer to; earlier ones keep the previous one.
  const needed = Math.floor((base - first) / step) + 1;
  if (needed > memory.u32[words + HINT_CAPACITY]!) return false;
  for (; hint < needed; hint++) {
    const reached = first + hint * step >= base;
    memory.u32[table + hint] = reached ? index : index - 1;
  }
  memory.u32[words + HINTS] = hint;
  return true;
}

/** The largest k whose steps are no wider than most small segments, within the table's room. */
function chooseShift(memory: LogMemory, address: number, count: number): number {
  const doubles = address >>> 3;
  const bases = memory.f64.subarray(doubles + BASES, doubles + BASES + count);
  const span = bases[count - 1]! - bases[0]!;
  if (count < 2) return 20;
  const spans = new Float64Array(count - 1);
  for (let index = 0; index + 1 < count; index++) spans[index] = bases[index + 1]! - bases[index]!;
  spans.sort();
  const small = spans[Math.floor(spans.length / 20)]!;
  const hintsMax = memory.u32[(address >>> 2) + HINT_CAPACITY]! / 2; // Half stays free for the segments to come.
  const shiftMin = Math.ceil(Math.log2(Math.max(1, span / hintsMax)));
  return Math.max(0, Math.floor(Math.log2(small)), shiftMin);
}
