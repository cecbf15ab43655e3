/** What the system says of a process; Linux only. */
import fs from "node:fs";

/** Of the counters in /proc/PID/stat; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** @returns CPU seconds so far, of all its threads, and of the processes that it started, with those that have ended */
export function cpuOf(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
  const own = fields.slice(11, 15).reduce((ticks, field) => ticks + Number(field), 0) / TICKS_PER_SECOND;
  return childrenOf(pid).reduce((seconds, child) => seconds + unlessGone(() => cpuOf(child)), own);
}

/**
 * Processes of one server share memory: of all of them it is what the largest has, and what each other one has alone.
 *
 * @returns resident bytes now, or the most there ever were; of the others always now
 */
export function memoryOf(pid: number, which: "now" | "most"): number {
  const name = which === "now" ? "VmRSS" : "VmHWM";
  const processes = [pid, ...descendantsOf(pid)].map((each) => ({
    all: unlessGone(() => statusBytes(each, name)),
    alone: unlessGone(() => statusBytes(each, "RssAnon")),
  }));
  const [largest, ...others] = processes.toSorted((left, right) => right.all - left.all);
  return others.reduce((bytes, { alone }) => bytes + alone, largest!.all);
}

function statusBytes(pid: number, name: string): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function childrenOf(pid: number): number[] {
  try {
    const threads = fs.readdirSync(`/proc/${pid}/task`);
    const lists = threads.map((thread) => fs.readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8"));
    return lists.flatMap((list) => list.split(" ").filter((word) => word !== "")).map(Number);
  } catch {
    return []; // Gone meanwhile, or a kernel that does not say.
  }
}

/** A child may end between the look at the list and the look at it. */
function unlessGone(figure: () => number): number {
  try {
    return figure();
  } catch {
    return 0;
  }
}
