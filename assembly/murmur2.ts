const SEED: u32 = 0x9747b28c;
const MULTIPLIER: u32 = 0x5bd1e995;

function mix(word: u32): u32 {
  const product = word * MULTIPLIER;
  return (product ^ (product >>> 24)) * MULTIPLIER;
}

/**
 * The hash by which Kafka's clients choose a partition: `Utils.murmur2` of its Java client, seed 0x9747b28c.
 *
 * @returns all 32 bits; Kafka's partition is `(hash & 0x7fffffff) % partitions` (its `toPositive`)
 */
export function murmur2(address: usize, size: u32): u32 {
  let hash = SEED ^ size;
  for (; size >= 4; address += 4, size -= 4) hash = (hash * MULTIPLIER) ^ mix(load<u32>(address));
  if (size > 2) hash ^= (<u32>load<u8>(address, 2)) << 16;
  if (size > 1) hash ^= (<u32>load<u8>(address, 1)) << 8;
  if (size > 0) hash = (hash ^ load<u8>(address)) * MULTIPLIER;
  hash = (hash ^ (hash >>> 13)) * MULTIPLIER;
  return hash ^ (hash >>> 15);
}
