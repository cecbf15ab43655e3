/** Which partition a record goes to, where the record does not say: as Kafka's clients choose, so that all agree. */

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** Utils.murmur2 of Kafka's Java client. @returns i32 */
export function murmur2(bytes: Uint8Array): number {
  const size = bytes.length;
  let hash = SEED ^ size;
  let at = 0;
  for (; at + 4 <= size; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    word = Math.imul(word, MULTIPLIER);
    word = Math.imul(word ^ (word >>> 24), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  const rest = size - at;
  if (rest > 2) hash ^= bytes[at + 2]! << 16;
  if (rest > 1) hash ^= bytes[at + 1]! << 8;
  if (rest > 0) hash = Math.imul(hash ^ bytes[at]!, MULTIPLIER);
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** The partition of a record with this key, as Kafka's DefaultPartitioner chooses it. */
export function partitionOfKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitionCount;
}

/**
 * Chooses a partition for each record that names none.
 *
 * @param key null: the record has none; only there until this returns
 * @returns a number from 0 to partitionCount - 1
 */
export type Partitioner = (key: Uint8Array | null, partitionCount: number) => number;
