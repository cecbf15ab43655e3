/**
 * Reads everything that flatc's accessors can read of a frame, and throws if any of it lies outside.
 *
 * This is the verifier's oracle: it knows nothing of bounds, only of the schema's names, and finds its way through the
 * official runtime, whose every read passes a ByteBuffer that checks.
 */
import { ByteBuffer, Encoding } from "flatbuffers";
import { tables, unions } from "../../src/protocol/generated/verifier-tables.ts";
import * as wire from "../../src/protocol/generated/wire.ts";
import type { SlotLayout } from "../../src/protocol/table-layout.ts";

/** Throws where the runtime's own would return what lies outside, or undefined. */
class GuardedByteBuffer extends ByteBuffer {
  #guard(offset: number, size: number): void {
    if (!(offset >= 0 && offset + size <= this.capacity()))
      throw new RangeError(`read of ${size} bytes at ${offset} in a frame of ${this.capacity()}`);
  }

  override readUint8(offset: number): number {
    this.#guard(offset, 1);
    return super.readUint8(offset);
  }

  override readUint16(offset: number): number {
    this.#guard(offset, 2);
    return super.readUint16(offset);
  }

  override readInt32(offset: number): number {
    this.#guard(offset, 4);
    return super.readInt32(offset);
  }
}

type Accessor = Readonly<Record<string, ((...parameters: unknown[]) => unknown) | undefined>>;

function call(accessor: Accessor, method: string, ...parameters: unknown[]): unknown {
  const found = accessor[method];
  if (found === undefined) throw new Error(`flatc wrote no accessor ${method}`);
  return found.apply(accessor, parameters);
}

function guardView(view: unknown, frame: Uint8Array): void {
  if (view === null) return;
  if (!(view instanceof Uint8Array)) throw new TypeError("an accessor of bytes returned something else");
  const inside =
    view.buffer === frame.buffer &&
    view.byteOffset >= frame.byteOffset &&
    view.byteOffset + view.length <= frame.byteOffset + frame.length;
  if (!inside) throw new RangeError("a view reaches outside the frame");
}

function walkSlot(accessor: Accessor, slot: SlotLayout, frame: Uint8Array): void {
  const { name, type } = slot;
  const length = () => call(accessor, `${name}Length`) as number;
  switch (type.kind) {
    case "scalar":
    case "unionType":
      call(accessor, name);
      break;
    case "struct": {
      const struct = call(accessor, name) as Accessor | null;
      for (let index = 0; struct !== null && index < type.size; index++) call(struct, "bytes", index);
      break;
    }
    case "string":
      guardView(call(accessor, name, Encoding.UTF8_BYTES), frame);
      call(accessor, name);
      break;
    case "bytes":
      guardView(call(accessor, `${name}Array`), frame);
      for (let index = 0; index < length(); index++) call(accessor, name, index);
      break;
    case "strings":
      for (let index = 0; index < length(); index++) guardView(call(accessor, name, index, Encoding.UTF8_BYTES), frame);
      break;
    case "table":
      walkTable(call(accessor, name) as Accessor | null, type.table, frame);
      break;
    case "tables":
      for (let index = 0; index < length(); index++)
        walkTable(call(accessor, name, index) as Accessor | null, type.table, frame);
      break;
    case "union": {
      const members = unions.find((union) => union.name === type.union)?.members ?? [];
      const member = members[call(accessor, `${name}Type`) as number];
      if (member === undefined) throw new Error("a union has a type that the schema does not have");
      const body = new (wire as unknown as Record<string, new () => object>)[member]!();
      walkTable(call(accessor, name, body) as Accessor | null, member, frame);
      break;
    }
    case "deprecated":
      break;
  }
}

function walkTable(accessor: Accessor | null, table: string, frame: Uint8Array): void {
  if (accessor === null) return;
  const layout = tables.find((candidate) => candidate.name === table);
  for (const slot of layout?.slots ?? []) walkSlot(accessor, slot, frame);
}

/** @throws RangeError  an accessor reads or hands out a byte outside the frame */
export function walkFrame(frame: Uint8Array): void {
  const root = wire.Frame.getRootAsFrame(new GuardedByteBuffer(frame));
  walkTable(root as unknown as Accessor, "Frame", frame);
}
