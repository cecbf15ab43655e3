/** A producer behind a link that takes far longer for one large record than its client waits for a sign of life. */
import { once } from "node:events";
import { type AddressInfo, connect as connectSocket, createServer } from "node:net";
import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { connect } from "../../src/client/index.ts";
import { startBroker } from "../../src/index.ts";

const MIB = 1 << 20;
const PIECE = 64 * 1024;
const PAUSE_MS = 50;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** @returns the address of a link that brings a piece at a time to the broker, and takes everything back at once */
async function slowLink(port: number): Promise<string> {
  const link = createServer((client) => {
    const broker = connectSocket(port, "127.0.0.1");
    const slowly = new Transform({
      async transform(chunk: Buffer, _encoding, done) {
        for (let at = 0; at < chunk.length; at += PIECE) {
          this.push(chunk.subarray(at, at + PIECE));
          await sleep(PAUSE_MS);
        }
        done();
      },
    });
    client.pipe(slowly).pipe(broker).pipe(client);
    for (const socket of [client, broker]) socket.on("error", () => [client, broker].map((one) => one.destroy()));
  });
  link.listen(0, "127.0.0.1");
  await once(link, "listening");
  closing.push(() => link.close());
  return `127.0.0.1:${(link.address() as AddressInfo).port}`;
}

test("a record that takes long on its way is taken, and the broker heard of meanwhile", async () => {
  const broker = await startBroker({ data: "temporary", port: 0 });
  closing.push(() => broker.close());
  const losses: string[] = [];
  const server = await slowLink(broker.port);
  const client = await connect({ server, heartbeatMs: 400, onConnectionLost: ({ message }) => losses.push(message) });
  closing.push(() => client.close());
  await client.topics.create({ name: "t", settings: { "max.message.bytes": 8 * MIB } });
  const producer = await client.producer({ topic: "t", deliveryTimeoutMs: 25_000 });
  expect(await producer.send({ value: new Uint8Array(5 * MIB) })).toMatchObject({ offset: 0, duplicate: false });
  expect(losses).toEqual([]);
});
