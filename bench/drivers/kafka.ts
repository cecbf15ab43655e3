/** A real Apache Kafka, one node with KRaft, as its own scripts start it; librdkafka is its client. */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BrokerUnderTest, Driver, Durability } from "../../src/bench/driver.ts";
import { compileGenerator } from "./generator-in-c.ts";
import { jars } from "./maven.ts";
import { freePort, ServerProcess } from "./server-process.ts";

const run = promisify(execFile);
const LOG4J = "2.25.3";
const READY_SECONDS_MAX = 120;
/** An ApiVersions request: size 10, api key 18, version 0, correlation 1, no client id. */
const API_VERSIONS = Buffer.from("0000000a00120000" + "00000001" + "ffff", "hex");
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
  const generator = await compileGenerator("kafka", ["rdkafka"]);
  return {
    name: `Apache Kafka ${version}, librdkafka`,
    client: "",
    produce: [generator, "produce", "acks=1"],
    consume: [generator, "consume"],
    start: (folder) => KafkaBroker.start(classPath, folder, settings),
  };
}

class KafkaBroker implements BrokerUnderTest {
  readonly server: string;
  readonly #classPath: string;
  readonly #process: ServerProcess;

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
    const server = await ServerProcess.start({
      program: "java",
      args: [...JAVA_OPTIONS, "-cp", classPath, "kafka.Kafka", file],
      folder,
      port,
      question: API_VERSIONS,
      secondsMax: READY_SECONDS_MAX,
    });
    return new KafkaBroker(classPath, server, port);
  }

  private constructor(classPath: string, process: ServerProcess, port: number) {
    this.#classPath = classPath;
    this.#process = process;
    this.server = `127.0.0.1:${port}`;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get readyMs(): number {
    return this.#process.readyMs;
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

  stop(): Promise<void> {
    return this.#process.stop();
  }

  kill(): Promise<void> {
    return this.#process.kill();
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
