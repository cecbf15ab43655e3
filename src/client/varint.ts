/** Kafka's varints: zigzag, 7 bits a byte, the lowest first. */

/** @returns 0, -1, 1, -2 as 0, 1, 2, 3 */
export function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

/** @param encoded of `zigzag`; @returns bytes */
export function varintSize(encoded: number): number {
  if (encoded < 0x80) return 1;
  if (encoded < 0x4000) return 2;
  if (encoded < 0x20_0000) return 3;
  return encoded < 0x1000_0000 ? 4 : 5;
}

/** @param encoded of `zigzag`; @returns position after it */
export function writeVarint(bytes: Uint8Array, at: number, encoded: number): number {
  let rest = encoded;
  let position = at;
  while (rest > 0x7f) {
    bytes[position++] = rest | 0x80;
    rest >>>= 7;
  }
  bytes[position] = rest;
  return position + 1;
}

/** What has at most so many bits is written in one or two bytes. */
export const SHORT_LIMIT = 0x4000;

/** @param encoded below SHORT_LIMIT; @returns bytes */
export function shortSize(encoded: number): number {
  return encoded < 0x80 ? 1 : 2;
}

/** `writeVarint` without a loop. @param encoded below SHORT_LIMIT; @returns position after it */
export function writeShort(bytes: Uint8Array, at: number, encoded: number): number {
  if (encoded < 0x80) {
    bytes[at] = encoded;
    return at + 1;
  }
  bytes[at] = encoded | 0x80;
  bytes[at + 1] = encoded >>> 7;
  return at + 2;
}

/** Magnitude of a safe integer as zigzag splits it: its sign goes into the lowest bit of the first byte. */
function magnitude(value: number): number {
  return value < 0 ? -value - 1 : value;
}

/** @param value a safe integer; @returns bytes that `writeVarlong` takes */
export function varlongSize(value: number): number {
  let size = 1;
  for (let rest = Math.floor(magnitude(value) / 64); rest > 0; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** @param value a safe integer, not encoded; @returns position after it */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  const whole = magnitude(value);
  let digit = (whole % 64) * 2 + (value < 0 ? 1 : 0);
  let rest = Math.floor(whole / 64);
  let position = at;
  while (rest > 0) {
    bytes[position++] = digit | 0x80;
    digit = rest % 128;
    rest = Math.floor(rest / 128);
  }
  bytes[position] = digit;
  return position + 1;
}

/** @returns bytes of the varint at `at`, 1 to 10 */
export function readVarintSize(bytes: Uint8Array, at: number): number {
  let size = 1;
  while (size < 10 && bytes[at + size - 1]! > 0x7f) size++;
  return size;
}

/** @returns the number that `writeVarint` was given before it was zigzagged; 0 behind the end of the bytes */
export function readVarint(bytes: Uint8Array, at: number): number {
  const size = Math.min(5, readVarintSize(bytes, at));
  let encoded = 0;
  for (let index = 0; index < size; index++) encoded |= (bytes[at + index]! & 0x7f) << (7 * index);
  return (encoded >>> 1) ^ -(encoded & 1);
}

/** @returns the number that `writeVarlong` was given; not exact beyond 2^53 */
export function readVarlong(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  let whole = (first & 0x7f) >> 1;
  let unit = 64;
  for (let index = 1; index < readVarintSize(bytes, at); index++) {
    whole += (bytes[at + index]! & 0x7f) * unit;
    unit *= 128;
  }
  return (first & 1) === 0 ? whole : -whole - 1;
}
