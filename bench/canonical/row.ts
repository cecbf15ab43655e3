/** A line of the canonical benchmark. */

export interface Row {
  readonly name: string;
  /** Median of the repetitions. */
  readonly value: number;
  readonly unit: string;
  /** What must be reached, in the same unit. */
  readonly target: number;
  readonly met: boolean;
  /** Least and greatest of the repetitions. */
  readonly min: number;
  readonly max: number;
  /** Other figures of the same runs, by name. */
  readonly details: Readonly<Record<string, number | string>>;
}

export interface Goal {
  readonly name: string;
  readonly unit: string;
  readonly target: number;
  readonly better: "higher" | "lower";
}

export function rowOf(goal: Goal, values: readonly number[], details: Row["details"] = {}): Row {
  const value = median(values);
  const { name, unit, target, better } = goal;
  const met = better === "higher" ? value >= target : value <= target;
  return { name, value, unit, target, met, min: Math.min(...values), max: Math.max(...values), details };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @param quantile 0 to 1 */
export function percentile(values: readonly number[], quantile: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(quantile * sorted.length) - 1)]!;
}

/** The table as a terminal shows it. */
export function formatRows(rows: readonly Row[]): string {
  const table = [["row", "median", "range", "target", "", "details"], ...rows.map(cellsOf)];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** The table as Markdown, aligned as the formatter wants it. */
export function markdownRows(rows: readonly Row[]): string {
  const table = [["", "median", "least to most", "target", "", "of the same runs"], ...rows.map(cellsOf)];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)));
  const rule = widths.map((width) => "-".repeat(width));
  return [table[0]!, rule, ...table.slice(1)]
    .map((cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`)
    .join("\n");
}

function cellsOf(row: Row): string[] {
  return [
    row.name,
    `${round(row.value)} ${row.unit}`,
    `${round(row.min)} to ${round(row.max)}`,
    `${round(row.target)} ${row.unit}`,
    row.met ? "met" : "MISSED",
    Object.entries(row.details)
      .map(([name, value]) => `${name} ${typeof value === "number" ? round(value) : value}`)
      .join(", "),
  ];
}

function round(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}
