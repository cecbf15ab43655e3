/**
 * Kafka's variable-length integers: zigzag, then seven bits a byte, lowest first; an int takes up to 5 bytes, a long up
 * to 10. Longer ones, and bits beyond the type, are malformed here (Kafka's Java drops such bits).
 *
 * A decoder has a value and a size to return and no place to put the second one, so an int comes back packed:
 * size << 32 | value. Zero is never valid, since a size is at least 1; it means malformed or cut off.
 */

const INT_SIZE_MAX: u32 = 5;
const LONG_SIZE_MAX: u32 = 10;

export function unzigzag(value: u32): i32 {
  return (value >>> 1) ^ -(value & 1);
}

export function zigzag(value: i32): u32 {
  return ((<u32>value) << 1) ^ <u32>(value >> 31);
}

/**
 * The first two bytes at `address`, for the walk over records, where nearly every int has one or two: it tests
 * `endsInOne`, then `endsInTwo`, then reads the slow way. Branches, not arithmetic on the size: they are predicted, so the
 * next field's address does not wait for this one's bytes (11 ns a record against 22).
 *
 * @param last address of the last byte that may be read
 * @returns bytes that neither test takes if there are not two left; a final one-byte int goes the slow way too
 */
export function firstTwo(address: usize, last: usize): u32 {
  return address < last ? load<u16>(address) : 0x8080;
}

export function endsInOne(pair: u32): bool {
  return (pair & 0x80) === 0;
}

export function endsInTwo(pair: u32): bool {
  return (pair & 0x8000) === 0;
}

/** Value of an int that ends in one byte, before unzigzag. */
export function oneByte(pair: u32): u32 {
  return pair & 0x7f;
}

/** Value of an int that ends in two bytes, before unzigzag. */
export function twoBytes(pair: u32): u32 {
  return (pair & 0x7f) | ((pair >>> 1) & 0x3f80);
}

/** Bytes that a packed result says were read. */
export function packedSize(packed: u64): usize {
  return <usize>(packed >>> 32);
}

/** Value of a packed result of `readVarint`. */
export function packedValue(packed: u64): i32 {
  return unzigzag(<u32>packed);
}

/**
 * Decodes a varint in [address, end), one byte at a time.
 *
 * @returns size << 32 | value before unzigzag; 0: malformed, or it does not end before `end`
 */
export function readVarint(address: usize, end: usize): u64 {
  const sizeMax = min(<u32>(end - address), INT_SIZE_MAX);
  let value: u32 = 0;
  for (let i: u32 = 0; i < sizeMax; i++) {
    const byte: u32 = load<u8>(address + i);
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      const overflows = i === INT_SIZE_MAX - 1 && byte > 0x0f;
      return overflows ? 0 : ((<u64>(i + 1)) << 32) | <u64>value;
    }
  }
  return 0;
}

/** @returns bytes of the varlong in [address, end); 0: malformed, or it does not end before `end` */
export function encodedLongSize(address: usize, end: usize): u32 {
  const sizeMax = min(<u32>(end - address), LONG_SIZE_MAX);
  for (let i: u32 = 0; i < sizeMax; i++) {
    const byte: u32 = load<u8>(address + i);
    if (byte < 0x80) return i === LONG_SIZE_MAX - 1 && byte > 0x01 ? 0 : i + 1;
  }
  return 0;
}

/** Decodes the varlong of `size` bytes, as measured by `encodedLongSize`. */
export function readVarlong(address: usize, size: u32): i64 {
  let value: u64 = 0;
  for (let i: u32 = 0; i < size; i++) value |= (<u64>(load<u8>(address + i) & 0x7f)) << (7 * i);
  return <i64>((value >>> 1) ^ -(value & 1));
}

export function zigzagLong(value: i64): u64 {
  return ((<u64>value) << 1) ^ <u64>(value >> 63);
}

/** @returns bytes of an int, at least 1 */
export function varintSize(value: i32): u32 {
  return (38 - <u32>clz<u32>(zigzag(value) | 1)) / 7;
}

/** @returns bytes of a long, at least 1 */
export function varlongSize(value: i64): u32 {
  return (70 - <u32>clz<u64>(zigzagLong(value) | 1)) / 7;
}

/** @returns the address after the int */
export function writeVarint(address: usize, value: i32): usize {
  return writeUnsigned(address, zigzag(value));
}

/** @returns the address after the long */
export function writeVarlong(address: usize, value: i64): usize {
  return writeUnsigned(address, zigzagLong(value));
}

function writeUnsigned(address: usize, value: u64): usize {
  for (; value >= 0x80; value >>>= 7) store<u8>(address++, <u8>(value | 0x80));
  store<u8>(address, <u8>value);
  return address + 1;
}

/** Values after zigzag below this take one byte or two, and `shortSize` and `writeShort` write them without a branch. */
export const SHORT_LIMIT: u32 = 0x4000;

export function shortSize(zigzagged: u32): u32 {
  return 1 + <u32>(zigzagged >= 0x80);
}

/** Writes `shortSize` bytes, and into the byte after a single one whatever comes. @returns the address after them */
export function writeShort(address: usize, zigzagged: u32): usize {
  const isLong = <u32>(zigzagged >= 0x80);
  store<u16>(address, <u16>((zigzagged & 0x7f) | (isLong << 7) | ((zigzagged & 0x3f80) << 1)));
  return address + 1 + isLong;
}
