/**
 * The schema's tables as the verifier walks them: one 32-bit word per slot, all in one small array.
 *
 *   bits   of a word
 *   0..2   Kind
 *   3      the field is required
 *   4..7   its alignment: 1, 2, 4 or 8
 *   8..15  its bytes, inside its table
 *   16..   what its offset leads to: number of a table or of a union
 */
import { assert } from "../base/assert.ts";
import { ROOT_TABLE, tables, unions } from "./generated/verifier-tables.ts";
import type { SlotLayout, TableLayout } from "./table-layout.ts";

export const Kind = {
  /** Scalars, structs, union types and what nobody reads. */
  inline: 0,
  /** All others are offsets. */
  string: 1,
  bytes: 2,
  strings: 3,
  table: 4,
  tables: 5,
  union: 6,
} as const;

/** Tables inside tables, the root included. */
const NESTING_MAX = 8;

export function kindOf(word: number): number {
  return word & 7;
}

export function isRequired(word: number): boolean {
  return (word & 8) !== 0;
}

export function alignmentOf(word: number): number {
  return (word >> 4) & 0xf;
}

export function sizeOf(word: number): number {
  return (word >> 8) & 0xff;
}

export function targetOf(word: number): number {
  return word >> 16;
}

function slotWord(kind: number, alignment: number, size: number, target: number, required: boolean): number {
  assert(size <= 0xff && target <= 0x7fff, "a slot fits in its word");
  return kind | (required ? 8 : 0) | (alignment << 4) | (size << 8) | (target << 16);
}

const tableNumbers = new Map(tables.map((table, number) => [table.name, number]));
const unionNumbers = new Map(unions.map((union, number) => [union.name, number]));

function numberOf(numbers: ReadonlyMap<string, number>, name: string): number {
  const number = numbers.get(name);
  assert(number !== undefined, "what a slot refers to exists");
  return number;
}

function compile(slot: SlotLayout): number {
  const required = slot.required === true;
  const type = slot.type;
  switch (type.kind) {
    case "scalar":
      return slotWord(Kind.inline, type.size, type.size, 0, required);
    case "unionType":
      return slotWord(Kind.inline, 1, 1, 0, required);
    case "struct":
      return slotWord(Kind.inline, type.alignment, type.size, 0, required);
    case "string":
      return slotWord(Kind.string, 4, 4, 0, required);
    case "bytes":
      return slotWord(Kind.bytes, 4, 4, 0, required);
    case "strings":
      return slotWord(Kind.strings, 4, 4, 0, required);
    case "table":
      return slotWord(Kind.table, 4, 4, numberOf(tableNumbers, type.table), required);
    case "tables":
      return slotWord(Kind.tables, 4, 4, numberOf(tableNumbers, type.table), required);
    case "union":
      assert(required, "a union has a value: a type without one needs no rule");
      return slotWord(Kind.union, 4, 4, numberOf(unionNumbers, type.union), required);
    case "deprecated":
      return slotWord(Kind.inline, 1, 0, 0, false);
  }
}

/** The words of table t are slotWords[firstSlots[t]] up to slotWords[firstSlots[t + 1]]. */
export const slotWords = Int32Array.from(tables.flatMap((table) => table.slots.map(compile)));
export const firstSlots = new Int32Array(tables.length + 1);
for (const [number, table] of tables.entries()) firstSlots[number + 1] = firstSlots[number]! + table.slots.length;

/** Slots of the table with the most. */
export const SLOT_COUNT_MAX = Math.max(...tables.map((table) => table.slots.length));

/** For each union, table numbers by type; -1 for NONE. */
export const unionTables = unions.map((union) =>
  Int32Array.from(union.members, (name) => (name === undefined ? -1 : numberOf(tableNumbers, name))),
);

export const rootTable = numberOf(tableNumbers, ROOT_TABLE);

function nestingOf(table: TableLayout, above: readonly TableLayout[]): number {
  assert(!above.includes(table), "no table contains itself");
  const below = table.slots.flatMap(({ type }) => {
    if (type.kind === "union") return unions[numberOf(unionNumbers, type.union)]!.members;
    return type.kind === "table" || type.kind === "tables" ? [type.table] : [];
  });
  const nested = below.filter((name) => name !== undefined).map((name) => tables[numberOf(tableNumbers, name)]!);
  return 1 + Math.max(0, ...nested.map((child) => nestingOf(child, [...above, table])));
}

// The schema alone bounds how deep the verifier recurses, so it is checked here, once, and not in every frame.
assert(nestingOf(tables[rootTable]!, []) <= NESTING_MAX, "tables nest only so deep");
