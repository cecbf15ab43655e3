/**
 * Little-endian numbers in byte arrays, as FlatBuffers lays them out.
 *
 * Byte by byte: a DataView per frame would cost more, 45 to 65 ns, than all the reads of a hot frame. Nothing here
 * checks bounds; positions come from a verified frame or from a template of ours.
 */

export function readUint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) >>> 0;
}

/** @param value any integer; its low 32 bits are written */
export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >> 8;
  bytes[at + 2] = value >> 16;
  bytes[at + 3] = value >> 24;
}

/** @param value a safe integer */
export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  writeInt32(bytes, at, value | 0);
  writeInt32(bytes, at + 4, Math.floor(value / 0x1_0000_0000));
}
