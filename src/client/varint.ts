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
