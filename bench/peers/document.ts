/** docs/benchmarks.md: the reports as text, with what was wanted, and where Cambium is not the best. */
import type { Report, ReportCell, ReportRow } from "../../src/bench/report.ts";
import type { Spread } from "../../src/bench/spread.ts";
import { isLoad } from "../../src/bench/workloads.ts";
import type { KafkaToolsRow } from "../kafka-tools/row.ts";
import { quoted, quotedNote } from "./quoted.ts";
import { Figures, targets } from "./targets.ts";

/** @param tools of `npm run bench:kafka`; none: it was not run */
export function benchmarksDocument(
  report: Report,
  commands: readonly string[],
  tools: readonly KafkaToolsRow[],
): string {
  const { machine, limits, deviceSync, at, commit, warmUpSeconds, seconds } = report;
  const rate = (bytesPerSecond: number): string => `${number(bytesPerSecond / 1e6)} MB/s`;
  return `# Benchmarks

This file is made by \`npm run bench:document\`, of runs of commit ${commit}, ${new Date(at).toISOString().slice(0, 10)}. Repeat them with

\`\`\`sh
${commands.join("\n")}
npm run bench:document -- FOLDER...
\`\`\`

Machine: ${machine}. Its own limits, just before: memory to memory ${rate(limits.memcpy)}, one TCP connection ${rate(limits.loopback)},
a new file unsynced ${rate(limits.pageCache)}, synced every few MiB ${rate(limits.disk)}; an fdatasync of 4 KiB takes ${us(deviceSync.p50Us)} (p50),
${us(deviceSync.p99Us)} (p99). Brokers and their clients share it. Each run is on a new broker and an empty folder, ${warmUpSeconds} s of warm-up
and ${seconds} s measured unless its row says otherwise; figures are medians of the repetitions, with the least and the most where there
are several.

Every record has its own payload, goes through the client's call for one record, and is looked at by the consumer, or when it is read
back: a run that loses, doubles, reorders or damages one has no figure. Latencies count from when a record was due. Durability \`os\`:
acknowledged when written, before it is synced. \`disk\`: when synced. No row mixes them. Each broker has the best client there is for
it here, which for most is one in C; Cambium's is in TypeScript, the one that it comes with.

## What was wanted

${targetTable(report)}

## Where Cambium is not the best

${losses(report)}

## What a broker costs

${footprintTable(report)}

## Latency against load

${loadTable(report)}

${report.rows
  .filter(({ settings }) => !isLoad(settings))
  .map(section)
  .join("\n\n")}

${toolsSection(tools)}## Quoted

${quotedNote}

${table(
  ["", "", ""],
  quoted.map(({ broker, what, figure }) => [broker, what, figure]),
)}
`;
}

function toolsSection(rows: readonly KafkaToolsRow[]): string {
  if (rows.length === 0) return "";
  const head = ["Kafka", "", "records/s", "p50, ms", "p99, ms", "broker CPU, us/record"];
  const lines = rows.map(({ kafka, what, recordsPerSecond, p50Ms, p99Ms, brokerCpuUs }) => [
    kafka,
    what,
    range(recordsPerSecond, 1),
    p50Ms === null ? "–" : range(p50Ms, 1),
    p99Ms === null ? "–" : range(p99Ms, 1),
    range(brokerCpuUs, 1),
  ]);
  return `## Kafka by its own tools

\`npm run bench:kafka\`. ProducerPerformance from a file of payloads (acks=1, linger 5 ms, batches of 128 KiB), ConsumerPerformance,
ShareConsumerPerformance with two threads, EndToEndLatency. They look at no record, and their latencies count from the send itself, in
whole ms.

${table(head, lines)}

`;
}

function targetTable(report: Report): string {
  const figures = new Figures(report);
  const rows = targets.map(({ name, wanted, of }) => {
    const result = of(figures);
    if (result === null) return [name, wanted, "NOT MEASURED", "MISSED"];
    return [name, wanted, result.measured, result.isMet ? "met" : "MISSED"];
  });
  return table(["", "wanted", "measured", ""], rows);
}

/** A figure in which brokers are compared. */
interface Contest {
  readonly what: string;
  readonly isMoreBetter: boolean;
  of(cell: ReportCell): number | null;
}

const contests: readonly Contest[] = [
  { what: "records/s", isMoreBetter: true, of: (cell) => cell.recordsPerSecond.median },
  { what: "records/s read back", isMoreBetter: true, of: (cell) => cell.drain?.recordsPerSecond.median ?? null },
  { what: "broker CPU per record", isMoreBetter: false, of: (cell) => cell.brokerCpuUs.median },
  { what: "broker memory", isMoreBetter: false, of: (cell) => cell.brokerMemoryBytes.median },
  {
    what: "p99 end to end",
    isMoreBetter: false,
    of: (cell) => cell.latencies.endToEnd?.p99Us.median ?? null,
  },
];

function losses(report: Report): string {
  const lines = report.rows.flatMap((row) => {
    const own = row.cells.find(({ peer }) => peer === "cambium");
    const others = row.cells.filter(({ peer }) => peer !== "cambium" && peer !== "null");
    return contests.flatMap(({ what, isMoreBetter, of }) => {
      // On a schedule all are asked for the same.
      if (what === "records/s" && row.rate > 0) return [];
      const ours = own === undefined ? null : of(own);
      return others.flatMap((cell) => {
        const theirs = of(cell);
        if (theirs === null) return [];
        if (ours !== null && (isMoreBetter ? ours >= theirs : ours <= theirs)) return [];
        const ratio =
          ours === null ? "Cambium has none" : `${number(isMoreBetter ? theirs / ours : ours / theirs)} times`;
        return [[row.workload, what, cell.title, ratio]];
      });
    });
  });
  return lines.length === 0 ? "Nowhere in these runs." : table(["workload", "figure", "better", "by"], lines);
}

function footprintTable({ footprints }: Report): string {
  if (footprints.length === 0) return "NOT MEASURED.";
  const text = (spread: Spread | null, unit: number): string => (spread === null ? "–" : range(spread, unit));
  const head = [
    "",
    "start, s",
    "idle, MB",
    "idle CPU, %",
    "after a load, MB",
    "data, GB",
    "start with it, s",
    "after a kill, s",
  ];
  const rows = footprints.map(({ title, figures }) => [
    title,
    text(figures.startMs, 1000),
    text(figures.idleMemoryBytes, 1e6),
    text(figures.idleCores, 0.01),
    text(figures.loadedMemoryBytes, 1e6),
    text(figures.dataBytes, 1e9),
    text(figures.restartMs, 1000),
    text(figures.afterKillMs, 1000),
  ]);
  const many = footprints.flatMap(({ title, topics }) =>
    topics === null
      ? []
      : [
          [
            title,
            range(topics.topics, 1),
            range(topics.startMs, 1000),
            range(topics.idleMemoryBytes, 1e6),
            range(topics.loadedMemoryBytes, 1e6),
            range(topics.recordsPerSecond, 1),
          ],
        ],
  );
  const manyHead = [
    "",
    "topics",
    "start with them, s",
    "memory beside an empty one's, MB",
    "loaded, MB",
    "records/s to all",
  ];
  return many.length === 0 ? table(head, rows) : `${table(head, rows)}\n\n${table(manyHead, many)}`;
}

function loadTable({ rows }: Report): string {
  const loads = rows.filter(({ settings }) => isLoad(settings));
  const peers = new Map(loads.flatMap(({ cells }) => cells.map(({ peer, title }) => [peer, title])));
  if (peers.size === 0) return "NOT MEASURED.";
  const lines = loads.map((row) => [
    number(row.rate),
    ...[...peers.keys()].map((peer) => {
      const summary = row.cells.find((cell) => cell.peer === peer)?.latencies.endToEnd?.summary;
      return summary === undefined ? "–" : `${us(summary.p50Us)} / ${us(summary.p99Us)}`;
    }),
  ]);
  const note = "1 KiB, `os`, 2 partitions, linger 5 ms, one producer and one consumer; end to end, p50 / p99.";
  return `${note}\n\n${table(["records/s", ...peers.values()], lines)}`;
}

function section({ workload, settings, durability, rate, cells, missing }: ReportRow): string {
  const asked = rate > 0 ? `${number(rate)} records/s asked for` : rate < 0 ? "each by itself" : "as many as go";
  const { size, partitions, topics, producers, consumers, idle } = settings;
  const what = [
    `${number(size)} bytes`,
    topics > 1 ? `${topics} topics` : `${partitions} partition(s)`,
    `${producers} producer(s)`,
    `${consumers} consumer(s)`,
    ...(idle > 0 ? [`${number(idle)} idle connections`] : []),
    asked,
    `\`${durability}\``,
  ].join(", ");
  const isDrained = cells.some(({ drain }) => drain !== null);
  const head = ["", "records/s", "MB/s", "disk by itself, MB/s", "broker CPU, us/record", "broker memory, MB"];
  head.push(
    "acknowledged p50 / p99 / p99.9",
    "end to end p50 / p99 / p99.9",
    ...(isDrained ? ["read back, records/s"] : []),
  );
  const lines = cells.map((cell) => [
    cell.title,
    range(cell.recordsPerSecond, 1),
    range(cell.bytesPerSecond, 1e6),
    range(cell.deviceBytesPerSecond, 1e6),
    range(cell.brokerCpuUs, 1),
    range(cell.brokerMemoryBytes, 1e6),
    latencies(cell, "response"),
    latencies(cell, "endToEnd"),
    ...(isDrained ? [cell.drain === null ? "–" : range(cell.drain.recordsPerSecond, 1)] : []),
  ]);
  const notes = missing.map(
    ({ title, missing: kind, why }) => `- ${title}: ${kind === "failed" ? "FAILED" : "NOT MEASURED"}, ${why}`,
  );
  return [
    `## ${workload}`,
    what,
    ...(lines.length > 0 ? [table(head, lines)] : []),
    ...(notes.length > 0 ? [notes.join("\n")] : []),
  ].join("\n\n");
}

function latencies(cell: ReportCell, name: "response" | "endToEnd"): string {
  const summary = cell.latencies[name]?.summary;
  if (summary === undefined) return "–";
  return `${us(summary.p50Us)} / ${us(summary.p99Us)} / ${summary.p999Us === null ? "–" : us(summary.p999Us)}`;
}

function range({ median, min, max }: Spread, unit: number): string {
  return min === max
    ? number(median / unit)
    : `${number(median / unit)} (${number(min / unit)} to ${number(max / unit)})`;
}

function us(value: number): string {
  return `${number(value / 1000)} ms`;
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)));
}

/** Aligned, as the formatter would have it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => "-"), ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((cells) => cells[column]!.length)));
  return all
    .map(
      (cells, row) =>
        `| ${cells.map((cell, column) => (row === 1 ? "-".repeat(widths[column]!) : cell.padEnd(widths[column]!))).join(" | ")} |`,
    )
    .join("\n");
}
