/** A broker that keeps nothing (bench/null-broker.ts), and our client: what the generators reach at most. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BrokerUnderTest, Driver } from "../../src/bench/driver.ts";
import { cambiumClient, consumeCommand, produceCommand } from "../../src/bench/generators.ts";
import { freePort, ServerProcess } from "./server-process.ts";

const PROGRAM = fileURLToPath(import.meta.resolve("../null-broker.ts"));
/** An HTTP request is answered by whoever listens. */
const QUESTION = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

export const nullDriver: Driver = {
  name: "null broker, our client",
  client: cambiumClient,
  produce: produceCommand,
  consume: consumeCommand,
  keepsNothing: true,
  lacks: ({ consumers }) => (consumers > 0 ? "it keeps nothing that could be consumed" : null),
  start: startNull,
};

async function startNull(folder: string): Promise<BrokerUnderTest> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const args = [PROGRAM, String(port)];
  const program = process.execPath;
  const server = await ServerProcess.start({ program, args, folder, port, question: QUESTION, secondsMax: 10 });
  return {
    server: `127.0.0.1:${port}`,
    pid: server.pid,
    readyMs: server.readyMs,
    createTopics: () => Promise.resolve(),
    stop: () => server.stop(),
    kill: () => server.kill(),
  };
}
