/** What the system says of a process; Linux only. */
import fs from "node:fs";

/** Of the counters in /proc/PID/stat; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** @returns CPU seconds so far, of all its threads */
export function cpuOf(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** @returns resident bytes now, or the most there ever were */
export function memoryOf(pid: number, which: "now" | "most"): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  const name = which === "now" ? "VmRSS" : "VmHWM";
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
}
