/** Measurements as a terminal shows them. */
import type { Measurement } from "./benchmark.ts";

const header = ["benchmark", "ns/operation", "MB/s", "ratio", "to"];

export function formatTable(measurements: readonly Measurement[]): string {
  const lines = [header, ...measurements.map(cellsOf)];
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column]!.length)));
  return lines
    .map(([name, nanoseconds, rate, ratio, calibration]) =>
      [
        name!.padEnd(widths[0]!),
        nanoseconds!.padStart(widths[1]!),
        rate!.padStart(widths[2]!),
        ratio!.padStart(widths[3]!),
        calibration,
      ].join("  "),
    )
    .join("\n");
}

function cellsOf({ name, nanoseconds, bytes, ratio, calibration }: Measurement): string[] {
  const rate = bytes === 0 ? "" : Math.round((bytes * 1e3) / nanoseconds).toLocaleString("en");
  return [name, figure(nanoseconds), rate, figure(ratio), calibration];
}

/** Three digits that count. */
export function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}
