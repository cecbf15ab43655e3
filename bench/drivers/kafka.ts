/** A real Apache Kafka, one node with KRaft, as its own scripts start it; librdkafka is its client. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BrokerUnderTest, Driver, TopicsUnderTest } from "../../src/bench/driver.ts";
import { compileGenerator } from "./generator-in-c.ts";
import { jars } from "./maven.ts";
import { freePort, ServerProcess } from "./server-process.ts";

const run = promisify(execFile);
const LOG4J = "2.25.3";
const READY_SECONDS_MAX = 120;
/** Its default for `flush.messages`. */
const FLUSH_NEVER = "9223372036854775807";
/** An ApiVersions request: size 10, api key 18, version 0, correlation 1, no client id. */
const API_VERSIONS = Buffer.from("0000000a00120000" + "00000001" + "ffff", "hex");
const HEAP_GIB = 1;
/** What bin/kafka-server-start.sh and bin/kafka-run-class.sh say, beside the heap. */
const JAVA_OPTIONS = [
  ...["-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35"],
  ...["-XX:+ExplicitGCInvokesConcurrent", "-XX:MaxInlineLevel=15", "-Djava.awt.headless=true"],
];

export interface KafkaOptions {
  /** 4.3.1, say. */
  readonly version: string;
  /** Server settings instead of or beside those of the file that Kafka comes with. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of its producers: nothing twice, and nothing out of order, as its own client has it by default, and ours. */
  readonly idempotence?: boolean;
  /** GiB; the scripts that start it have 1. */
  readonly heap?: number;
}

/** As its manual has it for production, on a machine of two processors: more heap, and as many threads as there are processors. */
export const kafkaTuning: Omit<KafkaOptions, "version"> = {
  heap: 6,
  settings: {
    "num.network.threads": "2",
    "num.io.threads": "2",
    "socket.send.buffer.bytes": "1048576",
    "socket.receive.buffer.bytes": "1048576",
  },
};

/** Of its server and its tools. @throws Error  its jars are not to be had */
export async function kafkaClassPath(version: string): Promise<string> {
  const kafka = [`org.apache.kafka:kafka_2.13:${version}`, `org.apache.kafka:kafka-tools:${version}`];
  const log4j = ["log4j-slf4j-impl", "log4j-core"].map((name) => `org.apache.logging.log4j:${name}:${LOG4J}`);
  return `${await jars(`kafka-${version}`, version.startsWith("3.") ? kafka : [...kafka, ...log4j])}/*`;
}

/** @throws Error  its jars or a C compiler are not to be had */
export async function kafkaDriver({
  version,
  settings = {},
  heap = HEAP_GIB,
  idempotence = true,
}: KafkaOptions): Promise<Driver> {
  const classPath = await kafkaClassPath(version);
  const generator = await compileGenerator("kafka", ["rdkafka"]);
  const setup: KafkaSetup = { classPath, generator, settings, heap };
  return {
    name: `Apache Kafka ${version}${heap === HEAP_GIB ? "" : ` tuned, heap ${heap} GiB`}, librdkafka`,
    client: "",
    produce: [generator, "produce", `idempotence=${idempotence}`],
    consume: [generator, "consume"],
    restarts: true,
    start: (folder) => KafkaBroker.start(setup, folder),
  };
}

interface KafkaSetup {
  readonly classPath: string;
  readonly generator: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly heap: number;
}

class KafkaBroker implements BrokerUnderTest {
  readonly server: string;
  readonly #generator: string;
  readonly #process: ServerProcess;

  /** @param folder empty, or one that it had before */
  static async start({ classPath, generator, settings, heap }: KafkaSetup, folder: string): Promise<KafkaBroker> {
    const [port, controllerPort] = [await freePort(), await freePort()];
    const file = join(folder, "server.properties");
    mkdirSync(folder, { recursive: true });
    const data = join(folder, "data");
    const all = Object.entries({ ...serverSettings(port, controllerPort, data), ...settings });
    writeFileSync(file, all.map(([name, value]) => `${name}=${value}\n`).join(""));
    const java = (...args: string[]): Promise<{ stdout: string }> => run("java", ["-cp", classPath, ...args]);
    if (!existsSync(data)) {
      const uuid = (await java("kafka.tools.StorageTool", "random-uuid")).stdout.trim();
      await java("kafka.tools.StorageTool", "format", "-t", uuid, "-c", file, "--standalone");
    }
    const server = await ServerProcess.start({
      program: "java",
      args: [`-Xms${heap}G`, `-Xmx${heap}G`, ...JAVA_OPTIONS, "-cp", classPath, "kafka.Kafka", file],
      folder,
      port,
      question: API_VERSIONS,
      secondsMax: READY_SECONDS_MAX,
    });
    return new KafkaBroker(generator, server, port);
  }

  private constructor(generator: string, process: ServerProcess, port: number) {
    this.#generator = generator;
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
  async createTopics({ names, partitions, durability, batchBytesMax }: TopicsUnderTest): Promise<void> {
    if (durability === "memory") throw new Error("Kafka keeps no topic in memory");
    const settings = { flush: durability === "disk" ? 1 : FLUSH_NEVER, batchBytesMax, partitions };
    const task = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    await run(this.#generator, ["declare", `server=${this.server}`, ...task, ...names.map((name) => `name=${name}`)]);
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
