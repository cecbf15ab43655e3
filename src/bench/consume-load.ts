/** The process of a consumer that audits what a broker delivers (task.ts). */
import { createInterface } from "node:readline";
import { LatenciesBySecond } from "./latencies-by-second.ts";
import type { ConnectLoadClient } from "./load-client.ts";
import { monotonicNs } from "./monotonic.ts";
import { sampled } from "./sampler.ts";
import { dueNsOf, numberOf, StampedPayloads, sequenceOf } from "./stamped-payload.ts";
import { type ConsumeReport, type ConsumeTask, parseBegin, parseTask, type Window } from "./task.ts";

/** Who waits for a record that is lost waits for ever. */
const STALLED_MS = 5000;

const task = parseTask<ConsumeTask>(process.argv.slice(2));
const { connectLoadClient } = (await import(task.client)) as { readonly connectLoadClient: ConnectLoadClient };
const client = await connectLoadClient({ server: task.server, topic: task.topic });
const consumer = await client.consumer();
const payloads = new StampedPayloads(task.size);
const good = new Array<number>(task.producers * task.partitions).fill(0);
const endToEnd = new LatenciesBySecond();
let until = Number.POSITIVE_INFINITY;
let total = 0;
let bad = 0;
let window: Window | null = null;
const input = createInterface(process.stdin).on("line", (line) => {
  window ??= parseBegin(line);
  if (!line.startsWith("stop ")) return;
  until = Number(line.replace("stop ", ""));
  if (total >= until) void consumer.close();
  let before = total;
  setInterval(() => {
    if (total === before) void consumer.close();
    before = total;
  }, STALLED_MS).unref();
});
const stop = sampled(() => total);
process.stdout.write("ready\n");
await consumer.run((partition, bytes, view, at, size) => {
  const sequence = sequenceOf(view, at);
  const number = numberOf(view, at);
  const isNext = good[sequence] === number && sequence % task.partitions === partition;
  if (isNext && payloads.isBody(number, bytes, view, at, size)) good[sequence] = number + 1;
  else bad++;
  if (total % task.timedEvery === 0) {
    const dueNs = dueNsOf(view, at);
    if (window !== null && dueNs < window.endNs) endToEnd.record(dueNs - window.warmNs, monotonicNs() - dueNs);
  }
  if (++total >= until) void consumer.close();
});
const report: ConsumeReport = { good, bad, samples: stop(), endToEnd: endToEnd.encoded() };
await client.close();
input.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
