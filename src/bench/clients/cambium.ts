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

export const connectLoadClient: ConnectLoadClient = async ({ server, topic }) =>
  new CambiumClient(await connect({ server, clientId: "cambium-bench" }), topic);

class CambiumClient implements LoadClient {
  readonly #client: Client;
  readonly #topic: string;

  constructor(client: Client, topic: string) {
    this.#client = client;
    this.#topic = topic;
  }

  async producer({ batchBytes, lingerMs, acknowledged }: LoadProducerOptions): Promise<LoadProducer> {
    const producer = await this.#client.producer({
      topic: this.#topic,
      batchBytes,
      lingerMs,
      onAck: ({ partition, count }) => acknowledged(partition, count),
    });
    return new CambiumProducer(producer);
  }

  consumer(): Promise<LoadConsumer> {
    return Promise.resolve(new CambiumConsumer(this.#client.consumer({ topic: this.#topic, from: "earliest" })));
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

class CambiumConsumer implements LoadConsumer {
  readonly #consumer: Consumer;

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  run(visit: VisitValue): Promise<void> {
    let bytes: Uint8Array = new Uint8Array(0);
    let view = new DataView(bytes.buffer);
    return this.#consumer.forEach((record) => {
      if (record.bytes !== bytes) {
        bytes = record.bytes;
        view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      }
      visit(record.partition, bytes, view, record.valueStart, record.valueEnd - record.valueStart);
    });
  }

  close(): Promise<void> {
    return this.#consumer.close();
  }
}
