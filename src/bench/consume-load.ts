/** The process of consumers that audit what a broker delivers (task.ts). */
import { createInterface } from "node:readline";
import { Audit } from "./audit.ts";
import { LatenciesBySecond } from "./latencies-by-second.ts";
import type { ConnectLoadClient, LoadClient, LoadConsumer } from "./load-client.ts";
import { monotonicNs } from "./monotonic.ts";
import { sampled } from "./sampler.ts";
import { dueNsOf } from "./stamped-payload.ts";
import { type ConsumeReport, type ConsumeTask, parseBegin, parseTask, topicsOf, type Window } from "./task.ts";

/** Who waits for a record that is lost waits for ever. */
const STALLED_MS = 5000;

/** A connection that reads every record. */
class Subscriber {
  readonly audit: Audit;
  readonly #client: LoadClient;
  readonly #consumer: LoadConsumer;
  readonly #timedEvery: number;
  #until = Number.POSITIVE_INFINITY;

  static async connect(task: ConsumeTask, connect: ConnectLoadClient): Promise<Subscriber> {
    const client = await connect({ server: task.server, topics: topicsOf(task) });
    return new Subscriber(task, client, await client.consumer());
  }

  private constructor(task: ConsumeTask, client: LoadClient, consumer: LoadConsumer) {
    this.audit = new Audit(task);
    this.#client = client;
    this.#consumer = consumer;
    this.#timedEvery = task.timedEvery;
  }

  /** So many records are all there are. */
  stop(records: number): void {
    this.#until = records;
    if (this.audit.total >= records) void this.#consumer.close();
  }

  giveUp(): void {
    void this.#consumer.close();
  }

  /** @param timed takes when a record was due, by monotonicNs */
  async run(timed: (dueNs: number) => void): Promise<void> {
    const { audit } = this;
    await this.#consumer.run((partition, bytes, view, at, size) => {
      if (audit.total % this.#timedEvery === 0) timed(dueNsOf(view, at, size));
      audit.visit(partition, bytes, view, at, size);
      if (audit.total >= this.#until) void this.#consumer.close();
    });
    await this.#client.close();
  }
}

const task = parseTask<ConsumeTask>(process.argv.slice(2));
const { connectLoadClient } = (await import(task.client)) as { readonly connectLoadClient: ConnectLoadClient };
const connecting = Array.from({ length: task.subscribers }, () => Subscriber.connect(task, connectLoadClient));
const subscribers = await Promise.all(connecting);
const total = (): number => subscribers.reduce((sum, { audit }) => sum + audit.total, 0);
const endToEnd = new LatenciesBySecond();
let window: Window | null = null;
const input = createInterface(process.stdin).on("line", (line) => {
  window ??= parseBegin(line);
  if (!line.startsWith("stop ")) return;
  for (const subscriber of subscribers) subscriber.stop(Number(line.replace("stop ", "")));
  let before = total();
  setInterval(() => {
    if (total() === before) for (const subscriber of subscribers) subscriber.giveUp();
    before = total();
  }, STALLED_MS).unref();
});
const stop = sampled(total);
process.stdout.write("ready\n");
const timed = (dueNs: number): void => {
  if (window !== null && dueNs < window.endNs) endToEnd.record(dueNs - window.warmNs, monotonicNs() - dueNs);
};
await Promise.all(subscribers.map((subscriber) => subscriber.run(timed)));
const report: ConsumeReport = {
  good: subscribers[0]!.audit.good.map((_, at) => Math.min(...subscribers.map(({ audit }) => audit.good[at]!))),
  bad: subscribers.reduce((sum, { audit }) => sum + audit.bad, 0),
  samples: stop(),
  endToEnd: endToEnd.encoded(),
};
input.close();
process.stdout.write(`${JSON.stringify(report)}\n`);
