/** A client that does not do its work: what it does wrong is said behind the `?` of its URL. */
import { connectLoadClient as connectWhole } from "../../src/bench/clients/cambium.ts";
import type { ConnectLoadClient, LoadConsumer, LoadProducer, VisitValue } from "../../src/bench/load-client.ts";

const fault = new URL(import.meta.url).search.slice(1);
const EVERY = 997;

export const connectLoadClient: ConnectLoadClient = async (options) => {
  const client = await connectWhole(options);
  return {
    producer: async (producerOptions) => {
      const producer = await client.producer(producerOptions);
      return fault === "loses" ? losing(producer, producerOptions.acknowledged) : producer;
    },
    consumer: async () => faulty(await client.consumer()),
    close: () => client.close(),
  };
};

/** Tells of a record that it did not send. */
function losing(producer: LoadProducer, acknowledged: (partition: number, count: number) => void): LoadProducer {
  let count = 0;
  return {
    enqueue: (partition, value) => {
      if (++count % EVERY !== 0) return producer.enqueue(partition, value);
      acknowledged(partition, 1);
      return null;
    },
    send: (partition, value) => producer.send(partition, value),
    flush: () => producer.flush(),
    close: () => producer.close(),
  };
}

function faulty(consumer: LoadConsumer): LoadConsumer {
  return {
    run: (visit) =>
      consumer.run(fault === "doubles" ? doubling(visit) : fault === "swaps" ? swapping(visit) : altering(visit)),
    close: () => consumer.close(),
  };
}

function doubling(visit: VisitValue): VisitValue {
  let count = 0;
  return (...record) => {
    visit(...record);
    if (++count % EVERY === 0) visit(...record);
  };
}

function swapping(visit: VisitValue): VisitValue {
  let count = 0;
  let held: Parameters<VisitValue> | null = null;
  return (partition, bytes, view, at, size) => {
    if (++count % EVERY === 0) {
      const copy = bytes.slice(at, at + size);
      held = [partition, copy, new DataView(copy.buffer), 0, size];
      return;
    }
    visit(partition, bytes, view, at, size);
    if (held !== null && held[0] === partition) {
      visit(...held);
      held = null;
    }
  };
}

/** Alters nothing where it is to lose. */
function altering(visit: VisitValue): VisitValue {
  let count = 0;
  return (partition, bytes, view, at, size) => {
    const isBad = fault === "alters" && ++count % EVERY === 0;
    // The whole body: a single byte is looked at sooner or later, not at once.
    const copy = bytes.slice(at, at + size);
    if (isBad) copy.fill(0, 20);
    visit(partition, isBad ? copy : bytes, isBad ? new DataView(copy.buffer) : view, isBad ? 0 : at, size);
  };
}
