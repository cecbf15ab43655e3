/** What a hostile client can send as fast as it can, one frame again and again. */
import { encodeMessage } from "../../src/protocol/messages.ts";
import { makeBatch } from "../helpers/batches.ts";
import type { RawClient } from "../helpers/raw-client.ts";

/** What the thread of flooder.ts is given. */
export interface FloodTask {
  readonly port: number;
  readonly what: string;
}

const elsewhere = new Uint8Array(16).fill(9);

/** Makes the frame that is to be sent; what has to be said before it says. */
const frames: Readonly<Record<string, (client: RawClient) => Uint8Array | Promise<Uint8Array>>> = {
  "credit for no subscription": () => encodeMessage("Credit", 0, { subscription: 9, bytes: 1 }),
  "empty parts of an upload": async (client) => {
    const topicId = await client.createTopic("flooded");
    const { upload } = await client.ask("ProduceBegin", { topicId, size: 100_000 }, "ProduceGrant");
    return encodeMessage("ProducePart", 0, { upload, position: 0, bytes: new Uint8Array(0) });
  },
  "batches to no topic": () => encodeMessage("Produce", 77, { topicId: elsewhere, batch: makeBatch() }),
  "batches to no topic that want no answer": () =>
    encodeMessage("Produce", 0, { topicId: elsewhere, acks: 0, batch: makeBatch() }),
  "batches with a wrong checksum": async (client) => {
    const topicId = await client.createTopic("damaged", { durability: "os" });
    const batch = makeBatch();
    batch[20]! ^= 1;
    return encodeMessage("Produce", 77, { topicId, batch });
  },
  "wrong requests": () => encodeMessage("CreateTopic", 77, { name: "a/b", partitions: 1 }),
  "requests that are refused later": () => encodeMessage("InitProducer", 77, { producerId: 5n, producerEpoch: -1 }),
  "requests that make sense": () => encodeMessage("Unsubscribe", 77, { subscription: 1 }),
  "requests with many names": () =>
    encodeMessage("DescribeTopics", 77, { names: Array.from({ length: 9999 }, (_, index) => String(index)) }),
};

export const floods: readonly string[] = Object.keys(frames);

export async function frameOf(what: string, client: RawClient): Promise<Uint8Array> {
  return await frames[what]!(client);
}
