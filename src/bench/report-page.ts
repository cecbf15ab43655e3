/** The report for people: one page without anything beside it, tables and plots (plots.ts). */
import type { RunSecond } from "./figures.ts";
import { barChart, curveChart, type Series, type TimeSeries, timeChart } from "./plots.ts";
import type { Report, ReportCell, ReportRow, Spread } from "./report.ts";
import type { LatencyName } from "./run-line.ts";

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
${report.rows.map((row) => section(row, colours)).join("\n")}
</body></html>
`;
}

function section(row: ReportRow, colours: ReadonlyMap<string, string>): string {
  const { workload, rate, durability, settings, cells } = row;
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
${rate === 0 ? barChart(bars, "records/s") : ""}<div class="plots">${plots}</div>${table(cells)}
<details><summary>Second by second, of the repetition in the middle</summary><div class="plots">${timePlots}</div></details></section>`;
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
  const head = [
    "",
    "records/s",
    "MB/s",
    "broker CPU, us/record",
    "clients' CPU, us/record",
    "broker memory, MB",
    "acknowledged p50 / p99 / p99.9",
    "end to end p50 / p99 / p99.9",
    "audit",
  ];
  const rows = cells.map((cell) => [
    escaped(cell.title),
    range(cell.recordsPerSecond, (value) => Math.round(value).toLocaleString("en")),
    range(cell.bytesPerSecond, (value) => (value / 1e6).toFixed(1)),
    range(cell.brokerCpuUs, (value) => value.toFixed(2)),
    (cell.producerCpuUs.median + cell.consumerCpuUs.median).toFixed(2),
    range(cell.brokerMemoryBytes, (value) => (value / 1e6).toFixed(0)),
    latencyText(cell, "response"),
    latencyText(cell, "endToEnd"),
    cell.audit.consumed > 0 ? `${cell.audit.consumed.toLocaleString("en")} read and good` : "not consumed",
  ]);
  const line = (values: readonly string[], tag: string): string =>
    `<tr>${values.map((value) => `<${tag}>${value}</${tag}>`).join("")}</tr>`;
  return `<table>${line(head, "th")}${rows.map((values) => line(values, "td")).join("")}</table>`;
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
small{color:#777;display:block}.facts th{width:6rem}
.legend{position:sticky;top:0;background:#fff;padding:.5rem 0;border-bottom:1px solid #ddd}
.legend span{margin-right:1.4rem;white-space:nowrap}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}
.plots{display:flex;flex-wrap:wrap;gap:1rem}svg{font:12px system-ui,sans-serif;max-width:100%}`;
