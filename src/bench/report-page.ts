/** The report for people: one page without anything beside it, tables and plots (plots.ts). */
import type { RunSecond } from "./figures.ts";
import type { ReportFootprint } from "./footprint.ts";
import type { Limits } from "./limits.ts";
import { barChart, curveChart, loadChart, type Series, type TimeSeries, timeChart } from "./plots.ts";
import type { MissingCell, Report, ReportCell, ReportRow } from "./report.ts";
import type { LatencyName } from "./run-line.ts";
import type { Spread } from "./spread.ts";
import { isLoad } from "./workloads.ts";

/** Colours that people who see red and green alike tell apart (Okabe and Ito, 2008). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d00", "#555555"];

const LATENCY_TITLES: Record<LatencyName, string> = {
  response: "from when a record was due to its acknowledgement",
  service: "from when it was sent to its acknowledgement",
  endToEnd: "from when it was due to its visit at the consumer",
};

const DURABILITIES = {
  disk: "acknowledged when synced to the disk",
  os: "acknowledged when written, before it is synced",
  memory: "kept in memory",
};

export function reportPage(report: Report): string {
  const peers = [...new Map(report.rows.flatMap(({ cells }) => cells.map((cell) => [cell.peer, cell.title])))];
  const colours = new Map(peers.map(([peer], index) => [peer, COLOURS[index % COLOURS.length]!]));
  const { deviceSync, machine, commit, command, warmUpSeconds, seconds } = report;
  const facts = [
    ["Machine", machine],
    ["Disk", `4 KiB append and fdatasync: p50 ${ms(deviceSync.p50Us)}, p99 ${ms(deviceSync.p99Us)}, just before`],
    ["Limits", limitsText(report.limits)],
    ["Commit", commit],
    ["Command", command],
    ["Runs", `${warmUpSeconds} s warm-up and ${seconds} s measured, each on a new broker and an empty folder`],
    ["At", new Date(report.at).toISOString()],
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Cambium benchmark</title><style>${STYLE}</style></head><body>
<h1>Cambium and its peers</h1>
<table class="facts">${facts.map(([name, value]) => `<tr><th>${name}</th><td>${escaped(value!)}</td></tr>`).join("")}</table>
<p>Every record has its own payload, goes through the client's call for one record, and is looked at by the consumer: a run that loses,
doubles, reorders or damages one has no figure. Figures are medians of the repetitions, with their range; latencies are merged over
them, and stop at the quantile beyond which fewer than 100 samples lie.</p>
<p class="legend">${peers.map(([peer, title]) => `<span><i style="background:${colours.get(peer)}"></i>${escaped(title)}</span>`).join("")}</p>
${overview(report, peers)}${footprintSection(report.footprints)}${loadSection(report.rows, colours)}
${report.rows
  .filter(({ settings }) => !isLoad(settings))
  .map((row) => section(row, colours))
  .join("\n")}
</body></html>
`;
}

function section(row: ReportRow, colours: ReadonlyMap<string, string>): string {
  const { workload, rate, durability, settings, cells, missing } = row;
  const asked =
    rate > 0 ? `${rate.toLocaleString("en")} records/s asked for` : rate < 0 ? "one in flight" : "as many as go";
  const what = `${settings.size} bytes, ${settings.partitions} partition(s), ${settings.producers} producer(s), ${settings.consumers} consumer(s), ${asked}`;
  const bars = cells.map((cell) => ({
    label: cell.title,
    colour: colours.get(cell.peer)!,
    spread: cell.recordsPerSecond,
  }));
  const plots = (["response", "endToEnd"] as const).map((name) => latencyPlot(name, cells, colours)).join("");
  const timePlots = overTime.map((plot) => timePlot(plot, cells, colours)).join("");
  return `<section><h2>${escaped(workload)}</h2><p>${escaped(what)}; <b>${durability}</b>: ${DURABILITIES[durability]}</p>
${rate === 0 && bars.length > 0 ? barChart(bars, "records/s") : ""}<div class="plots">${plots}</div>${table(cells)}${missing.map(missingLine).join("")}
<details><summary>Second by second, of the repetition in the middle</summary><div class="plots">${timePlots}</div></details></section>`;
}

/** What a reader wants to know first: of every workload its one figure, the best of them in bold. */
function overview({ rows }: Report, peers: readonly (readonly [peer: string, title: string])[]): string {
  const shown = peers.filter(([peer]) => peer !== "null");
  const lines = rows
    .filter(({ settings }) => !isLoad(settings))
    .map((row) => {
      const figures = shown.map(([peer]) => headlineOf(row, peer));
      const values = figures.flatMap((figure) => figure ?? []);
      const best = row.rate === 0 ? Math.max(...values) : Math.min(...values);
      const cells = figures.map((figure) => {
        if (figure === null) return "–";
        const text = row.rate === 0 ? Math.round(figure).toLocaleString("en") : ms(figure);
        return figure === best ? `<b>${text}</b>` : text;
      });
      return [escaped(row.workload), row.rate === 0 ? "records/s" : "p99", ...cells];
    });
  // Which client, and how it was set, is told above.
  const head = ["", "", ...shown.map(([, title]) => escaped(title.split(/,| table/)[0]!))];
  return `<section class="glance"><h2>At a glance</h2><p>As many as go: records/s. On a schedule, or each by itself: p99 end to end, or of the acknowledgement
where nobody consumes meanwhile. The best is bold.</p>${tableOf(head, lines)}</section>`;
}

/** @returns records/s, or us; null: there is none */
function headlineOf({ rate, cells }: ReportRow, peer: string): number | null {
  const cell = cells.find((each) => each.peer === peer);
  if (cell === undefined) return null;
  if (rate === 0) return cell.recordsPerSecond.median;
  return (cell.latencies.endToEnd ?? cell.latencies.response)?.summary.p99Us ?? null;
}

function limitsText({ memcpy, loopback, pageCache, disk }: Limits): string {
  const rate = (bytesPerSecond: number): string => `${Math.round(bytesPerSecond / 1e6).toLocaleString("en")} MB/s`;
  return `memory to memory ${rate(memcpy)}, one TCP connection ${rate(loopback)}, a new file unsynced ${rate(pageCache)}, synced every few MiB ${rate(disk)}; each by one process, just before`;
}

function footprintSection(footprints: readonly ReportFootprint[]): string {
  if (footprints.length === 0) return "";
  const head = [
    "",
    "start",
    "idle memory, MB",
    "idle CPU, %",
    "memory after a load, MB",
    "data, GB",
    "start with it, after a stop",
    "after a kill",
  ];
  const cell = (spread: Spread | null, text: (value: number) => string): string =>
    spread === null ? "–" : range(spread, text);
  const rows = footprints.map(({ title, figures }) => [
    escaped(title),
    cell(figures.startMs, seconds),
    cell(figures.idleMemoryBytes, megabytes),
    cell(figures.idleCores, (value) => (value * 100).toFixed(1)),
    cell(figures.loadedMemoryBytes, megabytes),
    cell(figures.dataBytes, (value) => (value / 1e9).toFixed(1)),
    cell(figures.restartMs, seconds),
    cell(figures.afterKillMs, seconds),
  ]);
  const manyHead = [
    "",
    "topics",
    "start with them",
    "memory beside an empty one's, MB",
    "the same, loaded, MB",
    "records/s to all",
  ];
  const many = footprints.flatMap(({ title, topics }) =>
    topics === null
      ? []
      : [
          [
            escaped(title),
            cell(topics.topics, (value) => value.toLocaleString("en")),
            cell(topics.startMs, seconds),
            cell(topics.idleMemoryBytes, megabytes),
            cell(topics.loadedMemoryBytes, megabytes),
            cell(topics.recordsPerSecond, (value) => Math.round(value).toLocaleString("en")),
          ],
        ],
  );
  return `<section><h2>What a broker costs</h2><p>From the start of its process to its first answer; its memory and CPU while nobody comes;
and the same with the data of a load as fast as it takes it.</p>${tableOf(head, rows)}${many.length > 0 ? tableOf(manyHead, many) : ""}</section>`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** Latency against load: where a curve turns up, the broker has its fill. */
function loadSection(rows: readonly ReportRow[], colours: ReadonlyMap<string, string>): string {
  const loads = rows.filter(({ settings }) => isLoad(settings));
  const cells = loads.flatMap((row) => row.cells.map((cell) => ({ rate: row.rate, cell })));
  const peers = [...new Set(cells.map(({ cell }) => cell.peer))];
  if (peers.length === 0) return "";
  const plots = (["response", "endToEnd"] as const).map((name) => {
    const series = peers.map((peer) => ({
      colour: colours.get(peer)!,
      points: cells.flatMap(({ rate, cell }): [number, number][] => {
        const p99Us = cell.peer === peer ? cell.latencies[name]?.p99Us.median : undefined;
        return p99Us === undefined ? [] : [[rate, p99Us / 1000]];
      }),
    }));
    return loadChart(series, `p99, ms ${LATENCY_TITLES[name]}`);
  });
  const head = [
    "records/s asked for",
    ...peers.map((peer) => escaped(cells.find(({ cell }) => cell.peer === peer)!.cell.title)),
  ];
  const text = (cell: ReportCell): string => {
    const summary = cell.latencies.endToEnd?.summary;
    const achieved = `<small>${Math.round(cell.recordsPerSecond.median).toLocaleString("en")} records/s</small>`;
    return summary === undefined ? "–" : `${ms(summary.p50Us)} / ${ms(summary.p99Us)} ${achieved}`;
  };
  const lines = loads.map((row) => [
    row.rate.toLocaleString("en"),
    ...peers.map((peer) => {
      const cell = row.cells.find((each) => each.peer === peer);
      return cell === undefined ? "–" : text(cell);
    }),
  ]);
  return `<section><h2>Latency against load</h2><p>1 KiB, 2 partitions, one producer and one consumer, on a schedule that waits for nobody;
in the table end to end, p50 / p99, and what was achieved of what was asked for.</p><div class="plots">${plots.join("")}</div>${tableOf(head, lines)}</section>`;
}

interface TimePlot {
  readonly title: string;
  readonly isLogarithmic: boolean;
  /** null: there is none of that second. */
  of(second: RunSecond): number | null;
}

const overTime: readonly TimePlot[] = [
  { title: "records/s", isLogarithmic: false, of: (second) => second.recordsPerSecond },
  { title: "ms, p99 acknowledged", isLogarithmic: true, of: (second) => msOf(second.responseP99Us) },
  { title: "ms, p99 end to end", isLogarithmic: true, of: (second) => msOf(second.endToEndP99Us) },
  { title: "processors that the broker keeps busy", isLogarithmic: false, of: (second) => second.brokerCores },
  { title: "MB of memory of the broker", isLogarithmic: false, of: (second) => second.brokerMemoryBytes / 1e6 },
];

function msOf(us: number | null): number | null {
  return us === null ? null : us / 1000;
}

function timePlot(plot: TimePlot, cells: readonly ReportCell[], colours: ReadonlyMap<string, string>): string {
  const series = cells.flatMap((cell): TimeSeries[] => {
    const values = cell.overTime.map((second) => plot.of(second));
    return values.every((value) => value === null) ? [] : [{ colour: colours.get(cell.peer)!, values }];
  });
  return series.length === 0 ? "" : timeChart(series, plot.title, plot.isLogarithmic);
}

function latencyPlot(name: LatencyName, cells: readonly ReportCell[], colours: ReadonlyMap<string, string>): string {
  const series = cells.flatMap((cell): Series[] => {
    const latencies = cell.latencies[name];
    return latencies === null ? [] : [{ colour: colours.get(cell.peer)!, points: latencies.curve }];
  });
  return series.length === 0 ? "" : curveChart(series, `ms ${LATENCY_TITLES[name]}`);
}

function table(cells: readonly ReportCell[]): string {
  if (cells.length === 0) return "";
  const isDrained = cells.some(({ drain }) => drain !== null);
  const rate = (value: number): string => Math.round(value).toLocaleString("en");
  const head = [
    "",
    "records/s",
    "MB/s",
    "the disk by itself, MB/s",
    "broker CPU, us/record",
    "clients' CPU, us/record",
    "broker memory, MB",
    "acknowledged p50 / p99 / p99.9",
    "end to end p50 / p99 / p99.9",
    ...(isDrained ? ["read back, records/s"] : []),
    "audit",
  ];
  const rows = cells.map((cell) => [
    escaped(cell.title),
    range(cell.recordsPerSecond, rate),
    range(cell.bytesPerSecond, (value) => (value / 1e6).toFixed(1)),
    range(cell.deviceBytesPerSecond, (value) => (value / 1e6).toFixed(0)),
    range(cell.brokerCpuUs, (value) => value.toFixed(2)),
    (cell.producerCpuUs.median + cell.consumerCpuUs.median).toFixed(2),
    range(cell.brokerMemoryBytes, (value) => (value / 1e6).toFixed(0)),
    latencyText(cell, "response"),
    latencyText(cell, "endToEnd"),
    ...(isDrained ? [cell.drain === null ? "–" : range(cell.drain.recordsPerSecond, rate)] : []),
    cell.audit.consumed > 0 ? `${cell.audit.consumed.toLocaleString("en")} read and good` : "not consumed",
  ]);
  return tableOf(head, rows);
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (values: readonly string[], tag: string): string =>
    `<tr>${values.map((value) => `<${tag}>${value}</${tag}>`).join("")}</tr>`;
  return `<table>${line(head, "th")}${rows.map((values) => line(values, "td")).join("")}</table>`;
}

function missingLine({ title, missing, why }: MissingCell): string {
  return `<p class="missing">${escaped(title)}: <b>${missing === "failed" ? "FAILED" : "NOT MEASURED"}</b>, ${escaped(why)}</p>`;
}

function latencyText({ latencies }: ReportCell, name: LatencyName): string {
  const summary = latencies[name]?.summary;
  if (summary === undefined) return "–";
  const { p50Us, p99Us, p999Us } = summary;
  return `${ms(p50Us)} / ${ms(p99Us)} / ${p999Us === null ? "–" : ms(p999Us)}`;
}

function range({ median, min, max }: Spread, text: (value: number) => string): string {
  return min === max ? text(median) : `${text(median)} <small>${text(min)} to ${text(max)}</small>`;
}

function ms(us: number): string {
  return `${us >= 100_000 ? (us / 1000).toFixed(0) : (us / 1000).toFixed(2)} ms`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

const STYLE = `
body{font:15px/1.45 system-ui,sans-serif;color:#222;max-width:1100px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin:2.2rem 0 .2rem}p{margin:.3rem 0 .8rem}
table{border-collapse:collapse;width:100%;font-size:13px;margin:.6rem 0}
th,td{text-align:left;padding:.3rem .5rem;border-bottom:1px solid #ddd;vertical-align:top}
small{color:#777;display:block}.glance td{white-space:nowrap}.missing{font-size:13px}.facts th{width:6rem}
.legend{position:sticky;top:0;background:#fff;padding:.5rem 0;border-bottom:1px solid #ddd}
.legend span{margin-right:1.4rem;white-space:nowrap}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}
.plots{display:flex;flex-wrap:wrap;gap:1rem}svg{font:12px system-ui,sans-serif;max-width:100%}`;
