/** What the verifier must know of a schema. The values are in generated/verifier-tables.ts. */

export interface SlotLayout {
  readonly name: string;
  readonly required?: true;
  readonly type:
    | { readonly kind: "scalar"; readonly size: 1 | 2 | 4 | 8 }
    | { readonly kind: "struct"; readonly size: number; readonly alignment: 1 | 2 | 4 | 8 }
    | { readonly kind: "string" }
    /** A vector of bytes. */
    | { readonly kind: "bytes" }
    /** A vector of strings. */
    | { readonly kind: "strings" }
    | { readonly kind: "table"; readonly table: string }
    /** A vector of tables. */
    | { readonly kind: "tables"; readonly table: string }
    /** One byte that says which table the next slot, the union itself, refers to. */
    | { readonly kind: "unionType" }
    | { readonly kind: "union"; readonly union: string }
    /** Nobody reads it, so whatever it holds is harmless. */
    | { readonly kind: "deprecated" };
}

export interface TableLayout {
  readonly name: string;
  /** By slot number: the field's index in the vtable. */
  readonly slots: readonly SlotLayout[];
}

export interface UnionLayout {
  readonly name: string;
  /** Names of tables by type number; 0 is NONE. */
  readonly members: readonly (string | undefined)[];
}
