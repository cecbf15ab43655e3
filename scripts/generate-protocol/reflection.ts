/**
 * Reads a binary schema (.bfbs), flatc's own account of what it parsed: a FlatBuffer whose schema is reflection.fbs of
 * FlatBuffers. Fields are only ever appended there, so their slot numbers, written out below, hold for every flatc.
 *
 * What Cambium's protocol does not use (floats, structs of more than one byte array, vectors of numbers, structs or
 * unions, optional scalars) is refused by name: a schema that needs it needs a decision about verifier and messages.
 */
import { ByteBuffer } from "flatbuffers";

/** A fixed-size number. */
export interface ScalarType {
  readonly kind: "scalar";
  /** Bytes; also its alignment. */
  readonly size: 1 | 2 | 4 | 8;
  readonly signed: boolean;
  readonly boolean: boolean;
  /** The enum whose values it holds. */
  readonly enumeration: string | undefined;
}

export type FieldType =
  | ScalarType
  /** Inline bytes. */
  | { readonly kind: "struct"; readonly size: number; readonly alignment: number }
  | { readonly kind: "string" }
  /** [ubyte] */
  | { readonly kind: "bytes" }
  | { readonly kind: "strings" }
  | { readonly kind: "table"; readonly name: string }
  | { readonly kind: "tables"; readonly name: string }
  | { readonly kind: "unionType"; readonly name: string }
  | { readonly kind: "union"; readonly name: string };

export interface SchemaField {
  /** As in the schema, snake_case. */
  readonly name: string;
  /** Its index in the table's vtable. */
  readonly slot: number;
  readonly type: FieldType;
  readonly required: boolean;
  readonly deprecated: boolean;
  /** Of a scalar. */
  readonly default: bigint;
  /** The schema's `unit` attribute. */
  readonly unit: string | undefined;
  readonly documentation: readonly string[];
}

export interface SchemaTable {
  readonly name: string;
  /** In the order of their slots. */
  readonly fields: readonly SchemaField[];
  readonly documentation: readonly string[];
}

export interface SchemaUnion {
  readonly name: string;
  /** Table names by type number; [0] is NONE and has none. */
  readonly members: readonly (string | undefined)[];
}

export interface Schema {
  readonly fileIdentifier: string;
  readonly rootTable: string;
  /** In the schema's order. */
  readonly tables: readonly SchemaTable[];
  readonly unions: readonly SchemaUnion[];
}

const Slot = {
  Schema: { objects: 0, enums: 1, fileIdentifier: 2, rootTable: 4 },
  Object: { name: 0, fields: 1, isStruct: 2, alignment: 3, byteSize: 4, documentation: 6 },
  Field: {
    name: 0,
    type: 1,
    id: 2,
    defaultInteger: 4,
    deprecated: 6,
    required: 7,
    attributes: 9,
    documentation: 10,
    optional: 11,
  },
  Type: { baseType: 0, element: 1, index: 2 },
  Enum: { name: 0, values: 1, isUnion: 2 },
  EnumValue: { value: 1, unionType: 3 },
  Attribute: { key: 0, value: 1 },
} as const;

const BaseType = {
  UnionType: 1,
  Bool: 2,
  Byte: 3,
  UByte: 4,
  Short: 5,
  UShort: 6,
  Int: 7,
  UInt: 8,
  Long: 9,
  ULong: 10,
  String: 13,
  Vector: 14,
  Object: 15,
  Union: 16,
} as const;

const scalarSizes = new Map<number, ScalarType["size"]>([
  [BaseType.Bool, 1],
  [BaseType.Byte, 1],
  [BaseType.UByte, 1],
  [BaseType.Short, 2],
  [BaseType.UShort, 2],
  [BaseType.Int, 4],
  [BaseType.UInt, 4],
  [BaseType.Long, 8],
  [BaseType.ULong, 8],
]);
const signedTypes = new Set<number>([BaseType.Byte, BaseType.Short, BaseType.Int, BaseType.Long]);

/** One table of the binary schema, read by slot. */
class Row {
  readonly #bytes: ByteBuffer;
  readonly #at: number;

  constructor(bytes: ByteBuffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  static root(bytes: Uint8Array): Row {
    const buffer = new ByteBuffer(bytes);
    return new Row(buffer, buffer.readInt32(0));
  }

  /** @returns where the field is, or 0 if it is absent */
  #field(slot: number): number {
    const offset = this.#bytes.__offset(this.#at, 4 + 2 * slot);
    return offset === 0 ? 0 : this.#at + offset;
  }

  boolean(slot: number): boolean {
    const field = this.#field(slot);
    return field !== 0 && this.#bytes.readUint8(field) !== 0;
  }

  byte(slot: number): number {
    const field = this.#field(slot);
    return field === 0 ? 0 : this.#bytes.readUint8(field);
  }

  uint16(slot: number): number {
    const field = this.#field(slot);
    return field === 0 ? 0 : this.#bytes.readUint16(field);
  }

  int32(slot: number, absent: number): number {
    const field = this.#field(slot);
    return field === 0 ? absent : this.#bytes.readInt32(field);
  }

  int64(slot: number): bigint {
    const field = this.#field(slot);
    return field === 0 ? 0n : this.#bytes.readInt64(field);
  }

  string(slot: number): string {
    return this.#bytes.__string(this.#field(slot)) as string;
  }

  table(slot: number): Row {
    return new Row(this.#bytes, this.#bytes.__indirect(this.#field(slot)));
  }

  #elements<T>(slot: number, read: (at: number) => T): T[] {
    const field = this.#field(slot);
    if (field === 0) return [];
    const first = this.#bytes.__vector(field);
    return Array.from({ length: this.#bytes.__vector_len(field) }, (_, index) => read(first + 4 * index));
  }

  tables(slot: number): Row[] {
    return this.#elements(slot, (at) => new Row(this.#bytes, this.#bytes.__indirect(at)));
  }

  strings(slot: number): string[] {
    return this.#elements(slot, (at) => this.#bytes.__string(at) as string);
  }
}

/** `cambium.wire.Hello` is `Hello`: the protocol has one namespace. */
function unqualified(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/**
 * @param bfbs  what `flatc --schema --binary --bfbs-comments` wrote
 * @param order names of tables in the schema's order; the binary schema sorts them by name
 * @throws Error naming the field whose type the protocol layer does not support
 */
export function readSchema(bfbs: Uint8Array, order: readonly string[]): Schema {
  const schema = Row.root(bfbs);
  const objects = schema.tables(Slot.Schema.objects);
  const enums = schema.tables(Slot.Schema.enums);

  function objectName(index: number): string {
    const object = objects[index];
    if (object === undefined) throw new Error(`the binary schema has no object ${index}`);
    return unqualified(object.string(Slot.Object.name));
  }

  function enumName(index: number): string {
    const enumeration = enums[index];
    if (enumeration === undefined) throw new Error(`the binary schema has no enum ${index}`);
    return unqualified(enumeration.string(Slot.Enum.name));
  }

  function scalarType(baseType: number, enumIndex: number): ScalarType | undefined {
    const size = scalarSizes.get(baseType);
    if (size === undefined) return undefined;
    return {
      kind: "scalar",
      size,
      signed: signedTypes.has(baseType),
      boolean: baseType === BaseType.Bool,
      enumeration: enumIndex === -1 ? undefined : enumName(enumIndex),
    };
  }

  function fieldType(type: Row): FieldType | undefined {
    const baseType = type.byte(Slot.Type.baseType);
    const index = type.int32(Slot.Type.index, -1);
    switch (baseType) {
      case BaseType.UnionType:
        return { kind: "unionType", name: enumName(index) };
      case BaseType.Union:
        return { kind: "union", name: enumName(index) };
      case BaseType.String:
        return { kind: "string" };
      case BaseType.Object: {
        const object = objects[index];
        if (object?.boolean(Slot.Object.isStruct) !== true) return { kind: "table", name: objectName(index) };
        if (object.tables(Slot.Object.fields).length !== 1) return undefined;
        const size = object.int32(Slot.Object.byteSize, 0);
        const alignment = object.int32(Slot.Object.alignment, 0);
        return alignment === 1 ? { kind: "struct", size, alignment } : undefined;
      }
      case BaseType.Vector: {
        const elementType = type.byte(Slot.Type.element);
        if (elementType === BaseType.String) return { kind: "strings" };
        if (elementType === BaseType.Object && objects[index]?.boolean(Slot.Object.isStruct) === false)
          return { kind: "tables", name: objectName(index) };
        return elementType === BaseType.UByte && index === -1 ? { kind: "bytes" } : undefined;
      }
      default:
        return scalarType(baseType, index);
    }
  }

  function field(row: Row, table: string): SchemaField {
    const name = row.string(Slot.Field.name);
    const type = fieldType(row.table(Slot.Field.type));
    if (type === undefined || (type.kind === "scalar" && row.boolean(Slot.Field.optional)))
      throw new Error(`${table}.${name} has a type that the protocol layer does not support`);
    const unit = row.tables(Slot.Field.attributes).find((attribute) => attribute.string(Slot.Attribute.key) === "unit");
    return {
      name,
      slot: row.uint16(Slot.Field.id),
      type,
      required: row.boolean(Slot.Field.required),
      deprecated: row.boolean(Slot.Field.deprecated),
      default: row.int64(Slot.Field.defaultInteger),
      unit: unit?.string(Slot.Attribute.value),
      documentation: row.strings(Slot.Field.documentation).map((line) => line.trim()),
    };
  }

  function table(row: Row): SchemaTable {
    const name = unqualified(row.string(Slot.Object.name));
    const fields = row.tables(Slot.Object.fields).map((fieldRow) => field(fieldRow, name));
    return {
      name,
      fields: fields.sort((a, b) => a.slot - b.slot),
      documentation: row.strings(Slot.Object.documentation).map((line) => line.trim()),
    };
  }

  function union(row: Row): SchemaUnion {
    const members: (string | undefined)[] = [];
    for (const value of row.tables(Slot.Enum.values)) {
      const type = value.table(Slot.EnumValue.unionType);
      const isTable = type.byte(Slot.Type.baseType) === BaseType.Object;
      members[Number(value.int64(Slot.EnumValue.value))] = isTable
        ? objectName(type.int32(Slot.Type.index, -1))
        : undefined;
    }
    return { name: unqualified(row.string(Slot.Enum.name)), members };
  }

  return {
    fileIdentifier: schema.string(Slot.Schema.fileIdentifier),
    rootTable: unqualified(schema.table(Slot.Schema.rootTable).string(Slot.Object.name)),
    tables: objects
      .filter((object) => !object.boolean(Slot.Object.isStruct))
      .map(table)
      .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
    unions: enums.filter((enumeration) => enumeration.boolean(Slot.Enum.isUnion)).map(union),
  };
}
