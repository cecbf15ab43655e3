/**
 * Payloads of the benchmark's records. Every record has its own: its number in its partition, and a body that follows from the
 * number, so that the consumer can tell a lost, doubled, reordered or damaged record from a good one.
 *
 *   at size field
 *    0    8 number    f64, from 0 in each partition
 *    8    - body      one of POOL random bodies, chosen by the number; sampled words are compared
 */

const POOL = 64;

export class Payloads {
  readonly #bodies: readonly Uint8Array[];
  readonly #views: readonly DataView[];
  readonly #sampledAt: readonly number[];

  /** @param size bytes of a value, at least 16 */
  constructor(size: number) {
    let state = 0x9e3779b9;
    this.#bodies = Array.from({ length: POOL }, () => {
      const body = new Uint8Array(size);
      for (let at = 0; at < size; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        body[at] = state >>> 24;
      }
      return body;
    });
    this.#views = this.#bodies.map((body) => new DataView(body.buffer));
    this.#sampledAt = [8, 8 + (((size - 12) >> 3) << 2), size - 4];
  }

  /** @returns the value of a record, valid until the next record of the same body is asked for */
  value(number: number): Uint8Array {
    const index = number % POOL;
    this.#views[index]!.setFloat64(0, number, true);
    return this.#bodies[index]!;
  }

  /** Is this the value of that record? */
  matches(number: number, view: DataView, at: number, size: number): boolean {
    const expected = this.#views[number % POOL]!;
    if (size !== expected.byteLength || view.getFloat64(at, true) !== number) return false;
    for (let index = 0; index < this.#sampledAt.length; index++) {
      const offset = this.#sampledAt[index]!;
      if (view.getInt32(at + offset) !== expected.getInt32(offset)) return false;
    }
    return true;
  }
}
