/** A thread of pressure.test.ts: sends a frame as fast as it can, until it is told to stop, and tells what it was told. */
import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { RawClient, webSocketFrame } from "../helpers/raw-client.ts";
import { type FloodTask, frameOf } from "./floods.ts";

/** Seconds of a broker's time; what is never cut off ends too. */
const BYTES_MAX = 500e6;
const BYTES_PER_WRITE = 400_000;

const { port, what } = workerData as FloodTask;
const client = await RawClient.connect(port);
const frame = webSocketFrame(await frameOf(what, client));
const many = Buffer.concat(Array.from({ length: Math.ceil(BYTES_PER_WRITE / frame.length) }, () => frame));
for (let sent = 0; sent < BYTES_MAX && !client.isClosed; await setImmediate()) {
  if (client.socket.writableLength > 4 * many.length) continue;
  client.sendRaw(many);
  sent += many.length;
}
parentPort!.postMessage(client.isClosed ? ((await client.closed).goodbye?.code ?? "closed") : "not cut off");
