/** What a producer has unacknowledged: never more than the broker's window, never less than it could, and who goes first. */
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { KIB } from "../../src/base/units.ts";
import type { Producer, ProducerOptions } from "../../src/client/index.ts";
import { Durability } from "../../src/protocol/generated/wire.ts";
import { BATCH_WINDOW_OVERHEAD } from "../../src/protocol/limits.ts";
import { writeBatch } from "../wasm/batch-writer.ts";
import type { Fate } from "./fake-broker-state.ts";
import type { FakeConnection } from "./fake-connection.ts";
import { closeLater, codeOf, connectTo, startFakeBroker } from "./harness.ts";
import { recordsIn } from "./records.ts";

/** Bytes of a batch of one record. */
function sizeOf(valueSize: number): number {
  return writeBatch([{ timestamp: 0, key: null, value: new Uint8Array(valueSize), headers: [] }]).length;
}

/** What it takes of the window. */
function windowBytesOf(valueSize: number): number {
  return sizeOf(valueSize) + BATCH_WINDOW_OVERHEAD;
}

const SMALL = 1000;
const UNIT: number = windowBytesOf(SMALL);

interface Setting extends Pick<ProducerOptions, "acks" | "windowBytes"> {
  readonly window: number;
  readonly inlineMax?: number;
  readonly fate?: Fate;
}

/** A producer that waits for nothing but its window, and a broker that holds its answers back. */
async function start({ window, inlineMax = 1024 * KIB, fate = "take and hold", ...options }: Setting) {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 40);
  Object.assign(broker, { window, inlineMax, widens: false });
  /** The partitions of the batches that came. */
  const arrived: number[] = [];
  const behaviour = { fate };
  broker.fate = ({ partition }) => {
    arrived.push(partition);
    return behaviour.fate;
  };
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", windowBytes: window, idempotent: false, ...options });
  // Whose close would wait for what is never answered.
  closeLater({ close: () => producer.abort() });
  /** The producer's connection: nobody connects after it. */
  const connection = (): FakeConnection => [...broker.connections].at(-1)!;
  const requests = (): readonly number[] => connection().windowRequests;
  const enqueue = (partition: number, valueSize = SMALL) =>
    producer.enqueue({ partition, value: new Uint8Array(valueSize) });
  /** Gives the oldest answer that is held back. */
  const answer = (): void => broker.held.shift()!();
  return { broker, partitions, producer, connection, requests, arrived, behaviour, enqueue, answer };
}

/** Until both have said what they have to say, and what follows from that: answers come in the order of the requests. */
async function settle(producer: Producer): Promise<void> {
  for (let round = 0; round < 4; round++) await codeOf(producer.prepare("nowhere"));
}

test("the broker is told at once what window would be used", async () => {
  const { connection } = await start({ window: 64 * KIB, windowBytes: 123_456 });
  expect(connection().windowWanted).toBe(123_456);
});

describe("room", () => {
  test.each([
    [UNIT, [0]],
    [2 * UNIT - 1, [0]],
    [2 * UNIT, [0, 1]],
    [3 * UNIT - 1, [0, 1]],
  ])("of %i bytes is used to the last one, and not exceeded", async (window, expected) => {
    const { producer, requests, arrived, enqueue } = await start({ window });
    for (const partition of [0, 1, 2]) enqueue(partition);
    await settle(producer);
    expect(arrived).toEqual(expected);
    // It has the window that it wanted.
    expect(requests()).toEqual([]);
  });

  test("that an acknowledgement gives back goes to whoever waits for it", async () => {
    const { producer, arrived, enqueue, answer } = await start({ window: UNIT });
    for (const partition of [0, 1, 2]) enqueue(partition);
    for (const expected of [[0], [0, 1], [0, 1, 2]]) {
      await settle(producer);
      expect(arrived).toEqual(expected);
      answer();
    }
  });

  test("that a refusal gives back goes to whoever waits for it", async () => {
    const fate = new BrokerError("PARTITION_READ_ONLY", "no");
    const { producer, arrived, enqueue } = await start({ window: UNIT, fate });
    for (const partition of [0, 1, 2]) enqueue(partition);
    await settle(producer);
    expect(arrived).toEqual([0, 1, 2]);
  });

  test("that was taken back is not there until what is under way fits into the rest", async () => {
    const inlineMax = sizeOf(SMALL);
    const { producer, connection, arrived, enqueue, answer } = await start({ window: 3 * UNIT, inlineMax });
    for (const partition of [0, 1, 2]) enqueue(partition);
    await settle(producer);
    connection().tellWindow(2 * UNIT);
    await settle(producer);
    expect(connection().windowAcks).toEqual([2 * UNIT]);
    // It takes no room, and waits all the same.
    enqueue(3, 4000);
    enqueue(4);
    for (const expected of [
      [0, 1, 2],
      [0, 1, 2, 3],
      [0, 1, 2, 3, 4],
    ]) {
      await settle(producer);
      expect(arrived).toEqual(expected);
      answer();
    }
  });

  test("is given back once, and by no answer to what was given up", async () => {
    const { producer, broker, connection, arrived, behaviour, enqueue } = await start({
      window: 8 * UNIT,
      acks: 0,
      fate: "ignore",
    });
    for (let partition = 0; partition < 8; partition++) enqueue(partition);
    await settle(producer);
    expect(arrived.length).toBe(8);
    connection().socket.destroy();
    await settle(producer);
    behaviour.fate = "take";
    enqueue(0);
    await settle(producer);
    for (let correlation = 1; correlation < 50; correlation++)
      connection().send("ProduceAck", correlation, { durability: Durability.Os });
    connection().send("ProduceGrant", 12_345, { upload: 1 });
    await settle(producer);
    behaviour.fate = "ignore";
    // The fake broker fails when they exceed the window.
    for (let round = 0; round < 2; round++) {
      for (let partition = 0; partition < 8; partition++) enqueue(partition);
      await settle(producer);
    }
    expect(arrived.length).toBe(17);
    expect(broker.welcomes).toBe(3);
  });
});

describe("who goes first", () => {
  test.each([0, 100])("nobody overtakes a batch that only lacks room (%i bytes less than the window)", async (less) => {
    const { producer, arrived, enqueue, answer } = await start({ window: windowBytesOf(4000) + less });
    enqueue(0);
    enqueue(1, 4000);
    enqueue(2);
    for (const expected of [[0], [0, 1], [0, 1, 2]]) {
      await settle(producer);
      expect(arrived).toEqual(expected);
      answer();
    }
  });

  test("others go on while a batch waits for a wider window, and not before it once that is there", async () => {
    const window = windowBytesOf(4000);
    const { producer, connection, requests, arrived, enqueue, answer } = await start({ window: window - 1 });
    enqueue(0, 4000);
    enqueue(1);
    await settle(producer);
    enqueue(2);
    await settle(producer);
    expect(arrived).toEqual([1, 2]);
    expect(requests()).toEqual([window]);
    connection().tellWindow(window);
    answer();
    await settle(producer);
    enqueue(3);
    await settle(producer);
    expect(arrived).toEqual([1, 2]);
    answer();
    await settle(producer);
    expect(arrived).toEqual([1, 2, 0]);
    answer();
    await settle(producer);
    expect(arrived).toEqual([1, 2, 0, 3]);
  });
});

test("others go on while large batches wait for large ones that were granted nothing", async () => {
  const { producer, broker, arrived, enqueue } = await start({ window: 8 * UNIT, inlineMax: sizeOf(SMALL) });
  broker.grants = false;
  // More than are asked for at a time.
  for (let partition = 0; partition < 39; partition++) enqueue(partition, 4000);
  enqueue(39);
  await settle(producer);
  expect(arrived).toEqual([39]);
});

describe("a wider window", () => {
  test("is asked for as wide as it would be used, whenever it is too small", async () => {
    const { producer, broker, connection, requests, arrived, enqueue } = await start({
      window: UNIT,
      windowBytes: 2 * UNIT,
    });
    broker.widens = true;
    enqueue(0);
    enqueue(1);
    await settle(producer);
    expect(arrived).toEqual([0, 1]);
    expect(requests()).toEqual([2 * UNIT]);
    broker.release();
    connection().tellWindow(UNIT);
    await settle(producer);
    enqueue(2);
    enqueue(3);
    await settle(producer);
    expect(arrived).toEqual([0, 1, 2, 3]);
    expect(requests()).toEqual([2 * UNIT, 2 * UNIT]);
  });

  test("is asked for again when the answer was less", async () => {
    const { producer, connection, requests, arrived, enqueue } = await start({ window: UNIT });
    enqueue(0, 4000);
    await settle(producer);
    connection().tellWindow(2 * UNIT);
    await settle(producer);
    expect(requests()).toEqual([windowBytesOf(4000), windowBytesOf(4000)]);
    connection().tellWindow(windowBytesOf(4000));
    await settle(producer);
    expect(arrived).toEqual([0]);
  });

  test("is asked for once, until a batch needs a wider one still", async () => {
    const { producer, requests, enqueue } = await start({ window: UNIT });
    enqueue(0, 3000);
    enqueue(1, 2000);
    enqueue(2, 4000);
    enqueue(3, 3000);
    await settle(producer);
    enqueue(4);
    await settle(producer);
    expect(requests()).toEqual([windowBytesOf(3000), windowBytesOf(4000)]);
  });
});

describe("after a cut", () => {
  test("nothing is unacknowledged", async () => {
    const { producer, connection, arrived, behaviour, enqueue, answer } = await start({ window: UNIT, fate: "ignore" });
    enqueue(0);
    enqueue(1);
    await settle(producer);
    behaviour.fate = "take and hold";
    connection().socket.destroy();
    await settle(producer);
    expect(arrived).toEqual([0, 0]);
    answer();
    await settle(producer);
    expect(arrived).toEqual([0, 0, 1]);
  });

  test.each([
    [1, [0]],
    [3, [0, 1, 2]],
  ])("the next connection's window counts, for %i batches", async (count, expected) => {
    const { producer, broker, connection, requests, arrived, enqueue } = await start({ window: 2 * UNIT });
    for (const partition of [0, 1, 2]) enqueue(partition);
    await settle(producer);
    expect(arrived.splice(0)).toEqual([0, 1]);
    broker.window = count * UNIT;
    connection().socket.destroy();
    await settle(producer);
    expect(arrived).toEqual(expected);
    expect(requests()).toEqual(count < 2 ? [2 * UNIT] : []);
  });

  test("a wider window is asked for anew", async () => {
    const { producer, broker, connection, requests, arrived, enqueue } = await start({ window: UNIT });
    enqueue(0, 4000);
    await settle(producer);
    const asked = connection();
    expect(asked.windowRequests).toEqual([windowBytesOf(4000)]);
    broker.widens = true;
    asked.socket.destroy();
    await settle(producer);
    expect(connection()).not.toBe(asked);
    expect(requests()).toEqual([windowBytesOf(4000)]);
    expect(arrived).toEqual([0]);
  });

  test("the next connection's limit counts for what goes in parts", async () => {
    const { producer, broker, connection, arrived, enqueue } = await start({ window: 2 * UNIT, fate: "ignore" });
    enqueue(0);
    await settle(producer);
    broker.inlineMax = sizeOf(SMALL) - 1;
    connection().socket.destroy();
    await settle(producer);
    expect(arrived).toEqual([0, 0]);
    expect(connection().unacknowledgedMax).toBe(0);
  });
});

describe("a batch that goes in parts", () => {
  const inlineMax = sizeOf(SMALL);

  test("needs no room in the window", async () => {
    const { producer, requests, arrived, enqueue } = await start({ window: UNIT, inlineMax });
    enqueue(0);
    enqueue(1, 4000);
    await settle(producer);
    expect(arrived).toEqual([0, 1]);
    expect(requests()).toEqual([]);
  });

  test("takes none, and gives none back", async () => {
    const { producer, requests, arrived, enqueue, answer } = await start({ window: UNIT, inlineMax });
    enqueue(0, 4000);
    enqueue(1);
    enqueue(2);
    await settle(producer);
    expect(arrived).toEqual([1, 0]);
    // Of the small one, then of the large one.
    answer();
    await settle(producer);
    expect(arrived).toEqual([1, 0, 2]);
    enqueue(3);
    answer();
    await settle(producer);
    expect(arrived).toEqual([1, 0, 2]);
    answer();
    await settle(producer);
    expect(arrived).toEqual([1, 0, 2, 3]);
    expect(requests()).toEqual([]);
  });

  test.each([
    ["as large as one frame carries goes in one", inlineMax, [0], UNIT],
    ["larger by a byte does not", inlineMax - 1, [0, 1], 0],
  ])("is one that needs to: %s", async (_what, bytesMax, expected, inline) => {
    const { producer, connection, arrived, enqueue } = await start({ window: UNIT, inlineMax: bytesMax });
    enqueue(0);
    enqueue(1);
    await settle(producer);
    expect(arrived).toEqual(expected);
    expect(connection().unacknowledgedMax).toBe(inline);
  });

  test.each([-1, 0, 1])("comes whole, its last part full or not (%i bytes more)", async (more) => {
    const valueSize = 10_000 + more;
    const { producer, partitions } = await start({ window: UNIT, inlineMax: sizeOf(10_000) / 2, fate: "take" });
    const value = Uint8Array.from({ length: valueSize }, (_, index) => index * 7);
    await producer.send({ partition: 0, value });
    expect(recordsIn(partitions[0]!).map((record) => record.value)).toEqual([value]);
  });

  test("goes alone in its partition", async () => {
    const { producer, broker, partitions, arrived, behaviour, enqueue, answer } = await start({
      window: 8 * UNIT,
      inlineMax,
    });
    const sizes = [SMALL, 300 * KIB, SMALL - 1];
    broker.topics.get("t")!.maxMessageBytes = 1024 * KIB;
    for (const size of sizes) enqueue(0, size);
    // Closes the last one, too.
    const flushed = codeOf(producer.flush());
    for (const count of [1, 2]) {
      await settle(producer);
      expect(arrived.length).toBe(count);
      answer();
    }
    behaviour.fate = "take";
    expect(await flushed).toBe("none");
    expect(recordsIn(partitions[0]!).map(({ value }) => value!.length)).toEqual(sizes);
  });

  test("is none that one frame just carries: such go together, and again after a cut", async () => {
    const { producer, connection, arrived, behaviour, enqueue } = await start({
      window: 8 * UNIT,
      inlineMax,
      fate: "ignore",
    });
    enqueue(0);
    await settle(producer);
    enqueue(0);
    void codeOf(producer.flush());
    await settle(producer);
    expect(arrived).toEqual([0, 0]);
    behaviour.fate = "take and hold";
    connection().socket.destroy();
    await settle(producer);
    expect(arrived).toEqual([0, 0, 0, 0]);
  });
});

test("a broker that says what is not said to producers is left, and nothing is lost", async () => {
  const { producer, broker, connection, arrived, enqueue } = await start({ window: UNIT });
  enqueue(0);
  await settle(producer);
  connection().send("Done", 0, {});
  await settle(producer);
  expect(broker.welcomes).toBe(3);
  expect(arrived).toEqual([0, 0]);
});
