/** Cambium's own client, through its public per-record calls. */
import { type Client, type Consumer, connect, type Producer } from "../../client/index.ts";
import type {
  ConnectLoadClient,
  LoadClient,
  LoadConsumer,
  LoadProducer,
  LoadProducerOptions,
  VisitValue,
} from "../load-client.ts";

/** Topics that a producer asks about. */
const PREPARED_AT_A_TIME = 100;

export const connectLoadClient: ConnectLoadClient = async ({ server, topics }) =>
  new CambiumClient(await connect({ server, clientId: "cambium-bench" }), topics);

class CambiumClient implements LoadClient {
  readonly #client: Client;
  readonly #topics: readonly string[];

  constructor(client: Client, topics: readonly string[]) {
    this.#client = client;
    this.#topics = topics;
  }

  async producer({ batchBytes, lingerMs, acknowledged }: LoadProducerOptions): Promise<LoadProducer> {
    const topics = this.#topics;
    const isOfMany = topics.length > 1;
    const indexes = new Map(topics.map((topic, index) => [topic, index]));
    const producer = await this.#client.producer({
      topic: topics[0]!,
      batchBytes,
      lingerMs,
      onAck: ({ topic, partition, count }) => acknowledged(isOfMany ? indexes.get(topic)! : partition, count),
    });
    for (let first = 0; isOfMany && first < topics.length; first += PREPARED_AT_A_TIME)
      await Promise.all(topics.slice(first, first + PREPARED_AT_A_TIME).map((topic) => producer.prepare(topic)));
    return isOfMany ? new ProducerToMany(producer, topics) : new CambiumProducer(producer);
  }

  consumer(): Promise<LoadConsumer> {
    const consumers = this.#topics.map((topic) => this.#client.consumer({ topic, from: "earliest" }));
    return Promise.resolve(new CambiumConsumer(consumers));
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

class CambiumProducer implements LoadProducer {
  readonly #producer: Producer;
  /** One object for all records: the producer keeps none. */
  readonly #record: { partition: number; value: Uint8Array } = { partition: 0, value: new Uint8Array(0) };

  constructor(producer: Producer) {
    this.#producer = producer;
  }

  enqueue(partition: number, value: Uint8Array): Promise<void> | null {
    const record = this.#record;
    record.partition = partition;
    record.value = value;
    return this.#producer.enqueue(record) ? null : this.#producer.ready();
  }

  async send(partition: number, value: Uint8Array): Promise<void> {
    await this.#producer.send({ partition, value });
  }

  flush(): Promise<void> {
    return this.#producer.flush();
  }

  close(): Promise<void> {
    return this.#producer.close();
  }
}

/** Each partition is a topic by itself. */
class ProducerToMany implements LoadProducer {
  readonly #producer: Producer;
  readonly #topics: readonly string[];
  readonly #record: { topic: string; partition: number; value: Uint8Array } = {
    topic: "",
    partition: 0,
    value: new Uint8Array(0),
  };

  constructor(producer: Producer, topics: readonly string[]) {
    this.#producer = producer;
    this.#topics = topics;
  }

  enqueue(partition: number, value: Uint8Array): Promise<void> | null {
    const record = this.#record;
    record.topic = this.#topics[partition]!;
    record.value = value;
    return this.#producer.enqueue(record) ? null : this.#producer.ready();
  }

  async send(partition: number, value: Uint8Array): Promise<void> {
    await this.#producer.send({ topic: this.#topics[partition]!, partition: 0, value });
  }

  flush(): Promise<void> {
    return this.#producer.flush();
  }

  close(): Promise<void> {
    return this.#producer.close();
  }
}

class CambiumConsumer implements LoadConsumer {
  readonly #consumers: readonly Consumer[];

  /** @param consumers of one topic, or of one for each partition */
  constructor(consumers: readonly Consumer[]) {
    this.#consumers = consumers;
  }

  async run(visit: VisitValue): Promise<void> {
    await Promise.all(
      this.#consumers.map((consumer, topic) => {
        const isOfMany = this.#consumers.length > 1;
        let bytes: Uint8Array = new Uint8Array(0);
        let view = new DataView(bytes.buffer);
        return consumer.forEach((record) => {
          if (record.bytes !== bytes) {
            bytes = record.bytes;
            view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          }
          const size = record.valueEnd - record.valueStart;
          visit(isOfMany ? topic : record.partition, bytes, view, record.valueStart, size);
        });
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.close()));
  }
}
