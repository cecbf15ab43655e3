/** What `send` cannot take at once: nothing overtakes it, and who waits for everything waits for it, too. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { KIB } from "../../src/base/units.ts";
import type { Producer, ProducerOptions } from "../../src/client/index.ts";
import { until } from "../helpers/until.ts";
import { Random } from "../protocol/random.ts";
import type { FakeBroker } from "./fake-broker.ts";
import type { Fate } from "./fake-broker-state.ts";
import { codeOf, connectTo, startFakeBroker } from "./harness.ts";
import { valuesIn } from "./records.ts";

afterEach(() => void vi.restoreAllMocks());

const SMALL: ProducerOptions = { batchBytes: 4 * KIB, bufferBytes: 16 * KIB };

async function startProducer(options: ProducerOptions): Promise<{ broker: FakeBroker; producer: Producer }> {
  const broker = await startFakeBroker();
  broker.topic("t");
  broker.topic("u");
  const client = await connectTo(broker);
  return { broker, producer: await client.producer({ topic: "t", ...options }) };
}

/** The broker describes no topic until the function that this returns is called. */
function holdDescriptions(broker: FakeBroker): () => void {
  let release = (): void => {};
  broker.described = new Promise((resolve) => {
    release = resolve;
  });
  return release;
}

const now = performance.now.bind(performance);

/** The clock goes on from now on, by so much more than it did. */
function pass(ms: number): void {
  vi.spyOn(performance, "now").mockImplementation(() => now() + ms);
}

/** What the producer knows of topics is older than it believes without asking. */
const growOld = (): void => pass(2000);

test.each([
  ["flush", 0],
  ["flush", 20],
  ["close", 0],
  ["close", 20],
] as const)("%s waits for what waits for memory, with lingerMs %i", async (end, lingerMs) => {
  for (const count of [3, 5, 6, 7, 8]) {
    const { producer } = await startProducer({ ...SMALL, lingerMs });
    await producer.prepare("u");
    const outcomes: string[] = [];
    for (let index = 0; index < count; index++) {
      const send = producer.send({ topic: index % 2 === 0 ? "t" : "u", value: "x".repeat(3500) });
      void codeOf(send).then((code) => outcomes.push(code));
    }
    await producer[end]();
    await null;
    expect(outcomes).toEqual(new Array(count).fill("none"));
  }
});

test.each([
  ["is sent to a partition that may have been added", { partition: 7, value: "no" }],
  ["exceeds a limit that may have been raised", { value: "no".repeat(300) }],
])("enqueue overtakes nothing that waits behind what %s", async (_, doubtful) => {
  const { broker, producer } = await startProducer({});
  const topic = broker.topics.get("t")!;
  topic.maxMessageBytes = 400;
  await producer.abort();
  const client = await connectTo(broker);
  const other = await client.producer({ topic: "t" });
  growOld();
  const release = holdDescriptions(broker);
  const refused = codeOf(other.send(doubtful));
  const first = other.send({ value: "first" });
  expect(() => other.enqueue({ value: "second" })).toThrow(expect.objectContaining({ code: "BUSY" }));
  let isReady = false;
  const ready = other.ready().then(() => {
    isReady = true;
  });
  await sleep(5);
  expect(isReady).toBe(false);
  release();
  await ready;
  other.enqueue({ value: "second" });
  await other.flush();
  expect(await refused).not.toBe("none");
  expect((await first).offset).toBe(0);
  expect(valuesIn(topic.partitions[0]!)).toEqual(["first", "second"]);
});

test("what waits for memory of a topic that is made anew stays before what is sent to it later", async () => {
  const { broker, producer } = await startProducer(SMALL);
  await producer.prepare("u");
  broker.fate = () => "take and hold";
  broker.topics.delete("t");
  const { partitions, id } = broker.topic("t");
  id.fill(9);
  const lost = codeOf(producer.send({ topic: "t", value: "lost" }));
  await sleep(1);
  const sends: Promise<unknown>[] = [];
  for (let index = 0; index < 4; index++) sends.push(producer.send({ topic: "u", value: "x".repeat(3500) }));
  for (let index = 0; index < 10; index++) sends.push(producer.send({ value: `early ${index}` }));
  expect(await lost).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  const release = holdDescriptions(broker);
  for (let index = 0; index < 10; index++) sends.push(producer.send({ value: `late ${index}` }));
  await until(() => broker.held.length > 0);
  broker.fate = () => "take";
  broker.release();
  const flushed = producer.flush();
  release();
  await flushed;
  await Promise.all(sends);
  const words = (word: string): string[] => Array.from({ length: 10 }, (_, index) => `${word} ${index}`);
  expect(valuesIn(partitions[0]!)).toEqual([...words("early"), ...words("late")]);
});

test("what exceeds an old limit only when there is memory for it is not refused without asking", async () => {
  const { broker, producer } = await startProducer(SMALL);
  const topic = broker.topics.get("t")!;
  topic.maxMessageBytes = 4 * KIB;
  const client = await connectTo(broker);
  const other = await client.producer({ topic: "t", ...SMALL });
  await producer.abort();
  growOld();
  topic.maxMessageBytes = 100 * KIB;
  const values = ["a", "b", "c", "d", "e"].map((letter) => letter.repeat(3500));
  values.push("f".repeat(10 * KIB), "g");
  await Promise.all(values.map((value) => other.send({ value })));
  expect(valuesIn(topic.partitions[0]!)).toEqual(values);
});

test("deliveryTimeoutMs bounds what waits for the broker to describe a topic; abort tells its reason", async () => {
  const { broker, producer } = await startProducer({ deliveryTimeoutMs: 100 });
  holdDescriptions(broker);
  const error = await producer.send({ topic: "u", value: "" }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "REQUEST_TIMED_OUT" });
  expect(String(error)).toContain("the broker could not be asked about topic u in time");
  const aborted = producer.send({ topic: "u", value: "" });
  const reason = new BrokerError("CLOSED", "enough");
  void producer.abort(reason);
  await expect(aborted).rejects.toBe(reason);
});

test("a look-up that fails because of the connection is made again for who still waits", async () => {
  const { broker, producer } = await startProducer({ deliveryTimeoutMs: 100_000 });
  const release = holdDescriptions(broker);
  const asked = broker.descriptions;
  const first = producer.send({ topic: "u", value: "first" }).catch((reason: unknown) => reason);
  await until(() => broker.descriptions > asked);
  pass(99_000);
  const second = producer.send({ topic: "u", value: "second" });
  pass(101_000);
  broker.cut();
  expect(await first).toMatchObject({ code: "REQUEST_TIMED_OUT", cause: { code: "CONNECTION_LOST" } });
  release();
  expect((await second).offset).toBe(0);
});

test("what a record has waited counts when there is memory for it at last", async () => {
  const { broker, producer } = await startProducer({ ...SMALL, deliveryTimeoutMs: 100_000 });
  broker.fate = () => "take and hold";
  const sends = Array.from({ length: 5 }, () => producer.send({ value: "x".repeat(3500) }));
  const late = codeOf(producer.send({ value: "y".repeat(3500) }));
  await until(() => broker.held.length > 0);
  pass(60_000);
  broker.fate = ({ index }) => (index < 5 ? "take" : "ignore");
  broker.release();
  await Promise.all(sends);
  pass(101_000);
  expect(await late).toBe("REQUEST_TIMED_OUT");
});

test("headers count in what may wait", async () => {
  const { broker, producer } = await startProducer(SMALL);
  broker.fate = () => "take and hold";
  const headers = { large: "x".repeat(3500) };
  const codes = Array.from({ length: 20 }, () => codeOf(producer.send({ value: "", headers })));
  await sleep(5);
  broker.fate = () => "take";
  broker.release();
  expect((await Promise.all(codes)).filter((code) => code === "BUSY").length).toBeGreaterThan(8);
});

test("headers that can be read only once are refused, since a record that waits is read again", async () => {
  const { broker, producer } = await startProducer({});
  const headers = new Map([["trace", "1"]]);
  expect(await codeOf(producer.send({ value: "", headers: headers.entries() }))).toBe("INVALID_RECORD");
  expect(() => producer.enqueue({ value: "", headers: headers.entries() })).toThrow("only once");
  await producer.send({ value: "good", headers });
  expect(valuesIn(broker.topics.get("t")!.partitions[0]!)).toEqual(["good"]);
});

const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

test.each(seeds)(
  "seed %i: whatever a record waits for, none is lost or overtaken, and flush waits for all",
  async (seed) => {
    const random = new Random(seed);
    const broker = await startFakeBroker();
    const names = ["a", "b", "c"];
    const logs = names.map((name) => [broker.topic(name).partitions[0]!]);
    broker.fate = (): Fate => {
      const chance = random.below(100);
      if (chance < 4) return "take and cut";
      return chance < 8 ? new BrokerError("BUSY", "not now") : "take";
    };
    const client = await connectTo(broker);
    const producer = await client.producer({ ...SMALL, lingerMs: random.below(3) });
    const given = new Map<string, "waits" | "taken" | "failed">();
    const number = (name: string, index: number): string => `${name} ${String(index).padStart(5, "0")}`;
    for (let index = 0; index < 600; index++) {
      const at = random.below(names.length);
      const name = names[at]!;
      const topic = broker.topics.get(name)!;
      const chance = random.below(100);
      const value = number(name, index) + "x".repeat(random.below(chance < 5 ? 8000 : 500));
      if (chance < 1) {
        broker.topics.delete(name);
        const anew = broker.topic(name);
        anew.id.fill(index & 0xff, 0, 8);
        logs[at]!.push(anew.partitions[0]!);
      } else if (chance < 3) {
        topic.maxMessageBytes = random.pick([6000, 20_000]);
      } else if (chance < 30) {
        try {
          producer.enqueue({ topic: name, value });
        } catch (error) {
          // The memory is full, the topic was not sent to yet, or it takes no such records now.
          expect(["BUSY", "UNKNOWN_TOPIC_OR_PARTITION", "MESSAGE_TOO_LARGE"]).toContain((error as BrokerError).code);
        }
      } else {
        given.set(value, "waits");
        const partition = chance < 33 ? 3 : undefined;
        producer.send({ topic: name, value, partition }).then(
          () => given.set(value, "taken"),
          () => given.set(value, "failed"),
        );
      }
      if (random.below(40) === 0) await sleep(random.below(3));
      if (random.below(100) === 0) broker.cut();
      if (random.below(60) === 0) {
        await producer.flush().catch(() => {}); // A topic that is gone loses what it was given.
        await null;
        expect([...given.values()]).not.toContain("waits");
      }
    }
    await producer.close().catch(() => {});
    await null;
    const outcomes = [...given.entries()];
    expect(outcomes.filter(([, outcome]) => outcome === "waits")).toEqual([]);
    for (const log of logs.flat()) {
      const values = valuesIn(log);
      expect(values).toEqual(values.toSorted());
      expect(new Set(values).size).toBe(values.length);
    }
    const written = new Set(logs.flat().flatMap(valuesIn));
    expect(outcomes.filter(([value, outcome]) => outcome === "taken" && !written.has(value))).toEqual([]);
    expect(outcomes.filter(([, outcome]) => outcome === "taken").length).toBeGreaterThan(100);
  },
);
