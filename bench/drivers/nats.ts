/**
 * NATS JetStream: one stream of a subject for each partition; nats.c is its client. `os` is the server as it comes, which syncs
 * every two minutes; `disk` is `sync_interval: always`.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BrokerUnderTest, Driver } from "../../src/bench/driver.ts";
import type { Durability } from "../../src/bench/workload.ts";
import { cacheFolder } from "./cache.ts";
import { compileGenerator } from "./generator-in-c.ts";
import { freePort, ServerProcess } from "./server-process.ts";

const READY_SECONDS_MAX = 60;

/**
 * @param version of the server's Go module, 2.12.0, say
 * @throws Error  the module, Go, a compiler or nats.c is not to be had
 */
export async function natsDriver(version: string): Promise<Driver> {
  const program = await goProgram(`github.com/nats-io/nats-server/v2@v${version}`, `nats-server-${version}`);
  const generator = await compileGenerator("nats", ["nats"]);
  return {
    name: `NATS JetStream ${version}, nats.c`,
    client: "",
    produce: [generator, "produce"],
    consume: [generator, "consume"],
    restarts: true,
    start: (folder, durability) => startNats(program, folder, durability),
  };
}

/** Builds a Go module's program, once. @returns its path */
async function goProgram(module: string, name: string): Promise<string> {
  const folder = join(cacheFolder, name);
  const program = join(folder, "nats-server");
  if (!existsSync(program))
    await promisify(execFile)("go", ["install", module], { env: { ...process.env, GOBIN: folder } });
  return program;
}

async function startNats(program: string, folder: string, durability: Durability): Promise<BrokerUnderTest> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const sync = durability === "disk" ? "  sync_interval: always\n" : "";
  const config = join(folder, "nats.conf");
  const store = `  store_dir: ${JSON.stringify(join(folder, "data"))}\n`;
  writeFileSync(config, `host: 127.0.0.1\nport: ${port}\nmax_payload: 33554432\njetstream {\n${store}${sync}}\n`);
  const args = ["--config", config];
  // It says INFO by itself, and answers PING when it serves.
  const question = 'CONNECT {"verbose":false}\r\nPING\r\n';
  const server = await ServerProcess.start({ program, args, folder, port, question, secondsMax: READY_SECONDS_MAX });
  return {
    server: `127.0.0.1:${port}`,
    pid: server.pid,
    readyMs: server.readyMs,
    createTopics: ({ names: [name] }) => createStream(port, name!, durability),
    stop: () => server.stop(),
    kill: () => server.kill(),
  };
}

/** By a request to `$JS.API.STREAM.CREATE.NAME` in the server's text protocol. @throws Error  as the server says */
function createStream(port: number, name: string, durability: Durability): Promise<void> {
  const storage = durability === "memory" ? "memory" : "file";
  const body = JSON.stringify({ name, subjects: [`${name}.*`], storage, retention: "limits", num_replicas: 1 });
  const publish = `PUB $JS.API.STREAM.CREATE.${name} answer ${body.length}\r\n${body}\r\n`;
  return new Promise((resolve, reject) => {
    let said = "";
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`CONNECT {"verbose":false}\r\nSUB answer 1\r\n${publish}`);
    });
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const answer = /\r\nMSG answer 1 \d+\r\n(.*)\r\n/.exec(said)?.[1];
      if (answer === undefined) return;
      socket.destroy();
      const { error } = JSON.parse(answer) as { error?: { description: string } };
      if (error === undefined) resolve();
      else reject(new Error(`no stream: ${error.description}`));
    });
    socket.on("error", reject);
  });
}
