/**
 * RabbitMQ, one node, over AMQP 0-9-1: a queue for each partition, publisher confirms; rabbitmq-c is its client.
 *
 * A quorum queue writes to its log and syncs that before it confirms (fdatasync, of what came together): that is `disk`, and it
 * has nothing less. A stream confirms when its segment is written and never syncs it: that is `os`, and it has nothing more.
 * Streams have a binary protocol of their own, faster than AMQP, for which there is no client in C: this is not its figure.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BrokerUnderTest, Driver } from "../../src/bench/driver.ts";
import type { Durability } from "../../src/bench/workload.ts";
import { needDebianPackages } from "./debian.ts";
import { compileGenerator } from "./generator-in-c.ts";
import { freePort, ServerProcess } from "./server-process.ts";

export type QueueType = "quorum" | "stream";

const DURABILITY: Record<QueueType, Durability> = { quorum: "disk", stream: "os" };
const HOME = "/usr/lib/rabbitmq";
/** Not the one in the PATH, which is for the system's service. */
const SERVER = `${HOME}/bin/rabbitmq-server`;
const READY_SECONDS_MAX = 120;
/** What a client of AMQP 0-9-1 says first; it is answered when the node has recovered its queues. */
const PROTOCOL_HEADER = "AMQP\0\0\t\u0001";
/** "Which names?", as epmd's protocol has it. */
const EPMD_NAMES = Buffer.from("00016e", "hex");

/** @throws Error  the server, rabbitmq-c or a C compiler is not to be had */
export async function rabbitmqDriver(type: QueueType): Promise<Driver> {
  needDebianPackages({ "rabbitmq-server": SERVER, "librabbitmq-dev": "/usr/include/amqp.h" });
  const release = readdirSync(`${HOME}/lib`).find((name) => name.startsWith("rabbitmq_server-"));
  const generator = await compileGenerator("rabbitmq", ["rabbitmq"]);
  return {
    name: `RabbitMQ ${release?.split("-")[1]} ${type} queues, rabbitmq-c`,
    client: "",
    produce: [generator, "produce"],
    consume: [generator, "consume", `type=${type}`],
    ...(type === "quorum" && { isQueue: true as const }),
    lacks: ({ durability }) =>
      durability === DURABILITY[type]
        ? null
        : `a ${type} queue has no durability ${durability}, it has ${DURABILITY[type]}`,
    start: (folder) => startRabbitmq(generator, type, folder),
  };
}

async function startRabbitmq(generator: string, type: QueueType, folder: string): Promise<BrokerUnderTest> {
  const [port, epmdPort] = [await freePort(), await freePort()];
  const epmd = await startEpmd(join(folder, "epmd"), epmdPort);
  const node = await startNode(folder, port, epmdPort).catch(async (error: unknown) => {
    await epmd.kill();
    throw error;
  });
  const server = `127.0.0.1:${port}`;
  return {
    server,
    pid: node.pid,
    readyMs: node.readyMs,
    createTopics: async ({ names: [name], partitions }) => {
      const task = [`server=${server}`, `topic=${name}`, `partitions=${partitions}`, `type=${type}`];
      await promisify(execFile)(generator, ["declare", ...task]);
    },
    stop: async () => {
      await node.stop();
      await epmd.stop();
    },
    kill: async () => {
      await node.kill();
      await epmd.kill();
    },
  };
}

/** The node's own: it would start one that stays when it has ended. */
function startEpmd(folder: string, port: number): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true });
  const args = ["-port", String(port), "-address", "127.0.0.1"];
  const common = { folder, port, question: EPMD_NAMES, secondsMax: READY_SECONDS_MAX };
  return ServerProcess.start({ program: "epmd", args, ...common });
}

async function startNode(folder: string, port: number, epmdPort: number): Promise<ServerProcess> {
  const plugins = join(folder, "enabled_plugins");
  const config = join(folder, "rabbitmq.conf");
  const conf = join(folder, "rabbitmq-env.conf");
  writeFileSync(plugins, "[].\n");
  writeFileSync(config, "");
  writeFileSync(conf, "");
  const environment = {
    HOME: folder, // Of the cookie.
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_NODENAME: `bench-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_MNESIA_BASE: join(folder, "data"),
    RABBITMQ_LOG_BASE: join(folder, "log"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
    RABBITMQ_CONFIG_FILE: config,
    RABBITMQ_CONF_ENV_FILE: conf,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    // The script becomes the node, instead of a shell that waits for it.
    RUNNING_UNDER_SYSTEMD: "true",
  };
  const common = { folder, port, question: PROTOCOL_HEADER, secondsMax: READY_SECONDS_MAX };
  return ServerProcess.start({ program: SERVER, args: [], environment, answer: "\u0001", ...common });
}
