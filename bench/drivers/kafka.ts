/** A real Apache Kafka, one node with KRaft, as its own scripts start it; librdkafka is its client. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { BrokerUnderTest, Driver, Durability } from "../../src/bench/driver.ts";
import { jars } from "./maven.ts";

const run = promisify(execFile);
const LOG4J = "2.25.3";
const READY_SECONDS_MAX = 120;
/** What bin/kafka-server-start.sh and bin/kafka-run-class.sh say. */
const JAVA_OPTIONS = [
  ...[
    "-Xms1G",
    "-Xmx1G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
  ],
  ...["-XX:+ExplicitGCInvokesConcurrent", "-XX:MaxInlineLevel=15", "-Djava.awt.headless=true"],
];

export interface KafkaOptions {
  /** 4.3.1, say. */
  readonly version: string;
  /** Server settings instead of or beside those of the file that Kafka comes with. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** @throws Error  its jars or a C compiler are not to be had */
export async function kafkaDriver({ version, settings = {} }: KafkaOptions): Promise<Driver> {
  const kafka = [`org.apache.kafka:kafka_2.13:${version}`, `org.apache.kafka:kafka-tools:${version}`];
  const log4j = ["log4j-slf4j-impl", "log4j-core"].map((name) => `org.apache.logging.log4j:${name}:${LOG4J}`);
  const libraries = await jars(`kafka-${version}`, version.startsWith("3.") ? kafka : [...kafka, ...log4j]);
  const classPath = `${libraries}/*`;
  const generator = await compileGenerator();
  return {
    name: `Apache Kafka ${version}, librdkafka`,
    client: "",
    produce: [generator, "produce", "acks=1"],
    consume: [generator, "consume"],
    start: (folder) => KafkaBroker.start(classPath, folder, settings),
  };
}

async function compileGenerator(): Promise<string> {
  const source = join(import.meta.dirname, "../clients/kafka-load.c");
  const program = join(tmpdir(), `cambium-kafka-load-${process.pid}`);
  await run("cc", ["-O2", "-o", program, source, "-lrdkafka", "-lpthread"]);
  return program;
}

class KafkaBroker implements BrokerUnderTest {
  readonly server: string;
  readonly readyMs: number;
  readonly #classPath: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  static async start(
    classPath: string,
    folder: string,
    settings: Readonly<Record<string, string>>,
  ): Promise<KafkaBroker> {
    const [port, controllerPort] = [await freePort(), await freePort()];
    const file = join(folder, "server.properties");
    mkdirSync(folder, { recursive: true });
    const all = { ...serverSettings(port, controllerPort, join(folder, "data")), ...settings };
    writeFileSync(
      file,
      Object.entries(all)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    );
    const java = (...args: string[]): Promise<{ stdout: string }> => run("java", ["-cp", classPath, ...args]);
    const uuid = (await java("kafka.tools.StorageTool", "random-uuid")).stdout.trim();
    await java("kafka.tools.StorageTool", "format", "-t", uuid, "-c", file, "--standalone");
    const startedMs = performance.now();
    const output = openSync(join(folder, "output"), "w");
    const child = spawn("java", [...JAVA_OPTIONS, "-cp", classPath, "kafka.Kafka", file], {
      stdio: ["ignore", output, output],
    });
    const exited = once(child, "exit");
    while (!(await answers(port))) {
      const seconds = (performance.now() - startedMs) / 1000;
      if (child.exitCode !== null || seconds > READY_SECONDS_MAX)
        throw new Error(`Kafka did not start: see ${join(folder, "output")}`);
      await sleep(20);
    }
    return new KafkaBroker(classPath, child, exited, port, performance.now() - startedMs);
  }

  private constructor(classPath: string, child: ChildProcess, exited: Promise<unknown>, port: number, readyMs: number) {
    this.#classPath = classPath;
    this.#child = child;
    this.#exited = exited;
    this.server = `127.0.0.1:${port}`;
    this.readyMs = readyMs;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** `os` is what Kafka does by default: nothing is synced before it is acknowledged. At `disk` every batch is. */
  async createTopic(name: string, partitions: number, durability: Durability): Promise<void> {
    if (durability === "memory") throw new Error("Kafka keeps no topic in memory");
    const flush = durability === "disk" ? ["--config", "flush.messages=1"] : [];
    const topic = [
      "--create",
      "--topic",
      name,
      "--partitions",
      String(partitions),
      "--replication-factor",
      "1",
      ...flush,
    ];
    await run("java", [
      ...["-cp", this.#classPath, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", this.server],
      ...topic,
    ]);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}

/** config/server.properties as it comes, but for addresses, folders and what one node needs. */
function serverSettings(port: number, controllerPort: number, data: string): Record<string, string> {
  const listeners = `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`;
  return {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.bootstrap.servers": `127.0.0.1:${controllerPort}`,
    listeners,
    "advertised.listeners": listeners,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "log.dirs": data,
    "num.partitions": "1",
    "num.network.threads": "3",
    "num.io.threads": "8",
    "socket.send.buffer.bytes": "102400",
    "socket.receive.buffer.bytes": "102400",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
  };
}

/** Does it answer an ApiVersions request (version 0)? That it accepts a connection means little. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    // Size 10: api key 18, version 0, correlation 1, no client id.
    socket.once("connect", () => socket.write(Buffer.from("0000000a00120000" + "00000001" + "ffff", "hex")));
    socket.once("data", () => end(true));
    socket.once("error", () => end(false));
    socket.setTimeout(1000, () => end(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
