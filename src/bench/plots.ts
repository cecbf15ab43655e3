/** Plots as SVG, in the text of a page. */
import type { Curve } from "./report.ts";
import type { Spread } from "./spread.ts";

export interface Bar {
  readonly label: string;
  readonly colour: string;
  readonly spread: Spread;
}

export interface Series {
  readonly colour: string;
  readonly points: Curve;
}

/** A value for each second; null: there is none. */
export interface TimeSeries {
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

const BAR_HEIGHT = 26;
const LABEL_WIDTH = 260;
const LABEL_LENGTH_MAX = 38;
const BAR_WIDTH = 560;
const VALUE_WIDTH = 140;

/** Bars of medians, with a line from the least to the most. */
export function barChart(bars: readonly Bar[], unit: string): string {
  const most = Math.max(...bars.map(({ spread }) => spread.max), 1);
  const x = (value: number): number => LABEL_WIDTH + (value / most) * BAR_WIDTH;
  const rows = bars.map(({ label, colour, spread }, index) => {
    const top = index * BAR_HEIGHT + 4;
    const middle = top + BAR_HEIGHT / 2 - 2;
    const value = `${Math.round(spread.median).toLocaleString("en")} ${unit}`;
    return `<text x="${LABEL_WIDTH - 8}" y="${middle + 4}" text-anchor="end">${shortened(label)}</text>
<rect x="${LABEL_WIDTH}" y="${top}" width="${(x(spread.median) - LABEL_WIDTH).toFixed(1)}" height="${BAR_HEIGHT - 6}" fill="${colour}"/>
<path d="M${x(spread.min).toFixed(1)} ${middle}H${x(spread.max).toFixed(1)}" stroke="#222" stroke-width="2"/>
<text x="${(x(spread.max) + 8).toFixed(1)}" y="${middle + 4}">${value}</text>`;
  });
  const [width, height] = [LABEL_WIDTH + BAR_WIDTH + VALUE_WIDTH, bars.length * BAR_HEIGHT + 8];
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${unit}">${rows.join("")}</svg>`;
}

function shortened(label: string): string {
  return label.length <= LABEL_LENGTH_MAX ? label : `${label.slice(0, LABEL_LENGTH_MAX - 1)}…`;
}

const PLOT = { width: 520, height: 260, left: 56, right: 14, top: 22, bottom: 30 };

/** Latencies over quantiles, both on logarithmic axes: as many nines from left to right as there are samples for. */
export function curveChart(series: readonly Series[], title: string): string {
  const points = series.flatMap(({ points: own }) => own);
  const nines = Math.max(1, ...points.map(([quantile]) => ninesOf(quantile)));
  const [least, most] = [Math.min(...points.map(([, us]) => log(us))), Math.max(...points.map(([, us]) => log(us)))];
  const [floor, ceiling] = [Math.floor(least), Math.max(Math.ceil(most), Math.floor(least) + 1)];
  const { width, height, left, right, top, bottom } = PLOT;
  const x = (quantile: number): number => left + (ninesOf(quantile) / nines) * (width - left - right);
  const y = (us: number): number => height - bottom - ((log(us) - floor) / (ceiling - floor)) * (height - top - bottom);
  const quantiles = [0, 0.9, 0.99, 0.999, 0.9999, 0.99999].filter((quantile) => ninesOf(quantile) <= nines + 1e-9);
  const columns = quantiles.map((quantile) => {
    const at = x(quantile).toFixed(1);
    const label = quantile === 0 ? "min" : `${+(quantile * 100).toFixed(3)} %`;
    return `<path d="M${at} ${top}V${height - bottom}" stroke="#ddd"/><text x="${at}" y="${height - 10}" text-anchor="middle">${label}</text>`;
  });
  const rows = Array.from({ length: ceiling - floor + 1 }, (_, index) => {
    const us = 10 ** (floor + index);
    const at = y(us).toFixed(1);
    return `<path d="M${left} ${at}H${width - right}" stroke="#ddd"/><text x="${left - 6}" y="${+at + 4}" text-anchor="end">${us / 1000}</text>`;
  });
  const lines = series.map(({ colour, points: own }) => {
    const path = own.map(([quantile, us]) => `${x(quantile).toFixed(1)} ${y(us).toFixed(1)}`).join("L");
    return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  });
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${title}"><text x="${left}" y="14">${title}</text>${columns.join("")}${rows.join("")}${lines.join("")}</svg>`;
}

export interface LoadSeries {
  readonly colour: string;
  /** By rising rate. */
  readonly points: readonly (readonly [rate: number, ms: number])[];
}

/** Latencies, on a logarithmic axis, over rates. */
export function loadChart(series: readonly LoadSeries[], title: string): string {
  const points = series.flatMap(({ points: own }) => own);
  if (points.length === 0) return "";
  const ticks = decades(points.map(([, ms]) => ms));
  const [floor, ceiling] = [Math.log10(ticks[0]!), Math.log10(ticks.at(-1)!)];
  const most = Math.max(...points.map(([rate]) => rate));
  const { width, height, left, right, top, bottom } = PLOT;
  const x = (rate: number): number => left + (rate / most) * (width - left - right);
  const y = (ms: number): number =>
    height - bottom - ((Math.log10(Math.max(ms, ticks[0]!)) - floor) / (ceiling - floor)) * (height - top - bottom);
  const rows = ticks.map((tick) => {
    const at = y(tick).toFixed(1);
    return `<path d="M${left} ${at}H${width - right}" stroke="#ddd"/><text x="${left - 6}" y="${+at + 4}" text-anchor="end">${short(tick)}</text>`;
  });
  const columns = steps(most)
    .filter((rate) => rate <= most)
    .map((rate) => `<text x="${x(rate).toFixed(1)}" y="${height - 10}" text-anchor="middle">${short(rate)}</text>`);
  const lines = series.map(({ colour, points: own }) => {
    const places = own.map(([rate, ms]) => [x(rate).toFixed(1), y(ms).toFixed(1)] as const);
    const dots = places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`).join("");
    return `<path d="M${places.map((place) => place.join(" ")).join("L")}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}`;
  });
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${title}"><text x="${left}" y="14">${title}</text>${rows.join("")}${columns.join("")}${lines.join("")}</svg>`;
}

/** Values over time, a second from one to the next. */
export function timeChart(series: readonly TimeSeries[], title: string, isLogarithmic: boolean): string {
  const values = series.flatMap(({ values: own }) => own.filter((value) => value !== null));
  const seconds = Math.max(2, ...series.map(({ values: own }) => own.length));
  const ticks = isLogarithmic ? decades(values) : steps(Math.max(...values));
  const scale = (value: number): number => (isLogarithmic ? Math.log10(Math.max(value, ticks[0]!)) : value);
  const [floor, ceiling] = [scale(ticks[0]!), scale(ticks.at(-1)!)];
  const { width, height, left, right, top, bottom } = PLOT;
  const x = (second: number): number => left + (second / (seconds - 1)) * (width - left - right);
  const y = (value: number): number =>
    height - bottom - ((scale(value) - floor) / (ceiling - floor)) * (height - top - bottom);
  const rows = ticks.map((tick) => {
    const at = y(tick).toFixed(1);
    return `<path d="M${left} ${at}H${width - right}" stroke="#ddd"/><text x="${left - 6}" y="${+at + 4}" text-anchor="end">${short(tick)}</text>`;
  });
  const columns = [0, seconds - 1].map(
    (second) => `<text x="${x(second)}" y="${height - 10}" text-anchor="middle">${second} s</text>`,
  );
  const lines = series.map(({ colour, values: own }) => {
    const points = own.flatMap((value, second) =>
      value === null ? [] : [`${x(second).toFixed(1)} ${y(value).toFixed(1)}`],
    );
    return `<path d="M${points.join("L")}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  });
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${title}"><text x="${left}" y="14">${title}</text>${rows.join("")}${columns.join("")}${lines.join("")}</svg>`;
}

/** @returns powers of ten around all values */
function decades(values: readonly number[]): number[] {
  const floor = Math.floor(Math.log10(Math.max(Math.min(...values), 0.001)));
  const ceiling = Math.max(floor + 1, Math.ceil(Math.log10(Math.max(...values, 0.001))));
  return Array.from({ length: ceiling - floor + 1 }, (_, index) => 10 ** (floor + index));
}

/** @returns round numbers from 0 to at least `most` */
function steps(most: number): number[] {
  const step = 10 ** Math.floor(Math.log10(Math.max(most, 1e-9)));
  const count = Math.ceil(most / step);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}

function short(value: number): string {
  if (value >= 1e6) return `${+(value / 1e6).toFixed(2)}M`;
  return value >= 1e3 ? `${+(value / 1e3).toFixed(2)}k` : String(+value.toPrecision(2));
}

/** 0 at 0, 1 at 90 %, 2 at 99 %, ... */
function ninesOf(quantile: number): number {
  return -Math.log10(1 - quantile);
}

/** What is shorter than a microsecond was counted as 0. */
function log(us: number): number {
  return Math.log10(Math.max(us, 1));
}
