/** Cambium as a user starts it, and its own client. */
import type { BrokerUnderTest, Driver, Durability } from "../../src/bench/driver.ts";
import { cambiumClient, consumeCommand, produceCommand } from "../../src/bench/generators.ts";
import { BrokerProcess } from "../../src/cli/broker-process.ts";
import { connect } from "../../src/client/index.ts";
import { version } from "../../src/index.ts";
import { MAIN } from "../canonical/processes.ts";

/** @param main the program that is started; what is built, unless told otherwise */
export function cambiumDriver(main: string = MAIN): Driver {
  return {
    name: `Cambium ${version}`,
    client: cambiumClient,
    produce: produceCommand,
    consume: consumeCommand,
    start: (folder) => CambiumBroker.start(main, folder),
  };
}

class CambiumBroker implements BrokerUnderTest {
  readonly #process: BrokerProcess;

  static async start(main: string, folder: string): Promise<CambiumBroker> {
    const world = { self: [process.execPath, main] as const, environment: process.env };
    return new CambiumBroker(await BrokerProcess.start(world, folder, 0));
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

  async createTopic(name: string, partitions: number, durability: Durability): Promise<void> {
    const client = await connect({ server: this.server });
    await client.topics.create({ name, partitions, settings: { durability } });
    await client.close();
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }
}
