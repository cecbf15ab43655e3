/** Kafka's own benchmark programs, and the figures in what they print. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** What their scripts give them. */
const JAVA_OPTIONS = ["-Xms512M", "-Xmx512M", "-server", "-XX:+UseG1GC"];
const PAYLOADS = 1000;
const SHARE_GROUP = "bench";
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface ToolSetup {
  readonly classPath: string;
  readonly server: string;
  readonly topic: string;
  readonly size: number;
  readonly records: number;
}

export interface ToolFigures {
  readonly recordsPerSecond: number;
  /** As the tool counts them: from the send itself, in whole ms. null: it does not say. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

async function run({ classPath }: ToolSetup, main: string, args: readonly string[]): Promise<string> {
  const command = [...JAVA_OPTIONS, "-cp", classPath, main, ...args];
  const { stdout } = await promisify(execFile)("java", command, { maxBuffer: OUTPUT_BYTES_MAX });
  return stdout;
}

/** Lines of text of that size: to make each anew is what the tool would otherwise spend its time with. */
export function writePayloads(folder: string, size: number): string {
  const file = join(folder, `payloads-${size}`);
  let state = 1;
  const letter = (): string => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return String.fromCharCode(97 + ((state >>> 24) % 26));
  };
  const lines = Array.from({ length: PAYLOADS }, () => Array.from({ length: size }, letter).join(""));
  writeFileSync(file, lines.join("\n"));
  return file;
}

export async function producerPerformance(setup: ToolSetup, payloads: string): Promise<ToolFigures> {
  const { server, topic, records } = setup;
  const settings = [`bootstrap.servers=${server}`, "acks=1", "linger.ms=5", "batch.size=131072"];
  const stdout = await run(setup, "org.apache.kafka.tools.ProducerPerformance", [
    ...["--topic", topic, "--num-records", String(records), "--throughput", "-1", "--payload-file", payloads],
    ...["--producer-props", ...settings],
  ]);
  return parseProducer(stdout);
}

/** @throws Error  it says something else than it is known to */
export function parseProducer(stdout: string): ToolFigures {
  const pattern = /records sent, ([\d.]+) records\/sec.* (\d+) ms 50th, \d+ ms 95th, (\d+) ms 99th/g;
  const last = [...stdout.matchAll(pattern)].at(-1);
  if (last === undefined) throw new Error(`ProducerPerformance said: ${stdout.slice(-500)}`);
  return { recordsPerSecond: Number(last[1]), p50Ms: Number(last[2]), p99Ms: Number(last[3]) };
}

export async function consumerPerformance(setup: ToolSetup): Promise<ToolFigures> {
  const { server, topic, records } = setup;
  const stdout = await run(setup, "org.apache.kafka.tools.ConsumerPerformance", [
    ...["--bootstrap-server", server, "--topic", topic, "--messages", String(records), "--timeout", "60000"],
  ]);
  return parseConsumer(stdout);
}

/** @returns what it fetched by the second, the time that its group took left out. @throws Error  it says something else */
export function parseConsumer(stdout: string): ToolFigures {
  return { recordsPerSecond: columnOf(stdout, "fetch.nMsg.sec"), p50Ms: null, p99Ms: null };
}

/** @returns the last figure under that head. @throws Error  there is none */
function columnOf(stdout: string, name: string): number {
  const lines = stdout.split("\n").map((line) => line.split(",").map((cell) => cell.trim()));
  const head = lines.find((cells) => cells.includes(name));
  const value = lines.findLast((cells) => cells.length === head?.length)?.[head?.indexOf(name) ?? -1];
  if (value === undefined || !Number.isFinite(Number(value))) throw new Error(`the tool said: ${stdout.slice(-500)}`);
  return Number(value);
}

/** One record at a time, from the producer to the consumer. */
export async function endToEndLatency(setup: ToolSetup, isOld: boolean): Promise<ToolFigures> {
  const { server, topic, records, size } = setup;
  const args = isOld
    ? [server, topic, String(records), "1", String(size)]
    : [
        ...["--bootstrap-server", server, "--topic", topic, "--num-records", String(records)],
        ...["--producer-acks", "1", "--record-size", String(size)],
      ];
  return parseEndToEnd(await run(setup, "org.apache.kafka.tools.EndToEndLatency", args));
}

/** @throws Error  it says something else */
export function parseEndToEnd(stdout: string): ToolFigures {
  const mean = /Avg latency: ([\d.]+) ms/.exec(stdout)?.[1];
  const [, p50, p99] = /50th = (\d+), 99th = (\d+)/.exec(stdout) ?? [];
  if (mean === undefined || p99 === undefined) throw new Error(`EndToEndLatency said: ${stdout.slice(-500)}`);
  return { recordsPerSecond: 1000 / Number(mean), p50Ms: Number(p50), p99Ms: Number(p99) };
}

/** Two threads of one share group (KIP-932), each record acquired and acknowledged. */
export async function shareConsumerPerformance(setup: ToolSetup): Promise<ToolFigures> {
  const { server, topic, records } = setup;
  // A share group begins at the end, unless its settings say otherwise.
  await run(setup, "kafka.admin.ConfigCommand", [
    ...["--bootstrap-server", server, "--entity-type", "groups", "--entity-name", SHARE_GROUP],
    ...["--alter", "--add-config", "share.auto.offset.reset=earliest"],
  ]);
  const stdout = await run(setup, "org.apache.kafka.tools.ShareConsumerPerformance", [
    ...["--bootstrap-server", server, "--topic", topic, "--messages", String(records)],
    ...["--threads", "2", "--group", SHARE_GROUP, "--timeout", "60000"],
  ]);
  return parseShareConsumer(stdout);
}

/** @throws Error  it says something else */
export function parseShareConsumer(stdout: string): ToolFigures {
  return { recordsPerSecond: columnOf(stdout, "nMsg.sec"), p50Ms: null, p99Ms: null };
}
