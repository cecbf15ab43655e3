/**
 * Redis Streams with an append-only file: one stream for each partition; hiredis is its client. `os` is `appendfsync everysec`,
 * with which an answer follows the write to the file and not its sync; `disk` is `appendfsync always`.
 */
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { promisify } from "node:util";
import type { BrokerUnderTest, Driver } from "../../src/bench/driver.ts";
import type { Durability } from "../../src/bench/workload.ts";
import { compileGenerator } from "./generator-in-c.ts";
import { freePort, ServerProcess } from "./server-process.ts";

const READY_SECONDS_MAX = 60;
const FSYNC: Record<Durability, string> = { disk: "always", os: "everysec", memory: "no" };

/** @throws Error  there is no redis-server, no compiler or no hiredis */
export async function redisDriver(): Promise<Driver> {
  const { stdout } = await promisify(execFile)("redis-server", ["--version"]);
  const generator = await compileGenerator("redis", ["hiredis"]);
  return {
    name: `Redis ${/v=(\S+)/.exec(stdout)?.[1]}, hiredis`,
    client: "",
    produce: [generator, "produce"],
    consume: [generator, "consume"],
    restarts: true,
    start: startRedis,
  };
}

async function startRedis(folder: string, durability: Durability): Promise<BrokerUnderTest> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = ["--appendonly", durability === "memory" ? "no" : "yes", "--appendfsync", FSYNC[durability]];
  // Nothing but the append-only file: a snapshot beside it would be written twice.
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...file];
  const command = {
    program: "redis-server",
    args,
    folder,
    port,
    question: "PING\r\n",
    answer: "+PONG",
    secondsMax: READY_SECONDS_MAX,
  };
  const server = await ServerProcess.start(command);
  return {
    server: `127.0.0.1:${port}`,
    pid: server.pid,
    readyMs: server.readyMs,
    createTopics: async () => {}, // A stream begins with its first record.
    stop: () => server.stop(),
    kill: () => server.kill(),
  };
}
