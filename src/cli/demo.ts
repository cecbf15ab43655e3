/**
 * `cambium demo`: real data through a real broker, in a process of its own, that is killed in the middle of the first data
 * set, started again, and stopped in order before everything is read back and verified.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Client, connect } from "../client/index.ts";
import { countText, rateText, secondsText, sizeText } from "./amounts.ts";
import { BrokerProcess } from "./broker-process.ts";
import type { Invocation } from "./command-definition.ts";
import { CommandError, UsageError } from "./command-error.ts";
import { type DataSet, dataSets, dataSetsFolder } from "./demo-data-sets.ts";
import type { DemoLedger, Verification } from "./demo-ledger.ts";
import { consumeDataSet, produceDataSet } from "./demo-traffic.ts";
import { EXIT_OK, type ExitCode } from "./failure.ts";
import { Latency } from "./latency.ts";
import type { Output } from "./output.ts";
import { Progress } from "./progress.ts";
import { didYouMean } from "./settings.ts";
import { table } from "./table.ts";
import type { World } from "./world.ts";

interface DemoOptions {
  readonly data?: string;
  readonly only?: readonly string[];
}

export async function demo({ world, output, options }: Invocation): Promise<ExitCode> {
  const { data, only } = options as DemoOptions;
  const chosen = chosenDataSets(only);
  const files = dataSetsFolder();
  if (data !== undefined && fs.existsSync(data) && fs.readdirSync(data).length > 0) {
    throw new UsageError(`${data} is not empty: the demo takes a new folder`);
  }
  const folder = data ?? fs.mkdtempSync(path.join(os.tmpdir(), "cambium-demo-"));
  const demonstration = new Demonstration(world, output, folder, files);
  try {
    await demonstration.run(chosen);
  } finally {
    await demonstration.end();
    if (data === undefined) fs.rmSync(folder, { recursive: true, force: true });
  }
  return EXIT_OK;
}

function chosenDataSets(only: readonly string[] | undefined): readonly DataSet[] {
  const names = dataSets.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`there is no data set ${unknown}${didYouMean(unknown, names)}; there are ${names.join(", ")}`);
  return only === undefined ? dataSets : dataSets.filter(({ name }) => only.includes(name));
}

/** A data set on its way. */
interface Sent {
  readonly dataSet: DataSet;
  readonly ledger: DemoLedger;
  readonly produceMs: number;
  readonly duplicates: number;
}

interface Verified extends Sent {
  readonly consumeMs: number;
  readonly result: Verification;
}

class Demonstration {
  readonly #world: World;
  readonly #output: Output;
  readonly #folder: string;
  readonly #files: string;
  readonly #latency = new Latency();
  readonly #startedMs = performance.now();
  #broker: BrokerProcess | null = null;
  #client: Client | null = null;
  /** The broker is killed once, and started again meanwhile. */
  #restart: Promise<void> | null = null;
  /** Ends everything, for the reason it is given. */
  readonly #end = new AbortController();

  constructor(world: World, output: Output, folder: string, files: string) {
    this.#world = world;
    this.#output = output;
    this.#folder = folder;
    this.#files = files;
    world.stop.signal.addEventListener("abort", () => {
      this.#end.abort(new CommandError("INTERRUPTED", "a signal came before the demo was done"));
    });
  }

  async run(chosen: readonly DataSet[]): Promise<void> {
    await this.#start(0);
    const sent: Sent[] = [];
    for (const dataSet of chosen) sent.push(await this.#produce(dataSet));
    await this.#restartInOrder();
    const verified: Verified[] = [];
    for (const one of sent) verified.push(await this.#consume(one));
    // Who keeps the folder finds it as a broker leaves it.
    await this.#stop();
    this.#report(verified);
    const wrong = verified.filter(({ result }) => !result.verified).map(({ dataSet }) => dataSet.name);
    if (wrong.length > 0) {
      throw new CommandError("VERIFICATION_FAILED", `what came back of ${wrong.join(", ")} is not what was sent`);
    }
  }

  /** Whatever happened, nothing keeps running. */
  async end(): Promise<void> {
    await this.#restart?.catch(() => {});
    await this.#client?.close();
    await this.#broker?.kill();
  }

  async #start(port: number): Promise<BrokerProcess> {
    const broker = await BrokerProcess.start(this.#world, this.#folder, port);
    this.#broker = broker;
    const ms = Math.round(broker.readyMs);
    const text = `broker ready after ${ms} ms on port ${broker.port}, data in ${this.#folder}`;
    this.#output.result({ step: "started", port: broker.port, data: this.#folder, readyMs: ms }, text);
    this.#client ??= await connect({ server: `127.0.0.1:${broker.port}`, clientId: "cambium-demo" });
    return broker;
  }

  async #produce(dataSet: DataSet): Promise<Sent> {
    const { name, doc } = dataSet;
    const records = dataSet.records(this.#files);
    const half = Math.ceil(records.length / 2);
    let acknowledged = 0;
    const bytes = records.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
    const progress = new Progress(this.#output, `produce ${name}`, bytes, () => ({
      records: acknowledged,
      bytes: (bytes * acknowledged) / records.length,
    }));
    const onAck = (ledger: DemoLedger): void => {
      acknowledged = ledger.acknowledged;
      if (acknowledged !== half || this.#restart !== null) return;
      this.#restart = this.#killAndStart();
      // Nobody waits for acknowledgements that will not come.
      this.#restart.catch((error: unknown) => this.#end.abort(error));
    };
    try {
      const { signal } = this.#end;
      const sending = produceDataSet(this.#client!, dataSet, records, this.#latency, onAck, signal);
      const { ledger, ms, duplicates } = await sending;
      await this.#restart;
      progress.end();
      const twice = duplicates === 0 ? "" : `; ${countText(duplicates)} were sent twice, and are in the log once`;
      const what = `${countText(records.length)} records (${doc}), ${sizeText(bytes)} in ${secondsText(ms)}`;
      const text = `produced ${name}: ${what}${twice}`;
      const facts = { topic: name, records: records.length, bytes, ms: Math.round(ms), duplicates };
      this.#output.result({ step: "produced", ...facts }, text);
      return { dataSet, ledger, produceMs: ms, duplicates };
    } finally {
      progress.end();
    }
  }

  async #killAndStart(): Promise<void> {
    const broker = this.#broker!;
    const killedMs = performance.now();
    await broker.kill();
    this.#output.result({ step: "killed" }, "killed the broker (kill -9) half-way; the producer goes on by itself");
    await this.#start(broker.port);
    const ms = Math.round(performance.now() - killedMs);
    this.#output.result({ step: "back", awayMs: ms }, `it was away for ${ms} ms`);
  }

  async #restartInOrder(): Promise<void> {
    const { port } = this.#broker!;
    await this.#stop();
    this.#output.result({ step: "stopped" }, "stopped the broker in order");
    await this.#start(port);
  }

  async #stop(): Promise<void> {
    await this.#client?.close();
    this.#client = null;
    await this.#broker?.stop();
  }

  async #consume(sent: Sent): Promise<Verified> {
    const { dataSet, ledger } = sent;
    const consumeMs = await consumeDataSet(this.#client!, dataSet, ledger, this.#end.signal);
    const result = ledger.verify();
    const facts = { topic: dataSet.name, bytes: ledger.bytes, ms: Math.round(consumeMs), ...result };
    const text = `consumed ${dataSet.name}: ${countText(result.records)} records in ${secondsText(consumeMs)}`;
    this.#output.result({ step: "consumed", ...facts }, text);
    return { ...sent, consumeMs, result };
  }

  #report(verified: readonly Verified[]): void {
    const isGood = verified.every(({ result }) => result.verified);
    const ms = Math.round(performance.now() - this.#startedMs);
    if (this.#output.json) {
      const latency = this.#latency.summary();
      this.#output.line(JSON.stringify({ step: "done", verified: isGood, ms, latency }));
      return;
    }
    this.#output.line(`\n${table(REPORT_HEAD, verified.map(reportRow))}`);
    const { p50Ms, p90Ms, p99Ms, p999Ms, maxMs, count } = this.#latency.summary();
    this.#output.line(
      `\nResponse time of each of ${countText(count)} records from send() to its acknowledgement (durable on disk),\n` +
        "the time without a broker included:\n" +
        `  p50 ${p50Ms} ms   p90 ${p90Ms} ms   p99 ${p99Ms} ms   p99.9 ${p999Ms} ms   max ${maxMs} ms`,
    );
    for (const line of this.#latency.lines()) this.#output.line(line);
    if (!isGood) return;
    const keys = verified.reduce((sum, { result }) => sum + result.keys, 0);
    this.#output.line(
      `\nVerified behind a kill -9 and a stop in order, against the files: the count of each topic, the order of ${countText(keys)} keys,\n` +
        "and the SHA-256 of each partition's values in order of offset, as they were acknowledged.\n" +
        `Every record came back, in order, byte for byte. ${secondsText(ms)} in all.`,
    );
  }
}

const REPORT_HEAD = ["TOPIC", "RECORDS", "BYTES", "PRODUCED", "", "CONSUMED", "", "COUNT", "ORDER", "SHA-256"];

function reportRow({ dataSet, ledger, produceMs, consumeMs, result }: Verified): (string | number)[] {
  const perSecond = (ms: number): string => `${countText(result.records / (ms / 1000))}/s`;
  const { records, expectedRecords, keys, disorderedKeys, sha256, expectedSha256 } = result;
  return [
    dataSet.name,
    records,
    ledger.bytes,
    perSecond(produceMs),
    rateText(ledger.bytes, produceMs),
    perSecond(consumeMs),
    rateText(ledger.bytes, consumeMs),
    records === expectedRecords ? "ok" : `WRONG: ${expectedRecords} were sent`,
    keys === 0 ? "-" : disorderedKeys === 0 ? `ok (${keys} keys)` : `WRONG: ${disorderedKeys} of ${keys} keys`,
    sha256 === expectedSha256 ? `ok ${sha256.slice(0, 12)}` : "WRONG",
  ];
}
