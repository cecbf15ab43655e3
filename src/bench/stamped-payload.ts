/**
 * The value of a benchmark's record: which one it is, when it was due, and bytes that follow from its number, so that a consumer
 * tells a lost, doubled, reordered or damaged record from a good one, and how long it took.
 *
 *   at size field
 *    0    8 number    f64, counts from 0 in the sequence
 *    8    4 sequence  u32, which of the producers' sequences: each is in order by itself
 *   12    8 dueNs     f64, monotonicNs at which the record was to be sent; a value of less than 20 bytes has none
 *   20    - body      bytes of `bodyOf(number)`
 *
 * Little endian. Every record is looked at whole in its stamp and, of its body, in WORDS words whose places move on from record
 * to record, so that all places of the body are looked at again and again; every WHOLE-th body is compared whole.
 */
import { requireOption } from "../base/options.ts";
import { MIB } from "../base/units.ts";

export const STAMP_SIZE = 20;
/** Without a time. */
export const SIZE_MIN = 12;
const BODIES = 61;
const BODY_BYTES_MAX = 64 * MIB;
const WORDS = 3;
const WHOLE = 64;

export class StampedPayloads {
  readonly size: number;
  readonly #bodies: readonly Uint8Array[];
  readonly #views: readonly DataView[];

  /** @param size bytes of a value, at least SIZE_MIN. @throws BrokerError INVALID_OPTION */
  constructor(size: number) {
    requireOption(size >= SIZE_MIN, `a record of a benchmark has at least ${SIZE_MIN} bytes`);
    this.size = size;
    let state = 0x9e3779b9;
    // Of large ones there are fewer: it is not to take more memory than a client does.
    const count = Math.max(2, Math.min(BODIES, Math.floor(BODY_BYTES_MAX / size)));
    this.#bodies = Array.from({ length: count }, () => {
      const body = new Uint8Array(size);
      for (let at = 0; at < size; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        body[at] = state >>> 24;
      }
      return body;
    });
    this.#views = this.#bodies.map(({ buffer }) => new DataView(buffer));
  }

  /** @returns the value of a record; it changes when another one is asked for */
  value(sequence: number, number: number, dueNs: number): Uint8Array {
    const index = number % this.#bodies.length;
    const view = this.#views[index]!;
    view.setFloat64(0, number, true);
    view.setUint32(8, sequence, true);
    if (this.size >= STAMP_SIZE) view.setFloat64(12, dueNs, true);
    return this.#bodies[index]!;
  }

  /** Is this the body of record `number`? */
  isBody(number: number, bytes: Uint8Array, view: DataView, at: number, size: number): boolean {
    if (size !== this.size) return false;
    const index = number % this.#bodies.length;
    if (size < STAMP_SIZE + 4) return this.#isWhole(index, bytes, at);
    const expected = this.#views[index]!;
    const last = size - STAMP_SIZE - 4;
    let place = (number * 13) % (last + 1);
    for (let word = 0; word < WORDS; word++) {
      if (view.getInt32(at + STAMP_SIZE + place) !== expected.getInt32(STAMP_SIZE + place)) return false;
      place = (place + (last >> 1) + 1) % (last + 1);
    }
    return number % WHOLE !== 0 || this.#isWhole(index, bytes, at);
  }

  #isWhole(index: number, bytes: Uint8Array, at: number): boolean {
    const body = this.#bodies[index]!;
    for (let offset = STAMP_SIZE; offset < this.size; offset++) if (bytes[at + offset] !== body[offset]) return false;
    return true;
  }
}

export const numberOf = (view: DataView, at: number): number => view.getFloat64(at, true);
export const sequenceOf = (view: DataView, at: number): number => view.getUint32(at + 8, true);
/** @param size of the value. @returns NaN: it has no time */
export const dueNsOf = (view: DataView, at: number, size: number): number =>
  size < STAMP_SIZE ? Number.NaN : view.getFloat64(at + 12, true);
