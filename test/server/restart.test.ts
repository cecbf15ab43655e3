import fs from "node:fs";
import { describe, expect, test } from "vitest";
import { type RunningBroker, startBroker } from "../../src/index.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../../src/storage/temporary-folder.ts";
import { batchOfSize, makeBatch } from "../helpers/batches.ts";
import { RawClient } from "../helpers/raw-client.ts";
import { requireThat } from "../helpers/require.ts";

async function inFolder(run: (data: string) => Promise<void>): Promise<void> {
  const data = makeTemporaryFolder();
  try {
    await run(data);
  } finally {
    removeTemporaryFolder(data);
  }
}

/** Numbers of all records of a partition, in order. */
async function numbersOf(client: RawClient, topicId: Uint8Array, count: number, partition = 0): Promise<number[]> {
  const subscription = 1 + partition;
  const reading = await client.subscribe({ subscription, topicId, partition, credit: 2 ** 31 });
  await reading.untilRecords(count);
  await client.ask("Unsubscribe", { subscription }, "Done");
  return reading.batches.flatMap(({ stamps }) => stamps.map(({ number }) => number));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

/** Files of a folder that this process has open. */
function openFilesIn(folder: string): string[] {
  return fs.readdirSync("/proc/self/fd").flatMap((fd) => {
    const target = targetOf(`/proc/self/fd/${fd}`);
    return target.startsWith(folder) ? [target] : [];
  });
}

function targetOf(link: string): string {
  try {
    return fs.readlinkSync(link);
  } catch {
    return ""; // Closed since it was listed.
  }
}

function threads(): number {
  return fs.readdirSync("/proc/self/task").length;
}

describe("a broker that is closed and started again", () => {
  test("has every topic and every acknowledged record, and goes on behind them", async () => {
    await inFolder(async (data) => {
      const settings = [{}, { durability: "os" }, { "segment.bytes": "20000" }];
      let records = 0;
      let incarnation = 0;
      for (let run = 0; run < 4; run++) {
        const broker = await startBroker({ data, port: 0 });
        expect(broker.incarnation).toBeGreaterThan(incarnation);
        incarnation = broker.incarnation;
        const client = await RawClient.connect(broker.port);
        if (run === 0) for (const [index, all] of settings.entries()) await client.createTopic(`t${index}`, all, 2);
        const { topics } = await client.ask("DescribeTopics", { settings: true }, "TopicsResult");
        expect(topics.map(({ name }) => name).sort()).toEqual(["t0", "t1", "t2"]);
        for (const { topicId, partitions } of topics) {
          for (const { partition, highWatermark } of partitions!) {
            expect(highWatermark).toBe(records);
            if (records > 0) expect(await numbersOf(client, topicId!, records, partition)).toEqual(upTo(records));
            for (let number = records; number < records + 60; number += 20) {
              await client.produce(topicId!, makeBatch({ count: 20, number }), { partition });
            }
          }
        }
        records += 60;
        await client.close();
        await broker.close();
      }
    });
  });

  test("E1: is not started over a metadata log with one changed bit: no topic vanishes, no producer id is given twice", async () => {
    await inFolder(async (data) => {
      const first = await startBroker({ data, port: 0 });
      const client = await RawClient.connect(first.port);
      await client.createTopic("t");
      await client.close();
      await first.close();
      const log = `${data}/metadata/metadata.log`;
      const whole = fs.readFileSync(log);
      const changed = Buffer.from(whole);
      changed[whole.length - 10]! ^= 1;
      fs.writeFileSync(log, changed);
      await expect(startBroker({ data, port: 0 })).rejects.toMatchObject({
        code: "LOG_DAMAGED",
        message: expect.stringContaining(log),
      });
      expect(fs.readFileSync(log)).toEqual(changed);
      fs.writeFileSync(log, whole);
      await (await startBroker({ data, port: 0 })).close();
    });
  });

  test("E2: tells of what it cut from the metadata log", async () => {
    await inFolder(async (data) => {
      await (await startBroker({ data, port: 0 })).close();
      fs.rmSync(`${data}/clean`); // As after a kill.
      fs.appendFileSync(`${data}/metadata/metadata.log`, "0123");
      const lines: unknown[] = [];
      const log = (...line: unknown[]): void => void lines.push(line);
      await (await startBroker({ data, port: 0, log })).close();
      expect(lines).toContainEqual(["warn", expect.stringContaining("metadata log"), { cutBytes: 4 }]);
    });
  });

  test("answers what it was given before it closes, and keeps exactly what it acknowledged", async () => {
    await inFolder(async (data) => {
      const broker = await startBroker({ data, port: 0 });
      const client = await RawClient.connect(broker.port, { hello: { window: 4 << 20 } });
      const topicId = await client.createTopic("t");
      const outcomes = Array.from({ length: 200 }, (_, number) =>
        client.produce(topicId, batchOfSize(8000, { number })).then(
          () => number,
          () => -1,
        ),
      );
      await outcomes[0];
      await broker.close();
      const acknowledged = (await Promise.all(outcomes)).filter((number) => number >= 0);
      expect((await client.closed).code).toBe(1001);
      const again = await startBroker({ data, port: 0 });
      const reader = await RawClient.connect(again.port);
      expect(await numbersOf(reader, topicId, acknowledged.length)).toEqual(acknowledged);
      const { topics } = await reader.ask("DescribeTopics", {}, "TopicsResult");
      expect(topics[0]!.partitions![0]!.highWatermark).toBe(acknowledged.length);
      await reader.close();
      await again.close();
    });
  });

  test("knows its producers: what was appended before is not appended again", async () => {
    await inFolder(async (data) => {
      const batch = makeBatch({ producerId: 1, producerEpoch: 0, baseSequence: 0 });
      const first = await startBroker({ data, port: 0 });
      const client = await RawClient.connect(first.port);
      const topicId = await client.createTopic("t");
      await client.ask("InitProducer", {}, "InitProducerResult");
      await client.produce(topicId, batch);
      await client.close();
      await first.close();
      const second = await startBroker({ data, port: 0 });
      const retrying = await RawClient.connect(second.port);
      expect(await retrying.produce(topicId, batch)).toMatchObject({
        baseOffset: 0,
        duplicate: true,
        highWatermark: 1,
      });
      await retrying.close();
      await second.close();
    });
  });
});

/** Runs with a broker in a folder of its own and a client. */
async function running(
  options: { idleMs?: number },
  run: (client: RawClient, broker: RunningBroker) => Promise<void>,
): Promise<void> {
  const broker = await startBroker({ data: "temporary", port: 0, ...options });
  const client = await RawClient.connect(broker.port);
  await run(client, broker);
  await client.close();
  await broker.close();
}

describe("topics that nobody uses", () => {
  test("hold no file, no thread and no block", async (context) => {
    requireThat(context, process.platform === "linux", "/proc");
    await running({ idleMs: 50 }, async (client, broker) => {
      const idle = (): unknown => {
        const { partitionsOpen, poolBytesFree, poolBytes } = broker.stats();
        return { partitionsOpen, taken: Number(poolBytes) - Number(poolBytesFree), files: logsIn(broker) };
      };
      const nothing = { partitionsOpen: 0, taken: 0, files: [] };
      const threadsBefore = threads();
      const topicId = await client.createTopic("t", {}, 500);
      expect(idle()).toEqual(nothing);
      for (let partition = 0; partition < 40; partition++) {
        await client.produce(topicId, makeBatch({ number: partition }), { partition });
      }
      expect(idle()).not.toEqual(nothing);
      await expect.poll(idle, { timeout: 10_000 }).toEqual(nothing);
      expect(threads()).toBe(threadsBefore);
      // And they are there when somebody comes.
      expect(await numbersOf(client, topicId, 1, 17)).toEqual([17]);
      expect((await client.produce(topicId, makeBatch(), { partition: 17 })).baseOffset).toBe(1);
    });
  });

  test("are not closed under a reader that waits, who hears of what comes", async () => {
    await running({ idleMs: 20 }, async (client, broker) => {
      const topicId = await client.createTopic("t");
      const reading = await client.subscribe({ subscription: 1, topicId, credit: 1 << 20 });
      for (let number = 0; number < 5; number++) {
        await expect.poll(() => broker.stats()["partitionsOpen"], { timeout: 10_000 }).toBe(0);
        await client.produce(topicId, makeBatch({ number }));
        await reading.untilRecords(number + 1);
      }
    });
  });
});

function logsIn(broker: RunningBroker): string[] {
  return openFilesIn(`${fs.realpathSync(broker.data)}/topics`);
}

describe("topics that come, change and go", () => {
  test("a name can be used again as soon as it is free, and nothing of the old topic is in the new one", async () => {
    await running({}, async (client) => {
      for (let round = 0; round < 10; round++) {
        const topicId = await client.createTopic("t");
        expect((await client.produce(topicId, makeBatch())).baseOffset).toBe(0);
        const deleted = client.request("DeleteTopic", { name: "t" });
        let created = await client.request("CreateTopic", { name: "t" });
        while (created.type === "Error") {
          expect(["BUSY", "TOPIC_ALREADY_EXISTS"]).toContain(created.body.name);
          created = await client.request("CreateTopic", { name: "t" });
        }
        if (created.type !== "TopicsResult") throw new Error(created.type);
        const newId = created.body.topics[0]!.topicId!;
        await expect(client.produce(topicId, makeBatch())).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_ID" });
        expect((await client.produce(newId, makeBatch({ number: 7 }))).baseOffset).toBe(0);
        expect((await deleted).type).toBe("Done");
        expect(await numbersOf(client, newId, 1)).toEqual([7]);
        expect((await client.request("DeleteTopic", { name: "t" })).type).toBe("Done");
      }
    });
  });

  test("of many who create one topic one does, and of many who delete it one does", async () => {
    await running({}, async (client) => {
      const names = async (asked: Promise<{ type: string; body: object }>[]): Promise<Record<string, number>> => {
        const counts: Record<string, number> = {};
        for (const { type, body } of await Promise.all(asked)) {
          const name = "name" in body ? String(body.name) : type;
          counts[name] = (counts[name] ?? 0) + 1;
        }
        return counts;
      };
      for (let round = 0; round < 5; round++) {
        const created = await names(Array.from({ length: 20 }, () => client.request("CreateTopic", { name: "t" })));
        expect(created["TopicsResult"]).toBe(1);
        expect((created["BUSY"] ?? 0) + (created["TOPIC_ALREADY_EXISTS"] ?? 0)).toBe(19);
        const deleted = await names(Array.from({ length: 20 }, () => client.request("DeleteTopic", { name: "t" })));
        expect(deleted["Done"]).toBe(1);
        expect((deleted["BUSY"] ?? 0) + (deleted["UNKNOWN_TOPIC_OR_PARTITION"] ?? 0)).toBe(19);
      }
    });
  });

  test("settings change under load, and every batch is told what became of it", async () => {
    await running({}, async (client) => {
      const topicId = await client.createTopic("t");
      let accepted = 0;
      let refused = 0;
      for (let round = 0; round < 20; round++) {
        const sizeMax = round % 2 === 0 ? "1000" : "1000000";
        const altered = client.request("AlterTopic", {
          name: "t",
          set: [{ key: "max.message.bytes", value: sizeMax }],
        });
        const batches = Array.from({ length: 20 }, () => client.produce(topicId, batchOfSize(2000)));
        for (const outcome of await Promise.allSettled(batches)) {
          if (outcome.status === "fulfilled") expect(outcome.value.baseOffset).toBe(accepted++);
          else expect(outcome.reason).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
          if (outcome.status === "rejected") refused++;
        }
        expect((await altered).type).toBe("TopicsResult");
      }
      expect(accepted + refused).toBe(400);
      expect(accepted).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
    });
  });

  test("a topic that is deleted under its producers and readers tells all of them", async () => {
    await running({}, async (client) => {
      const topicId = await client.createTopic("t");
      const reading = await client.subscribe({ subscription: 1, topicId, credit: 2 ** 31 });
      const waiting = client.fetch({ topicId, start: 2, bytesMax: 1000, bytesMin: 1000, waitMsMax: 60_000 }).then(
        () => "UNKNOWN_TOPIC_OR_PARTITION", // Answered before.
        (error: { code: string }) => error.code,
      );
      const batches = Array.from({ length: 80 }, () => client.produce(topicId, makeBatch())); // As many as the standing window takes.
      const deleted = client.request("DeleteTopic", { name: "t" });
      for (const outcome of await Promise.allSettled(batches)) {
        if (outcome.status === "rejected") expect(String(outcome.reason.code)).toMatch(/^UNKNOWN_TOPIC/);
      }
      expect((await deleted).type).toBe("Done");
      await reading.untilEnded();
      expect(reading.ended).toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
      expect(await waiting).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    });
  });

  test("the longest name can be used, and deleted", async () => {
    await running({}, async (client, broker) => {
      const name = "n".repeat(249);
      await client.produce(await client.createTopic(name), makeBatch());
      expect((await client.request("DeleteTopic", { name })).type).toBe("Done");
      expect(fs.readdirSync(`${broker.data}/topics`)).toEqual([]);
    });
  });

  test("an empty batch behind a full block is refused, and what follows has its place", async () => {
    await running({}, async (client) => {
      const topicId = await client.createTopic("t");
      await client.produce(topicId, batchOfSize(16_384));
      const empty = client.produce(topicId, new Uint8Array(0));
      await expect(empty).rejects.toMatchObject({ code: "CORRUPT_BATCH" });
      expect((await client.produce(topicId, makeBatch())).baseOffset).toBe(1);
    });
  });
});
