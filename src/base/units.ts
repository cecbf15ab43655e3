/** Numbers that must not be mixed up; the types cost nothing at run time. */

declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

/** Place of a record in a partition's log. u64 on disk and on the wire; here a safe integer (below 2^53). */
export type Offset = Unit<"Offset">;

/** Unix time in milliseconds. */
export type Timestamp = Unit<"Timestamp">;

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
