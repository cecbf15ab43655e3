import { camelCase, generatedHeader } from "./names.ts";
import type { FieldType, Schema, SchemaField } from "./reflection.ts";

function layoutType(type: FieldType): string {
  switch (type.kind) {
    case "scalar":
      return `{ kind: "scalar", size: ${type.size} }`;
    case "struct":
      return `{ kind: "struct", size: ${type.size}, alignment: ${type.alignment} }`;
    case "table":
    case "tables":
      return `{ kind: "${type.kind}", table: "${type.name}" }`;
    case "union":
      return `{ kind: "union", union: "${type.name}" }`;
    case "bytes":
    case "string":
    case "strings":
    case "unionType":
      return `{ kind: "${type.kind}" }`;
  }
}

function slotLayout(field: SchemaField): string {
  const required = field.required ? " required: true," : "";
  const type = field.deprecated ? `{ kind: "deprecated" }` : layoutType(field.type);
  return `      { name: "${camelCase(field.name)}",${required} type: ${type} },`;
}

/** @returns the text of src/protocol/generated/verifier-tables.ts */
export function verifierTables(schema: Schema): string {
  const lines = [
    ...generatedHeader("What the verifier must know of the schema, and the slots by which hot code finds fields."),
    `import type { TableLayout, UnionLayout } from "../table-layout.ts";`,
    "",
    `export const FILE_IDENTIFIER = "${schema.fileIdentifier}";`,
    `export const ROOT_TABLE = "${schema.rootTable}";`,
    "",
    "export const tables: readonly TableLayout[] = [",
  ];
  for (const table of schema.tables) {
    if (table.fields.length === 0) {
      lines.push(`  { name: "${table.name}", slots: [] },`);
      continue;
    }
    lines.push("  {", `    name: "${table.name}",`, "    slots: [", ...table.fields.map(slotLayout), "    ],", "  },");
  }
  lines.push("];", "", "export const unions: readonly UnionLayout[] = [");
  for (const union of schema.unions) {
    lines.push("  {", `    name: "${union.name}",`, "    members: [");
    for (const member of union.members) lines.push(`      ${member === undefined ? "undefined" : `"${member}"`},`);
    lines.push("    ],", "  },");
  }
  lines.push("];", "", "export const Slot = {");
  for (const table of schema.tables) {
    if (table.fields.length === 0) continue;
    const slots = table.fields.map((field) => `    ${camelCase(field.name)}: ${field.slot},`);
    lines.push(`  ${table.name}: {`, ...slots, "  },");
  }
  lines.push("} as const;", "");
  return lines.join("\n");
}
