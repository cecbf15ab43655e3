import { camelCase, generatedHeader } from "./names.ts";
import type { FieldType, ScalarType, Schema, SchemaField, SchemaTable } from "./reflection.ts";

/** The `unit` attribute's values, and the types of src/base/units.ts that they stand for. */
const unitTypes = new Map([
  ["offset", "Offset"],
  ["timestamp", "Timestamp"],
  ["offset or timestamp", "Offset | Timestamp"],
]);

/** How one field appears in the generated text. */
interface FieldText {
  /** In the interface. */
  readonly type: string;
  /** From `table`, if it is present. */
  readonly decode: string;
  /** Of `body.<name>`: the argument of flatc's `add` function. */
  readonly encode: string;
  /** The encoding is a reference, made before the table is started. */
  readonly outside: boolean;
}

function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}

/** The least value of a number field that has a unit: 0, unless its default means "none". */
function minimum(field: SchemaField): number {
  return field.default < 0n ? Number(field.default) : 0;
}

function unitType(field: SchemaField, where: string): string {
  const type = unitTypes.get(field.unit ?? "");
  if (type === undefined) throw new Error(`${where} has the unknown unit "${field.unit}"`);
  return type;
}

function scalarText(field: SchemaField, type: ScalarType, where: string): FieldText {
  const name = camelCase(field.name);
  const read = `table.${name}()`;
  const value = `body.${name}`;
  const outside = false;
  if (type.boolean) {
    return { type: "boolean", decode: read, encode: `${value} ?? ${field.default !== 0n}`, outside };
  }
  if (type.enumeration !== undefined) {
    const values = `wire.${type.enumeration}`;
    return {
      type: values,
      decode: `codec.decodeEnum(${values}, ${read}, "${where}")`,
      encode: `${value} ?? ${field.default}`,
      outside,
    };
  }
  if (field.unit !== undefined) {
    if (type.size !== 8) throw new Error(`${where} has a unit but is not a long`);
    const unit = unitType(field, where);
    return {
      type: unit,
      decode: `codec.decodeSafeInteger(${read}, ${minimum(field)}, "${where}") as ${unit}`,
      encode: `codec.encodeSafeInteger(${value} ?? ${field.default}, ${minimum(field)})`,
      outside,
    };
  }
  if (type.size === 8) {
    const check = type.signed ? "codec.encodeInt64" : "codec.encodeUint64";
    return { type: "bigint", decode: read, encode: `${check}(${value} ?? ${field.default}n)`, outside };
  }
  const range = 2 ** (8 * type.size);
  const [least, greatest] = type.signed ? [-range / 2, range / 2 - 1] : [0, range - 1];
  return {
    type: "number",
    decode: read,
    encode: `codec.encodeInteger(${value} ?? ${field.default}, ${least}, ${greatest})`,
    outside,
  };
}

/** @param decode one element, at `index` */
function list(name: string, decode: string): string {
  return `codec.decodeList(table.${name}Length(), (index) => ${decode})`;
}

function fieldText(field: SchemaField, table: string): FieldText {
  const name = camelCase(field.name);
  const where = `${table}.${name}`;
  const type: FieldType = field.type;
  const value = `body.${name}`;
  switch (type.kind) {
    case "scalar":
      return scalarText(field, type, where);
    case "struct":
      return {
        type: "Uint8Array",
        decode: `codec.decodeUuid(table.${name}())`,
        encode: `codec.encodeUuid(builder, ${value})`,
        outside: false,
      };
    case "string":
      return {
        type: "string",
        decode: `codec.decodeString(table.${name}(codec.RAW), "${where}")`,
        encode: `codec.encodeString(builder, ${value})`,
        outside: true,
      };
    case "bytes":
      return {
        type: "Uint8Array",
        decode: `codec.decodeBytes(table.${name}Array())`,
        encode: `codec.encodeBytes(builder, ${value})`,
        outside: true,
      };
    case "strings":
      return {
        type: "readonly string[]",
        decode: list(name, `codec.decodeString(table.${name}(index, codec.RAW), "${where}")`),
        encode: `codec.encodeList(builder, ${value}, codec.encodeString)`,
        outside: true,
      };
    case "table":
      return {
        type: type.name,
        decode: `decode${type.name}(codec.present(table.${name}()))`,
        encode: `codec.encodeTable(builder, ${value}, encode${type.name})`,
        outside: true,
      };
    case "tables":
      return {
        type: `readonly ${type.name}[]`,
        decode: list(name, `decode${type.name}(codec.present(table.${name}(index)))`),
        encode: `codec.encodeList(builder, ${value}, encode${type.name})`,
        outside: true,
      };
    case "unionType":
    case "union":
      throw new Error(`${where}: only a Frame has a union`);
  }
}

function documented(lines: readonly string[], indent: string): string[] {
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`];
}

function tableText(table: SchemaTable): string[] {
  const { name } = table;
  if (table.fields.length === 0) {
    return [
      ...documented(table.documentation, ""),
      `export type ${name} = Readonly<Record<never, never>>;`,
      "",
      `function decode${name}(): ${name} {`,
      "  return {};",
      "}",
      "",
      `function encode${name}(builder: Builder): codec.Reference {`,
      `  wire.${name}.start${name}(builder);`,
      `  return wire.${name}.end${name}(builder);`,
      "}",
      "",
    ];
  }

  const fields = table.fields
    .filter((field) => !field.deprecated)
    .map((field) => ({ ...field, name: camelCase(field.name), text: fieldText(field, name) }));
  const declarations: string[] = [];
  const decoders: string[] = [];
  const references: string[] = [];
  const additions: string[] = [];
  for (const { name: field, text, required, type, documentation } of fields) {
    const optional = !required && type.kind !== "scalar";
    const lines = type.kind === "struct" && documentation.length === 0 ? [`${type.size} bytes.`] : documentation;
    declarations.push(...documented(lines, "  "));
    declarations.push(`  readonly ${field}${optional ? "?" : ""}: ${text.type}${optional ? " | undefined" : ""};`);
    if (optional) {
      const presence = `codec.isPresent(table, Slot.${name}.${field})`;
      decoders.push(`    ${field}: ${presence}`, `      ? ${text.decode}`, "      : undefined,");
    } else {
      decoders.push(`    ${field}: ${text.decode},`);
    }
    if (text.outside) references.push(`  const ${field} = ${text.encode};`);
    const argument = text.outside ? field : text.encode;
    additions.push(`  wire.${name}.add${pascalCase(field)}(builder, ${argument});`);
  }
  return [
    ...documented(table.documentation, ""),
    `export interface ${name} {`,
    ...declarations,
    "}",
    "",
    `function decode${name}(table: wire.${name}): ${name} {`,
    "  return {",
    ...decoders,
    "  };",
    "}",
    "",
    `function encode${name}(builder: Builder, body: codec.Encodable<${name}>): codec.Reference {`,
    ...references,
    `  wire.${name}.start${name}(builder);`,
    ...additions,
    `  return wire.${name}.end${name}(builder);`,
    "}",
    "",
  ];
}

/** @returns the text of src/protocol/generated/messages.ts */
export function messages(schema: Schema): string {
  const root = schema.tables.find((table) => table.name === schema.rootTable);
  const body = root?.fields.find((field) => field.type.kind === "union")?.type;
  const union = schema.unions.find(({ name }) => body?.kind === "union" && name === body.name);
  if (union === undefined) throw new Error(`${schema.rootTable} has no union of bodies`);
  const bodies = union.members.filter((name) => name !== undefined);
  const empty = new Set(schema.tables.filter((table) => table.fields.length === 0).map((table) => table.name));

  const text = [
    ...schema.tables.filter((table) => table !== root).flatMap(tableText),
    "/** What a frame can carry, by name. */",
    "export interface Bodies {",
    ...bodies.map((name) => `  readonly ${name}: ${name};`),
    "}",
    "",
    "export const bodyDecoders: { readonly [Name in keyof Bodies]: (frame: wire.Frame) => Bodies[Name] } = {",
    ...bodies.map((name) =>
      empty.has(name)
        ? `  ${name}: decode${name},`
        : `  ${name}: (frame) => decode${name}(frame.body(new wire.${name}())),`,
    ),
    "};",
    "",
    "export const bodyEncoders: {",
    "  readonly [Name in keyof Bodies]: (builder: Builder, body: codec.Encodable<Bodies[Name]>) => codec.Reference;",
    "} = {",
    ...bodies.map((name) => `  ${name}: encode${name},`),
    "};",
    "",
  ].join("\n");

  return [
    ...generatedHeader("Every table of the schema as a plain object, and its codec over flatc's accessors."),
    `import type { Builder } from "flatbuffers";`,
    `import type { Offset, Timestamp } from "../../base/units.ts";`,
    `import * as codec from "../field-codec.ts";`,
    `import { Slot } from "./verifier-tables.ts";`,
    `import * as wire from "./wire.ts";`,
    "",
    text,
  ].join("\n");
}
