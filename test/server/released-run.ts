/**
 * Brokers that come and go in a process of its own, run with --expose-gc: whether they can be collected, and the memory that
 * their threads shared. It says how many cannot.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker } from "../../src/broker/broker.ts";
import { startBroker } from "../../src/index.ts";
import { WebSocketServer } from "../../src/server/websocket-server.ts";
import { makeBatch } from "../helpers/batches.ts";
import { RawClient } from "../helpers/raw-client.ts";

export interface Report {
  /** Brokers and shared memories that were made. */
  readonly made: number;
  /** Those that are still there. */
  readonly held: number;
}

const STARTS = 3;
const ROUNDS_MAX = 100;
const ROUND_MS = 20;

let made = 0;
let held = 0;
const collected = new FinalizationRegistry(() => held--);

function watch(what: object): void {
  made++;
  held++;
  collected.register(what, null);
}

// Nobody hands out the memory of a broker, least of all that of one which did not start.
WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct(target, [descriptor]: [WebAssembly.MemoryDescriptor]) {
    const memory = new target(descriptor);
    if (descriptor.shared === true) watch(memory.buffer);
    return memory;
  },
});

/** It is closed under a client that stays, and under one that never said what it wants. */
async function closed(): Promise<void> {
  const broker = await startBroker({ data: "temporary", port: 0 });
  watch(broker);
  const client = await RawClient.connect(broker.port);
  const topicId = await client.createTopic("t", { durability: "memory" });
  await client.produce(topicId, makeBatch({ count: 20 }));
  const stranger = connect(broker.port, "127.0.0.1");
  await once(stranger, "connect");
  await broker.close();
  await client.closed;
  stranger.destroy();
}

/** The port is taken only when everything else has started: else there is nothing yet to hold. */
async function refused(port: number): Promise<void> {
  const broker = { pool: { size: 1 << 25, blockSizeMax: 1 << 25 }, onSettled: () => {} };
  watch(broker);
  const options = {
    host: "127.0.0.1",
    port,
    connectionsMax: 1,
    identity: { clusterId: new Uint8Array(16), nodeId: 0, name: "" },
    monotonicMs: () => 0,
    stats: () => broker,
    log: () => {},
  };
  const error: unknown = await WebSocketServer.start(broker as unknown as Broker, options).catch(
    (reason: unknown) => reason,
  );
  if ((error as { code?: string }).code !== "ADDRESS_IN_USE") throw error;
}

const runs: Readonly<Record<string, () => Promise<void>>> = {
  closed: async () => {
    for (let start = 0; start < STARTS; start++) await closed();
  },
  refused: async () => {
    const owner = createServer().listen(0, "127.0.0.1");
    await once(owner, "listening");
    for (let start = 0; start < STARTS; start++) await refused((owner.address() as AddressInfo).port);
    owner.close();
  },
};

await runs[process.argv[2]!]!();
for (let round = 0; round < ROUNDS_MAX && held > 0; round++) {
  gc!();
  await sleep(ROUND_MS); // What was collected is told in a turn of its own.
}
process.stdout.write(JSON.stringify({ made, held } satisfies Report));
