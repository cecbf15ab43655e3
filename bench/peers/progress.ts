/** What a run came to, on a line for who waits. */
import { type LatencyName, latenciesOf } from "../../src/bench/run-line.ts";
import type { Line } from "./journal.ts";

export function progressOf(line: Line): string {
  const head = `${line.workload.padEnd(48)}  ${line.peer.padEnd(18)}`;
  if ("missing" in line) return `${head}  ${line.missing.toUpperCase()}: ${line.why}`;
  const { recordsPerSecond, bytesPerSecond, brokerCpuUs, drain } = line.figures;
  const text = (what: string, name: LatencyName): string => {
    const latencies = latenciesOf([line], name);
    if (latencies === null) return "";
    const [p50, p99] = [0.5, 0.99].map((quantile) => `${(latencies.atUs(quantile) / 1000).toFixed(2)} ms`);
    return `${what} p50 ${p50} p99 ${p99}`;
  };
  return [
    head,
    `${rate(recordsPerSecond)} records/s`.padStart(20),
    `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`.padStart(12),
    `broker ${brokerCpuUs.toFixed(2)} us/record`,
    text("acknowledged", "response"),
    text("end to end", "endToEnd"),
    drain === null ? "" : `read back ${rate(drain.recordsPerSecond)} records/s`,
  ]
    .filter((cell) => cell !== "")
    .join("  ");
}

function rate(perSecond: number): string {
  return Math.round(perSecond).toLocaleString("en");
}
