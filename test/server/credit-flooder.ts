/** A thread of pressure.test.ts: gives credit for no subscription, as fast as it can, until it is told to stop. */
import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { encodeMessage } from "../../src/protocol/messages.ts";
import { RawClient, webSocketFrame } from "../helpers/raw-client.ts";

/** Seconds of a broker's time; what is never cut off ends too. */
const FRAMES_MAX = 10_000_000;
const FRAMES_PER_WRITE = 5000;

const client = await RawClient.connect(workerData as number);
const credit = webSocketFrame(encodeMessage("Credit", 0, { subscription: 9, bytes: 1 }));
const many = Buffer.concat(Array.from({ length: FRAMES_PER_WRITE }, () => credit));
for (let sent = 0; sent < FRAMES_MAX && !client.isClosed; await setImmediate()) {
  if (client.socket.writableLength > 4 * many.length) continue;
  client.sendRaw(many);
  sent += FRAMES_PER_WRITE;
}
parentPort!.postMessage(client.isClosed ? ((await client.closed).goodbye?.code ?? "closed") : "not cut off");
