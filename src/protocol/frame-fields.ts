/** How hot code reads the body of a verified frame: field by field, without accessors, BigInt or garbage. */
import { BrokerError } from "../base/errors.ts";
import type { Offset } from "../base/units.ts";
import { readInt32, readUint32 } from "./bytes.ts";
import { Durability } from "./generated/wire.ts";
import type { FrameReader } from "./verifier.ts";

export function boolField(frame: FrameReader, slot: number): boolean {
  const at = frame.fields[slot]!;
  return at !== 0 && frame.bytes[at] !== 0;
}

/** @param absent the schema's default */
export function int8Field(frame: FrameReader, slot: number, absent: number): number {
  const at = frame.fields[slot]!;
  return at === 0 ? absent : (frame.bytes[at]! << 24) >> 24;
}

/** @param absent the schema's default */
export function int32Field(frame: FrameReader, slot: number, absent: number): number {
  const at = frame.fields[slot]!;
  return at === 0 ? absent : readInt32(frame.bytes, at);
}

export function uint32Field(frame: FrameReader, slot: number): number {
  const at = frame.fields[slot]!;
  return at === 0 ? 0 : readUint32(frame.bytes, at);
}

/**
 * @returns an offset; 0 if absent
 * @throws BrokerError PROTOCOL_VIOLATION  negative, or not below 2^53
 */
export function offsetField(frame: FrameReader, slot: number): Offset {
  const at = frame.fields[slot]!;
  if (at === 0) return 0 as Offset;
  const high = readInt32(frame.bytes, at + 4);
  if (high < 0 || high > 0x1f_ffff) refuse("an offset is negative or not below 2^53");
  return (high * 0x1_0000_0000 + readUint32(frame.bytes, at)) as Offset;
}

/** @throws BrokerError PROTOCOL_VIOLATION  not a durability this code knows */
export function durabilityField(frame: FrameReader, slot: number): Durability {
  const at = frame.fields[slot]!;
  const durability = at === 0 ? Durability.Disk : frame.bytes[at]!;
  if (durability > Durability.Memory) refuse("a durability has an unknown value");
  return durability as Durability;
}

/** Apart, so that what calls it inlines. */
function refuse(complaint: string): never {
  throw new BrokerError("PROTOCOL_VIOLATION", complaint);
}
