/** Where `consume` begins: earliest, latest, an offset, or a time. */

import { UsageError } from "./command-error.ts";
import { parseDuration } from "./option-types.ts";

/** As the client takes it. */
export type StartingPoint = "earliest" | "latest" | { readonly offset: number } | { readonly time: number };

/** With a day, so that "2024" stays the offset it looks like. */
const ISO_8601 = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?))?$/;

/**
 * @param nowMs Unix ms, from which "-1h" is counted
 * @throws UsageError
 */
export function startingPoint(text: string, nowMs: number): StartingPoint {
  if (text === "earliest" || text === "latest") return text;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { offset: Number(text) };
  const ago = text.startsWith("-") ? parseDuration(text.slice(1)) : null;
  if (ago !== null) return { time: Math.max(0, nowMs - ago) };
  const time = timeOf(text);
  if (!Number.isNaN(time)) return { time: Math.max(0, time) }; // No record is older than 1970.
  throw new UsageError(
    `--from is earliest, latest, an offset such as 1200, or a time such as 2024-05-01T12:00:00Z or -1h, not "${text}"`,
  );
}

/** Local where no zone is named, also a day alone, which `Date.parse` takes for UTC's. @returns Unix ms, or NaN */
function timeOf(text: string): number {
  const match = ISO_8601.exec(text);
  if (match === null) return Number.NaN;
  const [, day = "", time = "00:00"] = match;
  const midnight = new Date(`${day}T00:00Z`);
  // A February 30 would be a day of March.
  const exists = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  return exists ? Date.parse(`${day}T${time}`) : Number.NaN;
}
