/** A broker with a client beside whoever attacks it: it goes on as if nothing were, and finds everything in the end. */
import { expect } from "vitest";
import { type RunningBroker, type StartOptions, startBroker } from "../../src/index.ts";
import { makeBatch } from "../helpers/batches.ts";
import { RawClient } from "../helpers/raw-client.ts";

/** What a hostile client must not change. */
export interface Holdings {
  readonly poolBytesFree: number;
  readonly spilledBytes: number;
  readonly connections: number;
}

export class AttackedBroker {
  readonly broker: RunningBroker;
  readonly #bystander: RawClient;
  readonly #topicId: Uint8Array;
  #records = 0;

  static async start(options: Partial<StartOptions> = {}): Promise<AttackedBroker> {
    const broker = await startBroker({ data: "temporary", port: 0, ...options });
    const bystander = await RawClient.connect(broker.port);
    const topicId = await bystander.createTopic("bystander");
    const attacked = new AttackedBroker(broker, bystander, topicId);
    await attacked.goOn();
    return attacked;
  }

  private constructor(broker: RunningBroker, bystander: RawClient, topicId: Uint8Array) {
    this.broker = broker;
    this.#bystander = bystander;
    this.#topicId = topicId;
  }

  get port(): number {
    return this.broker.port;
  }

  /** As any client sees it. */
  async holdings(): Promise<Holdings> {
    const { json } = await this.#bystander.ask("StatsRequest", {}, "StatsResult");
    const { poolBytesFree, spilledBytes, connections } = JSON.parse(json) as Holdings;
    return { poolBytesFree, spilledBytes, connections };
  }

  /** Resolves when the broker holds what it held before. */
  async untilHolds(before: Holdings): Promise<void> {
    await expect.poll(() => this.holdings(), { timeout: 20_000, interval: 5 }).toEqual(before);
  }

  /** The bystander produces a record and reads it back. */
  async goOn(): Promise<void> {
    const offset = this.#records++;
    expect((await this.#bystander.produce(this.#topicId, makeBatch({ number: offset }))).baseOffset).toBe(offset);
    const { batches } = await this.#bystander.fetch({ topicId: this.#topicId, value: offset as never, bytesMax: 1000 });
    expect(batches[0]!.stamps).toEqual([{ maker: 0, number: offset }]);
  }

  /** Everything that the bystander was promised is there, also after a restart of its connection. */
  async audit(): Promise<void> {
    const client = await RawClient.connect(this.port);
    const subscription = await client.subscribe({ subscription: 1, topicId: this.#topicId, credit: 1 << 30 });
    await subscription.untilRecords(this.#records);
    const numbers = subscription.batches.flatMap(({ stamps }) => stamps.map(({ number }) => number));
    expect(numbers).toEqual(Array.from({ length: this.#records }, (_, number) => number));
    await client.close();
  }

  async close(): Promise<void> {
    await this.audit();
    await this.#bystander.close();
    await this.broker.close();
  }
}
