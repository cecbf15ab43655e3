/**
 * What benchmarks are compared to: loops that do nothing of ours, timed in the same turn. A slower machine, or an hour in which
 * others use it, slows both, as long as they wait for the same things. Those are four:
 *
 * - `integers`: loads, shifts, comparisons and multiplications of a buffer's bytes, many at once. So do parsing and checksums.
 * - `chain`: arithmetic in which every step waits for the one before. So do look-ups. Where a processor's core is shared by two
 *   threads, a busy neighbour slows what does much at once to half, and this hardly.
 * - `copies`: memory moved in pieces, one half of a buffer to the other. So do encoders, that move what they are given.
 * - `objects`: a small object and a view of bytes are made, kept a little, and dropped. So do decoders of messages, and whatever
 *   allocates: it runs through all memory that the collector sets aside for the young, far beyond any cache.
 *
 * The buffers of the first three fit in a core's second-level cache, as batches do that have just arrived or are being filled:
 * what lies further out is shared with whoever else uses the machine. Copies through 16 MiB varied more than any benchmark that
 * was compared to them (1.05 in the benchmark's times, 1.75 in its ratios), and were not kept.
 *
 * A step is chosen to take a nanosecond or some tens, so that ratios are numbers that one can read.
 */
import { assert } from "../../src/base/assert.ts";
import { KIB } from "../../src/base/units.ts";

export type CalibrationName = "integers" | "chain" | "copies" | "objects";

export interface Calibration {
  readonly run: () => number;
  /** Of one call. */
  readonly steps: number;
}

const bytes = Uint8Array.from({ length: 128 * KIB }, (_, index) => Math.imul(index, 0x9e3779b1) >>> 24);
const BYTES_PER_CALL = 16 * KIB;
let bytesAt = 0;

/** A step is a byte. Four sums, so that a core has as much to do at once as it can: nothing here waits for what came before. */
function integers(): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  const end = bytesAt + BYTES_PER_CALL;
  for (let at = bytesAt; at < end; at += 4) {
    first = (first + Math.imul(bytes[at]!, 0x01000193)) | 0;
    second ^= bytes[at + 1]! << (at & 15);
    third = (third + (bytes[at + 2]! >>> 3)) | 0;
    if (bytes[at + 3]! !== 0) fourth = (fourth - bytes[at + 3]!) | 0;
  }
  bytesAt = end % bytes.length;
  return first ^ second ^ third ^ fourth;
}

/** A step is a byte. */
function chain(): number {
  let hash = 0;
  const end = bytesAt + BYTES_PER_CALL;
  for (let at = bytesAt; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  bytesAt = end % bytes.length;
  return hash;
}

const PIECE = 16 * KIB;
const area = new Uint8Array(256 * KIB).fill(1);
const half = area.length / 2;
let pieceAt = 0;

/** A step is 1 KiB, from one half to the other. */
function copies(): number {
  area.copyWithin(half + pieceAt, pieceAt, pieceAt + PIECE);
  pieceAt = (pieceAt + PIECE) % half;
  return area[half + pieceAt]!;
}

interface Kept {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const OBJECTS_PER_CALL = 256;
const kept: Kept[] = Array.from({ length: 64 }, (_, at) => ({ at, bytes: area.subarray(at) }));

/** A step is an object with its view. */
function objects(): number {
  let sum = 0;
  for (let at = 0; at < OBJECTS_PER_CALL; at++) {
    const slot = at % kept.length;
    sum += kept[slot]!.bytes.length;
    kept[slot] = { at, bytes: area.subarray(at, at + slot) };
  }
  return sum;
}

assert(bytes.length % BYTES_PER_CALL === 0 && half % PIECE === 0, "a call does not run over its buffer's end");

export const calibrations: Readonly<Record<CalibrationName, Calibration>> = {
  integers: { run: integers, steps: BYTES_PER_CALL },
  chain: { run: chain, steps: BYTES_PER_CALL },
  copies: { run: copies, steps: PIECE / KIB },
  objects: { run: objects, steps: OBJECTS_PER_CALL },
};
