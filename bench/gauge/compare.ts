/** The gate: what of a run is worse than what was committed, and what one has that the other lacks. */
import type { Measurement } from "./benchmark.ts";
import { figure } from "./table.ts";

/** Name to ratio. */
export type Ratios = Readonly<Record<string, number>>;
export type Measured = Pick<Measurement, "name" | "ratio">;

/** @returns those whose ratio is more than `factor` times the committed one */
export function slowerThan(committed: Ratios, measured: readonly Measured[], factor: number): Measured[] {
  // Not a number is not fast enough.
  return measured.filter(({ name, ratio }) => Object.hasOwn(committed, name) && !(ratio <= committed[name]! * factor));
}

/** @returns a line for each benchmark that does not hold; none: all is well */
export function complaintsAbout(committed: Ratios, measured: readonly Measured[], factor: number): string[] {
  const names = measured.map(({ name }) => name);
  const slower = slowerThan(committed, measured, factor).map(({ name, ratio }) => {
    const before = committed[name]!;
    return `${name}: slower: its ratio is ${figure(ratio)}, ${figure(ratio / before)} times the committed ${figure(before)}; ${figure(factor)} times is allowed`;
  });
  const missing = Object.keys(committed).filter((name) => !names.includes(name));
  const extra = names.filter((name) => !Object.hasOwn(committed, name));
  return [
    ...slower,
    ...missing.map((name) => `${name}: missing: it is in the file and was not measured`),
    ...extra.map((name) => `${name}: extra: it was measured and is not in the file`),
  ];
}
