/** The process of connections on which nothing happens (task.ts). It prints `ready` when all are there, and stays. */
import { once } from "node:events";
import { connect } from "node:net";
import type { ConnectLoadClient } from "./load-client.ts";
import { type IdleTask, parseTask, topicsOf } from "./task.ts";

/** Connections that are opened at a time. */
const BURST = 100;

const task = parseTask<IdleTask>(process.argv.slice(2));
const open = task.client === "" ? openSocket : await opener(task);

/** Of a broker whose client library is not for JavaScript. */
async function openSocket(): Promise<void> {
  const [host, port] = task.server.split(":");
  const socket = connect(Number(port), host);
  await once(socket, "connect");
  socket.on("close", () => {
    throw new Error("the broker has closed an idle connection");
  });
}

async function opener({ client, server, topics, topic }: IdleTask): Promise<() => Promise<unknown>> {
  const { connectLoadClient } = (await import(client)) as { readonly connectLoadClient: ConnectLoadClient };
  return () => connectLoadClient({ server, topics: topicsOf({ topics, topic }) });
}

for (let count = 0; count < task.connections; count += BURST)
  await Promise.all(Array.from({ length: Math.min(BURST, task.connections - count) }, () => open()));
process.stdout.write("ready\n");
process.stdin.resume();
