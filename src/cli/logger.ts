/** The broker's log lines on standard error: for people "time level message key=value", for programs JSON. */
import { bigIntsAsText } from "./failure.ts";
import type { LogLevel, LogSink } from "./world.ts";

const levels: readonly LogLevel[] = ["info", "warn", "error"];

/** @param write takes one line */
export function logger(least: LogLevel, format: "text" | "json", write: (line: string) => void): LogSink {
  return (level, message, facts = {}) => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    const time = new Date().toISOString();
    if (format === "json") write(JSON.stringify({ time, level, message, ...facts }, bigIntsAsText));
    else write([time, level, message, ...Object.entries(facts).map(textOf)].join(" "));
  };
}

function textOf([key, value]: [string, unknown]): string {
  const text = typeof value === "string" ? value : JSON.stringify(value, bigIntsAsText);
  return `${key}=${typeof value === "string" && /[\s"=]/.test(value) ? JSON.stringify(value) : text}`;
}
