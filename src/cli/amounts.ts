/** Amounts for people: sizes, rates, times and moments. What programs read is never rounded so. */

const SIZE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1536 → "1.5 KiB" */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < SIZE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${SIZE_UNITS[unit]}`;
}

/** 1234567 → "1,234,567" */
export function countText(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** "1 record", "2,000 records". */
export function pluralText(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? "" : noun.endsWith("ch") ? "es" : "s"}`;
}

/** Bytes in a time → "12.3 MB/s", in units of 1,000,000 as throughput is told. */
export function rateText(bytes: number, ms: number): string {
  return `${(bytes / 1e6 / (ms / 1000)).toFixed(1)} MB/s`;
}

export function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** A moment as ISO 8601; what no calendar has, as the number it is. */
export function momentText(timestamp: number): string {
  const date = new Date(timestamp);
  return Number.isNaN(date.getTime()) ? String(timestamp) : date.toISOString();
}
