/** Cambium as a user starts it, and its own client. */
import type { BrokerUnderTest, Driver, TopicsUnderTest } from "../../src/bench/driver.ts";
import { cambiumClient, consumeCommand, produceCommand } from "../../src/bench/generators.ts";
import { BrokerProcess } from "../../src/cli/broker-process.ts";
import { connect } from "../../src/client/index.ts";
import { version } from "../../src/index.ts";
import { MAIN } from "../canonical/processes.ts";

/** For the workload that has the most of them. */
const CONNECTIONS_MAX = 10_500;

/** @param main the program that is started; what is built, unless told otherwise */
export function cambiumDriver(main: string = MAIN): Driver {
  return {
    name: `Cambium ${version}`,
    client: cambiumClient,
    produce: produceCommand,
    consume: consumeCommand,
    restarts: true,
    start: (folder) => CambiumBroker.start(main, folder),
  };
}

class CambiumBroker implements BrokerUnderTest {
  readonly #process: BrokerProcess;

  static async start(main: string, folder: string): Promise<CambiumBroker> {
    const world = { self: [process.execPath, main] as const, environment: process.env };
    return new CambiumBroker(
      await BrokerProcess.start(world, folder, 0, ["--connections-max", String(CONNECTIONS_MAX)]),
    );
  }

  private constructor(process: BrokerProcess) {
    this.#process = process;
  }

  get server(): string {
    return `127.0.0.1:${this.#process.port}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get readyMs(): number {
    return this.#process.readyMs;
  }

  async createTopics({ names, partitions, durability, batchBytesMax }: TopicsUnderTest): Promise<void> {
    const client = await connect({ server: this.server });
    for (const name of names)
      await client.topics.create({ name, partitions, settings: { durability, "max.message.bytes": batchBytesMax } });
    await client.close();
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }
}
